"""Events that the SDK makes, and values that it builds from several frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic

from attrs import frozen

from ._base import Event

if TYPE_CHECKING:
    # Defaults of type variables are newer than Python 3.10, and this package is not required.
    from typing_extensions import TypeVar

    CallT_co = TypeVar("CallT_co", default=Any, covariant=True)
    AgentT_co = TypeVar("AgentT_co", default=Any, covariant=True)
else:
    from typing import TypeVar

    CallT_co = TypeVar("CallT_co", covariant=True)
    AgentT_co = TypeVar("AgentT_co", covariant=True)

__all__ = ["Disconnected", "EventsGap", "Item", "Reconnecting", "Turn"]


@frozen(kw_only=True, eq=False, repr=False)
class Disconnected(Event):
    """The connection is lost or closed (``disconnected``).

    reason: what the server gave as the reason, ``connection_lost`` where it gave none, or
        ``client_disconnect``
    """

    EVENT: ClassVar[str] = "disconnected"
    reason: str


@frozen(kw_only=True, eq=False, repr=False)
class Reconnecting(Event):
    """A new attempt to connect begins (``reconnecting``).

    attempt: number of the attempt since the last stable connection, from 1
    delay: seconds waited before the attempt
    """

    EVENT: ClassVar[str] = "reconnecting"
    attempt: int
    delay: float = 0.0


@frozen(kw_only=True, eq=False, repr=False)
class Turn(Event):
    """A caller's turn, merged from ``eager.turn`` or ``turn.end`` and the ``user.message`` before it.

    id: number of the turn on the call, from 1
    message_id: id of the caller's message, which a reply answers
    text: what the caller said
    confidence: that it is what was said, 0 to 1
    language: the language detected, such as ``en``
    probability: that the turn is over, 0 to 1
    latency_ms: delay of the turn detection, in milliseconds
    source: ``bot`` where the other side of a bridged call has finished its turn
    """

    agent_id: str = ""
    call_id: str = ""
    id: int = 0
    message_id: str = ""
    text: str = ""
    confidence: float = 0.0
    language: str | None = None
    probability: float = 0.0
    latency_ms: float = 0.0
    source: str | None = None


@frozen
class Item(Generic[CallT_co, AgentT_co]):
    """One event with its surroundings, as ``on("*")`` and ``events()`` give it.

    name: the event's name, as in ``on(name, …)``
    event: the payload, an instance of the event's class; the exception where ``name`` is ``error``
    agent: the agent or line it concerns, where there is one
    call: the live call it concerns, where there is one

    Where a consumer was far behind, ``name`` is ``events.gap`` and ``event`` an :class:`EventsGap`.
    Each front gives its own classes, ``Item[Call, Agent | Line]``; in an annotation that says
    ``Item`` alone they are Any.
    """

    name: str
    event: Any
    agent: AgentT_co | None = None
    call: CallT_co | None = None


@frozen(kw_only=True, eq=False, repr=False)
class EventsGap(Event):
    """A consumer was far behind, and interim events were replaced by newer ones (``events.gap``).

    Other events are lost only where 100,000 of them wait, or 64 Mi characters.

    missed: how many events were replaced or lost
    """

    EVENT: ClassVar[str] = "events.gap"
    missed: int
