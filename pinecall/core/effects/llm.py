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
from ..preparing import prepare
from ..toolround import ToolRound
from .base import effect, pass_on, to_call
from .chat import chat_call

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
    name = "call.preparing_timeout"
    s.emit(name, (event, call), event=event, agent=agent, call=call)


@effect(LlmToolCall)
def llm_tool_call(s: Session, event: LlmToolCall, agent: Any, call: CallBase | None) -> None:
    if call is None:
        call = chat_call(s, event, agent)
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
    call.messages.append({"role": "assistant", "content": None, "tool_calls": event.tool_calls})
    call.changed()
    s.emit("llm.tool_call", (event, call), event=event, agent=call.agent, call=call)
    owner = call.agent
    if isinstance(owner, AgentBase) and owner.tools:
        _run_tools(s, event.tool_calls, owner, call, msg_id)
    elif not s.has_handlers("llm.tool_call", owner) and not call.listens("llm.tool_call"):
        _refuse_all(s, event.tool_calls, call, msg_id)


def _run_tools(
    s: Session, calls: list[dict[str, Any]], owner: AgentBase, call: CallBase, msg_id: str
) -> None:
    named = [_named(tool_call) for tool_call in calls]
    by_hand = s.has_handlers("llm.tool_call", owner) or call.listens("llm.tool_call")
    if by_hand and not any(name in owner.tools for name, _ in named):
        return
    round_ = call.rounds[msg_id] = ToolRound(call, msg_id, len(calls))
    for index, tool_call in enumerate(calls):
        name, arguments = named[index]
        tool_call_id = str(tool_call.get("id", ""))
        tool = owner.tools.get(name)
        if tool is None:
            round_.refuse(index, tool_call_id, name)
        else:
            s.run(round_.run(index, tool_call_id, tool, arguments))
    round_.send()


def _refuse_all(s: Session, calls: list[dict[str, Any]], call: CallBase, msg_id: str) -> None:
    """Nobody declared these tools and nobody listens: the model must not wait for ever."""
    round_ = call.rounds[msg_id] = ToolRound(call, msg_id, len(calls))
    for index, tool_call in enumerate(calls):
        name, _ = _named(tool_call)
        round_.refuse(index, str(tool_call.get("id", "")), name)
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
    s.emit("memory.ops", (event, call), event=event, agent=agent, call=call)
