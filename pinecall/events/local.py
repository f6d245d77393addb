"""Events made by the SDK itself, and the values that it builds from several frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from attrs import frozen

from ._base import Event

if TYPE_CHECKING:
    from ..core.agents.agent import AgentBase
    from ..core.calls.call import CallBase
    from ..core.lines.line import LineBase

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
class Item:
    """One event with its surroundings, as ``on("*")`` and ``events()`` give it.

    ``event`` is the payload (for ``error`` the exception); ``agent`` is the agent or line, and
    ``call`` the live call, where there is one. ``name`` is ``events.gap`` and ``event`` the number of
    interim events left out when a consumer was far behind.
    """

    name: str
    event: Any
    agent: AgentBase | LineBase | None = None
    call: CallBase | None = None


@frozen(kw_only=True, eq=False, repr=False)
class EventsGap(Event):
    """A consumer was far behind: ``missed`` interim events were coalesced into newer ones.

    Other events are among them only where 100,000 wait, or 64 Mi characters of them.
    """

    EVENT: ClassVar[str] = "events.gap"
    missed: int
