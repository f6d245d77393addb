"""Checks of durations in seconds, which are easily given in milliseconds."""

from __future__ import annotations

from pinecall.errors import ConfigurationError

__all__ = ["LONGEST", "check_unit"]

#: The longest wait for one thing: an hour.
LONGEST = 3600.0


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
