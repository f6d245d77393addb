"""The asyncio front's other WebSockets: the call log and live transcription."""

from __future__ import annotations

import asyncio
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from .errors import ConfigurationError
from .failures import classify
from .settings import Settings, socket_url
from .transport import _TAKES_PROXY, MAX_SIZE, OpenFailed, _failure, _quiet, _Refused

__all__ = ["OpenFailed", "SideClosed", "SideSocket", "open_side_socket"]

#: Seconds of silence after which we ask, and seconds for the answer.
QUIET, ANSWER = 20.0, 10.0


class SideClosed(Exception):
    """The connection is over. ``code`` is 1006 where there was no closing handshake."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason or f"close code {code}")
        self.code = code
        self.reason = reason


class _Connection(ClientConnection):
    async def handshake(self, *args: Any, **kwargs: Any) -> None:
        try:
            await super().handshake(*args, **kwargs)
        except InvalidStatus as exc:
            raise _Refused(exc.response.status_code) from exc


class SideSocket:
    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def receive(self) -> str:
        """The next text; may be cancelled. Raises :class:`SideClosed`."""
        while True:
            try:
                message = await asyncio.wait_for(self._connection.recv(), QUIET)
            except asyncio.TimeoutError:
                await self._ask()
            except ConnectionClosed as exc:
                raise _closed(exc) from None
            else:
                if isinstance(message, str):
                    return message

    async def _ask(self) -> None:
        try:
            await asyncio.wait_for(await self._connection.ping(), ANSWER)
        except asyncio.TimeoutError:
            self._connection.transport.abort()
            raise SideClosed(1006, "the server fell silent") from None
        except ConnectionClosed:
            pass  # what arrived before it can still be received

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
    options: dict[str, Any] = {}
    if settings.ssl is not None and url.startswith("wss:"):
        options["ssl"] = settings.ssl
    if _TAKES_PROXY:
        options["proxy"] = settings.proxy or True
    elif settings.proxy is not None:
        raise ConfigurationError("proxy= needs websockets 15 or later: pip install -U websockets")
    opening = connect(
        url,
        create_connection=_Connection,
        additional_headers=headers,
        compression=None,
        open_timeout=None,
        ping_interval=None,
        max_size=MAX_SIZE,
        logger=_quiet,
        **options,
    )
    try:
        return SideSocket(await asyncio.wait_for(_opened(opening), timeout))
    except asyncio.TimeoutError:
        raise OpenFailed(classify(TimeoutError(), connected=False)) from None
    except Exception as exc:
        raise OpenFailed(_failure(exc, connected=False)) from exc


async def _opened(opening: Any) -> ClientConnection:
    connection: ClientConnection = await opening
    return connection
