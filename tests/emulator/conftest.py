"""Fixtures of the emulator's tests."""

from __future__ import annotations

import pytest

from .world import Client, World


@pytest.fixture
def world() -> World:
    """A server core at full speed."""
    return World()


@pytest.fixture
def client(world: World) -> Client:
    """An authenticated client."""
    return world.client()
