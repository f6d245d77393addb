"""The server's model: the turn that waits for us, its tools and its skills."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...events import (
    LlmBefore,
    LlmPreparingTimeout,
    LlmToolCall,
    MemoryOps,
    SkillLoaded,
    SkillUnloaded,
)
from ..agent import AgentBase
from ..arguments import name_and_arguments
from ..inbox import size_of
from ..preparing import prepare
from ..toolround import HandRound, ToolRound
from .base import concerns_somebody, effect, late, pass_on, to_call
from .chat import chat_call
from .whatsapp import session_call

if TYPE_CHECKING:
    from ..call import CallBase
    from ..session import Session


@effect(LlmBefore)
def llm_before(s: Session, event: LlmBefore, agent: Any, call: CallBase | None) -> None:
    prepare(s, event, agent, call)


@effect(LlmPreparingTimeout)
def preparing_timeout(
    s: Session, event: LlmPreparingTimeout, agent: Any, call: CallBase | None
) -> None:
    if call is not None or concerns_somebody(s, event, agent):
        name, args = "call.preparing_timeout", (event, call)
        s.emit(name, args, event=event, agent=agent, call=call, only_items=call is None)


@effect(LlmToolCall)
def llm_tool_call(s: Session, event: LlmToolCall, agent: Any, call: CallBase | None) -> None:
    if call is None:
        call = chat_call(s, event, agent) or session_call(s, event, agent)
    if call is None:
        pass_on(s, event, agent, call)
        return
    msg_id = event.msg_id or event.message_id or ""
    known = call.rounds.get(msg_id)
    if known is not None:
        # The server asks again: it did not get the answer, or will get it when there is one.
        known.send()
        return
    if not event.tool_calls:
        return
    owner = call.agent
    tools = owner.tools if isinstance(owner, AgentBase) else {}
    named = [_named(tool_call) for tool_call in event.tool_calls]
    call.grew(size_of(event))
    by_hand = s.has_handlers("llm.tool_call", owner) or call.listens("llm.tool_call")
    args = (event, call)
    if by_hand and not any(name in tools for name, _ in named):
        HandRound(call, msg_id, event.tool_calls)
        s.emit("llm.tool_call", args, event=event, agent=owner, call=call)
        return
    round_ = ToolRound(call, msg_id, event.tool_calls)
    s.emit("llm.tool_call", args, event=event, agent=owner, call=call)
    for index, tool_call in enumerate(event.tool_calls):
        name, arguments = named[index]
        tool_call_id = str(tool_call.get("id", ""))
        tool = tools.get(name)
        if tool is None:
            # Nobody declared it: the model must not wait for ever.
            round_.refuse(index, tool_call_id, name)
        else:
            s.run(round_.run(index, tool_call_id, tool, arguments))
    round_.send()


def _named(tool_call: dict[str, Any]) -> tuple[str, Any]:
    return name_and_arguments(tool_call)


@effect(SkillLoaded, SkillUnloaded)
def skill(s: Session, event: Any, agent: Any, call: CallBase | None) -> None:
    if call is not None:
        call.skill_changed(event.skill, loaded=isinstance(event, SkillLoaded))
    to_call(s, event, agent, call)


@effect(MemoryOps)
def memory_ops(s: Session, event: MemoryOps, agent: Any, call: CallBase | None) -> None:
    """May come after its call ended (the end-of-call pass)."""
    late(s, event, agent, call, event.call_id or event.session_id)
