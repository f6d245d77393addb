"""Where handlers run: one ordered lane for each call, on a bounded pool of threads.

The handlers of one call run one at a time and in the order of the wire; those of different calls
side by side. Jobs (tools and hooks) have threads of their own, so that a handler that waits for one
cannot be what keeps it from running.
"""

from __future__ import annotations

import contextvars
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Generic, TypeVar

from pinecall.core.inbox import Inbox

__all__ = ["Lanes", "Pool"]

log = logging.getLogger("pinecall")

Work = Callable[[], None]
T = TypeVar("T")

#: Seconds that a thread waits for work before it ends.
LINGER = 5.0
#: Deliveries run for one lane before another lane has its turn.
TURN = 64


class Pool:
    """Daemon threads, made when there is work and gone when there is none."""

    def __init__(self, name: str, size: int) -> None:
        self._name = name
        self._size = size
        self._work: deque[Work] = deque()
        self._changed = threading.Condition()
        self._threads: set[threading.Thread] = set()
        self._idle = 0
        self._busy = 0
        self._closed = False

    def submit(self, work: Work) -> None:
        with self._changed:
            self._work.append(work)
            if self._idle >= len(self._work):
                self._changed.notify()
            elif len(self._threads) < self._size:
                self._start()

    def _start(self) -> None:
        self._closed = False
        context = contextvars.copy_context()
        thread = threading.Thread(
            target=context.run, args=(self._loop,), name=f"pinecall-{self._name}", daemon=True
        )
        self._threads.add(thread)
        thread.start()

    def _loop(self) -> None:
        while True:
            with self._changed:
                while not self._work:
                    if self._closed:
                        self._threads.discard(threading.current_thread())
                        return
                    self._idle += 1
                    woken = self._changed.wait(LINGER)
                    self._idle -= 1
                    if not woken and not self._work:
                        self._threads.discard(threading.current_thread())
                        return
                work = self._work.popleft()
                self._busy += 1
            try:
                # What one handler sets is not for the next one of this thread.
                contextvars.copy_context().run(work)
            except BaseException:
                # A handler's SystemExit ends the handler, not the thread that serves all calls.
                log.exception("pinecall: a handler thread was to be ended; it goes on")
            finally:
                with self._changed:
                    self._busy -= 1
                    if self._closed or not self._busy:
                        self._changed.notify_all()

    def wait_idle(self, timeout: float) -> bool:
        """Until nothing is queued or runs, but for the caller itself; False after ``timeout``."""
        with self._changed:
            mine = 1 if threading.current_thread() in self._threads else 0
            return self._changed.wait_for(
                lambda: not self._work and self._busy <= mine, max(0.0, timeout)
            )

    def close(self) -> None:
        """End the threads that are idle; the others end with what they run."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            threads = [t for t in self._threads if t is not threading.current_thread()]
            idle = self._busy == 0
        if idle:
            for thread in threads:
                thread.join(1.0)


class _Lane(Generic[T]):
    __slots__ = ("inbox", "running")

    def __init__(self) -> None:
        self.inbox: Inbox[T] = Inbox()
        self.running = False


class Lanes(Generic[T]):
    """Things in order for each key; a key that has nothing to do takes no room."""

    def __init__(
        self, pool: Pool, run: Callable[[T], None], on_gap: Callable[[object, int], None]
    ) -> None:
        self._pool = pool
        self._handle = run
        self._on_gap = on_gap
        self._lock = threading.Lock()
        self._lanes: dict[object, _Lane[T]] = {}

    def put(self, things: Iterable[tuple[object, str, T]]) -> None:
        """``(key, name of the event, thing)`` each; all of one read come together."""
        lanes = self._lanes
        to_start = []
        with self._lock:
            for key, name, thing in things:
                lane = lanes.get(key)
                if lane is None:
                    lane = lanes[key] = _Lane()
                lane.inbox.put(name, key, thing)
                if not lane.running:
                    lane.running = True
                    to_start.append((key, lane))
        for key, lane in to_start:
            self._pool.submit(partial(self._run, key, lane))

    def _run(self, key: object, lane: _Lane[T]) -> None:
        with self._lock:
            missed = lane.inbox.take_missed()
            things = lane.inbox.take(TURN)
        try:
            if missed:
                self._on_gap(key, missed)
            while things:
                self._handle(things.popleft())
        finally:
            self._go_on(key, lane, things)

    def _go_on(self, key: object, lane: _Lane[T], left: deque[T]) -> None:
        """Another lane has its turn. ``left``: of a handler that was to end its thread."""
        with self._lock:
            lane.inbox.put_back(left)
            if not len(lane.inbox):
                del self._lanes[key]
                return
        self._pool.submit(partial(self._run, key, lane))
