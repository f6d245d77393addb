"""The threads that run user code: daemons that are made for work and end without it."""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable

from ..logs import Log

__all__ = ["Pool", "Work"]

log = Log("handlers")

Work = Callable[[], None]

#: Seconds that a thread waits for work before it ends.
LINGER = 5.0


class Pool:
    """At most ``size`` threads. Further work waits for them; the first time, a warning is logged.

    The threads are daemons: work that hangs does not keep a program from ending.
    """

    def __init__(self, name: str, size: int) -> None:
        self._name = name
        self._size = size
        # None wakes a thread that should end.
        self._work: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._threads: set[threading.Thread] = set()
        #: Work queued or running.
        self._open = 0
        self._waiters = 0
        self._closed = False
        self._full = False

    @property
    def open(self) -> int:
        """How much work is queued or running."""
        return self._open

    def submit(self, work: Work) -> None:
        with self._lock:
            self._closed = False
            self._open += 1
            if self._open > len(self._threads) and len(self._threads) < self._size:
                self._start()
            said, self._full = self._full, self._open > self._size
            full = self._full and not said
        self._work.put(work)
        if full:
            log.warning(
                "all %d threads for %s are busy; what comes now waits for one of them. Work that "
                "hangs, or takes long, holds up the rest",
                self._size,
                self._name,
            )

    def _start(self) -> None:
        context = contextvars.copy_context()
        thread = threading.Thread(
            target=context.run, args=(self._loop,), name=f"pinecall-{self._name}", daemon=True
        )
        self._threads.add(thread)
        thread.start()

    def _loop(self) -> None:
        while True:
            try:
                work = self._work.get(timeout=0.0 if self._closed else LINGER)
            except queue.Empty:
                work = None
            if work is None:
                if self._may_end():
                    return
                continue
            try:
                # Variables set by one handler must not reach the next one in this thread.
                contextvars.copy_context().run(work)
            except BaseException as exc:
                # SystemExit in a handler ends the handler, not the thread that serves all calls.
                log.error("a handler thread was to be ended; it goes on", exc=exc)
            work = None  # do not keep it alive while waiting
            with self._lock:
                self._open -= 1
                if self._waiters:
                    self._idle.notify_all()

    def _may_end(self) -> bool:
        """End this thread, unless its share of the work is waiting. Returns whether it ends."""
        with self._lock:
            if self._open >= len(self._threads):
                return False
            self._threads.discard(threading.current_thread())
            return True

    def wait_idle(self, timeout: float) -> bool:
        """Wait until nothing is queued or runs, except the caller itself; False after ``timeout``."""
        with self._lock:
            mine = 1 if threading.current_thread() in self._threads else 0
            self._waiters += 1
            try:
                return self._idle.wait_for(lambda: self._open <= mine, max(0.0, timeout))
            finally:
                self._waiters -= 1

    def close(self) -> None:
        """End the idle threads; the others end after their work."""
        with self._lock:
            self._closed = True
            threads = [t for t in self._threads if t is not threading.current_thread()]
            idle = self._open == 0
        for _ in threads:
            self._work.put(None)
        if idle:
            for thread in threads:
                thread.join(1.0)
