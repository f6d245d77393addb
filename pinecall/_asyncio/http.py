"""The asyncio front's port to REST, over httpx."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol, TypeVar

import httpx

from .._shared.rest.endpoints import Prepared, Progress, pieces, trouble
from .._shared.rest.http import HttpPortBase
from ..core.rest.op import Body, Exchange, Reply, RestOp, unreached

__all__ = ["HttpPort"]

T = TypeVar("T")

_FAILURES = (asyncio.TimeoutError, httpx.HTTPError, httpx.InvalidURL)


class Closable(Protocol):
    """What an open response or WebSocket of the port can be asked."""

    async def aclose(self) -> None: ...


async def _upload(body: bytes, progress: Progress) -> AsyncIterator[bytes]:
    for piece in pieces(body, progress):
        yield piece


class HttpPort(HttpPortBase[httpx.AsyncClient, Closable]):
    __doc__ = HttpPortBase.__doc__

    _make_client = httpx.AsyncClient
    _upload = staticmethod(_upload)
    _loop: asyncio.AbstractEventLoop | None = None

    async def run(self, op: RestOp[T], *, progress: Progress | None = None) -> T:
        """Send the request and read its answer, repeating what may be repeated. Raises ApiError (the
        op's subclass of it), and ConfigurationError without a key."""
        now = asyncio.get_running_loop().time
        exchange = Exchange(op, now(), self.random)
        while exchange.pending:
            await asyncio.sleep(exchange.delay)
            request = self.endpoints.prepare(op, progress=progress is not None)
            left = exchange.left(now())
            try:
                reply = await self._send(request, left, progress)
            except _FAILURES as exc:
                exchange.failed(trouble(exc), request.base, now())
            else:
                exchange.answered(reply, now())
        return exchange.result()

    async def open(self, op: RestOp[T]) -> tuple[T, httpx.Response]:
        """Send a request whose answer is read as it comes: gives its head, and the response, which the
        caller closes."""
        request = self.endpoints.prepare(op)
        built = self._build(request, op.timeout, None)
        try:
            response = await self._http(request).send(built, stream=True)
        except _FAILURES as exc:
            raise unreached(op, trouble(exc), request.base) from exc
        try:
            body = None
            if not response.is_success:
                body = await _body(response, op.timeout)
            head = op.parse(request.reply(response.status_code, response.headers, body))
        except BaseException:
            await response.aclose()
            raise
        return head, response

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
        return request.reply(response.status_code, response.headers, body)

    def _check_owner(self) -> None:
        loop = asyncio.get_running_loop()
        # Connections belong to the loop they were made on; a notebook may have had another.
        if self._loop is not loop:
            self._clients = {}
            self._loop = loop


async def _body(response: httpx.Response, timeout: float) -> Body:
    body = Body(response.status_code, response.headers.get("content-length"))

    async def read() -> None:
        async for data in response.aiter_bytes():
            body.add(data)
            if not body.wanted:
                # The next read fails, and so ends httpx's generators: those of a loop that is left
                # would be closed some time later, in tasks of their own.
                await response.aclose()

    if body.wanted:
        try:
            await asyncio.wait_for(read(), max(timeout, 0.001))
        except (asyncio.TimeoutError, httpx.HTTPError, httpx.StreamError):
            if body.ok and body.wanted:
                raise
            # The status of a refusal is there, and says enough.
    return body
