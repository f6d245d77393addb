"""Timers and the current time; the server core keeps time nowhere else."""

from __future__ import annotations

import heapq
from collections.abc import Callable

__all__ = ["Timeline", "Timer"]


class Timer:
    """One pending action, until it is cancelled."""

    __slots__ = ("action", "cancelled", "due")

    def __init__(self, due: float, action: Callable[[], None]) -> None:
        self.due = due
        self.action = action
        self.cancelled = False

    def cancel(self) -> None:
        """Cancel it; harmless when it has happened."""
        self.cancelled = True


class Timeline:
    """Timers in order of due time, then of creation; ``now`` is the time of the action that runs."""

    def __init__(self) -> None:
        self.now = 0.0
        self._heap: list[tuple[float, int, Timer]] = []
        self._made = 0

    def after(self, seconds: float, action: Callable[[], None]) -> Timer:
        """Run ``action`` so many seconds from now."""
        timer = Timer(self.now + max(0.0, seconds), action)
        self._made += 1
        heapq.heappush(self._heap, (timer.due, self._made, timer))
        return timer

    def deadline(self) -> float | None:
        """The time when the next timer is due."""
        while self._heap and self._heap[0][2].cancelled:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def run(self, now: float) -> None:
        """Run every action due at ``now``, each at its own time; afterwards the time is ``now``."""
        while self._heap and self._heap[0][0] <= now:
            due, _, timer = heapq.heappop(self._heap)
            if not timer.cancelled:
                self.now = max(self.now, due)
                timer.action()
        self.now = max(self.now, now)
