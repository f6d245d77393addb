"""Answers to requests, and events that name their call by ``session_id``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...events import HistoryData, HistoryUpdated, SessionConfigured, SessionTimeout
from .base import effect, pass_on

if TYPE_CHECKING:
    from ..call import CallBase
    from ..session import Session


@effect(HistoryData, HistoryUpdated)
def history_answer(s: Session, event: Any, agent: Any, call: CallBase | None) -> None:
    s.requests.answered(event)
    pass_on(s, event, agent, call)


@effect(SessionConfigured, SessionTimeout)
def by_session(s: Session, event: Any, agent: Any, call: CallBase | None) -> None:
    if call is None and event.session_id:
        call = s.registry.calls.get(event.session_id)
    pass_on(s, event, agent or (call.agent if call else None), call)
