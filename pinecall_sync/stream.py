"""Event streams to browsers from threads: a WSGI response, or an iterator of bytes."""

from __future__ import annotations

import contextlib
import socket
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from pinecall.core.hub import BEAT, Hub, agent_filter
from pinecall.core.sse import HEADERS, PING
from pinecall.shutdown import end_streams_on_signals

if TYPE_CHECKING:
    from typing_extensions import Self

    from pinecall.core.subscriber import Subscriber

__all__ = ["MAX_STREAMS", "Chunks", "EventStream"]

#: Each stream holds a thread of the server. Past so many the answer is 503, for other requests must
#: find a thread too; ``EventStream.max_streams`` sets another number.
MAX_STREAMS = 64

#: Seconds after which the browser of a refused stream may ask again.
RETRY_AFTER = 5
#: Seconds that a write may take, where the server lets us say so.
SEND_TIMEOUT = 30.0

#: Seconds that a stream may take to write what is left when the server stops.
_LAST_WORDS = 1.0
_PING_AFTER = 3 * BEAT
_open: weakref.WeakKeyDictionary[Hub, set[int]] = weakref.WeakKeyDictionary()


class _Thread:
    """What wakes a stream's thread, and frees it from a write that is stuck.

    The hub knows this, and not the :class:`Chunks`: those must go when their server drops them.
    """

    def __init__(self, connection: Any) -> None:
        # A TLS socket cannot be shut down from another thread.
        self.connection = connection if type(connection) is socket.socket else None
        if self.connection is not None:
            self.connection.settimeout(SEND_TIMEOUT)
        self.ready = threading.Event()
        self.writing = False
        self.reader: Subscriber | None = None

    def wake(self) -> None:
        self.ready.set()
        if self.connection is None or self.reader is None or not self.writing:
            return
        if self.reader.cut:
            self.hang_up()
        elif self.reader.over:
            timer = threading.Timer(_LAST_WORDS, self.hang_up)
            timer.daemon = True
            timer.start()

    def hang_up(self) -> None:
        if self.writing:
            self.shut(socket.SHUT_RDWR)

    def shut(self, how: int) -> None:
        if self.connection is not None:
            with contextlib.suppress(OSError):
                self.connection.shutdown(how)


class Chunks(Iterator[bytes]):
    """One reader's bytes. ``close()`` lets go of everything; a server calls it when it is done.

    ``connection`` is the client's socket, where the server (gunicorn) gives it.
    """

    def __init__(self, hub: Hub, connection: Any = None, **options: Any) -> None:
        self.hub = hub
        self._thread = _Thread(connection)
        _open.setdefault(hub, set()).add(id(self))
        self._reader = self._thread.reader = hub.subscribe(self._thread.wake, **options)
        end_streams_on_signals(hub)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        self._thread.writing = False
        body = self._next()
        self._thread.writing = True
        return body

    def _next(self) -> bytes:
        ready, reader = self._thread.ready, self._reader
        while True:
            ready.clear()
            body = reader.take()
            if body:
                return body
            if reader.over:
                if reader.reason == "closed":
                    # Nothing more is read: or gunicorn would wait 2 s for another request.
                    self._thread.shut(socket.SHUT_RD)
                self.close()
                raise StopIteration
            if not ready.wait(_PING_AFTER):
                # Only a write tells a thread that its client has gone.
                return PING

    def close(self) -> None:
        self._thread.writing = False
        self.hub.unsubscribe(self._reader)
        _open.get(self.hub, set()).discard(id(self))

    def __del__(self) -> None:
        # The collector may run in the middle of anything: the hub lets go of it by itself.
        _open.get(self.hub, set()).discard(id(self))
        self._reader.abandon()


class EventStream:
    """What ``pc.stream()`` and ``agent.stream()`` give: return it from a view.

    Flask: ``return pc.stream()``. Django: ``return pc.stream().django(request)``. It is a WSGI
    application, and ``for chunk in pc.stream()`` gives the bytes.

    It may be used more than once: every response is a reader of its own, which goes on after the
    ``Last-Event-ID`` header or the ``last_event_id`` query parameter of its request. Each holds a
    thread of the server: give gunicorn ``--threads`` and waitress ``threads=`` more of them than
    there are browsers, at most ``max_streams`` (then: 503 with ``Retry-After``).
    """

    #: How many streams of one client may be open at once.
    max_streams = MAX_STREAMS

    def __init__(
        self,
        hub: Hub,
        agents: str | Iterable[str] | None = None,
        *,
        of_agent: str = "",
        last_event_id: str = "",
        max_streams: int | None = None,
    ) -> None:
        self.hub = hub
        self.agents = agent_filter(agents)
        self.of_agent = of_agent
        self.last_event_id = last_event_id
        if max_streams is not None:
            self.max_streams = max_streams
        end_streams_on_signals(hub)

    def open(self, last_event_id: str = "", connection: Any = None) -> Chunks:
        return Chunks(
            self.hub,
            connection,
            agents=self.agents,
            of_agent=self.of_agent,
            last_event_id=last_event_id or self.last_event_id,
        )

    @property
    def full(self) -> bool:
        """Are as many streams open as may be?"""
        return len(_open.get(self.hub, ())) >= self.max_streams

    def __iter__(self) -> Iterator[bytes]:
        return self.open()

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        if self.full:
            start_response("503 Service Unavailable", list(_refusal().items()))
            return [_REFUSED]
        start_response("200 OK", list(HEADERS))
        if environ.get("REQUEST_METHOD") == "HEAD":
            return []
        return self._answer(environ)

    def django(self, request: Any) -> Any:
        """A Django response, for WSGI: ``return pc.stream().django(request)``."""
        http: Any = import_module("django.http")
        if self.full:
            return http.HttpResponse(_REFUSED, status=503, headers=_refusal())
        return http.StreamingHttpResponse(self._answer(request.META), headers=dict(HEADERS))

    def _answer(self, environ: dict[str, Any]) -> Chunks:
        last = environ.get("HTTP_LAST_EVENT_ID") or _query_id(environ.get("QUERY_STRING", ""))
        return self.open(last, environ.get("gunicorn.socket"))

    def __repr__(self) -> str:
        whom = self.of_agent or (
            "all agents" if self.agents is None else ", ".join(sorted(self.agents)) or "no agents"
        )
        return f"<EventStream of {whom}>"


_REFUSED = b"too many event streams are open; try again later\n"


def _refusal() -> dict[str, str]:
    return {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(_REFUSED)),
        "Retry-After": str(RETRY_AFTER),
        "Cache-Control": "no-store",
    }


def _query_id(query: str) -> str:
    return parse_qs(query).get("last_event_id", [""])[-1] if "last_event_id" in query else ""
