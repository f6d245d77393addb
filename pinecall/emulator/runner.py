"""The server's thread: uvicorn around the core, with one timer and a lock.

Actions on the emulator happen under the lock, at once, in the calling thread; only the loop of the
server's thread touches sockets. ``wait`` returns a future that either front can wait for.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

import uvicorn
from attrs import define
from starlette.types import ASGIApp

from .core import Server
from .core.kernel.faults import Faults
from .errors import EmulatorError
from .responders.external import Answerer
from .responders.types import Piece
from .serving import Uvicorn
from .traffic import Closable, HttpRequest, Sink

__all__ = ["Runner"]

_T = TypeVar("_T")
_START_TIMEOUT = 10.0
_STOP_TIMEOUT = 3.0
_REQUESTS_KEPT = 10_000


@define(eq=False)
class _Waiter:
    check: Callable[[], Any]
    future: Future[Any]


class Runner:
    """Runs one core. ``act`` and ``wait`` may be called from any thread, the rest only in the loop."""

    def __init__(self, core: Server, answerer: Answerer | None, host: str, port: int) -> None:
        self.core = core
        self.host = host
        self.port = port
        self.lock = threading.RLock()
        self.sinks: dict[int, Sink] = {}
        self.outlets: set[Closable] = set()
        self.requests: deque[HttpRequest] = deque(maxlen=_REQUESTS_KEPT)
        self.http_faults = Faults()
        self._answerer = answerer
        self._waiters: list[_Waiter] = []
        self._epoch = time.time() - time.monotonic()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._uvicorn: Uvicorn | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._pumping = False
        self._tasks: set[asyncio.Task[None]] = set()

    # life

    @property
    def running(self) -> bool:
        """Whether the server's thread is alive."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, app: ASGIApp) -> None:
        """Bind, start the thread, and return when connections are accepted.

        Raises:
            EmulatorError: the port is taken, or the server did not come up.
        """
        # With the protocol named, asyncio sends at once (TCP_NODELAY) on what it accepts.
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self.host, self.port))
        except OSError as why:
            listener.close()
            raise EmulatorError(
                f"cannot listen on {self.host}:{self.port}: {why.strerror}"
            ) from why
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            app, ws="websockets-sansio", ws_ping_interval=None, ws_ping_timeout=None,
            ws_max_size=64 * 1024 * 1024, ws_per_message_deflate=False, lifespan="off",
            log_config=None, log_level="critical", access_log=False, date_header=False,
        )  # fmt: skip
        ready = threading.Event()
        self._thread = threading.Thread(
            target=self._serve,
            args=(config, listener, ready),
            name="pinecall-emulator",
            daemon=True,
        )
        self._thread.start()
        if not ready.wait(_START_TIMEOUT) or not self.running:
            raise EmulatorError(f"the emulator did not start on {self.host}:{self.port}")

    def stop(self) -> None:
        """Close every socket, end the thread and wake every waiter; safe to repeat."""
        thread, server, loop = self._thread, self._uvicorn, self._loop
        if thread is None:
            return
        with self.lock:
            waiters, self._waiters = self._waiters, []
            for link in list(self.core.world.open.values()):
                self.core.connections.close(link, 1001, "emulator stopped")
            for outlet in list(self.outlets):
                outlet.close(1001, "emulator stopped")
        self._wake()
        if server is not None and loop is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(server.finish)
        if thread is not threading.current_thread():
            thread.join(_STOP_TIMEOUT)
        self._thread = self._uvicorn = None
        for waiter in waiters:
            _fail(waiter.future, EmulatorError("the emulator was stopped"))

    def _serve(
        self, config: uvicorn.Config, listener: socket.socket, ready: threading.Event
    ) -> None:
        try:
            with contextlib.closing(listener):
                asyncio.run(self._main(config, listener, ready))
        finally:
            ready.set()

    async def _main(
        self, config: uvicorn.Config, listener: socket.socket, ready: threading.Event
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._uvicorn = Uvicorn(config, ready)
        try:
            await self._uvicorn.serve(sockets=[listener])
        finally:
            if self._timer is not None:
                self._timer.cancel()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            if self._answerer is not None:
                self._answerer.close()
            self._loop = None

    # for any thread

    def now(self) -> float:
        """Epoch seconds that never go back."""
        return self._epoch + time.monotonic()

    def act(self, action: Callable[[], _T]) -> _T:
        """Act on the core now.

        Raises:
            EmulatorError: not running; and whatever ``action`` raises.
        """
        if not self.running:
            raise EmulatorError(
                "the emulator is not running: start() it, or use it in a with block"
            )
        with self.lock:
            self.core.tick(self.now())
            try:
                return action()
            finally:
                self._settled()
                self._wake()

    def look(self, action: Callable[[], _T]) -> _T:
        """Read from the core, even after it has stopped."""
        with self.lock:
            return action()

    def wait(
        self, check: Callable[[], _T | None], timeout: float, what: Callable[[], str]
    ) -> Future[_T]:
        """Make a future for the first non-None ``check()``; TimeoutError with ``what()`` if there is none."""
        future: Future[_T] = Future()
        waiter = _Waiter(check, future)

        def begin() -> None:
            self._waiters.append(waiter)

        self.act(begin)
        loop = self._loop
        if not future.done() and loop is not None:
            loop.call_soon_threadsafe(self._arm_timeout, waiter, timeout, what)
        return future

    # for the loop

    def opened(self, sink: Sink) -> int:
        """Register a client's new socket; returns the connection's id."""
        with self.lock:
            link = self.core.opened(self.now())
            self.sinks[link] = sink
        self._pump()
        return link

    def received(self, link: int, data: str | bytes) -> None:
        """Pass on a client's message."""
        with self.lock:
            self.core.receive(link, data, self.now())
            self._settled()
        self._pump()

    def gone(self, link: int) -> None:
        """Report that a client's socket has closed."""
        with self.lock:
            self.sinks.pop(link, None)
            self.core.closed(link, self.now())
            self._settled()
        self._pump()

    def abort(self, peer: tuple[str, int]) -> None:
        """Cut a socket without a close frame, as a broken network does."""
        server = self._uvicorn
        for protocol in list(server.server_state.connections) if server else []:
            transport = getattr(protocol, "transport", None)
            if transport is not None and transport.get_extra_info("peername")[:2] == peer:
                transport.abort()

    def _wake(self) -> None:
        loop = self._loop
        if loop is not None and not self._pumping:
            self._pumping = True
            try:
                loop.call_soon_threadsafe(self._pump)
            except RuntimeError:
                self._pumping = False

    def _pump(self) -> None:
        self._pumping = False
        loop = asyncio.get_running_loop()
        with self.lock:
            self.core.tick(self.now())
            self._settled()
            outgoing = self.core.outgoing()
            asked = self.core.asked()
            deadline = self.core.deadline()
        for link, item in outgoing:
            sink = self.sinks.get(link)
            if sink is not None:
                sink.push(item)
        for ask, turn in asked:
            if self._answerer is not None:
                feed = partial(self._answered, ask)
                task = loop.create_task(self._answerer.answer(turn, feed))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if deadline is not None:
            self._timer = loop.call_later(max(0.0, deadline - self.now()), self._pump)

    def _answered(self, ask: int, piece: Piece | None, whole: bool = False) -> bool:
        """Pass on a piece of a responder's answer; True while more of it is wanted."""
        self.act(lambda: self.core.answer(ask, piece, self.now(), whole=whole))
        return self.core.wanted(ask)

    def _settled(self) -> None:
        """Wake the waiters whose condition is met now; only under the lock."""
        for waiter in list(self._waiters):
            if waiter.future.done():
                self._waiters.remove(waiter)
                continue
            try:
                found = waiter.check()
            except Exception as why:
                self._waiters.remove(waiter)
                _fail(waiter.future, why)
                continue
            if found is not None:
                self._waiters.remove(waiter)
                with contextlib.suppress(Exception):
                    waiter.future.set_result(found)

    def _arm_timeout(self, waiter: _Waiter, timeout: float, what: Callable[[], str]) -> None:
        def over() -> None:
            with self.lock:
                if waiter not in self._waiters:
                    return
                self._waiters.remove(waiter)
                text = what()
            _fail(waiter.future, TimeoutError(f"nothing within {timeout:g} s: {text}"))

        asyncio.get_running_loop().call_later(timeout, over)


def _fail(future: Future[Any], why: BaseException) -> None:
    if not future.done():
        with contextlib.suppress(Exception):
            future.set_exception(why)
