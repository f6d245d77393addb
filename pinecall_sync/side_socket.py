"""The blocking front's other WebSockets: the call log and live transcription."""

from __future__ import annotations

import selectors
import socket
import threading
import time

import websocket
from websocket import ABNF

from .transport import OpenFailed, Socket

__all__ = ["OpenFailed", "SideClosed", "SideSocket", "open_side_socket"]

#: Seconds of silence after which we ask, and seconds for the answer.
QUIET, ANSWER = 20.0, 10.0


class SideClosed(Exception):
    """The connection is over. ``code`` is 1006 where there was no closing handshake."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason or f"close code {code}")
        self.code = code
        self.reason = reason


class _Frames(Socket):
    """The link's socket, for binary messages and pings too."""

    def put(self, message: str | bytes) -> None:
        kind = ABNF.OPCODE_TEXT if isinstance(message, str) else ABNF.OPCODE_BINARY
        self._connection.send_frame(ABNF.create_frame(message, kind))
        self.flush()

    def ping(self) -> None:
        self._connection.ping()
        self.flush()


class SideSocket:
    """``send()`` and ``receive()`` are for one thread; ``wake()`` and ``close()`` for any."""

    def __init__(self, connection: websocket.WebSocket) -> None:
        self._frames = _Frames(connection)
        self._waker, self._woken = socket.socketpair()
        self._waker.setblocking(False)
        self._woken.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._frames, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._using = threading.RLock()
        self._closing = self._closed = False
        self._heard = time.monotonic()
        self._asked = False
        self._texts: list[str] = []
        # What came with the handshake is not seen by a selector when TLS holds it.
        self._unread = True

    @property
    def may_send(self) -> bool:
        return self._frames.may_write

    def send(self, message: str | bytes) -> None:
        """Does not wait; see ``may_send``. Raises :class:`SideClosed`."""
        try:
            self._frames.put(message)
        except OSError as exc:
            raise SideClosed(1006, exc.strerror or "") from None

    def receive(self, timeout: float | None = None) -> list[str]:
        """Texts; none of them after ``timeout`` seconds, a ``wake()`` or when there is room to send.
        Raises :class:`SideClosed`."""
        with self._using:
            if self._closing:
                raise SideClosed(1000, "closed here")
            deadline = None if timeout is None else time.monotonic() + timeout
            while True:
                if self._unread or self._wait(deadline):
                    self._read()
                if self._texts or self._closing:
                    break
                if deadline is None or time.monotonic() < deadline:
                    self._watch()
                    if self._interrupted:
                        break
                else:
                    break
            texts, self._texts = self._texts, []
            return texts

    _interrupted = False

    def _wait(self, deadline: float | None) -> bool:
        """Is there something to read?"""
        until = self._heard + QUIET + (ANSWER if self._asked else 0.0)
        if deadline is not None:
            until = min(until, deadline)
        writing = selectors.EVENT_WRITE if self._frames.wants_write else 0
        self._selector.modify(self._frames, selectors.EVENT_READ | writing)
        ready = self._selector.select(max(until - time.monotonic(), 0.0))
        readable = False
        self._interrupted = False
        for key, events in ready:
            if key.fileobj is self._woken:
                self._woken.recv(4096)
                self._interrupted = True
            else:
                readable = bool(events & selectors.EVENT_READ)
                if events & selectors.EVENT_WRITE:
                    self._flush()
                    self._interrupted = True
        return readable
