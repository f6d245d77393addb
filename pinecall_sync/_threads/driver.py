"""The driver of the blocking front: one thread that owns the socket, and lanes for the handlers.

The link's thread waits in ``select`` for the socket, for :meth:`Driver.wake` and for the engine's
deadline; it reads, writes and closes, and runs no user code. It begins with ``connect()`` and ends
when the link is closed.
"""

from __future__ import annotations

import contextvars
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from pinecall._shared.driver import DriverBase
from pinecall._shared.failures import OpenFailed
from pinecall._shared.handling import context_of, context_of_job, interrupt_main, start
from pinecall._shared.pool import Pool
from pinecall.core.kernel.handlers import Delivery, Handler
from pinecall.core.kernel.inbox import size_of
from pinecall.core.kernel.job import Job, title_of
from pinecall.core.link.link import Phase
from pinecall.logs import Log

from .lanes import Lanes
from .transport import open_socket
from .websocket import Socket

if TYPE_CHECKING:
    from pinecall._shared.settings import Settings
    from pinecall.core.engine import Engine

__all__ = ["LOOK", "Driver"]

log = Log("handlers")

#: Seconds that the link's thread may take to end, after the wait for the server's goodbye.
_GRACE = 0.25
#: The longest wait in one piece, in seconds. A Ctrl-C just before a wait is noticed only at its end,
#: on some platforms any Ctrl-C.
LOOK = 2.0


