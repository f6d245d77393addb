"""REST without sockets: httpx's transports into the emulator's application."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import httpx

from pinecall.emulator.app import make_app

if TYPE_CHECKING:
    from .virtual import VirtualWorld

__all__ = ["AsyncTransport", "Transport"]


class AsyncTransport(httpx.AsyncBaseTransport):
    """For the asyncio front; the call goes on while a request is answered."""

    def __init__(self, world: VirtualWorld) -> None:
        self._world = world
        runner: Any = world.runner
        self._asgi = httpx.ASGITransport(make_app(runner))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        with self._world.waiting():
            return await self._asgi.handle_async_request(request)


class Transport(httpx.BaseTransport):
    """For the blocking front: requests run on the test's loop."""

    def __init__(self, world: VirtualWorld) -> None:
        self._world = world
        self._asgi = AsyncTransport(world)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        world = self._world
        if threading.get_ident() == world.thread:
            return world.call(self._answer(request))
        future = asyncio.run_coroutine_threadsafe(self._answer(request), world.loop)
        with world.parked(future.done):
            return future.result()

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        plain = httpx.Request(
            request.method, request.url, headers=request.headers, content=request.read()
        )
        response = await self._asgi.handle_async_request(plain)
        return httpx.Response(
            response.status_code, headers=response.headers, content=await response.aread()
        )
