"""REST over httpx, for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar

import httpx

from .._shared.rest.endpoints import Prepared, Progress, pieces
from .._shared.rest.http import HttpPortBase, Make
from ..core.rest.op import Body, Exchange, Reply, RestOp
from .closing import ClosingIterator

__all__ = ["HttpPort"]

T = TypeVar("T")


async def _upload(body: bytes, progress: Progress) -> AsyncIterator[bytes]:
    for piece in pieces(body, progress):
        yield piece


class HttpPort(HttpPortBase[httpx.AsyncClient, ClosingIterator]):
    __doc__ = HttpPortBase.__doc__

    _make_client = httpx.AsyncClient
    _failures = (asyncio.TimeoutError, httpx.HTTPError, httpx.InvalidURL)
    _upload = staticmethod(_upload)
    _loop: asyncio.AbstractEventLoop | None = None

    async def run(self, op: RestOp[T], *, progress: Progress | None = None) -> T:
        """Send the request, again where that is allowed, and read its answer. Raises ApiError (the
        op's subclass of it), and ConfigurationError without a key."""
        now = asyncio.get_running_loop().time
        exchange = Exchange(op, now(), self.random)
        while exchange.pending:
            await asyncio.sleep(exchange.delay)
            request = self.endpoints.prepare(op, progress=progress is not None)
            with self._trying(exchange, request.base, now):
                reply = await self._send(request, exchange.left(now()), progress)
                exchange.answered(reply, now())
        return exchange.result()

    async def perform(self, make: Make[T]) -> T:
        """:meth:`run` the op that ``make`` builds; its arguments are checked then."""
        return await self.run(make())

    async def upload(self, make: Make[T], progress: Progress | None) -> T:
        """Run a request as :meth:`perform` does; ``make`` reads a file."""
        return await self.run(await asyncio.to_thread(make), progress=progress)

    async def open(self, op: RestOp[T]) -> tuple[T, httpx.Response]:
        """Send a request whose answer is streamed: gives its head, and the response, which the caller
        closes."""
        request = self.endpoints.prepare(op)
        built = self._build(request, op.timeout, None)
        with self._opening(op, request.base):
            response = await self._http(request).send(built, stream=True)
        try:
            body = None if response.is_success else await _body(response, op.timeout)
            return op.parse(request.reply(response, body)), response
        except BaseException:
            await response.aclose()
            raise

    async def aclose(self) -> None:
        streams, clients = self._take()
        for stream in streams:
            await stream.aclose()
        if self._loop is asyncio.get_running_loop():
            for client in clients:
                await client.aclose()

    async def _send(self, request: Prepared, timeout: float, progress: Progress | None) -> Reply:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        sending = self._http(request).send(self._build(request, timeout, progress), stream=True)
        response = await asyncio.wait_for(sending, timeout)
        try:
            body = await _body(response, deadline - loop.time())
        finally:
            await response.aclose()
        return request.reply(response, body)

    def _check_owner(self) -> None:
        loop = asyncio.get_running_loop()
        # Connections belong to the loop they were opened on; a notebook may use several.
        if self._loop is not loop:
            self._clients = {}
            self._loop = loop


async def _body(response: httpx.Response, timeout: float) -> Body:
    body = Body(response.status_code, response.headers.get("content-length"))

    async def read() -> None:
        async for data in response.aiter_bytes():
            body.add(data)
            if not body.wanted:
                # The next read fails, which ends httpx's generators. Left unfinished, the loop
                # would close them later, in tasks of its own.
                await response.aclose()

    if body.wanted:
        try:
            await asyncio.wait_for(read(), max(timeout, 0.001))
        except (asyncio.TimeoutError, httpx.HTTPError, httpx.StreamError):
            if body.ok and body.wanted:
                raise
            # The status of a refusal is known, and is enough.
    return body