class Driver(DriverBase):
    def __init__(self, engine: Engine, settings: Settings, threads: int) -> None:
        super().__init__(engine, settings)
        self._handlers = Pool("handlers", threads)
        # Tools and hooks have threads of their own: a handler that waits for a tool must not hold
        # the thread that the tool needs.
        self._jobs = Pool("jobs", threads)
        self._lanes: Lanes[Delivery] = Lanes(
            self._handlers,
            self._run_all,
            engine.report_gap,
            lambda delivery: size_of(delivery.event),
        )
        #: The context of connect(): handlers see the variables set there.
        self._context: contextvars.Context | None = None
        self._thread: threading.Thread | None = None
        self._start_lock = threading.Lock()
        self._socket: Socket | None = None
        self._opening: threading.Thread | None = None
        self._give_up: Callable[[], None] | None = None
        #: When to stop waiting for the server's goodbye.
        self._close_by = 0.0
        #: Tools and hooks that run, for the warning that names them.
        self._at_work: set[Job] = set()
        self._told_busy = False
        self._wake_in: socket.socket | None = None
        self._wake_out: socket.socket | None = None
        self._awake = False

    # -- starting and waking --------------------------------------------------------------------

    def start(self) -> None:
        """Start the link's thread. Call it after ``engine.connect()``: an idle thread ends."""
        with self._start_lock:
            if self._thread is None:
                self._pid = os.getpid()
                self._told_busy = False
                self._awake = False
                self._wake_in, self._wake_out = socket.socketpair()
                self._wake_in.setblocking(False)
                self._wake_out.setblocking(False)
                # The threads of tools are started from this thread, and copy its context.
                self._context = contextvars.copy_context()
                run = partial(self._context.copy().run, self._loop, self._wake_in)
                self._thread = threading.Thread(target=run, name="pinecall-link", daemon=True)
                self._thread.start()

    def now(self) -> float:
        return time.monotonic()

    def wake(self) -> None:
        self.check_process()
        signal = self._wake_out
        if signal is None:
            self._deliver_all()
        elif not self._awake:
            self._awake = True
            try:
                signal.send(b"\0")
            except OSError:
                pass  # full: the thread is awake; closed: it delivers the rest as it ends

    def settled(self, event: threading.Event, timeout: float | None) -> bool:
        """Wait until an outcome's event is set; return whether it was, within ``timeout`` seconds."""
        if timeout is not None:
            return event.wait(timeout)
        while not event.wait(LOOK):
            pass
        return True

    # -- the link's thread ----------------------------------------------------------------------

    def _loop(self, wake_in: socket.socket) -> None:
        selector = selectors.DefaultSelector()
        selector.register(wake_in, selectors.EVENT_READ)
        watched: Socket | None = None
        events = 0
        try:
            while True:
                due = self._after()
                if self._over():
                    break
                if self._socket is not watched:
                    if watched is not None and events:
                        selector.unregister(watched)
                    watched, events = self._socket, 0
                    # TLS may have read ahead during the handshake, which select() does not see.
                    self._read()
                    continue
                wanted = selectors.EVENT_READ
                if watched is not None and watched.wants_write:
                    wanted |= selectors.EVENT_WRITE
                if watched is not None and wanted != events:
                    if events:
                        selector.modify(watched, wanted)
                    else:
                        selector.register(watched, wanted)
                    events = wanted
                timeout = None if due is None else max(0.0, due - self.now())
                self._react(selector.select(timeout), wake_in, due)
        except Exception as exc:
            log.error("the link's thread failed; the client is closed", exc=exc)
            with self.engine.guard:
                self.engine.disconnect("internal_error")
            self._end()
        finally:
            selector.close()
        self._deliver_all()

    def _over(self) -> bool:
        link = self.engine.link
        if link.phase not in (Phase.IDLE, Phase.CLOSED) or link.generation != self._generation:
            return False
        with self._start_lock:
            # connect() may have been called in between; a new thread starts only after this one.
            if link.phase not in (Phase.IDLE, Phase.CLOSED):
                return False
            self._end()
            return True

    def _end(self) -> None:
        if self._socket is not None:
            self._socket.abort()
            self._socket = None
        for end in (self._wake_in, self._wake_out):
            if end is not None:
                end.close()
        self._wake_in = self._wake_out = self._thread = self._pid = None

    def _react(self, ready: list[Any], wake_in: socket.socket, due: float | None) -> None:
        now = self.now()
        for key, mask in ready:
            if key.fileobj is wake_in:
                wake_in.recv(4096)
                self._awake = False
            elif key.fileobj is self._socket:
                if mask & selectors.EVENT_WRITE:
                    self._flush()
                if mask & selectors.EVENT_READ:
                    self._read()
        if due is not None and now >= due:
            with self.engine.guard:
                self.engine.tick(now)

    def _after(self) -> float | None:
        """Open or abort the socket, send and deliver: the end of every turn. Returns the deadline."""
        self._follow_link()
        self._send()
        self._deliver_all()
        with self.engine.guard:
            return self.engine.deadline(self.now())

    def _follow_link(self) -> None:
        with self.engine.guard:
            link = self.engine.link
            generation, phase, reason = link.generation, link.phase, link.close_reason
        if generation == self._generation:
            return
        self._generation = generation
        give_up, self._give_up = self._give_up, None
        if give_up is not None:
            give_up()
        gone, self._socket = self._socket, None
        if gone is not None:
            if phase is Phase.CLOSED and reason == "client_disconnect":
                self._deliver_all()
                texts = self._outgoing()
                left = max(0.0, self._close_by - self.now())
                gone.close_within(texts, 1000, "client_disconnect", left)
                with self.engine.guard:
                    self.engine.socket_closed(clean=gone.close_code is not None)
            else:
                gone.abort()
        if phase is Phase.OPENING:
            self._begin_opening(generation)

    def _begin_opening(self, generation: int) -> None:
        self._opening = threading.Thread(
            target=self._open, args=(generation,), name="pinecall-open", daemon=True
        )
        self._opening.start()

    def _open(self, generation: int) -> None:
        """Open the socket, in a thread of its own: DNS, TCP and TLS block, and disconnect() must not."""
        engine = self.engine

        def begins(stage: str, give_up: Callable[[], None]) -> None:
            with engine.guard:
                if engine.link.generation == generation:
                    if stage == "handshake":
                        engine.link.stage = stage
                    self._give_up = give_up
                else:
                    give_up()

        try:
            opened = open_socket(self.settings, self.settings.connect_timeout, begins)
        except OpenFailed as exc:
            self._failed(generation, exc.failure)
        else:
            with engine.guard:
                if engine.link.generation != generation:
                    opened.abort()
                    return
                self._give_up = None
                self._socket = opened
                engine.opened(generation, self.now())
        self.wake()

    def _send(self) -> None:
        current = self._socket
        if current is None or not len(self.engine.outbox) or not current.may_write:
            return
        texts = self._outgoing()
        try:
            current.write(texts)
        except OSError:
            self._lost(current)

    def _flush(self) -> None:
        current = self._socket
        if current is not None:
            try:
                current.flush()
            except OSError:
                self._lost(current)

    def _read(self) -> None:
        current = self._socket
        if current is not None and not current.receive(self.texts, self.other):
            self._lost(current)

    def _lost(self, gone: Socket) -> None:
        if self._socket is gone:
            self._socket = None
        gone.abort()
        with self.engine.guard:
            self.engine.lost(self._generation, gone.close_code, gone.close_reason, self.now())

    # -- closing --------------------------------------------------------------------------------

    def disconnect(self, timeout: float) -> None:
        """Flush, close, and leave nothing running; at most about ``timeout`` seconds."""
        self.check_process()
        deadline = self._close_by = time.monotonic() + timeout
        threads = (self._thread, self._opening)
        with self.engine.guard:
            self.engine.disconnect()
        self.wake()
        for thread in threads:
            if thread is not None and thread is not threading.current_thread():
                # The link's thread ends by the deadline on its own.
                thread.join(max(0.1, deadline + _GRACE - time.monotonic()))
        while True:
            # The end of a job may cause another: the last save of a conversation.
            idle = all(
                pool.wait_idle(deadline - time.monotonic()) for pool in (self._handlers, self._jobs)
            )
            if not idle and not self._told_busy:
                self._told_busy = True
                self.left_at_work(self._busy())
            if not idle or not self._deliver_all():
                break
        self._handlers.close()
        self._jobs.close()

    def _busy(self) -> list[str]:
        """The user code that runs or waits to run, for a warning."""
        keys = self._lanes.busy()
        return [
            *(f"handlers of {title_of(key)}" for key in keys),
            *(f"{job.label} of {title_of(job.call or job.agent)}" for job in list(self._at_work)),
        ] or ["a handler"]

    # -- user code ------------------------------------------------------------------------------

    def _deliver_all(self) -> bool:
        """Give all deliveries to the threads. Returns whether there were any."""
        with self.engine.guard:
            deliveries = self.engine.deliveries()
        ordered = []
        for delivery in deliveries:
            if isinstance(delivery, Job):
                self._jobs.submit(partial(self._job, delivery))
            elif delivery.name == "call.preparing":
                self._jobs.submit(partial(self._run_all, delivery))
            else:
                key = delivery.subject or self.engine
                ordered.append((key, delivery.name, delivery))
        if ordered:
            self._lanes.put(ordered)
        return bool(deliveries)

    def _run_all(self, delivery: Delivery) -> None:
        for handler in delivery.handlers:
            context_of(handler, delivery, self._context).run(self._run, handler, delivery)
        if delivery.done is not None:
            self.engine.delivered(delivery.done)

    def _run(self, handler: Handler, delivery: Delivery) -> None:
        """Run a handler, already in its context, and report what it raises."""
        try:
            result = start(handler, delivery)
        except BaseException as exc:
            if not interrupt_main(exc):
                self.engine.handler_failed(exc, handler, delivery)
        else:
            if result is not None:
                self.engine.handler_gave(result, handler, delivery)

    def _job(self, job: Job) -> None:
        if job.over:
            return
        self._at_work.add(job)
        try:
            result = context_of_job(job, self._context).run(job.function)
        except BaseException as exc:
            interrupt_main(exc)
            self.engine.job_failed(job, exc)
        else:
            self.engine.job_finished(job, result)
        finally:
            self._at_work.discard(job)
