"""The table of effects, and the treatment of an event without one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ...errors import ProtocolError
from ...events import EVENTS, Event, UnknownEvent
from ..wire.codec import salvage
from ..wire.names import MAY_LACK_CALL, SIGNATURES

if TYPE_CHECKING:
    from ..calls.call import CallBase
    from ..lifecycle import Lifecycle
    from ..model.owner import Owner

__all__ = ["EFFECTS", "concerns_somebody", "effect", "late", "pass_on", "to_call"]

Effect = Callable[["Lifecycle", Any, Any, Any], None]
F = TypeVar("F", bound=Effect)

EFFECTS: dict[type[Event], Effect] = {}

#: Events that still change the state with a garbled field: a call came, ended, or waits.
_LIFE_CYCLE = frozenset(
    {
        "agent.created",
        "agent.resumed",
        "agent.displaced",
        "bot.finished",
        "bot.interrupted",
        "call.dialing",
        "call.ended",
        "call.started",
        "error",
        "history.data",
        "history.updated",
        "line.created",
        "line.error",
        "llm.before",
        "llm.chat.done",
        "llm.chat.ended",
        "llm.chat.error",
        "llm.chat.started",
        "turn.continued",
        "whatsapp.session_ended",
        "whatsapp.session_started",
    }
)


def effect(*classes: type[Event]) -> Callable[[F], F]:
    def register(function: F) -> F:
        for cls in classes:
            EFFECTS[cls] = function
        return function

    return register


def to_call(s: Lifecycle, event: Any, agent: Owner | None, call: CallBase | None) -> None:
    """Pass ``(event, call)`` on under the event's own name."""
    if call is None:
        pass_on(s, event, agent, None)
    else:
        s.emit(event.EVENT, (event, call), event=event, agent=agent, call=call)


def pass_on(s: Lifecycle, event: Any, agent: Owner | None, call: CallBase | None) -> None:
    """Pass an event on to the handlers it concerns, under its own name and in its signature."""
    name = event.EVENT
    if call is None and not concerns_somebody(s, event, agent):
        return
    if SIGNATURES.get(name) == ("event", "agent"):
        s.emit(name, (event, agent), event=event, agent=agent, call=call)
        return
    # Handlers of a call's events need a call; without one they reach only "*" and iterators.
    whole = call is not None or name in MAY_LACK_CALL or _of_the_agent(event, agent)
    args = (event, call)
    s.emit(name, args, event=event, agent=agent, call=call, only_items=not whole)


def _of_the_agent(event: Any, agent: Any) -> bool:
    """Whether it is an ``llm.*`` event that names no call, and so concerns the agent."""
    return agent is not None and event.EVENT.startswith("llm.") and not event.call_id


def late(s: Lifecycle, event: Any, agent: Any, call: CallBase | None, call_id: str | None) -> None:
    """Pass on an event that may come after the end of its call, then with None as the call."""
    if agent is None and call_id:
        agent = s.registry.ended_owner(call_id)
    if agent is None:
        pass_on(s, event, None, None)
    else:
        over = s.registry.ended_call(call_id) if call_id and call is None else None
        s.emit(event.EVENT, (event, call), event=event, agent=agent, call=call, after=over)


def concerns_somebody(s: Lifecycle, event: Any, agent: Any) -> bool:
    """Whether it concerns anyone here; events of an ended call or unknown id count as dropped."""
    call_id = getattr(event, "call_id", None)
    if call_id and s.registry.ended_owner(call_id) is not None:
        s.drop(event, f"call {call_id} is over")
    elif agent is not None:
        return True
    elif agent_id := getattr(event, "agent_id", None):
        s.drop(event, f"there is no agent {agent_id!r} here")
    elif call_id:
        s.drop(event, f"there is no call {call_id} here")
    else:
        return True
    return False


@effect(UnknownEvent)
def unknown_event(
    s: Lifecycle,
    event: UnknownEvent,
    agent: Owner | None,
    call: CallBase | None,
) -> None:
    s.counts["unknown"] += 1
    name = event.name
    if event.problem:
        s.report_once(
            f"{name}: {event.problem}",
            ProtocolError(
                f"the server sent {name} with a field of another type than announced "
                f"({event.problem}); it is delivered as an UnknownEvent",
                agent_id=event.agent_id,
                call_id=event.call_id,
            ),
        )
    if call is not None or concerns_somebody(s, event, agent):
        s.emit(name, (event, call), event=event, agent=agent, call=call, only_items=True)
    if event.problem and name in _LIFE_CYCLE:
        EFFECTS[EVENTS[name]](s, salvage(event), agent, call)
