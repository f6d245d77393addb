"""A call with its verbs, except the waiting ones, which a front adds.

Its state is in :class:`~pinecall.core.model.call_state.CallState`, its verbs are in
:class:`~pinecall.core.calls.verbs.CallVerbs`.
"""

from __future__ import annotations

from typing import Any

from ..history import historian
from .verbs import CallVerbs

__all__ = ["CallBase"]


class CallBase(CallVerbs):
    """A call; :class:`~pinecall.core.model.call_state.CallState` describes its properties."""

    __slots__ = ("_historian",)

    def __init__(self, *facts: Any, **more: Any) -> None:
        super().__init__(*facts, **more)
        self._historian: historian.Historian | None = None

    def _begin_history(self, store: Any) -> None:
        """Start saving the call to the agent's store, if there is one, and look up its contact."""
        if store is not None:
            self._historian = historian.Historian(self._runtime, self, store)
            self._conversation.on_change = self._historian.changed
            self._historian.started()

    def _history_written(self) -> None:
        if self._historian is not None:
            self._historian.written()

    def _finish(self, reason: str) -> None:
        super()._finish(reason)
        if self._historian is not None:
            self._historian.ended()
