"""The blocking front's port to REST, over httpx."""

from __future__ import annotations

import os
import time
from typing import Protocol, TypeVar

import httpx

from pinecall._shared.rest.endpoints import Prepared, Progress, pieces, trouble
from pinecall._shared.rest.http import HttpPortBase
from pinecall.core.rest.op import Body, Exchange, Reply, RestOp, unreached

__all__ = ["HttpPort"]

T = TypeVar("T")

_FAILURES = (TimeoutError, httpx.HTTPError, httpx.InvalidURL)


class Closable(Protocol):
    """What an open response or WebSocket of the port can be asked."""

    def close(self) -> None: ...


class HttpPort(HttpPortBase[httpx.Client, Closable]):
    __doc__ = HttpPortBase.__doc__

    _make_client = httpx.Client
    _upload = staticmethod(pieces)
    _process = 0

    def run(self, op: RestOp[T], *, progress: Progress | None = None) -> T:
        """Send the request and read its answer, repeating what may be repeated. Raises ApiError (the
        op's subclass of it), and ConfigurationError without a key."""
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
        """Send a request whose answer is read as it comes: gives its head, and the response, which the
        caller closes."""
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

    def close(self) -> None:
        streams, clients = self._take()
        for stream in streams:
            stream.close()
        if self._process == os.getpid():
            for client in clients:
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
            # The status of a refusal is there, and says enough.
    return body
