"""How asyncio programs wait for outcomes of the core."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Generator
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from ._shared.waiting import EventIteratorBase, PlaybackBase, registration_within, waiting
from .core.api.answering import Answering
from .core.kernel.outcome import Outcome, too_late
from .core.text.showing import shows

if TYPE_CHECKING:
    from .core.calls.speech import SayResult
    from .core.kernel.runtime import Runtime
    from .core.model.registration import Registration
    from .events import Item

__all__ = ["Answer", "Answers", "EventIterator", "Later", "Playback", "wait", "wait_registered"]

T = TypeVar("T")
C = TypeVar("C")  # a call
A = TypeVar("A")  # an agent or line

#: The result of a method that does nothing until it is awaited.
Later: TypeAlias = Coroutine[Any, Any, T]


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


async def wait(runtime: Runtime, outcome: Outcome[T], timeout: float | None = None) -> T:
    """Wait until the outcome is settled. Raises RequestTimeout after ``timeout`` seconds; the core
    is notified of a wait that is given up.
    """
    runtime.front.check()
    if not outcome.done:
        loop = asyncio.get_running_loop()
        settled: asyncio.Future[None] = loop.create_future()

        def wake() -> None:
            # It may be settled in a tool's thread.
            loop.call_soon_threadsafe(_wake, settled)

        with waiting(runtime, outcome, wake):
            try:
                await runtime.front.client._driver.settled(settled, timeout)
            except asyncio.TimeoutError:
                if not outcome.done:
                    raise too_late(outcome, timeout or 0.0) from None
    return outcome.result()


async def wait_registered(
    registration: Registration, outcome: Outcome[None], timeout: float
) -> None:
    """Wait for ``ready`` or ``usable`` of the registration. Raises the refusal, or the reason why there
    is no registration after ``timeout`` seconds."""
    with registration_within(registration, timeout):
        await wait(registration.runtime, outcome, timeout)


class Answer(Awaitable[T], Generic[T]):
    """The answer to a request that is already on its way. A forgotten ``await`` loses only the
    answer."""

    def __init__(self, runtime: Runtime, outcome: Outcome[T]) -> None:
        self._runtime = runtime
        self._outcome = outcome

    def __await__(self) -> Generator[Any, None, T]:
        return wait(self._runtime, self._outcome).__await__()

    @shows
    def __repr__(self) -> str:
        return f"<Answer to {self._outcome.what}: {'here' if self._outcome.done else 'pending'}>"


class Answers(Answering):
    """Its requests give an :class:`Answer`."""

    _runtime: Runtime

    def _answer(self, outcome: Outcome[T]) -> Answer[T]:
        return Answer(self._runtime, outcome)


class Playback(PlaybackBase, Awaitable["SayResult"]):
    """A reply being spoken to the caller. ``await`` it until it has been heard, or ignore it.

    Its result is ``SayResult(interrupted)``. (Wire: ``bot.finished``, ``bot.interrupted``.)
    """

    def __await__(self) -> Generator[Any, None, SayResult]:
        return wait(self._runtime, self._outcome).__await__()


class EventIterator(EventIteratorBase, Generic[C, A]):
    """Events: ``async for item in pc.events("turn.end")``; ends when the client disconnects."""

    def __aiter__(self) -> EventIterator[C, A]:
        return self

    async def __anext__(self) -> Item[C, A]:
        inbox = self._subscription.inbox
        while (item := self._take(StopAsyncIteration())) is None:
            loop = asyncio.get_running_loop()
            arrived: asyncio.Future[None] = loop.create_future()

            def wake(loop: Any = loop, arrived: Any = arrived) -> None:
                loop.call_soon_threadsafe(_wake, arrived)

            with self._subscription.runtime.guard:
                inbox.wake = wake
                if len(inbox) or inbox.closed:
                    arrived.set_result(None)
            try:
                await arrived
            finally:
                inbox.wake = None
        return item

    async def aclose(self) -> None:
        """Stop listening; the iteration ends."""
        self._subscription.close()
