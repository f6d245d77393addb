"""The socket of the link: the driver's writes, and the closing handshake."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from websockets.protocol import OPEN

from .._shared.failures import link_url
from .websocket import Socket, connect_socket

if TYPE_CHECKING:
    from .._shared.settings import Settings

__all__ = ["LinkSocket", "open_socket"]

#: Bytes that wait in the transport before the engine's own, bounded queue is used.
WRITE_LIMIT = 256 << 10


class LinkSocket(Socket):
    @property
    def may_write(self) -> bool:
        return self.protocol.state is OPEN and not self.paused

    def write(self, texts: list[str]) -> None:
        for text in texts:
            self.protocol.send_text(text.encode())
        self.send_data()

    async def close_within(self, texts: list[str], timeout: float, code: int, reason: str) -> bool:
        """Send the rest and a close frame; wait at most ``timeout`` seconds for the server's close
        frame, and return whether it came.
        """
        try:
            if self.protocol.state is OPEN:
                self.write(texts)
                self.protocol.send_close(code, reason)
                self.send_data()
            await asyncio.wait_for(asyncio.shield(self.connection_lost_waiter), timeout)
        except (asyncio.TimeoutError, OSError):
            pass
        finally:
            self.abort()
        return self.protocol.close_rcvd is not None


async def open_socket(settings: Settings, on_handshake: Callable[[], None]) -> LinkSocket:
    """Open the socket of the link. ``on_handshake`` is called when TCP and TLS are done.

    Raises :class:`OpenFailed`, and nothing else but a cancellation.
    """
    url = link_url(settings)
    return await connect_socket(settings, url, LinkSocket, on_handshake, write_limit=WRITE_LIMIT)
