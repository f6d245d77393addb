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
from collections.abc import Callable

from pinecall.core.inbox import Inbox

__all__ = ["Lanes", "Pool"]

log = logging.getLogger("pinecall")

Work = Callable[[], None]

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


class _Lane:
    __slots__ = ("inbox", "running")

    def __init__(self) -> None:
        self.inbox: Inbox[Work] = Inbox()
        self.running = False


class Lanes:
    """Work in order for each key; a key that has nothing to do takes no room."""

    def __init__(self, pool: Pool, on_gap: Callable[[object, int], None]) -> None:
        self._pool = pool
        self._on_gap = on_gap
        self._lock = threading.Lock()
        self._lanes: dict[object, _Lane] = {}

    def put(self, key: object, name: str, work: Work) -> None:
        with self._lock:
            lane = self._lanes.get(key)
            if lane is None:
                lane = self._lanes[key] = _Lane()
            lane.inbox.put(name, key, work)
            start = not lane.running
            lane.running = True
        if start:
            self._pool.submit(lambda: self._run(key, lane))

    def _run(self, key: object, lane: _Lane) -> None:
        for _ in range(TURN):
            with self._lock:
                if not len(lane.inbox):
                    lane.running = False
                    del self._lanes[key]
                    return
                missed = lane.inbox.take_missed()
                work = lane.inbox.get()
            if missed:
                self._on_gap(key, missed)
            work()
        self._pool.submit(lambda: self._run(key, lane))
