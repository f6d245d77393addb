"""What is due when: the only place where the server core keeps time."""

from __future__ import annotations

import heapq
from collections.abc import Callable

__all__ = ["Timeline", "Timer"]


class Timer:
    """One thing to do later; ``cancel`` makes it never happen."""

    __slots__ = ("action", "cancelled", "due")

    def __init__(self, due: float, action: Callable[[], None]) -> None:
        self.due = due
        self.action = action
        self.cancelled = False

    def cancel(self) -> None:
        """Forget it; harmless when it has happened already."""
        self.cancelled = True


class Timeline:
    """Timers in order of their time, then of their making; ``now`` is the time of what runs."""

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
        """When the next one is due."""
        while self._heap and self._heap[0][2].cancelled:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def run(self, now: float) -> None:
        """Run everything due at ``now``, each at its own time, and stand at ``now`` afterwards."""
        while self._heap and self._heap[0][0] <= now:
            due, _, timer = heapq.heappop(self._heap)
            if not timer.cancelled:
                self.now = max(self.now, due)
                timer.action()
        self.now = max(self.now, now)
