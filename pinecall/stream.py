"""Event streams to browsers from asyncio: an ASGI response, or an iterator of bytes."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from ._asyncio.feed import Pull, Push
from ._shared.streams import EventStreamBase, query_id
from .core.streams.sse import HEADERS

if TYPE_CHECKING:
    from typing_extensions import Self


__all__ = ["HEADERS", "EventStream"]

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS]
_NO_HEADERS = [(b"cache-control", b"no-store")]
_LAST = {"type": "http.response.body", "body": b"", "more_body": False}


class _Body(Push):
    """The body of an ASGI response."""

    __slots__ = ()

    def write(self, found: bytes) -> Awaitable[None]:
        return self.send({"type": "http.response.body", "body": found, "more_body": True})


class EventStream(EventStreamBase):
    """The result of ``pc.stream()``, ``agent.stream()`` and ``call.stream()``: return it from a
    handler.

    Starlette, FastAPI, Quart, aiohttp: ``return pc.stream()``. Litestar: the same, from a handler
    annotated ``-> ASGIApp``. Django: ``return pc.stream().django(request)``. It is an ASGI
    application, and ``async for chunk in pc.stream()`` gives the bytes. (``.quart()`` and
    ``.aiohttp(request)`` give those frameworks' own responses.)

    It may be used more than once: every response is a reader of its own, which continues after the
    ``Last-Event-ID`` header or the ``last_event_id`` query parameter of its request. A browser that
    has received all of a call, including its end, gets 204 and does not come back.
    """

    status_code = 200
    #: Called when the response is over.
    background: Callable[[], Awaitable[None]] | None = None

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if cls is EventStream and "quart" in sys.modules:
            from ._asyncio.frameworks import quart_class

            found = quart_class(EventStream)
            if found is not None:
                return cast("Self", Exception.__new__(found))
        # FastAPI accepts as a response only an instance of Starlette's class.
        if cls is EventStream and "starlette.responses" in sys.modules:
            from ._asyncio.frameworks import starlette_class

            return cast("Self", object.__new__(starlette_class(EventStream)))
        plain: Any = object.__new__(cls)
        return cast("Self", plain)

    @cached_property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """The headers in ASGI's form; more may be added."""
        return list(_RAW_HEADERS)

    def open(self, last_event_id: str = "") -> Pull:
        """Return a new, separate reader."""
        return Pull(self.hub, **self._options(last_event_id))

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(
                f"an event stream answers HTTP requests, not {scope['type']!r}; for a WebSocket "
                "use pc.ws(websocket)"
            )
        start = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": list(self.raw_headers),
        }
        last_id = _last_id(scope)
        complete = self.is_complete(last_id)
        if complete:
            start.update(status=204, headers=_NO_HEADERS)
        if complete or scope.get("method") == "HEAD":
            await send(start)
            await send(dict(_LAST))
            return
        body = _Body(send, self.hub, **self._options(last_id))
        try:
            await send(start)
            del start  # the stream may last for days, and there may be thousands
            async with body:
                while (await receive())["type"] != "http.disconnect":
                    pass
            if body.complete:
                await send(dict(_LAST))
        except OSError:
            pass  # servers raise it for a client that has gone
        finally:
            body.close()
        if self.background is not None:
            await self.background()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        feed = self.open()
        try:
            while body := await feed.next():
                yield body
        finally:
            feed.close()

    # -- frameworks with their own response classes ------------------------------------------------

    async def aiohttp(self, request: Any) -> Any:
        """Answer an aiohttp request: ``return await pc.stream().aiohttp(request)``."""
        from ._asyncio.frameworks import aiohttp_response

        return await aiohttp_response(self, request)

    # aiohttp accepts as a response whatever has these.

    status = 200
    body_length = 0
    keep_alive = True

    async def prepare(self, request: Any) -> None:
        """aiohttp: write the whole response."""
        response = await self.aiohttp(request)
        # For a finished call the answer is a 204, which is not begun yet.
        await response.prepare(request)
        await response.write_eof()

    async def write_eof(self) -> None:
        """aiohttp: :meth:`prepare` has done it."""

    def django(self, request: Any) -> Any:
        """Return a Django response, for ASGI: ``return pc.stream().django(request)``."""
        from ._asyncio.frameworks import django_response

        return django_response(self, request)

    def quart(self) -> Any:
        """Return a Quart response to the current request: ``return pc.stream().quart()``."""
        from ._asyncio.frameworks import quart_response

        return quart_response(self)


def _last_id(scope: MutableMapping[str, Any]) -> str:
    for name, value in scope["headers"]:
        if name == b"last-event-id":
            return str(value.decode("latin-1"))
    return query_id(scope.get("query_string") or b"")
