"""The emulator's two fronts are one API, too. Needs the extra ``emulator``."""

from __future__ import annotations

from typing import Any

import pytest

from .twins import check_coroutines, check_members, check_parameters, twins


@pytest.fixture(params=twins(only="emulator"), ids=lambda twin: str(twin[1]))
def twin(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_members(twin: Any) -> None:
    """The public members of twins have the same names."""
    check_members(*twin)


def test_parameters(twin: Any) -> None:
    """Their parameters have the same names, kinds and defaults, in the same order."""
    check_parameters(*twin)


def test_coroutines(twin: Any) -> None:
    """No method of the blocking front is a coroutine."""
    check_coroutines(*twin)
