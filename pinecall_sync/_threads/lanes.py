"""Where handlers run: one ordered lane for each call, on a bounded pool of threads.

The handlers of one call run one at a time and in the order of the wire; those of different calls
side by side.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Generic, TypeVar

from pinecall._shared.pool import Pool
from pinecall.core.kernel.inbox import Inbox

__all__ = ["Lanes"]

T = TypeVar("T")

#: How many deliveries of one lane run before the next lane gets its turn.
TURN = 64


class _Lane(Generic[T]):
    __slots__ = ("inbox", "running")

    def __init__(self) -> None:
        self.inbox: Inbox[T] = Inbox()
        self.running = False


class Lanes(Generic[T]):
    """An ordered lane of things for each key; an idle key takes no room."""

    def __init__(
        self,
        pool: Pool,
        run: Callable[[T], None],
        on_gap: Callable[[object, int], None],
        size_of: Callable[[T], int] = lambda _thing: 0,
    ) -> None:
        """``size_of``: how much of a lane's bound a thing takes up."""
        self._pool = pool
        self._handle = run
        self._on_gap = on_gap
        self._size_of = size_of
        self._lock = threading.Lock()
        self._lanes: dict[object, _Lane[T]] = {}

    def put(self, things: Iterable[tuple[object, str, T]]) -> None:
        """Add ``(key, name of the event, thing)`` for each thing of one read."""
        lanes = self._lanes
        to_start = []
        with self._lock:
            for key, name, thing in things:
                lane = lanes.get(key)
                if lane is None:
                    lane = lanes[key] = _Lane()
                lane.inbox.put(name, key, thing, self._size_of(thing))
                if not lane.running:
                    lane.running = True
                    to_start.append((key, lane))
        for key, lane in to_start:
            self._pool.submit(partial(self._run, key, lane))

    def busy(self) -> list[object]:
        """The keys of the lanes that are not done."""
        with self._lock:
            return list(self._lanes)

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
        """Give another lane its turn. ``left``: what a handler left that tried to end its thread."""
        with self._lock:
            lane.inbox.put_back(left)
            if not len(lane.inbox):
                del self._lanes[key]
                return
        self._pool.submit(partial(self._run, key, lane))
