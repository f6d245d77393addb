"""Answers to requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...events import HistoryData, HistoryUpdated
from .base import effect, pass_on

if TYPE_CHECKING:
    from ..calls.call import CallBase
    from ..lifecycle import Lifecycle


@effect(HistoryData, HistoryUpdated)
def history_answer(s: Lifecycle, event: Any, agent: Any, call: CallBase | None) -> None:
    s.requests.answered(event)
    pass_on(s, event, agent, call)
