"""Event streams to browsers from asyncio: an ASGI response, or an iterator of bytes."""

from __future__ import annotations

import asyncio
import sys
import threading
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import parse_qs

from .core.filters import agent_filter, describe
from .core.hub import Hub
from .core.sse import HEADERS
from .shutdown import end_streams_on_signals

if TYPE_CHECKING:
    from typing_extensions import Self

    from .core.call import CallBase
    from .core.subscriber import Subscriber

__all__ = ["EventStream", "Feed"]

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_T = TypeVar("_T")

_RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS]
#: Seconds that a stream may take to write what is left: when the server stops, and when its call
#: has ended.
_LAST_WORDS = {"closed": 1.0, "ended": 5.0}
_NO_HEADERS = [(b"cache-control", b"no-store")]
_LAST = {"type": "http.response.body", "body": b"", "more_body": False}


class Feed:
    """One reader of a hub, on the running loop."""

    __slots__ = ("_aborted", "_loop", "_thread", "_waiter", "_writing", "hub", "reader")

    def __init__(self, hub: Hub, **options: Any) -> None:
        self.hub = hub
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._waiter: asyncio.Future[None] | None = None
        self._writing: asyncio.Task[Any] | None = None
        self._aborted = False
        self.reader: Subscriber = hub.subscribe(self._wake, **options)
        end_streams_on_signals(hub)
        _keep_time(hub, self._loop)

    def _wake(self) -> None:
        if threading.get_ident() == self._thread:
            waiter = self._waiter
            if waiter is not None and not waiter.done():
                waiter.set_result(None)
            else:
                self._woken()
            return
        try:
            self._loop.call_soon_threadsafe(self._woken)
        except RuntimeError:
            pass  # the loop is closed, and with it the stream

    def nudge(self) -> None:
        """Let whoever waits look again; on the loop."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _woken(self) -> None:
        self.nudge()
        if self._writing is not None and self.reader.over:
            left = _LAST_WORDS.get(self.reader.reason)
            if left is None:
                self._abort()
            else:
                self._loop.call_later(left, self._abort)

    def _abort(self) -> None:
        if self._writing is not None and not self._aborted:
            self._aborted = True
            self._writing.cancel()

    def wait(self) -> asyncio.Future[None]:
        """Until there may be something to take, or the end."""
        waiter = self._waiter = self._loop.create_future()
        if self.reader.queued or self.reader.over:
            waiter.set_result(None)
        return waiter

    async def next(self) -> bytes:
        """The next bytes; empty at the end."""
        reader = self.reader
        while not (body := reader.take()) and not reader.over:
            await self.wait()
        return body

    async def write_all(
        self, write: Callable[[_T], Awaitable[Any]], take: Callable[[], _T]
    ) -> bool:
        """Write what ``take`` gives (nothing: not now) until the end; False if the reader was cut
        off, or had stopped reading at the end."""
        task = asyncio.current_task()
        reader = self.reader
        try:
            while True:
                while not (found := take()):
                    if reader.over:
                        return not reader.cut
                    await self.wait()
                self._writing = task
                await write(found)
                self._writing = None
        except asyncio.CancelledError:
            if not self._aborted:
                raise
            if sys.version_info >= (3, 11) and task is not None and task.uncancel():
                raise
            return False
        finally:
            self._writing = None

    def close(self) -> None:
        self.hub.unsubscribe(self.reader)


class _Clock:
    """Ticks a hub for as long as it has readers: one timer for all of them."""

    def __init__(self, hub: Hub, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._hub = hub
        self._timer: asyncio.TimerHandle | None = None
        self._stopping = _end_with_hypercorn(hub, loop)

    def start(self) -> None:
        if self._timer is None:
            due = self._hub.tick(self.loop.time())
            self._timer = self.loop.call_at(due, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if self._hub.subscribers:
            self.start()


def _end_with_hypercorn(hub: Hub, loop: asyncio.AbstractEventLoop) -> asyncio.Task[None] | None:
    """hypercorn's workers get no signal, and wait 3 s for open responses before the application
    hears of the end: the only sign of it is the worker's own context."""
    if "hypercorn" not in sys.modules:
        return None
    for task in asyncio.all_tasks(loop):
        coroutine: Any = task.get_coro()
        if getattr(coroutine, "__name__", "") == "worker_serve" and coroutine.cr_frame is not None:
            context = coroutine.cr_frame.f_locals.get("context")
            terminated = getattr(context, "terminated", None)
            if terminated is not None:
                return loop.create_task(_end_after(hub, terminated))
    return None


async def _end_after(hub: Hub, event: Any) -> None:
    await event.wait()
    hub.end_streams()


