"""The blocking front's port to REST, over httpx."""

from __future__ import annotations

import os
import random as random_module
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol, TypeVar

import httpx

from pinecall._shared.endpoints import Endpoints, Prepared, Progress, pieces, trouble
from pinecall._shared.settings import Settings
from pinecall.core.rest.op import Body, Exchange, Reply, RestOp, unreached

__all__ = ["HttpPort"]

T = TypeVar("T")

_FAILURES = (TimeoutError, httpx.HTTPError, httpx.InvalidURL)


class Closable(Protocol):
    def close(self) -> None: ...


class HttpPort:
    """Runs the core's ops, from any thread. It opens nothing before the first, and may be used
    again after ``close()``. ``transport`` is httpx's, for tests."""

    def __init__(
        self,
        settings: Settings,
        *,
        playground_url: str | None = None,
        transport: httpx.BaseTransport | None = None,
        random: Callable[[], float] = random_module.random,
    ) -> None:
        self.settings = settings
        self.endpoints = Endpoints(settings, playground_url)
        self.random = random
        self._transport = transport
        self._lock = threading.Lock()
        #: One for each proxy; None: for direct connections.
        self._clients: dict[str | None, httpx.Client] = {}
        self._process = 0
        self._streams: weakref.WeakSet[Closable] = weakref.WeakSet()

    def run(self, op: RestOp[T], *, progress: Progress | None = None) -> T:
        """Raises ApiError (the op's kind of it), ConfigurationError without a key."""
        exchange = Exchange(op, time.monotonic(), self.random)
        while exchange.pending:
            time.sleep(exchange.delay)
            request = self.endpoints.prepare(op, progress=progress is not None)
            left = exchange.left(time.monotonic())
            try:
                reply = self._send(request, left, progress)
            except _FAILURES as exc:
                exchange.failed(trouble(exc), request.base, time.monotonic())
            else:
                exchange.answered(reply, time.monotonic())
        return exchange.result()

    def open(self, op: RestOp[T]) -> tuple[T, httpx.Response]:
        """For an answer that is read as it comes: its head, and the response, to be closed."""
        request = self.endpoints.prepare(op)
        built = self._build(request, op.timeout, None)
        try:
            response = self._http(request).send(built, stream=True)
        except _FAILURES as exc:
            raise unreached(op, trouble(exc), request.base) from exc
        try:
            body = None
            if not response.is_success:
                body = _body(response, time.monotonic() + op.timeout)
            head = op.parse(request.reply(response.status_code, response.headers, body))
        except BaseException:
            response.close()
            raise
        return head, response

    def adopt(self, stream: Closable) -> None:
        """It is closed when the port is, unless it was before."""
        with self._lock:
            self._streams.add(stream)

    def close(self) -> None:
        with self._lock:
            streams = list(self._streams)
            clients, self._clients = self._clients, {}
        for stream in streams:
            stream.close()
        if self._process == os.getpid():
            for client in clients.values():
                client.close()

    def _send(self, request: Prepared, timeout: float, progress: Progress | None) -> Reply:
        # httpx's timeouts are for each read; the deadline is for all of them.
        deadline = time.monotonic() + timeout
        response = self._http(request).send(self._build(request, timeout, progress), stream=True)
        try:
            body = _body(response, deadline)
        finally:
            response.close()
        return request.reply(response.status_code, response.headers, body)

    def _build(self, request: Prepared, timeout: float, progress: Progress | None) -> httpx.Request:
        return request.build(
            self._http(request), timeout, progress and partial(_upload, progress=progress)
        )

    def _http(self, request: Prepared) -> httpx.Client:
        with self._lock:
            # A forked child must not share its parent's connections.
            if self._process != os.getpid():
                self._clients = {}
                self._process = os.getpid()
            client = self._clients.get(request.proxy)
            if client is None:
                client = self.endpoints.client(httpx.Client, self._transport, request.proxy)
                self._clients[request.proxy] = client
            return client


def _upload(body: bytes, progress: Progress) -> Iterator[bytes]:
    for piece, sent in pieces(body):
        yield piece
        progress(sent, len(body))


def _body(response: httpx.Response, deadline: float) -> Body:
    body = Body(response.status_code, response.headers.get("content-length"))
    if body.wanted:
        try:
            for data in response.iter_bytes():
                body.add(data)
                if not body.wanted:
                    break
                if time.monotonic() > deadline:
                    raise TimeoutError
        except (TimeoutError, httpx.HTTPError):
            if body.ok:
                raise
            # The status of a refusal is there, and says enough.
    return body
