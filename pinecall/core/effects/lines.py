"""Phone lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...events import (
    CallDtmfReceived,
    CallRouted,
    CallRouteFailed,
    LineCreated,
    LineDestroyed,
    LineError,
)
from ..lines.line import LineBase
from ..lines.line_call import LineCallBase, RouteResult
from .base import effect, pass_on, to_call

if TYPE_CHECKING:
    from ..lifecycle import Lifecycle


def _line(s: Lifecycle, event: Any) -> LineBase | None:
    line = s.registry.lines.get(event.number)
    owner = line or s.registry.owner(event.agent_id)
    return owner if isinstance(owner, LineBase) else None


@effect(LineCreated)
def line_created(s: Lifecycle, event: LineCreated, agent: Any, call: Any) -> None:
    line = _line(s, event)
    if line is None:
        s.drop(event, f"there is no line {event.number} here")
        return
    line._registration.acked()
    s.emit("line.created", (event, line), event=event, agent=line)


@effect(LineError)
def line_error(s: Lifecycle, event: LineError, agent: Any, call: Any) -> None:
    line = _line(s, event)
    if line is None:
        s.drop(event, f"there is no line {event.number} here")
        return
    line._registration.refused(event)


@effect(LineDestroyed)
def line_destroyed(s: Lifecycle, event: LineDestroyed, agent: Any, call: Any) -> None:
    line = s.registry.leaving.pop(event.number, None)
    if line is None:
        s.drop(event, f"line {event.number} was not being given back")
        return
    s.emit("line.destroyed", (event, line), event=event, agent=line)


@effect(CallDtmfReceived)
def dtmf_received(s: Lifecycle, event: CallDtmfReceived, agent: Any, call: Any) -> None:
    if isinstance(call, LineCallBase):
        call._key_pressed(event.digit)
    to_call(s, event, agent, call)


@effect(CallRouted)
def call_routed(s: Lifecycle, event: CallRouted, agent: Any, call: Any) -> None:
    """Record the transfer; ``call.ended`` with the reason ``routed`` follows."""
    if isinstance(call, LineCallBase):
        call._route_settled(RouteResult(True))
    pass_on(s, event, agent, call)


@effect(CallRouteFailed)
def route_failed(s: Lifecycle, event: CallRouteFailed, agent: Any, call: Any) -> None:
    if isinstance(call, LineCallBase):
        call._route_settled(RouteResult(False, event.reason or "swap_failed"))
    pass_on(s, event, agent, call)
