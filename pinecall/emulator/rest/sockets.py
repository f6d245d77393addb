"""Side sockets: refuse the handshake, write without waiting for the reader."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import msgspec
from starlette.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from ..core.tokens import Claims, TokenRefused
from ..runner import Runner
from .auth import Denied

__all__ = ["Outlet", "redeemed", "refuse"]

_LONGEST_QUEUE = 10_000


async def refuse(socket: WebSocket, why: Denied) -> None:
    """Answer the handshake with an HTTP status."""
    body = {"detail": why.text, "error": why.text, "code": why.code}
    await socket.send_denial_response(JSONResponse(body, why.status))


def redeemed(socket: WebSocket, runner: Runner, channel: str) -> Claims:
    """Redeem the token in the query.

    Raises:
        Denied: no token, or one that is refused.
    """
    token = socket.query_params.get("token")
    if not token:
        raise Denied(401, "MISSING_TOKEN", "No token")
    try:
        return runner.act(lambda: runner.core.tokens.redeem(token, channel))
    except TokenRefused as why:
        raise Denied(401, "INVALID_TOKEN", str(why)) from None


class Outlet:
    """Writes frames to one side socket; a reader that is too slow is closed with ``slow_consumer``."""

    def __init__(self, socket: WebSocket, runner: Runner) -> None:
        self._socket = socket
        self._runner = runner
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[str | tuple[int, str]] = asyncio.Queue()
        self._writer = self._loop.create_task(self._write())
        runner.outlets.add(self)

    def push(self, frame: Any) -> None:
        """Send a frame; may be called from any thread."""
        text = msgspec.json.encode(frame).decode()
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._put, text)

    def close(self, code: int, reason: str) -> None:
        """Close after everything pushed before; code 1006 cuts. May be called from any thread."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._queue.put_nowait, (code, reason))

    def done(self) -> None:
        """Stop writing: the socket is gone."""
        self._writer.cancel()
        self._runner.outlets.discard(self)

    def _put(self, text: str) -> None:
        if self._queue.qsize() < _LONGEST_QUEUE:
            self._queue.put_nowait(text)
        elif self._queue.qsize() == _LONGEST_QUEUE:
            self._queue.put_nowait((1008, "slow_consumer"))

    async def _write(self) -> None:
        try:
            while isinstance(item := await self._queue.get(), str):
                await self._socket.send_text(item)
            code, reason = item
            client = self._socket.client
            if code == 1006 and client is not None:
                self._runner.abort((client.host, client.port))
            else:
                await self._socket.close(code, reason)
        except (WebSocketDisconnect, RuntimeError):
            return
