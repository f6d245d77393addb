"""The WebSockets of the REST API: the call log and live transcription."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from typing import Any

from websocket import ABNF

from pinecall._shared.failures import ANSWER, QUIET, SocketClosed
from pinecall._shared.settings import Settings, socket_url

from .websocket import Socket, connect_socket

__all__ = ["ApiSocket", "open_api_socket"]


class _Frames(Socket):
    """A socket that can also send binary messages and pings."""

    def put(self, message: str | bytes) -> None:
        kind = ABNF.OPCODE_TEXT if isinstance(message, str) else ABNF.OPCODE_BINARY
        self._connection.send_frame(ABNF.create_frame(message, kind))
        self.flush()

    def ping(self) -> None:
        self._connection.ping()
        self.flush()


class ApiSocket:
    """A socket that waits. ``send()`` and ``receive()`` are for one thread, the rest is for any."""

    def __init__(self, connection: Any) -> None:
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
        # A selector does not see what TLS has read with the handshake.
        self._unread = True

    @property
    def may_send(self) -> bool:
        return self._frames.may_write

    def send(self, message: str | bytes) -> None:
        """Send without waiting; see ``may_send``. Raises :class:`SocketClosed`."""
        try:
            self._frames.put(message)
        except OSError as exc:
            raise SocketClosed(1006, exc.strerror or "") from None

    def receive(self, timeout: float | None = None) -> list[str]:
        """Wait until something happens; gives the texts that arrived.

        Without texts, ``timeout`` seconds have passed, ``wake()`` was called, or there is room to
        send again. Raises :class:`SocketClosed`.
        """
        with self._using:
            if self._closing:
                raise SocketClosed(1000, "closed here")
            if self._unread or self._wait(timeout):
                return self._read()
            self._watch()
            return []

    def _wait(self, timeout: float | None) -> bool:
        """Is there something to read?"""
        patience = self._heard + QUIET + (ANSWER if self._asked else 0.0) - time.monotonic()
        writing = selectors.EVENT_WRITE if self._frames.wants_write else 0
        self._selector.modify(self._frames, selectors.EVENT_READ | writing)
        readable = False
        shortest = patience if timeout is None else min(patience, timeout)
        for key, events in self._selector.select(max(shortest, 0.0)):
            if key.fileobj is self._woken:
                self._woken.recv(4096)
            else:
                readable = bool(events & selectors.EVENT_READ)
                self._flush()
        return readable

    def _read(self) -> list[str]:
        texts: list[str] = []
        self._unread = self._asked = False
        self._heard = time.monotonic()
        alive = self._frames.receive(texts.extend, lambda what: None)
        if not alive and not texts:
            code = self._frames.close_code
            raise SocketClosed(1006 if code is None else code, self._frames.close_reason)
        # The end is reported after what came before it.
        self._unread = not alive
        return texts

    def _watch(self) -> None:
        silent = time.monotonic() - self._heard
        if silent >= QUIET + ANSWER:
            raise SocketClosed(1006, "the server fell silent")
        if silent >= QUIET and not self._asked:
            self._asked = True
            self._frames.ping()

    def _flush(self) -> None:
        try:
            self._frames.flush()
        except OSError as exc:
            raise SocketClosed(1006, exc.strerror or "") from None

    def wake(self) -> None:
        """Make ``receive()`` return."""
        try:
            self._waker.send(b".")
        except OSError:
            pass  # it is awake already, or closed

    def close(self) -> None:
        """Close at once; a thread in ``receive()`` gets SocketClosed. May be repeated."""
        self._closing = True
        self.wake()
        with self._using:
            if self._closed:
                return
            self._closed = True
            self._selector.close()
            self._frames.close_within([], 1000, "", 0.0)
            self._waker.close()
            self._woken.close()


def open_api_socket(
    settings: Settings, url: str, headers: dict[str, str] | None = None, *, timeout: float = 10.0
) -> ApiSocket:
    """Open a WebSocket of the REST API. Raises :class:`OpenFailed`, and ConfigurationError for an
    unencrypted URL of another host."""
    socket_url(url, allow_insecure=settings.allow_insecure)
    return ApiSocket(connect_socket(settings, url, timeout, _nothing, headers))


def _nothing(_stage: str, _give_up: object) -> None:
    """The stage of the opening is of no interest here."""
