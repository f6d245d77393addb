"""The live calls, for a reader that connected after they began."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from .browser_events import call_facts
from .sse import to_json

if TYPE_CHECKING:
    from ..calls.call import CallBase

__all__ = ["Roster", "Snapshot"]

#: The number of the last messages of a call's transcript that are shown.
TRANSCRIPT_SHOWN = 20

_STARTS = {"chat": "chat.started", "whatsapp": "whatsapp.started"}


class Roster(Protocol):
    """The current agents and live calls (:class:`~pinecall.core.model.registry.Registry`)."""

    @property
    def agents(self) -> Mapping[str, Any]: ...
    @property
    def calls(self) -> Mapping[str, CallBase]: ...


class Snapshot:
    """Each call as the event that began it, with ``snapshot`` and ``transcript``; encoded once, and
    again after an event of the call.
    """

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._known: dict[str, bytes] = {}

    def agents(self, agents: frozenset[str] | None) -> list[str]:
        return [one for one in self._roster.agents if agents is None or one in agents]

    def calls(self, agents: frozenset[str] | None, session: str) -> list[tuple[str, bytes]]:
        """Return event names and data."""
        return [
            (_STARTS.get(call.transport, "call.started"), self._data(call))
            for call in self._roster.calls.values()
            if call._announced
            and not call._over
            and (agents is None or call.agent.id in agents)
            and session in ("", call.id)
        ]

    def is_live(self, call_id: object) -> bool:
        return call_id in self._roster.calls

    def forget(self, call_id: str) -> None:
        """Forget a call's encoding, after an event of the call."""
        self._known.pop(call_id, None)

    def clear(self) -> None:
        self._known.clear()

    def _data(self, call: CallBase) -> bytes:
        json = self._known.get(call.id)
        if json is None:
            data: dict[str, Any] = {
                "event": _STARTS.get(call.transport, "call.started"),
                **call_facts(call),
                "agentId": call.agent.id,
                "agent": call.agent.id,
                "snapshot": True,
            }
            said = [
                {"role": message["role"], "content": message["content"]}
                for message in call.transcript[-TRANSCRIPT_SHOWN:]
            ]
            try:
                json = to_json({**data, "transcript": said})
            except (TypeError, ValueError):
                # A program may put values that are not JSON into its calls' messages.
                json = to_json(data)
            self._known[call.id] = json
        return json
