"""An event stream as the response of a web framework; each framework is imported on first use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from .._shared.streams import query_id
from ..core.streams.sse import HEADERS
from .feed import Pull, Push

if TYPE_CHECKING:
    from ..core.streams.hub import Hub

__all__ = [
    "aiohttp_response",
    "django_response",
    "quart_class",
    "quart_response",
    "starlette_class",
]


class Stream(Protocol):
    """What these functions need of an event stream."""

    hub: Hub
    status_code: int

    def is_complete(self, last_event_id: str) -> bool: ...
    def _options(self, last_event_id: str) -> dict[str, Any]: ...


@lru_cache(maxsize=1)
def starlette_class(stream: Any) -> Any:
    """The class ``stream`` as a Starlette response too, with ``headers`` and ``background``."""
    response: Any = import_module("starlette.responses").Response
    members = {
        "__init__": stream.__init__,
        "__call__": stream.__call__,
        "__module__": stream.__module__,
        "__doc__": stream.__doc__,
        "body": b"",
    }
    return type(stream.__name__, (response, stream), members)


def quart_class(stream: Any) -> Any:
    """The class ``stream`` as something a Quart view may return; None outside a Quart request."""
    quart: Any = import_module("quart")
    return _quart_class(stream) if quart.has_request_context() else None


@lru_cache(maxsize=1)
def _quart_class(stream: Any) -> Any:
    # The only object that Quart asks for its response is an HTTPException.
    base: Any = import_module("werkzeug.exceptions").HTTPException

    def get_response(self: Stream, environ: Any = None, scope: Any = None) -> Any:
        return quart_response(self)

    members = {"__module__": stream.__module__, "__doc__": stream.__doc__}
    return type(stream.__name__, (stream, base), {**members, "get_response": get_response})


async def aiohttp_response(stream: Stream, request: Any) -> Any:
    web: Any = import_module("aiohttp.web")
    last = request.headers.get("Last-Event-ID") or request.query.get("last_event_id", "")
    if stream.is_complete(last):
        return web.Response(status=204)
    response = web.StreamResponse(status=stream.status_code, headers=dict(HEADERS))
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    body = Push(response.write, stream.hub, **stream._options(last))
    try:
        async with body:
            await asyncio.get_running_loop().create_future()  # until the stream ends
        if body.complete:
            await response.write_eof()
        elif request.transport is not None:
            # A client that does not read would hold the buffered rest, and the server, forever.
            request.transport.abort()
    except ConnectionError:
        pass
    return response


async def _chunks(stream: Stream, last_event_id: str) -> AsyncGenerator[bytes, None]:
    feed = Pull(stream.hub, **stream._options(last_event_id))
    try:
        while body := await feed.next():
            yield body
    finally:
        feed.close()


def django_response(stream: Stream, request: Any) -> Any:
    http: Any = import_module("django.http")
    last = request.headers.get("Last-Event-ID") or query_id(request.META.get("QUERY_STRING", ""))
    if stream.is_complete(last):
        return http.HttpResponse(status=204)
    return http.StreamingHttpResponse(
        _chunks(stream, last), status=stream.status_code, headers=dict(HEADERS)
    )


def quart_response(stream: Stream) -> Any:
    quart: Any = import_module("quart")
    request = quart.request
    last = request.headers.get("Last-Event-ID") or query_id(request.query_string)
    if stream.is_complete(last):
        return quart.Response(b"", 204)
    response = quart.Response(_chunks(stream, last), stream.status_code, headers=dict(HEADERS))
    # Quart ends a response after RESPONSE_TIMEOUT, a minute, unless this is set.
    response.timeout = None
    return response
