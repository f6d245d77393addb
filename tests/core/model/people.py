"""An agent and its calls, made by hand on a bare runtime."""

from __future__ import annotations

from typing import Any

from pinecall.core.model.call_state import CallState
from pinecall.core.model.owner import Owner
from pinecall.core.model.registration import Registration

from ..kernel.bare import Bare

__all__ = ["Agent", "Claim", "call_of"]


class Claim(Registration):
    """A registration that sends what waited for the ack, as those of agents and lines do."""

    def acked(self) -> bool:
        if not super().acked():
            return False
        self._release()
        return True


class Agent(Owner):
    _gone = "removed"

    def __init__(self, runtime: Bare, id: str = "mara") -> None:
        self._runtime = runtime
        self.id = id
        self._live_calls = {}
        self._claim_of_it = Claim(runtime, self)

    @property
    def _registration(self) -> Registration:
        return self._claim_of_it

    @property
    def _title(self) -> str:
        return f"agent {self.id}"

    def _claim(self) -> dict[str, Any]:
        return {"event": "agent.create", "agent_id": self.id}


def call_of(agent: Agent, call_id: str = "CA1", **facts: Any) -> CallState:
    """A live call of the agent."""
    return CallState(agent._runtime, agent, call_id, **facts)
