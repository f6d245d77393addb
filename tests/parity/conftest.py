"""Assertions in the shared checks are explained like those of a test."""

from __future__ import annotations

import importlib.util

import pytest

pytest.register_assert_rewrite("tests.parity.twins")

# Where the extra is installed there is nothing to see. ``nox -s imports`` names the file, which pytest
# then runs in any case: an extra that is there by mistake fails it.
collect_ignore = ["test_without_extra.py"] if importlib.util.find_spec("starlette") else []
