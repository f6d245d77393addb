"""One frame of a call, as it passed, and what of it is never shown."""

from __future__ import annotations

from typing import Any, Literal

from attrs import frozen

from ..text.jsontext import read
from ..text.secrets import clean, clean_value

__all__ = ["TraceEntry", "Way", "frame_of", "without_secrets"]

Way = Literal["in", "out"]

#: Frames whose ``token`` is a piece of what is said or written, not a secret.
_SPOKEN = frozenset({"bot.reply.stream", "llm.chat.chunk", "llm.chat.token", "chat.token"})
_NO_SECRET = frozenset({"token"})


@frozen
class TraceEntry:
    """One frame of a call.

    at: seconds since the call began, on the clock of the connection: when the frame arrived, or
        when it was given to the socket
    way: ``"in"`` from the platform, ``"out"`` to it
    name: the frame's ``event``
    frame: the frame as it passed, without secrets
    """

    at: float
    way: Way
    name: str
    frame: dict[str, Any]


def frame_of(text: str) -> dict[str, Any]:
    """Return the frame in a text that passed, without secrets."""
    frame: dict[str, Any] = read(text)
    return frame if clean(text) == text else without_secrets(frame)


def without_secrets(frame: dict[str, Any]) -> dict[str, Any]:
    """Return a frame without secrets: the known ones, and what has a secret's name."""
    spared = _NO_SECRET if frame.get("event") in _SPOKEN else frozenset()
    hidden: dict[str, Any] = clean_value(frame, spared)
    return hidden
