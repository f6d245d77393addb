"""The asyncio front's port to REST, over httpx."""

from __future__ import annotations

import asyncio
import random as random_module
import weakref
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Protocol, TypeVar

import httpx

from .._shared.endpoints import Endpoints, Prepared, Progress, pieces, trouble
from .._shared.settings import Settings
from ..core.rest.op import Body, Exchange, Reply, RestOp, unreached

__all__ = ["HttpPort"]

T = TypeVar("T")

_FAILURES = (asyncio.TimeoutError, httpx.HTTPError, httpx.InvalidURL)


class Closable(Protocol):
    async def aclose(self) -> None: ...


class HttpPort:
    """Runs the core's ops. It opens nothing before the first, and may be used again after
    ``aclose()``. ``transport`` is httpx's, for tests."""

    def __init__(
        self,
        settings: Settings,
        *,
        playground_url: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        random: Callable[[], float] = random_module.random,
    ) -> None:
        self.settings = settings
        self.endpoints = Endpoints(settings, playground_url)
        self.random = random
        self._transport = transport
        #: One for each proxy; None: for direct connections.
        self._clients: dict[str | None, httpx.AsyncClient] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._streams: weakref.WeakSet[Closable] = weakref.WeakSet()

    async def run(self, op: RestOp[T], *, progress: Progress | None = None) -> T:
        """Raises ApiError (the op's kind of it), ConfigurationError without a key."""
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
        """For an answer that is read as it comes: its head, and the response, to be closed."""
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

    def adopt(self, stream: Closable) -> None:
        """It is closed when the port is, unless it was before."""
        self._streams.add(stream)

    async def aclose(self) -> None:
        for stream in list(self._streams):
            await stream.aclose()
        clients, self._clients = self._clients, {}
        if self._loop is asyncio.get_running_loop():
            for client in clients.values():
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

    def _build(self, request: Prepared, timeout: float, progress: Progress | None) -> httpx.Request:
        return request.build(
            self._http(request), timeout, progress and partial(_upload, progress=progress)
        )

    def _http(self, request: Prepared) -> httpx.AsyncClient:
        loop = asyncio.get_running_loop()
        # Connections belong to the loop they were made on; a notebook may have had another.
        if self._loop is not loop:
            self._clients = {}
            self._loop = loop
        client = self._clients.get(request.proxy)
        if client is None:
            client = self.endpoints.client(httpx.AsyncClient, self._transport, request.proxy)
            self._clients[request.proxy] = client
        return client


async def _upload(body: bytes, progress: Progress) -> AsyncIterator[bytes]:
    for piece, sent in pieces(body):
        yield piece
        progress(sent, len(body))


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
