"""The asyncio front's other WebSockets: the call log and live transcription."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from .core.frames import MAX_FRAME
from .failures import classify
from .settings import Settings, socket_url
from .side import ANSWER, QUIET, SideClosed
from .transport import _DATA, OpenFailed, _failure, _quiet, _Refused, route

__all__ = ["OpenFailed", "SideClosed", "SideSocket", "open_side_socket"]

#: Messages that wait here before the network has to.
HIGH = 64


class _Connection(ClientConnection):
    """Keeps what arrived before the end: websockets 13 forgets it with the connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.texts: deque[str] = deque()
        self.change = asyncio.Event()
        self.lost = False
        self._parts: list[bytes] = []
        self._binary = False

    async def handshake(self, *args: Any, **kwargs: Any) -> None:
        try:
            await super().handshake(*args, **kwargs)
        except InvalidStatus as exc:
            raise _Refused(exc.response.status_code) from exc

    def process_event(self, event: Any) -> None:
        if self.response is None or type(event) is not Frame or event.opcode not in _DATA:
            super().process_event(event)
            return
        if event.opcode is not Opcode.CONT:
            self._binary = event.opcode is Opcode.BINARY
        self._parts.append(bytes(event.data))
        if event.fin:
            whole, self._parts = b"".join(self._parts), []
            if not self._binary:
                self.texts.append(whole.decode("utf-8", "replace"))
                self.change.set()
        if len(self.texts) >= HIGH:
            self.transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.lost = True
        self.change.set()

    def take(self) -> str | None:
        if not self.texts:
            return None
        if len(self.texts) == HIGH:
            self.transport.resume_reading()
        return self.texts.popleft()


class SideSocket:
    def __init__(self, connection: _Connection) -> None:
        self._connection = connection

    async def receive(self) -> str:
        """The next text; may be cancelled. Raises :class:`SideClosed`."""
        connection = self._connection
        while (text := connection.take()) is None:
            if connection.lost:
                protocol = connection.protocol
                raise SideClosed(protocol.close_code or 1006, protocol.close_reason or "")
            connection.change.clear()
            try:
                await asyncio.wait_for(connection.change.wait(), QUIET)
            except asyncio.TimeoutError:
                await self._ask()
        return text

    async def _ask(self) -> None:
        try:
            await asyncio.wait_for(await self._connection.ping(), ANSWER)
        except asyncio.TimeoutError:
            self._connection.transport.abort()
            raise SideClosed(1006, "the server fell silent") from None
        except ConnectionClosed:
            pass  # what arrived before it is still to be received

    async def send(self, message: str | bytes) -> None:
        """Waits while the network is behind. Raises :class:`SideClosed`."""
        try:
            await self._connection.send(message)
        except ConnectionClosed as exc:
            raise _closed(exc) from None

    async def close(self) -> None:
        """Says goodbye and waits for the answer for at most a second."""
        try:
            await asyncio.wait_for(self._connection.close(), 1.0)
        except asyncio.TimeoutError:
            self._connection.transport.abort()


def _closed(exc: ConnectionClosed) -> SideClosed:
    frame = exc.rcvd
    return SideClosed(frame.code, frame.reason) if frame else SideClosed(1006, "")


async def open_side_socket(
    settings: Settings, url: str, headers: dict[str, str] | None = None, *, timeout: float = 10.0
) -> SideSocket:
    """Raises :class:`OpenFailed`, and ConfigurationError for an unencrypted URL elsewhere."""
    socket_url(url, allow_insecure=settings.allow_insecure)
    try:
        return SideSocket(await asyncio.wait_for(_opened(settings, url, headers), timeout))
    except asyncio.TimeoutError:
        raise OpenFailed(classify(TimeoutError(), connected=False)) from None
    except Exception as exc:
        raise OpenFailed(_failure(exc, connected=False)) from exc


async def _opened(settings: Settings, url: str, headers: dict[str, str] | None) -> _Connection:
    connection: _Connection = await connect(
        url,
        create_connection=_Connection,
        additional_headers=headers,
        compression=None,
        open_timeout=None,
        ping_interval=None,
        max_size=MAX_FRAME,
        logger=_quiet,
        **await route(settings, url),
    )  # type: ignore[assignment]
    return connection
