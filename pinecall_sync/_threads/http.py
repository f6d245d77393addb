"""REST over httpx, blocking."""

from __future__ import annotations

import os
import time
from typing import TypeVar

import httpx

from pinecall._shared.rest.endpoints import Prepared, Progress, pieces
from pinecall._shared.rest.http import HttpPortBase, Make
from pinecall.core.rest.op import Body, Exchange, Reply, RestOp

from .closing import ClosingIterator

__all__ = ["HttpPort"]

T = TypeVar("T")


class HttpPort(HttpPortBase[httpx.Client, ClosingIterator]):
    __doc__ = HttpPortBase.__doc__

    _make_client = httpx.Client
    _failures = (TimeoutError, httpx.HTTPError, httpx.InvalidURL)
    _upload = staticmethod(pieces)
    _process = 0

    def run(self, op: RestOp[T], *, progress: Progress | None = None) -> T:
        """Send the request, again where that is allowed, and read its answer. Raises ApiError (the
        op's subclass of it), and ConfigurationError without a key."""
        now = time.monotonic
        exchange = Exchange(op, now(), self.random)
        while exchange.pending:
            time.sleep(exchange.delay)
            request = self.endpoints.prepare(op, progress=progress is not None)
            with self._trying(exchange, request.base, now):
                reply = self._send(request, exchange.left(now()), progress)
                exchange.answered(reply, now())
        return exchange.result()

    def perform(self, make: Make[T]) -> T:
        """:meth:`run` the op that ``make`` builds; its arguments are checked then."""
        return self.run(make())

    def upload(self, make: Make[T], progress: Progress | None) -> T:
        """As :meth:`perform`, where ``make`` reads a file."""
        return self.run(make(), progress=progress)

    def open(self, op: RestOp[T]) -> tuple[T, httpx.Response]:
        """Send a request whose answer is streamed: gives its head, and the response, which the caller
        closes."""
        request = self.endpoints.prepare(op)
        built = self._build(request, op.timeout, None)
        with self._opening(op, request.base):
            response = self._http(request).send(built, stream=True)
        try:
            body = None if response.is_success else _body(response, time.monotonic() + op.timeout)
            return op.parse(request.reply(response, body)), response
        except BaseException:
            response.close()
            raise

    def close(self) -> None:
        streams, clients = self._take()
        for stream in streams:
            stream.close()
        if self._process == os.getpid():
            for client in clients:
                client.close()

    def _send(self, request: Prepared, timeout: float, progress: Progress | None) -> Reply:
        # httpx's timeouts apply to each read, the deadline to all of them.
        deadline = time.monotonic() + timeout
        response = self._http(request).send(self._build(request, timeout, progress), stream=True)
        try:
            body = _body(response, deadline)
        finally:
            response.close()
        return request.reply(response, body)

    def _check_owner(self) -> None:
        # A forked child must not share its parent's connections.
        if self._process != os.getpid():
            self._clients = {}
            self._process = os.getpid()


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
            # The status of a refusal is known, and is enough.
    return body
