"""Seconds, and those who write milliseconds instead."""

from __future__ import annotations

from pinecall.errors import ConfigurationError

__all__ = ["LONGEST", "check_unit"]

#: Nobody waits longer than an hour for one thing.
LONGEST = 3600.0


def check_unit(what: str, seconds: float | None, *, agent_id: str | None = None) -> None:
    """Raise ConfigurationError for more than an hour, with what that would be.

    For a number of seconds, checked otherwise, or None; ``what`` opens the message.
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
