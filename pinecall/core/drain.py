"""Leaving without cutting anybody off: no new calls, the present ones finish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from .checks import Place, number
from .outcome import Outcome
from .seconds import check_unit

if TYPE_CHECKING:
    from .session import Session

__all__ = ["Drain", "DrainReport"]

#: Seconds between looks at whether all is done; what ends a call looks at once.
_LOOK = 0.5


@frozen
class DrainReport:
    """What a drain came to.

    finished: ids of the calls that ended by themselves
    cut: ids of the calls that were still going when the time was up
    unsent: durable frames that could not be sent
    """

    finished: list[str] = field(factory=list)
    cut: list[str] = field(factory=list)
    unsent: int = 0


class Drain:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._calls: list[str] = []
        self.outcome: Outcome[DrainReport] = Outcome("drain")

    def begin(self, timeout: float) -> None:
        session = self._session
        number(Place("drain()"), "timeout", timeout)
        check_unit("drain(): timeout", timeout)
        session.drain = self
        self._calls = list(session.registry.calls)
        for agent in session.registry.agents.values():
            agent.stop_taking_calls()
        session.timers.set(("drain", "deadline"), timeout, lambda _late: self.finish())
        self._look(0.0)

    def _look(self, _late: float) -> None:
        session = self._session
        if session.link.state in ("idle", "closed") or (
            not session.registry.calls and not session.outbox.held and not len(session.chats)
        ):
            self.finish()
        else:
            session.timers.set(("drain", "look"), _LOOK, self._look)

    def finish(self) -> None:
        """The time is up, or there is nothing more to wait for."""
        session = self._session
        session.drain = None
        session.timers.clear(("drain", "look"))
        session.timers.clear(("drain", "deadline"))
        left = set(session.registry.calls)
        self.outcome.set(
            DrainReport(
                finished=[call for call in self._calls if call not in left],
                cut=sorted(left),
                unsent=session.outbox.held,
            )
        )
