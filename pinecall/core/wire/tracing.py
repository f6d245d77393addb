"""A DEBUG line for each frame, in and out: its name, its ids and its size.

Spoken words are included only on request (``$PINECALL_LOG_WORDS``), and secrets never.
"""

from __future__ import annotations

import logging
from typing import Any

import msgspec

from ...logs import Log
from ..text.secrets import clean_start

__all__ = ["Tracing"]

log = Log("wire")

#: Characters of a frame that are shown if words are included.
SHOWN = 2_000
_IDS = ("agent_id", "call_id", "session_id", "message_id", "msg_id", "request_id", "code", "reason")


class _Ids(msgspec.Struct):
    event: str = ""
    agent_id: Any = None
    call_id: Any = None
    session_id: Any = None
    message_id: Any = None
    msg_id: Any = None
    request_id: Any = None
    code: Any = None
    reason: Any = None


_read = msgspec.json.Decoder(_Ids).decode


class Tracing:
    """``on`` is looked up once for each read, not for each frame. ``kept``: traces of the calls are
    kept, so that it is on whether there are lines or not."""

    __slots__ = ("_words", "kept", "lines", "on")

    def __init__(self, words: bool) -> None:
        self._words = words
        self.kept = self.lines = self.on = False

    def look(self) -> bool:
        self.lines = log.enabled(logging.DEBUG)
        self.on = self.lines or self.kept
        return self.on

    def received(self, text: str) -> None:
        self._line("in ", text)

    def sent(self, texts: list[str]) -> None:
        for text in texts:
            self._line("out", text)

    def _line(self, way: str, text: str) -> None:
        try:
            ids = _read(text)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            log.debug("%s (no frame) %d characters", way, len(text))
            return
        named = ((name, getattr(ids, name)) for name in _IDS)
        about = " ".join(f"{name}={value:.80}" for name, value in named if isinstance(value, str))
        words = f" {clean_start(text, SHOWN)}" if self._words else ""
        log.debug("%s %s %s %d characters%s", way, ids.event[:80], about or "-", len(text), words)
