"""The application: the ``/client`` socket, and the REST routes and side sockets beside it."""

from __future__ import annotations

import asyncio

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from .core import Close
from .middleware import Observed
from .rest import routes
from .runner import Runner

__all__ = ["make_app"]


class _Socket:
    """One client socket, with a single writer that keeps the order of what the core sends."""

    def __init__(self, socket: WebSocket, runner: Runner) -> None:
        self._socket = socket
        self._runner = runner
        self._queue: asyncio.Queue[str | bytes | Close] = asyncio.Queue()

    def push(self, item: str | bytes | Close) -> None:
        """Send this after what was pushed before."""
        self._queue.put_nowait(item)

    async def write(self) -> None:
        """Write what is pushed until either side closes."""
        while True:
            item = await self._queue.get()
            try:
                if isinstance(item, str):
                    await self._socket.send_text(item)
                elif isinstance(item, bytes):
                    await self._socket.send_bytes(item)
                else:
                    await self._close(item)
                    return
            except (WebSocketDisconnect, RuntimeError):
                return

    async def _close(self, close: Close) -> None:
        client = self._socket.client
        if close.code == 1006 and client is not None:
            self._runner.abort((client.host, client.port))
        else:
            await self._socket.close(close.code, close.reason)


def make_app(runner: Runner) -> Observed:
    """Build the application around a runner: ``/client`` and every other endpoint."""

    async def client(socket: WebSocket) -> None:
        await socket.accept()
        sink = _Socket(socket, runner)
        link = runner.opened(sink)
        writer = asyncio.create_task(sink.write())
        try:
            while (message := await socket.receive())["type"] == "websocket.receive":
                text = message.get("text")
                runner.received(link, message["bytes"] if text is None else text)
        finally:
            runner.gone(link)
            writer.cancel()

    return Observed(Starlette(routes=[WebSocketRoute("/client", client), *routes(runner)]), runner)
