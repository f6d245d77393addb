"""A bounded queue of events for one consumer (a lane, an iterator) that may fall behind.

What must not be lost never is: life cycle, tools, messages, keys. Interim events are coalesced to
the newest of their kind and call once the queue is full, and how many were left out is told.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

__all__ = ["INTERIM", "Inbox"]

T = TypeVar("T")

#: Events of which only the newest matters to somebody who is late.
INTERIM = frozenset({"user.speaking", "bot.word", "audio.metrics"})


class Inbox(Generic[T]):
    def __init__(self, limit: int = 1000) -> None:
        self.limit = limit
        self.missed = 0
        #: Nothing more will come; what is queued can still be taken.
        self.closed = False
        #: Set by the front that waits: called for each value, and at the end.
        self.wake: Callable[[], None] | None = None
        self._queue: deque[list[T]] = deque()
        self._interim: dict[tuple[str, object], list[T]] = {}

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, name: str, source: object, value: T) -> None:
        """Queue ``value``, the event ``name`` of the call (or agent) ``source``."""
        if name in INTERIM and len(self._queue) >= self.limit:
            key = (name, source)
            late = self._interim.get(key)
            if late:
                late[0] = value
                self.missed += 1
                return
            slot = self._interim[key] = [value]
        else:
            slot = [value]
        self._queue.append(slot)
        if self.wake is not None:
            self.wake()

    def close(self) -> None:
        self.closed = True
        if self.wake is not None:
            self.wake()

    def get(self) -> T:
        """The oldest value; IndexError when there is none."""
        slot = self._queue.popleft()
        value = slot[0]
        slot.clear()
        if not self._queue:
            self._interim.clear()
        return value

    def take(self, most: int) -> deque[T]:
        """The oldest ``most`` values, in order."""
        return deque(self.get() for _ in range(min(most, len(self._queue))))

    def put_back(self, values: Iterable[T]) -> None:
        """What was taken and not used, in its order, before all else."""
        self._queue.extendleft([value] for value in reversed(list(values)))

    def take_missed(self) -> int:
        missed, self.missed = self.missed, 0
        return missed
