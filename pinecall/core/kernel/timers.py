"""Keyed deadlines for a core that does not read the clock.

A timer is set as a delay and becomes a point in time at the next :meth:`Timers.arm`, which every
entry point of the session reaches: verbs need no clock, and tests pass integers.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Iterator

__all__ = ["Timers"]

Action = Callable[[float], None]


class Timers:
    def __init__(self) -> None:
        self._due: dict[Hashable, float] = {}
        self._fresh: dict[Hashable, float] = {}
        self._actions: dict[Hashable, Action] = {}
        self._heap: list[tuple[float, int, Hashable]] = []
        self._order = 0

    def set(self, key: Hashable, delay: float, action: Action) -> None:
        """Call ``action(late)`` once, ``delay`` seconds after the next :meth:`arm`; replaces the
        old.

        ``late`` is how many seconds after its deadline the timer was noticed.
        """
        self._due.pop(key, None)
        self._fresh[key] = delay
        self._actions[key] = action

    def clear(self, key: Hashable) -> None:
        if self._actions.pop(key, None) is not None:
            self._due.pop(key, None)
            self._fresh.pop(key, None)

    def clear_all(self) -> None:
        self._actions.clear()
        self._due.clear()
        self._fresh.clear()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._actions

    def __len__(self) -> int:
        return len(self._actions)

    def arm(self, now: float) -> float | None:
        """Start the timers set since the last call. Return the earliest deadline, or None."""
        if self._fresh:
            for key, delay in self._fresh.items():
                due = now + delay
                self._due[key] = due
                self._order += 1
                heapq.heappush(self._heap, (due, self._order, key))
            self._fresh.clear()
        heap = self._heap
        # Cleared timers stay in the heap until they surface; rebuild it when they are the majority.
        if len(heap) > 64 and len(heap) > 2 * len(self._due):
            self._heap = heap = [entry for entry in heap if self._due.get(entry[2]) == entry[0]]
            heapq.heapify(heap)
        while heap and self._due.get(heap[0][2]) != heap[0][0]:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def expired(self, now: float) -> Iterator[tuple[Action, float]]:
        """Yield the due timers, ``(action, due)``, in order of their deadlines.

        They are taken out one at a time, so that an action can clear another timer that is also
        due.
        """
        self.arm(now)
        heap = self._heap
        while heap and heap[0][0] <= now:
            due, _, key = heapq.heappop(heap)
            if self._due.get(key) == due:
                del self._due[key]
                yield self._actions.pop(key), due
