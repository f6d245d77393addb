"""Checks of durations in seconds, which are easily given in milliseconds."""

from __future__ import annotations

import sys
from typing import TypeGuard

from ...errors import ConfigurationError

__all__ = ["LONGEST", "check_seconds", "check_unit", "is_finite", "is_number"]

#: The longest wait for one thing: an hour.
LONGEST = 3600.0


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether it is an int or a float, NaN and infinity included; a bool is none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_finite(value: object) -> TypeGuard[int | float]:
    """Whether it is a number that a float can hold, neither NaN nor infinity."""
    # Compared, for math.isfinite() overflows where an int is larger than any float.
    return is_number(value) and abs(value) <= sys.float_info.max


def check_seconds(what: str, value: object, wanted: str) -> float:
    """The value as a float: seconds, more than 0 and an hour at most.

    Raises ConfigurationError: ``what`` opens the message, ``wanted`` says what it must be.
    """
    if not is_finite(value) or value <= 0:
        raise ConfigurationError(f"{what} is {wanted}, not {value!r:.40}")
    check_unit(what, value)
    return float(value)


def check_unit(what: str, seconds: float | None, *, agent_id: str | None = None) -> None:
    """Raise ConfigurationError for more than an hour, showing how long that would be.

    ``seconds`` is a number, checked elsewhere, or None; ``what`` begins the message.
    """
    if seconds is None or not seconds > LONGEST:
        return
    shown = f"{seconds:.40g}" if isinstance(seconds, float) else f"{seconds!r:.40}"
    if seconds < 1e9:
        minutes = round(seconds / 60)
        shown += f" would be {minutes // 60} h {minutes % 60} min; did you mean {seconds / 1000:g}?"
    else:
        shown += " would be years"
    raise ConfigurationError(f"{what} is in seconds, an hour at most: {shown}", agent_id=agent_id)
