"""How blocking programs wait for outcomes of the core."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

from pinecall._shared.waiting import EventIteratorBase, PlaybackBase, registration_within, waiting
from pinecall.core.api.answering import Answering
from pinecall.core.kernel.outcome import Outcome, too_late
from pinecall.core.kernel.seconds import check_unit

from ._threads.driver import LOOK

if TYPE_CHECKING:
    from pinecall.core.calls.speech import SayResult
    from pinecall.core.kernel.delivering import Subscription
    from pinecall.core.kernel.runtime import Runtime
    from pinecall.core.model.registration import Registration
    from pinecall.events import Item

__all__ = ["Answers", "EventIterator", "Playback", "wait", "wait_registered"]

T = TypeVar("T")
C = TypeVar("C")  # a call
A = TypeVar("A")  # an agent or line


def wait(runtime: Runtime, outcome: Outcome[T], timeout: float | None = None) -> T:
    """Wait until the outcome is settled. Raises RequestTimeout after ``timeout`` seconds; the core
    is notified of a wait that is given up.
    """
    runtime.front.check()
    if not outcome.done:
        settled = threading.Event()
        with waiting(runtime, outcome, settled.set):
            if not runtime.front.client._driver.settled(settled, timeout):
                raise too_late(outcome, timeout or 0.0)
    return outcome.result()


def wait_registered(registration: Registration, outcome: Outcome[None], timeout: float) -> None:
    """Wait for ``ready`` or ``usable`` of the registration. Raises the refusal, or the reason why there
    is no registration after ``timeout`` seconds."""
    with registration_within(registration, timeout):
        wait(registration.runtime, outcome, timeout)


class Answers(Answering):
    """Its requests wait, and give the answer."""

    _runtime: Runtime

    def _answer(self, outcome: Outcome[T]) -> T:
        return wait(self._runtime, outcome)


class Playback(PlaybackBase):
    """A reply being spoken to the caller. ``wait()`` until it has been heard, or ignore it.

    (Wire: ``bot.finished``, ``bot.interrupted``.)
    """

    def wait(self, timeout: float | None = None) -> SayResult:
        """Return ``SayResult(interrupted)``. Raises RequestTimeout after ``timeout`` seconds."""
        check_unit("wait: timeout", timeout)
        return wait(self._runtime, self._outcome, timeout)


class EventIterator(EventIteratorBase, Generic[C, A]):
    """Events: ``for item in pc.events("turn.end")``; ends when the client disconnects."""

    def __init__(self, subscription: Subscription) -> None:
        super().__init__(subscription)
        self._arrived = threading.Event()
        subscription.inbox.wake = self._arrived.set

    def __iter__(self) -> EventIterator[C, A]:
        return self

    def __next__(self) -> Item[C, A]:
        self._arrived.clear()
        while (item := self._take(StopIteration())) is None:
            self._subscription.runtime.front.client._driver.settled(self._arrived, LOOK)
            self._arrived.clear()
        return item

    def close(self) -> None:
        """Stop listening; the iteration ends."""
        self._subscription.close()
