"""How the blocking front waits for what the core will know."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

from pinecall.core.agents.registration import not_registered
from pinecall.core.kernel.outcome import Outcome, too_late
from pinecall.core.kernel.seconds import check_unit
from pinecall.core.text.showing import shows
from pinecall.errors import RequestTimeout

if TYPE_CHECKING:
    from pinecall.core.calls.speech import SayResult, Speech
    from pinecall.core.engine import Engine
    from pinecall.core.kernel.delivering import Subscription
    from pinecall.core.model.registration import Registration
    from pinecall.events import Item

__all__ = ["EventIterator", "Playback", "wait", "wait_registered"]

T = TypeVar("T")
C = TypeVar("C")  # a call
A = TypeVar("A")  # an agent or line

#: Seconds between two looks. Ctrl-C that comes just before a wait begins is noticed at its end, and
#: on some platforms not before.
_LOOK = 2.0


def wait(session: Engine, outcome: Outcome[T], timeout: float | None = None) -> T:
    """Raises RequestTimeout after ``timeout`` seconds; giving up tells the core."""
    session.front.check()
    if not outcome.done:
        settled = threading.Event()
        with session.guard:
            outcome.waiters.append(settled.set)
            if outcome.done:
                settled.set()
        try:
            if timeout is None:
                while not settled.wait(_LOOK):
                    pass
            elif not settled.wait(timeout):
                raise too_late(outcome, timeout)
        finally:
            if not outcome.done:
                with session.guard:
                    outcome.leave(settled.set)
                session.wake()
    return outcome.result()


def wait_registered(registration: Registration, outcome: Outcome[None], timeout: float) -> None:
    """``outcome``: ``ready`` or ``usable`` of the registration. Raises what refused it, or what else
    kept it from being registered within ``timeout`` seconds."""
    check_unit("wait_ready: timeout", timeout, agent_id=registration.owner.id)
    try:
        wait(registration.runtime, outcome, timeout)
    except RequestTimeout:
        if not registration.held:
            raise not_registered(registration, timeout) from None


class Playback:
    """A reply on its way to the caller's ear. ``wait()`` until it has been heard, or ignore it.

    (Wire: ``bot.finished``, ``bot.interrupted``.)
    """

    def __init__(self, session: Engine, speech: Speech) -> None:
        self.message_id = speech.message_id
        self._session = session
        self._outcome = speech.outcome

    @property
    def done(self) -> bool:
        return self._outcome.done

    def wait(self, timeout: float | None = None) -> SayResult:
        """``SayResult(interrupted)``; RequestTimeout after ``timeout`` seconds."""
        check_unit("wait: timeout", timeout)
        return wait(self._session, self._outcome, timeout)

    @shows
    def __repr__(self) -> str:
        return f"<Playback {self.message_id}: {'done' if self.done else 'pending'}>"


class EventIterator(Generic[C, A]):
    """``for item in pc.events("turn.end")``; ends when the client disconnects."""

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription
        self._arrived = threading.Event()
        subscription.inbox.wake = self._arrived.set

    def __iter__(self) -> EventIterator[C, A]:
        return self

    def __next__(self) -> Item[C, A]:
        while True:
            self._arrived.clear()
            item = self._subscription.take()
            if item is not None:
                return item
            if self._subscription.over:
                raise StopIteration
            self._arrived.wait(_LOOK)

    def close(self) -> None:
        """Stop listening; the iteration ends."""
        self._subscription.close()
