"""What both fronts do around a wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..core.agents.registration import not_registered
from ..core.kernel.seconds import check_unit
from ..core.text.showing import shows
from ..errors import RequestTimeout

if TYPE_CHECKING:
    from ..core.calls.speech import Speech
    from ..core.kernel.delivering import Subscription
    from ..core.kernel.outcome import Outcome
    from ..core.kernel.runtime import Runtime
    from ..core.model.registration import Registration
    from ..events import Item

__all__ = ["EventIteratorBase", "PlaybackBase", "registration_within", "waiting"]


@contextmanager
def waiting(runtime: Runtime, outcome: Outcome[Any], wake: Callable[[], None]) -> Iterator[None]:
    """Call ``wake`` when the outcome is settled, perhaps at once; on giving up, tell the core."""
    with runtime.guard:
        outcome.waiters.append(wake)
        if outcome.done:
            wake()
    try:
        yield
    finally:
        if not outcome.done:
            with runtime.guard:
                outcome.leave(wake)
            runtime.wake()


@contextmanager
def registration_within(registration: Registration, timeout: float) -> Iterator[None]:
    """For a wait for ``ready`` or ``usable``: if it takes too long, raises the reason why the agent or
    line is not registered."""
    check_unit("wait_ready: timeout", timeout, agent_id=registration.owner.id)
    try:
        yield
    except RequestTimeout:
        if not registration.held:
            raise not_registered(registration, timeout) from None


class PlaybackBase:
    """A reply being spoken to the caller."""

    def __init__(self, runtime: Runtime, speech: Speech) -> None:
        self.message_id = speech.message_id
        self._runtime = runtime
        self._outcome = speech.outcome

    @property
    def done(self) -> bool:
        """Whether it has been heard or interrupted."""
        return self._outcome.done

    @shows
    def __repr__(self) -> str:
        return f"<Playback {self.message_id}: {'done' if self.done else 'pending'}>"


class EventIteratorBase:
    """The events of a subscription."""

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription

    def _take(self, exhausted: Exception) -> Item | None:
        """Return the next event if there is one; raise ``exhausted`` at the end."""
        item = self._subscription.take()
        if item is None and self._subscription.over:
            raise exhausted
        return item
