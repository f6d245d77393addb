"""The server's model: the turn that waits for us, its tools and its skills."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from ...events import (
    LlmBefore,
    LlmPreparingTimeout,
    LlmToolCall,
    MemoryOps,
    SkillLoaded,
    SkillUnloaded,
)
from ...events._base import set_raw
from ..agents.agent import AgentBase
from ..kernel.inbox import size_of
from ..tools.arguments import name_and_arguments
from ..tools.rounds import HandRound, ToolRound, ids_of
from .base import concerns_somebody, effect, late, pass_on, to_call
from .preparing import prepare

if TYPE_CHECKING:
    from ..calls.call import CallBase
    from ..lifecycle import Lifecycle


@effect(LlmBefore)
def llm_before(s: Lifecycle, event: LlmBefore, agent: Any, call: CallBase | None) -> None:
    prepare(s, event, agent, call)


@effect(LlmPreparingTimeout)
def preparing_timeout(
    s: Lifecycle, event: LlmPreparingTimeout, agent: Any, call: CallBase | None
) -> None:
    if call is not None or concerns_somebody(s, event, agent):
        name, args = "call.preparing_timeout", (event, call)
        s.emit(name, args, event=event, agent=agent, call=call, only_items=call is None)


@effect(LlmToolCall)
def llm_tool_call(s: Lifecycle, event: LlmToolCall, agent: Any, call: CallBase | None) -> None:
    if call is None:
        pass_on(s, event, agent, call)
        return
    msg_id = event.msg_id or event.message_id or ""
    ids = ids_of(event.tool_calls)
    known = call._ledger.known(msg_id, ids)
    if known is not None or not ids:
        # The server asks again: it gets the answer once more, or as soon as there is one.
        for round_ in [known] if known is not None else call._ledger.of(msg_id):
            round_.send()
        return
    owner = call.agent
    tools = owner._tools if isinstance(owner, AgentBase) else {}
    named = [_named(tool_call) for tool_call in event.tool_calls]
    call._conversation.grew(size_of(event))
    by_hand = s.has_handlers("llm.tool_call", owner) or call._listens("llm.tool_call")
    args = (event, call)
    if by_hand and not any(name in tools for name, _ in named):
        asked = call._ledger.begin(HandRound, call, msg_id, event.tool_calls)
        asked.send()  # results known already
        if len(asked.fresh) < len(ids):
            new = attrs.evolve(event, tool_calls=[event.tool_calls[at] for at in asked.fresh])
            set_raw(new, event.raw)
            args = (new, call)
        if asked.fresh:
            s.emit("llm.tool_call", args, event=args[0], agent=owner, call=call)
        return
    round_ = call._ledger.begin(ToolRound, call, msg_id, event.tool_calls)
    if not round_.fresh:
        round_.send()
        return
    s.emit("llm.tool_call", args, event=event, agent=owner, call=call)
    for index in round_.fresh:
        name, arguments = named[index]
        tool = tools.get(name)
        if tool is None:
            # It is not declared: the model must not wait forever.
            round_.refuse(index, name)
        else:
            s.run(round_.run(index, tool, arguments))


def _named(tool_call: dict[str, Any]) -> tuple[str, Any]:
    return name_and_arguments(tool_call)


@effect(SkillLoaded, SkillUnloaded)
def skill(s: Lifecycle, event: Any, agent: Any, call: CallBase | None) -> None:
    if call is not None:
        call._skill_changed(event.skill, loaded=isinstance(event, SkillLoaded))
    to_call(s, event, agent, call)


@effect(MemoryOps)
def memory_ops(s: Lifecycle, event: MemoryOps, agent: Any, call: CallBase | None) -> None:
    """Pass on memory changes, which may come after the call ended (the end-of-call pass)."""
    late(s, event, agent, call, event.call_id or event.session_id)
