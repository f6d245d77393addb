"""The WebSockets of the REST API: the call log and live transcription."""

from __future__ import annotations

import asyncio
from collections import deque

from websockets.exceptions import ConnectionClosed

from .._shared.failures import ANSWER, QUIET, OpenFailed, SocketClosed, classify
from .._shared.settings import Settings, socket_url
from ..core.wire.limits import SIDE_MESSAGES, SIDE_TEXT
from .websocket import Socket, connect_socket

__all__ = ["ApiSocket", "open_api_socket"]


class ApiSocket:
    """A bounded queue of received texts, which notices a server that falls silent."""

    def __init__(self, connection: Socket) -> None:
        self._connection = connection
        # Kept here: websockets 13 drops texts that arrived before the end of the connection.
        self._texts: deque[str] = deque()
        self._waiting = 0
        self._paused = False
        self._change = asyncio.Event()
        self._end: SocketClosed | None = None
        connection.attach(self)

    # -- called by the connection -----------------------------------------------------------------

    def texts(self, texts: list[str]) -> None:
        self._texts.extend(texts)
        self._waiting += sum(map(len, texts))

    def other(self, what: str) -> None:
        """Nothing to do: these sockets carry texts only."""

    def read(self) -> None:
        self._change.set()
        if not self._paused and self._full:
            self._paused = True
            self._connection.transport.pause_reading()

    def writable(self) -> None:
        """Nothing to do: ``send`` waits by itself."""

    def lost(self, socket: Socket, code: int | None, reason: str) -> None:
        self._end = SocketClosed(1006 if code is None else code, reason)
        self._change.set()

    # -- called by its user -----------------------------------------------------------------------

    @property
    def _full(self) -> bool:
        return len(self._texts) >= SIDE_MESSAGES or self._waiting >= SIDE_TEXT

    def _take(self) -> str | None:
        if not self._texts:
            return None
        text = self._texts.popleft()
        self._waiting -= len(text)
        if self._paused and not self._full:
            self._paused = False
            if self._end is None:
                self._connection.transport.resume_reading()
        return text

    async def receive(self) -> str:
        """Wait for the next text; may be cancelled. Raises :class:`SocketClosed`."""
        while (text := self._take()) is None:
            if self._end is not None:
                raise self._end.with_traceback(None)
            self._change.clear()
            try:
                await asyncio.wait_for(self._change.wait(), QUIET)
            except asyncio.TimeoutError:
                await self._ask()
        return text

    async def _ask(self) -> None:
        try:
            await asyncio.wait_for(await self._connection.ping(), ANSWER)
        except asyncio.TimeoutError:
            self._connection.transport.abort()
            raise SocketClosed(1006, "the server fell silent") from None
        except ConnectionClosed:
            pass  # what arrived before the close is received first

    async def send(self, message: str | bytes) -> None:
        """Send, waiting while the network is behind. Raises :class:`SocketClosed`."""
        try:
            await self._connection.send(message)
        except ConnectionClosed:
            raise self._end or SocketClosed(1006, "") from None

    async def close(self) -> None:
        """Send a close frame and wait for the answer, at most a second or until cancelled."""
        try:
            await asyncio.wait_for(self._connection.close(), 1.0)
        except asyncio.TimeoutError:
            pass
        finally:
            self._connection.transport.abort()


async def open_api_socket(
    settings: Settings, url: str, headers: dict[str, str] | None = None, *, timeout: float = 10.0
) -> ApiSocket:
    """Open a WebSocket of the REST API. Raises :class:`OpenFailed`, and ConfigurationError for an
    unencrypted URL of another host."""
    socket_url(url, allow_insecure=settings.allow_insecure)
    opening = connect_socket(settings, url, Socket, _nothing, additional_headers=headers)
    try:
        return ApiSocket(await asyncio.wait_for(opening, timeout))
    except asyncio.TimeoutError:
        raise OpenFailed(classify(TimeoutError(), connected=False)) from None


def _nothing() -> None:
    """Ignore the stage of the opening."""
