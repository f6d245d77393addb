"""Leaving without cutting off callers: no new calls, and the present ones finish."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from attrs import field, frozen

from .kernel.outcome import Outcome
from .kernel.timers import Timers

__all__ = ["Drain", "DrainReport"]

#: Seconds between checks whether all is done; the end of a call checks at once.
_LOOK = 0.5


@frozen
class DrainReport:
    """The result of a drain.

    finished: ids of the calls that ended by themselves
    cut: ids of the calls that were still going when the time was up
    unsent: durable frames that could not be sent
    """

    finished: list[str] = field(factory=list)
    cut: list[str] = field(factory=list)
    unsent: int = 0


class Drain:
    """A drain in progress. ``calls`` returns the ids of the live calls, ``unsent`` the number of
    durable frames that wait, and ``done`` whether there is nothing more to wait for."""

    def __init__(
        self,
        timers: Timers,
        *,
        calls: Callable[[], Iterable[str]],
        unsent: Callable[[], int],
        done: Callable[[], bool],
    ) -> None:
        self._timers = timers
        self._live = calls
        self._unsent = unsent
        self._done = done
        self._calls: list[str] = []
        self.outcome: Outcome[DrainReport] = Outcome("drain")

    def begin(self, timeout: float) -> None:
        """Wait until all is done, for ``timeout`` seconds at most."""
        self._calls = list(self._live())
        self._timers.set(("drain", "deadline"), timeout, lambda _late: self.finish())
        self._look(0.0)

    def _look(self, _late: float) -> None:
        if self._done():
            self.finish()
        else:
            self._timers.set(("drain", "look"), _LOOK, self._look)

    def finish(self) -> None:
        """End the drain: the time is up, or there is nothing more to wait for."""
        self._timers.clear(("drain", "look"))
        self._timers.clear(("drain", "deadline"))
        left = set(self._live())
        self.outcome.set(
            DrainReport(
                finished=[call for call in self._calls if call not in left],
                cut=sorted(left),
                unsent=self._unsent(),
            )
        )
