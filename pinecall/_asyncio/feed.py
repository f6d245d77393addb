"""Readers of a hub on an event loop: one is asked for the next piece, one writes by itself."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from .._shared.shutdown import end_streams_on_signals
from .tasks import begin

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from ..core.streams.hub import Hub
    from ..core.streams.subscriber import Subscriber

__all__ = ["Pull", "Push"]

#: Seconds that a reader may take to write the rest when the server stops or its call has ended.
_LAST_WORDS = {"closed": 1.0, "ended": 5.0}


class _Feed:
    """A reader, bound to the running loop."""

    __slots__ = ("_shared", "hub", "reader")

    def __init__(self, hub: Hub, **options: Any) -> None:
        self.hub = hub
        self._shared = _shared(hub, asyncio.get_running_loop())
        self.reader: Subscriber = hub.subscribe(self._wake, **options)
        end_streams_on_signals(hub)
        self._shared.keep_time()

    def _wake(self) -> None:
        shared = self._shared
        if threading.get_ident() == shared.thread:
            self._woken()
            return
        try:
            shared.loop.call_soon_threadsafe(self._woken)
        except RuntimeError:
            pass  # the loop is closed, and with it the stream

    def _woken(self) -> None:
        """There is something to take, or the stream has ended. Called on the loop."""
        raise NotImplementedError

    def close(self) -> None:
        self.hub.unsubscribe(self.reader)


class Pull(_Feed):
    """A reader that is asked for the next piece."""

    __slots__ = ("_waiter",)

    def __init__(self, hub: Hub, **options: Any) -> None:
        self._waiter: asyncio.Future[None] | None = None
        super().__init__(hub, **options)

    def _woken(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def next(self) -> bytes:
        """Wait for the next bytes; empty at the end."""
        self.hub.check()
        reader = self.reader
        while not (body := reader.take()) and not reader.over:
            self._waiter = self._shared.loop.create_future()
            await self._waiter
        return body


class Push(_Feed):
    """A reader that writes by itself: wait for the client to leave inside ``async with``.

    It writes in tasks that live only while there is something to write. At the end of the stream it
    ends the wait.

    Raises the exceptions of ``send``.
    """

    # There may be thousands of idle ones.
    __slots__ = (
        "_context",
        "_ended",
        "_failure",
        "_request",
        "_writing",
        "complete",
        "due",
        "send",
    )

    def __init__(self, send: Callable[[Any], Awaitable[Any]], hub: Hub, **options: Any) -> None:
        self.send = send
        #: The client has received everything.
        self.complete = False
        #: It is in the list of readers about to write.
        self.due = False
        self._request: asyncio.Task[Any] | None = None
        self._writing: asyncio.Task[None] | None = None
        self._failure: Exception | None = None
        self._ended = False
        super().__init__(hub, **options)

    def take(self) -> Any:
        """The next piece to write; empty if there is none yet."""
        return self.reader.take()

    def write(self, found: Any) -> Awaitable[Any]:
        return self.send(found)

    async def __aenter__(self) -> Self:
        self._request = asyncio.current_task()
        self._context = contextvars.copy_context()
        self.begin()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> bool:
        request, self._request = self._request, None
        self.close()
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.wait([self._writing])
        others = 0
        if self._ended and request is not None and sys.version_info >= (3, 11):
            others = request.uncancel()
        if self._failure is not None:
            raise self._failure
        return self._ended and not others and isinstance(exc, asyncio.CancelledError)

    def look(self) -> None:
        """Begin to write soon, if there is something to take. Called on the loop."""
        if not self.due and self._writing is None and self._request is not None:
            self.due = True
            self._shared.begin_soon(self)

    def _woken(self) -> None:
        self.look()
        if self._writing is not None and self.reader.over:
            left = _LAST_WORDS.get(self.reader.reason)
            if left is None:
                self._abort()
            else:
                self._shared.loop.call_later(left, self._abort)

    def _abort(self) -> None:
        if self._writing is not None:
            self._end()

    def begin(self) -> None:
        self.due = False
        if self._request is not None and self._writing is None:
            task = begin(self._shared.loop, self._write_all(), self._context)
            self._writing = None if task.done() else task

    async def _write_all(self) -> None:
        try:
            while found := self.take():
                await self.write(found)
            if not self.reader.over:
                return
            self.complete = not self.reader.cut
        except Exception as exc:
            self._failure = exc
        finally:
            self._writing = None
            if self.reader.over or self._failure is not None:
                self._end()

    def _end(self) -> None:
        if self._request is not None and not self._ended:
            self._ended = True
            self._request.cancel()


class _Shared:
    """What a hub's readers on one loop share: a timer, and the turn of the loop in which they begin to
    write."""

    def __init__(self, hub: Hub, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.thread = threading.get_ident()
        self._hub = hub
        self._timer: asyncio.TimerHandle | None = None
        self._due: list[Push] = []
        #: Held here, because a loop holds its tasks weakly.
        self._stopping = _end_with_hypercorn(hub, loop)

    def begin_soon(self, feed: Push) -> None:
        self._due.append(feed)
        if len(self._due) == 1:
            self.loop.call_soon(self._begin)

    def _begin(self) -> None:
        due, self._due = self._due, []
        for feed in due:
            feed.begin()

    def keep_time(self) -> None:
        """Tick the hub while it has readers."""
        if self._timer is None:
            due = self._hub.tick(self.loop.time())
            self._timer = self.loop.call_at(due, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if self._hub.subscribers:
            self.keep_time()


def _shared(hub: Hub, loop: asyncio.AbstractEventLoop) -> _Shared:
    known: dict[Any, _Shared] = hub.shared
    found = known.get(loop)
    if found is None:
        for closed in [one for one in known if one.is_closed()]:
            del known[closed]
        found = known[loop] = _Shared(hub, loop)
    return found


def _end_with_hypercorn(hub: Hub, loop: asyncio.AbstractEventLoop) -> asyncio.Task[None] | None:
    """End the streams when hypercorn stops. Its workers get no signal, and wait 3 s for open responses
    before they tell the application; the only earlier sign is the worker's own context."""
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
