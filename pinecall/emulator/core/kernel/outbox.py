"""The outbox: frames for connections in order, and what a watcher sees of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec
from attrs import frozen

__all__ = ["Close", "Frame", "Outbox", "Passed"]

Frame = dict[str, Any]

_encode = msgspec.json.encode


@frozen
class Close:
    """Order to close a connection; code 1006 means cut it without a close frame."""

    code: int
    reason: str = ""


@frozen
class Passed:
    """One frame or remark for the watcher: ``way`` is ``in``, ``out`` or ``note``."""

    way: str
    connection: int
    frame: Frame
    at: float


class Outbox:
    """Queues frames for connections in the order they were made; holds them back while frozen."""

    def __init__(self) -> None:
        self.frozen = False
        self.watcher: Callable[[Passed], None] | None = None
        self._ready: deque[tuple[int, str | bytes | Close]] = deque()

    def frame(self, connection: int, frame: Frame, now: float) -> None:
        """Queue a frame."""
        self._ready.append((connection, _encode(frame).decode()))
        if self.watcher is not None:
            self.watcher(Passed("out", connection, frame, now))

    def raw(self, connection: int, data: str | bytes) -> None:
        """Queue text or bytes that need not be a frame."""
        self._ready.append((connection, data))

    def close(self, connection: int, code: int, reason: str) -> None:
        """Queue a close after everything queued before it."""
        self._ready.append((connection, Close(code, reason)))

    def take(self) -> list[tuple[int, str | bytes | Close]]:
        """Take everything to send now; nothing while frozen."""
        if self.frozen:
            return []
        taken = list(self._ready)
        self._ready.clear()
        return taken
