"""``on``, ``once``, ``off`` and ``events`` of agents, calls, lines and clients, in both fronts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ...typing import EventName, Off, On
from ..agents.ringing import RingingCall
from ..kernel.has_handlers import HasHandlers
from ..wire.names import check_name

if TYPE_CHECKING:
    from ..kernel.delivering import Subscription

__all__ = ["Listening"]

CallT = TypeVar("CallT")  # a call
AgentT = TypeVar("AgentT")  # an agent
LineCallT = TypeVar("LineCallT")  # a line's call
LineT = TypeVar("LineT")  # a line
SessionT = TypeVar("SessionT")  # a WhatsApp session
EventsT = TypeVar("EventsT")  # an iterator of events


class Listening(HasHandlers, Generic[CallT, AgentT, LineCallT, LineT, SessionT, EventsT]):
    """The typed methods of :class:`HasHandlers`, for a front's classes."""

    if TYPE_CHECKING:
        _make_events: Callable[[Subscription], Any]

    @property
    def on(self) -> On[CallT, AgentT, LineCallT, LineT, SessionT, RingingCall]:
        """Call ``handler`` for each event: ``on("turn.end", handler)`` or ``@on("turn.end")``."""
        return On(self._add_handler, check_name)

    @property
    def once(self) -> On[CallT, AgentT, LineCallT, LineT, SessionT, RingingCall]:
        """Like ``on``, for the next event only."""
        return On(self._add_once, check_name)

    @property
    def off(self) -> Off:
        """``off("turn.end", handler)``: remove a handler; without one, all handlers of the event."""
        return Off(self._remove_handler)

    def events(self, *names: EventName) -> EventsT:
        """Return an iterator of :class:`~pinecall.events.Item`, for all events or those named.

        It begins now. It ends when it is closed, when the client disconnects (at once if it is
        disconnected), and for a call with the call, after ``call.ended``.
        """
        with self._runtime.guard:
            subscription = self._runtime.subscribe(self._handlers, names)
            if self._events_over:
                subscription.close()
        events: EventsT = self._make_events(subscription)
        return events
