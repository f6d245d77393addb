"""Event streams to browsers from threads: a WSGI response, or an iterator of bytes."""

from __future__ import annotations

import contextlib
import socket
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pinecall._shared.shutdown import end_streams_on_signals
from pinecall._shared.streams import EventStreamBase, query_id
from pinecall.core.streams.hub import BEAT, Hub
from pinecall.core.streams.sse import HEADERS, PING

if TYPE_CHECKING:
    from typing_extensions import Self

    from pinecall.core.streams.subscriber import Subscriber

__all__ = ["MAX_STREAMS", "Chunks", "EventStream"]

#: Each stream holds a thread of the server. Beyond this number the answer is 503, since other requests
#: need threads too; ``EventStream.max_streams`` sets another number.
MAX_STREAMS = 64

#: Seconds after which the browser of a refused stream may ask again.
RETRY_AFTER = 5
#: Seconds that a write may take, with servers that allow a timeout.
SEND_TIMEOUT = 30.0

#: Seconds that a stream may take to write what is left: when the server stops, and when its call
#: has ended.
_LAST_WORDS = {"closed": 1.0, "ended": 5.0}
_PING_AFTER = 3 * BEAT
_open: weakref.WeakKeyDictionary[Hub, set[int]] = weakref.WeakKeyDictionary()


class _Thread:
    """Wakes a stream's thread, and frees it from a write that hangs.

    The hub holds this object, not the :class:`Chunks`, which must die when their server drops them.
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
        elif self.reader.reason in _LAST_WORDS:
            timer = threading.Timer(_LAST_WORDS[self.reader.reason], self.hang_up)
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
    """The bytes of one reader. ``close()`` releases everything; a server calls it at the end.

    ``connection`` is the client's socket, if the server (gunicorn) provides it.
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
        self.hub.check()
        ready, reader = self._thread.ready, self._reader
        while True:
            ready.clear()
            body = reader.take()
            if body:
                return body
            if reader.over:
                if reader.reason == "closed":
                    # No more requests: gunicorn would wait 2 s for one.
                    self._thread.shut(socket.SHUT_RD)
                self.close()
                raise StopIteration
            if not ready.wait(_PING_AFTER):
                # A thread notices only by a write that its client has gone.
                return PING

    def close(self) -> None:
        self._thread.writing = False
        self.hub.unsubscribe(self._reader)
        _open.get(self.hub, set()).discard(id(self))

    def __del__(self) -> None:
        # The collector may run at any moment, so the hub removes the reader itself, later.
        _open.get(self.hub, set()).discard(id(self))
        self._reader.abandon()


class EventStream(EventStreamBase):
    """The result of ``pc.stream()``, ``agent.stream()`` and ``call.stream()``: return it from a
    view.

    Flask: ``return pc.stream()``. Django: ``return pc.stream().django(request)``. It is a WSGI
    application, and ``for chunk in pc.stream()`` gives the bytes.

    It may be used more than once: every response is a reader of its own, which continues after the
    ``Last-Event-ID`` header or the ``last_event_id`` query parameter of its request. A browser that
    has received all of a call, including its end, gets 204 and does not come back. Each
    response holds a thread of the server: give gunicorn ``--threads`` and waitress ``threads=`` more
    threads than there are browsers. Beyond ``max_streams`` the answer is 503 with ``Retry-After``.
    """

    #: How many streams of one client may be open at once.
    max_streams = MAX_STREAMS

    def _prepare(self) -> None:
        # It may be created in the main thread, where Python allows signal handlers, and read
        # elsewhere.
        end_streams_on_signals(self.hub)

    def open(self, last_event_id: str = "", connection: Any = None) -> Chunks:
        """Return a new, separate reader."""
        self.hub.check()
        return Chunks(self.hub, connection, **self._options(last_event_id))

    @property
    def full(self) -> bool:
        """Whether the limit of open streams is reached."""
        return len(_open.get(self.hub, ())) >= self.max_streams

    def __iter__(self) -> Iterator[bytes]:
        return self.open()

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        last = _last_id(environ)
        if self.is_complete(last):
            start_response("204 No Content", list(_NO_HEADERS.items()))
            return []
        if self.full:
            start_response("503 Service Unavailable", list(_refusal().items()))
            return [_REFUSED]
        start_response("200 OK", list(HEADERS))
        if environ.get("REQUEST_METHOD") == "HEAD":
            return []
        return self.open(last, environ.get("gunicorn.socket"))

    def django(self, request: Any) -> Any:
        """Return a Django response, for WSGI: ``return pc.stream().django(request)``."""
        http: Any = import_module("django.http")
        last = _last_id(request.META)
        if self.is_complete(last):
            return http.HttpResponse(status=204, headers=_NO_HEADERS)
        if self.full:
            return http.HttpResponse(_REFUSED, status=503, headers=_refusal())
        chunks = self.open(last, request.META.get("gunicorn.socket"))
        return http.StreamingHttpResponse(chunks, headers=dict(HEADERS))


_NO_HEADERS = {"Cache-Control": "no-store"}
_REFUSED = b"too many event streams are open; try again later\n"


def _refusal() -> dict[str, str]:
    return {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(_REFUSED)),
        "Retry-After": str(RETRY_AFTER),
        "Cache-Control": "no-store",
    }


def _last_id(environ: dict[str, Any]) -> str:
    return environ.get("HTTP_LAST_EVENT_ID") or query_id(environ.get("QUERY_STRING", ""))
