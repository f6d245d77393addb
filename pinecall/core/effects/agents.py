"""Agents and their channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import DisplacedError
from ...events import AgentCreated, AgentDisplaced, AgentResumed, ChannelAdded
from ..agents.agent import AgentBase
from .base import effect, pass_on

if TYPE_CHECKING:
    from ..lifecycle import Lifecycle


@effect(AgentCreated, AgentResumed)
def agent_created(s: Lifecycle, event: Any, agent: Any, call: Any) -> None:
    if isinstance(agent, AgentBase):
        agent._registration.acked()
    pass_on(s, event, agent, call)


@effect(ChannelAdded)
def channel_added(s: Lifecycle, event: ChannelAdded, agent: Any, call: Any) -> None:
    if isinstance(agent, AgentBase) and event.type == "phone":
        agent._registration.number_answered(event.ref)
    pass_on(s, event, agent, call)


@effect(AgentDisplaced)
def agent_displaced(s: Lifecycle, event: AgentDisplaced, agent: Any, call: Any) -> None:
    if isinstance(agent, AgentBase):
        reason = s.clean(event.reason or "no reason given")
        error = DisplacedError(
            f"agent {agent.id!r} was taken over by another connection "
            f"({reason}); stop the other process, then ask for the "
            "agent again",
            agent_id=agent.id,
        )
        agent._registration.over(error)
        for live in list(agent._live_calls.values()):
            s.end_call(live, "displaced")
        s.report(error, agent=agent)
    pass_on(s, event, agent, call)