_clocks: weakref.WeakKeyDictionary[Hub, _Clock] = weakref.WeakKeyDictionary()


def _keep_time(hub: Hub, loop: asyncio.AbstractEventLoop) -> None:
    clock = _clocks.get(hub)
    if clock is None or (clock.loop is not loop and clock.loop.is_closed()):
        clock = _clocks[hub] = _Clock(hub, loop)
    if clock.loop is loop:
        clock.start()


class EventStream:
    """What ``pc.stream()``, ``agent.stream()`` and ``call.stream()`` give: return it from a handler.

    Starlette, FastAPI: ``return pc.stream()``. Litestar: the same, from a handler annotated
    ``-> ASGIApp``. Quart: ``return pc.stream().quart()``. Django: ``return
    pc.stream().django(request)``. aiohttp: ``return await pc.stream().aiohttp(request)``. It is an
    ASGI application, and ``async for chunk in pc.stream()`` gives the bytes.

    It may be used more than once: every response is a reader of its own, which goes on after the
    ``Last-Event-ID`` header or the ``last_event_id`` query parameter of its request. A browser that
    has been told all there is of a call, its end included, gets 204 and does not come back.
    """

    if TYPE_CHECKING:
        background: Callable[[], Awaitable[None]] | None

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        # FastAPI takes for a response only what is an instance of Starlette's class.
        if cls is EventStream and "starlette.responses" in sys.modules:
            from .frameworks import starlette_class

            return cast("Self", object.__new__(starlette_class()))
        return object.__new__(cls)

    def __init__(
        self,
        hub: Hub,
        agents: str | Iterable[str] | None = None,
        *,
        of_agent: str = "",
        call: CallBase | None = None,
        greeting: str | None = None,
        last_event_id: str = "",
    ) -> None:
        self.hub = hub
        self.agents = agent_filter(agents)
        self.of_agent = of_agent
        self.call = call
        self.greeting = greeting
        self.last_event_id = last_event_id
        self.status_code = 200
        self.background = None
        #: As ASGI has them; more may be added.
        self.raw_headers: list[tuple[bytes, bytes]] = list(_RAW_HEADERS)

    def open(self, last_event_id: str = "") -> Feed:
        return Feed(
            self.hub,
            agents=self.agents,
            of_agent=self.of_agent,
            call=self.call,
            greeting=self.greeting,
            last_event_id=last_event_id or self.last_event_id,
        )

    def is_complete(self, last_event_id: str) -> bool:
        """Is there nothing more to tell a browser with this id? It gets 204."""
        return self.hub.is_complete(self.call, last_event_id or self.last_event_id)

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
        feed = self.open(last_id)
        watch = asyncio.ensure_future(_watch(receive, feed))
        try:
            await send(start)
            del start  # the stream may last for days, and there may be thousands
            if await feed.write_all(
                lambda body: send({"type": "http.response.body", "body": body, "more_body": True}),
                feed.reader.take,
            ):
                await send(dict(_LAST))
        except OSError:
            pass  # what a server raises for a client that has gone
        finally:
            watch.cancel()
            feed.close()
        if self.background is not None:
            await self.background()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        feed = self.open()
        try:
            while body := await feed.next():
                yield body
        finally:
            feed.close()

    def __repr__(self) -> str:
        return f"<EventStream of {describe(self.call, self.of_agent, self.agents)}>"

    # -- frameworks that want a response of their own ----------------------------------------------

    async def aiohttp(self, request: Any) -> Any:
        """Answer an aiohttp request: ``return await pc.stream().aiohttp(request)``."""
        from .frameworks import aiohttp_response

        return await aiohttp_response(self, request)

    def django(self, request: Any) -> Any:
        """A Django response, for ASGI: ``return pc.stream().django(request)``."""
        from .frameworks import django_response

        return django_response(self, request)

    def quart(self) -> Any:
        """A Quart response to the present request: ``return pc.stream().quart()``."""
        from .frameworks import quart_response

        return quart_response(self)


async def _watch(receive: Receive, feed: Feed) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    feed.close()


def _last_id(scope: MutableMapping[str, Any]) -> str:
    for name, value in scope["headers"]:
        if name == b"last-event-id":
            return str(value.decode("latin-1"))
    return query_id(scope.get("query_string") or b"")


def query_id(query: bytes | str) -> str:
    """``last_event_id`` of a query string: what a page passes when it opens a stream anew."""
    text = query.decode("latin-1") if isinstance(query, bytes) else query
    return parse_qs(text).get("last_event_id", [""])[-1] if "last_event_id" in text else ""
