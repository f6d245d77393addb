"""Phone lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...events import LineCreated, LineDestroyed, LineError
from ..line import LineBase
from .base import effect

if TYPE_CHECKING:
    from ..session import Session


def _line(s: Session, event: Any) -> LineBase | None:
    line = s.registry.lines.get(event.number)
    owner = line or s.registry.owner(event.agent_id)
    return owner if isinstance(owner, LineBase) else None


@effect(LineCreated)
def line_created(s: Session, event: LineCreated, agent: Any, call: Any) -> None:
    line = _line(s, event)
    if line is None:
        s.drop(event, f"there is no line {event.number} here")
        return
    line.registration.acked()
    s.emit("line.created", (event, line), event=event, agent=line)


@effect(LineError)
def line_error(s: Session, event: LineError, agent: Any, call: Any) -> None:
    line = _line(s, event)
    if line is None:
        s.drop(event, f"there is no line {event.number} here")
        return
    line.registration.refused(event)


@effect(LineDestroyed)
def line_destroyed(s: Session, event: LineDestroyed, agent: Any, call: Any) -> None:
    line = _line(s, event)
    s.emit("line.destroyed", (event, line), event=event, agent=line)
