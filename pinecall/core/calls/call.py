"""A call with its verbs, except the waiting ones, which a front adds.

Its state is in :class:`~pinecall.core.model.call_state.CallState`, its verbs are in
:class:`~pinecall.core.calls.verbs.CallVerbs`.
"""

from __future__ import annotations

from typing import Any

from ..history import historian
from ..kernel.runtime import Runtime
from ..model.call_state import Status
from ..model.owner import Owner
from .verbs import CallVerbs

__all__ = ["CallBase"]


class CallBase(CallVerbs):
    """A call; :class:`~pinecall.core.model.call_state.CallState` describes its properties."""

    __slots__ = ("_historian",)

    def __init__(
        self,
        runtime: Runtime,
        agent: Owner,
        call_id: str,
        *,
        from_: str = "",
        to: str = "",
        direction: str = "inbound",
        transport: str = "unknown",
        metadata: dict[str, Any] | None = None,
        language: str | None = None,
        status: Status = "active",
    ) -> None:
        super().__init__(
            runtime,
            agent,
            call_id,
            from_=from_,
            to=to,
            direction=direction,
            transport=transport,
            metadata=metadata,
            language=language,
            status=status,
        )
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
