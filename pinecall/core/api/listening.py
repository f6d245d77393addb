"""``on``, ``once``, ``off`` and ``events`` of agents, calls, lines and clients, in both fronts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ...typing import EventName, Off, On
from ..kernel.has_handlers import HasHandlers
from ..wire.names import check_name

if TYPE_CHECKING:
    from ..kernel.delivering import Subscription

__all__ = ["Listening"]

C = TypeVar("C")  # a call
A = TypeVar("A")  # an agent
K = TypeVar("K")  # a line's call
L = TypeVar("L")  # a line
S = TypeVar("S")  # a WhatsApp session
R = TypeVar("R")  # a ringing call
I = TypeVar("I")  # an iterator of events  # noqa: E741


class Listening(HasHandlers, Generic[C, A, K, L, S, R, I]):
    """The typed face of :class:`HasHandlers`; a front names its classes."""

    if TYPE_CHECKING:
        _make_events: Callable[[Subscription], Any]

    @property
    def on(self) -> On[C, A, K, L, S, R]:
        """``on("turn.end", handler)`` or ``@on("turn.end")``: call ``handler`` for each event."""
        return On(self._add_handler, check_name)

    @property
    def once(self) -> On[C, A, K, L, S, R]:
        """As ``on``, for the next event only."""
        return On(self._add_once, check_name)

    @property
    def off(self) -> Off:
        """``off("turn.end", handler)``; without a handler all of the event's."""
        return Off(self._remove_handler)

    def events(self, *names: EventName) -> I:
        """The same events as an iterator of :class:`~pinecall.events.Item`, all or those named.

        From now on; it ends when it is closed, when the client disconnects (at once on one that is
        closed already), and a call's with the call, after ``call.ended``.
        """
        with self._runtime.guard:
            subscription = self._runtime.subscribe(self._handlers, names)
            if self._events_over:
                subscription.close()
        events: I = self._make_events(subscription)
        return events
