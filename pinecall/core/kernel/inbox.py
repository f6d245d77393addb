"""A bounded queue of events for one consumer (a lane, an iterator) that may fall behind.

Life cycle, tools, messages and keys are kept. Once the queue is full, interim events are merged
into the newest of their kind and call, and the number left out is reported. Other events are lost,
and reported too, only if the consumer has taken nothing for so long that memory would grow without
limit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from ..wire.limits import INBOX, INBOX_MOST, INBOX_TEXT

__all__ = ["INTERIM", "Inbox", "size_of"]

T = TypeVar("T")

#: Events of which only the newest matters to a late consumer.
INTERIM = frozenset({"user.speaking", "bot.word", "audio.metrics"})


def size_of(event: Any) -> int:
    """Return the characters of the event's frame; 0 for the SDK's own events."""
    return len(getattr(event, "_text", ""))


class Inbox(Generic[T]):
    def __init__(
        self, limit: int = INBOX, *, most: int = INBOX_MOST, most_text: int = INBOX_TEXT
    ) -> None:
        self.limit = limit
        self._most = most
        self._most_text = most_text
        #: Characters held by the values in the queue.
        self.text = 0
        self.missed = 0
        #: Whether no more values will come; queued ones can still be taken.
        self.closed = False
        #: Set by the front that waits: called for each value, and at the end.
        self.wake: Callable[[], None] | None = None
        #: Each value with its size and, if a newer one may replace it, its key.
        self._queue: deque[list[Any]] = deque()
        self._interim: dict[tuple[str, object], list[Any]] = {}

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, name: str, source: object, value: T, size: int = 0) -> None:
        """Queue ``value``, the event ``name`` of the call (or agent) ``source``."""
        waiting = len(self._queue)
        if waiting >= self.limit and name in INTERIM:
            key = (name, source)
            late = self._interim.get(key)
            if late is not None:
                self.text += size - late[1]
                late[:2] = value, size
                self.missed += 1
                return
            slot = self._interim[key] = [value, size, key]
        elif waiting >= self._most or (waiting and self.text + size > self._most_text):
            self.missed += 1
            return
        else:
            slot = [value, size, None]
        self.text += size
        self._queue.append(slot)
        if self.wake is not None:
            self.wake()

    def close(self) -> None:
        self.closed = True
        if self.wake is not None:
            self.wake()

    def get(self) -> T:
        """Return the oldest value; raise IndexError if there is none."""
        value: T
        value, size, key = self._queue.popleft()
        self.text -= size
        if key is not None:
            self._interim.pop(key, None)
        return value

    def take(self, most: int) -> deque[T]:
        """Return the oldest ``most`` values, in order."""
        return deque([self.get() for _ in range(min(most, len(self._queue)))])

    def put_back(self, values: Iterable[T]) -> None:
        """Put unused values back at the front, in order."""
        self._queue.extendleft([value, 0, None] for value in reversed(list(values)))

    def take_missed(self) -> int:
        missed, self.missed = self.missed, 0
        return missed
