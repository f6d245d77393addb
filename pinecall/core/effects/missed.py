"""A call whose start was missed: this process began later, or it came while the link was down.

The first event that names it creates it and fires its start, once, with the data of the frame. It
is not greeted, and no conversation of a history store is put before the one in progress.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...events import EVENTS, Event
from ..agents.agent import AgentBase
from .chat import start_chat
from .whatsapp import start_session

if TYPE_CHECKING:
    from ..calls.call import CallBase
    from ..lifecycle import Lifecycle

__all__ = ["SHOW_A_CALL", "missed_call"]

_NAMES = """
audio.metrics barge_in bot.finished bot.interrupted bot.speaking bot.word call.dtmf_received
call.dtmf_sent call.held call.muted call.unheld call.unmuted call.updated chat.message chat.response
docs.sources eager.turn llm.before llm.chat.chunk llm.error llm.preparing_timeout llm.response
llm.thinking llm.tool_call llm.tool_result message.aborted message.confirmed reply.rejected
session.idle_warning session.timeout skill.loaded skill.unloaded speech.ended speech.started
turn.continued turn.end turn.pause turn.resumed user.message user.speaking
"""
#: Events of a running conversation. Others may come after its end, or are answers.
SHOW_A_CALL: frozenset[type[Event]] = frozenset(EVENTS[name] for name in _NAMES.split())
_CHAT = {"chat.message", "chat.response", "llm.chat.chunk"}


def missed_call(s: Lifecycle, event: Any, agent: Any, call_id: str) -> CallBase | None:
    """Create and return the call that the event belongs to; None if it does not imply one."""
    if not isinstance(agent, AgentBase) or s.registry.ended_owner(call_id) is not None:
        return None
    if event.EVENT in _CHAT or call_id.startswith("chat-"):
        call = start_chat(s, agent, call_id, event)
    elif call_id.startswith("wa-"):
        call = start_session(s, agent, call_id, event)
    else:
        call = _start(s, agent, call_id, event)
    call._conversation.partial = True
    call._history_written()
    return call


def _start(s: Lifecycle, agent: AgentBase, call_id: str, event: Event) -> CallBase:
    said = event.raw
    metadata = said.get("metadata")
    call = s.makers.make_call(
        s,
        agent,
        call_id,
        from_=_text(said, "from"),
        to=_text(said, "to"),
        direction=_text(said, "direction") or "inbound",
        transport=_text(said, "transport") or "unknown",
        metadata=metadata if isinstance(metadata, dict) else {},
        language=_text(said, "language") or None,
    )
    s.start_call(call, event)
    call._announced = True
    s.emit("call.started", (call,), event=event, agent=agent, call=call)
    call._begin_history(agent.config.history)
    return call


def _text(said: dict[str, Any], key: str) -> str:
    value = said.get(key)
    return value if isinstance(value, str) else ""
