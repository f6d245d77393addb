"""Seconds, and milliseconds given instead of them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from pinecall.core.kernel.seconds import LONGEST, check_seconds, check_unit, is_finite, is_number
from pinecall.errors import ConfigurationError


@pytest.mark.parametrize("seconds", [None, 0, -1, 0.5, 3600, LONGEST, float("nan")])
def test_an_hour_at_most(seconds: float | None) -> None:
    """An hour and anything below is taken as it is; so is None."""
    assert LONGEST == 3600
    check_unit("timeout", seconds)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (5000, "timeout is in seconds, an hour at most: 5000 would be 1 h 23 min; did you mean 5?"),
        (3601.5, "timeout is in seconds, an hour at most: 3601.5 would be 1 h 0 min; did you mean 3.6015?"),
        (90_000.0, "timeout is in seconds, an hour at most: 90000 would be 25 h 0 min; did you mean 90?"),
        (10**9, "timeout is in seconds, an hour at most: 1000000000 would be years"),
        (1e300, f"timeout is in seconds, an hour at most: {1e300:.40g} would be years"),
        (float("inf"), "timeout is in seconds, an hour at most: inf would be years"),
    ],
)  # fmt: skip
def test_milliseconds(seconds: float, said: str) -> None:
    """More than an hour is refused, with what it would be and what may be meant."""
    with pytest.raises(ConfigurationError) as caught:
        check_unit("timeout", seconds)
    assert caught.value.message == said
    assert caught.value.agent_id is None


@pytest.mark.parametrize("seconds", [10**60, Fraction(10**60)])
def test_a_number_of_any_length(seconds: Any) -> None:
    """A number of many digits is shown in 40 characters at most."""
    with pytest.raises(ConfigurationError) as caught:
        check_unit("timeout", seconds, agent_id="mara")
    assert f": {repr(seconds)[:40]} would be years" in caught.value.message
    assert caught.value.agent_id == "mara"


@pytest.mark.parametrize(
    ("value", "number", "finite"),
    [
        (0, True, True),
        (-1.5, True, True),
        (10**308, True, True),
        (10**400, True, False),
        (float("inf"), True, False),
        (float("-inf"), True, False),
        (float("nan"), True, False),
        (True, False, False),
        ("5", False, False),
        (None, False, False),
    ],
)
def test_what_a_number_is(value: object, number: bool, finite: bool) -> None:
    """A bool is no number; an int too large for a float is one, and is not finite."""
    assert (is_number(value), is_finite(value)) == (number, finite)


def test_seconds_above_0() -> None:
    """Seconds come back as a float; the refusal shows 40 characters of what was given."""
    assert str(check_seconds("timeout", 5, "a wait")) == "5.0"
    for wrong in (0, -1, True, None, "5", float("nan"), float("inf"), 10**400):
        with pytest.raises(ConfigurationError) as caught:
            check_seconds("timeout", wrong, "a wait")
        assert caught.value.message == f"timeout is a wait, not {wrong!r:.40}"
    with pytest.raises(ConfigurationError, match="did you mean 5"):
        check_seconds("timeout", 5000, "a wait")
