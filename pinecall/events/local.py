"""Events made by the SDK itself, and the values that it builds from several frames."""

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
    """The link is gone.

    reason: the close reason, ``connection_lost`` when there was none, or ``client_disconnect``
    """

    EVENT: ClassVar[str] = "disconnected"
    reason: str


@frozen(kw_only=True, eq=False, repr=False)
class Reconnecting(Event):
    """A new attempt to connect begins.

    attempt: counted from 1 since the last stable connection
    delay: seconds waited before it
    """

    EVENT: ClassVar[str] = "reconnecting"
    attempt: int
    delay: float = 0.0


@frozen(kw_only=True, eq=False, repr=False)
class Turn(Event):
    """A caller's turn, merged from ``eager.turn`` or ``turn.end`` and the ``user.message`` before it.

    id: turn number on the call, from 1
    message_id: of the user's message; what a reply answers
    text: what the caller said
    confidence: of the transcription, 0 to 1
    probability: that the turn is over, 0 to 1
    latency_ms: of the turn detection
    source: ``bot`` when the other side of a bridged call finished its own turn
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
    """A consumer was far behind: ``missed`` interim events were coalesced into newer ones.

    Other events are among them only where 100,000 wait, or 64 Mi characters of them.
    """

    EVENT: ClassVar[str] = "events.gap"
    missed: int
