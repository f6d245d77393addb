"""Assertions in the shared checks are explained like those of a test."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("twins")
