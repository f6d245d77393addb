"""The live log of frames, for people to read."""

from __future__ import annotations

from typing import Any

from .core.kernel.outbox import Passed

__all__ = ["Console"]

_QUIET = {
    "ping",
    "pong",
    "bot.word",
    "user.speaking",
    "audio.metrics",
    "speech.started",
    "speech.ended",
}
_HIDDEN = {"event", "agent_id", "call_id", "session_id", "seq", "ts", "api_key"}
_SECRET = {"accessToken", "verifyToken", "appSecret"}
_COLOURS = {"in": "36", "out": "32", "note": "33"}
_ARROWS = {"in": "→", "out": "←", "note": "·"}
_LONGEST = 160


class Console:
    """Formats one line per frame; ``quiet`` leaves out words, interim texts and pings."""

    def __init__(self, *, colour: bool, quiet: bool = True) -> None:
        self._colour = colour
        self._quiet = quiet

    def line(self, passed: Passed) -> str | None:
        """Format the line for a frame, without the key or any secret; None when it is left out."""
        frame, event = passed.frame, passed.frame["event"]
        if self._quiet and event in _QUIET:
            return None
        who = frame.get("agent_id") or ""
        ident = str(frame.get("call_id") or frame.get("session_id") or "")[:10]
        rest = " ".join(
            f"{key}={_short(key, value)}" for key, value in frame.items() if key not in _HIDDEN
        )
        text = f"{_ARROWS[passed.way]} {event:<22} {who:<10} {ident:<10} {rest}"[:_LONGEST].rstrip()
        return f"\x1b[{_COLOURS[passed.way]}m{text}\x1b[0m" if self._colour else text


def _short(key: str, value: Any) -> str:
    if key in _SECRET:
        return "***"
    if isinstance(value, (dict, list)):
        return f"{type(value).__name__}[{len(value)}]"
    text = str(value).replace("\n", " ")
    return text if len(text) <= 60 else text[:57] + "..."
