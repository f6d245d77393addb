"""Chat sessions: calls without a voice; and the answers to this client's own messages to agents.

A frame to the owner of the agent names the session in ``call_id``, one to the requester in
``session_id``. One process may be both, on one socket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import PinecallError
from ...events import (
    BotSpeaking,
    ChatMessage,
    ChatResponse,
    LlmChatChunk,
    LlmChatDone,
    LlmChatEnded,
    LlmChatError,
    LlmChatStarted,
    LlmChatToken,
    LlmChatToolCall,
    LlmChatToolResult,
    UserMessage,
)
from ...events._base import set_raw
from ..agents.agent import AgentBase
from ..kernel.inbox import size_of
from .base import effect, pass_on

if TYPE_CHECKING:
    from ..calls.call import CallBase
    from ..lifecycle import Lifecycle


def start_chat(s: Lifecycle, agent: AgentBase, call_id: str, event: Any) -> CallBase:
    call = s.makers.make_call(
        s,
        agent,
        call_id,
        from_="chat",
        to=agent.id,
        transport="chat",
        metadata=dict(getattr(event, "metadata", None) or {}),
        language=getattr(event, "language", None),
    )
    s.start_call(call, event)
    call._announced = True
    s.emit("chat.started", (call,), event=event, agent=agent, call=call)
    call._begin_history(agent.config.history)
    return call


@effect(LlmChatStarted)
def chat_started(s: Lifecycle, event: LlmChatStarted, agent: Any, call: CallBase | None) -> None:
    call_id = event.call_id
    if not call_id:
        s.chats.started(event.session_id, event.model)
        _to_requester(s, event, agent, call)
    elif call is not None:
        # Servers repeat it, and it may come after later events.
        call.metadata = call.metadata or dict(event.metadata)
        call.language = call.language or event.language
    elif not isinstance(agent, AgentBase):
        pass_on(s, event, agent, call)
    elif s.registry.ended_owner(call_id) is not None:
        s.drop(event, f"chat {call_id} is over")
    else:
        start_chat(s, agent, call_id, event)


@effect(LlmChatChunk)
def chat_chunk(s: Lifecycle, event: LlmChatChunk, agent: Any, call: CallBase | None) -> None:
    if call is None:
        pass_on(s, event, agent, call)
        return
    text = event.token if event.token is not None else event.text or ""
    if call._bot_message_id != event.message_id:
        call._bot_begins(event.message_id)
    # Tokens include their spaces.
    call._bot_glued = True
    call._bot_says(text)
    _speaking(s, event, text, call, message_id=event.message_id or "")


@effect(ChatMessage)
def chat_message(s: Lifecycle, event: ChatMessage, agent: Any, call: CallBase | None) -> None:
    if call is None:
        pass_on(s, event, agent, call)
        return
    message_id = event.message_id or ""
    message = UserMessage(
        agent_id=call.agent.id,
        call_id=call.id,
        message_id=message_id,
        text=event.text,
        confidence=1.0,
        turn_id=0,
    )
    set_raw(message, event.raw)
    if message_id:
        call.last_message_id = message_id
    if call._conversation.remember("user", event.text, message_id):
        s.emit(
            "user.message",
            (message, call),
            event=message,
            agent=agent,
            call=call,
            answers=message_id or None,
        )


@effect(ChatResponse)
def chat_response(s: Lifecycle, event: ChatResponse, agent: Any, call: CallBase | None) -> None:
    if call is None:
        pass_on(s, event, agent, call)
        return
    call._conversation.remember("assistant", event.text)
    streamed = call.current_bot_text
    call._bot_begins(None)
    # If it was streamed, the whole text is not new.
    if streamed.strip() != event.text.strip():
        _speaking(s, event, event.text, call)


def _speaking(s: Lifecycle, event: Any, text: str, call: CallBase, message_id: str = "") -> None:
    speaking = BotSpeaking(
        agent_id=call.agent.id, call_id=call.id, message_id=message_id, text=text
    )
    set_raw(speaking, event.raw)
    s.emit("bot.speaking", (speaking, call), event=speaking, agent=call.agent, call=call)


@effect(LlmChatEnded)
def chat_ended(s: Lifecycle, event: LlmChatEnded, agent: Any, call: CallBase | None) -> None:
    if call is None:
        pass_on(s, event, agent, call)
        return
    call.duration = event.duration_seconds or 0.0
    call.started_at = event.started_at or call.started_at
    call.ended_at = event.ended_at or 0.0
    if event.messages:
        call._conversation.told(event.messages)
    s.end_call(call, "chat_completed", event)


@effect(LlmChatError)
def chat_error(s: Lifecycle, event: LlmChatError, agent: Any, call: CallBase | None) -> None:
    if not event.call_id:
        s.chats.failed(event, event.session_id, event.error or "no reason given")
        _to_requester(s, event, agent, call)
        return
    if call is None:
        pass_on(s, event, agent, call)
        return
    text = s.clean(event.error or "no reason given")
    error = PinecallError(
        f"chat {call.id} of agent {call.agent.id!r} failed: {text}",
        "CHAT_ERROR",
        agent_id=call.agent.id,
        call_id=call.id,
    )
    s.report(error, agent=call.agent, call=call)
    s.end_call(call, "chat_error", event)


# -- the requester's side -----------------------------------------------------------------------


def _to_requester(s: Lifecycle, event: Any, agent: Any, call: CallBase | None) -> None:
    """Pass an event on to all its handlers; the agent may belong to another process."""
    args = (event, call)
    s.emit(event.EVENT, args, event=event, agent=agent, call=call)


@effect(LlmChatToken)
def chat_token(s: Lifecycle, event: LlmChatToken, agent: Any, call: CallBase | None) -> None:
    s.chats.token(event.session_id, event.token, event.text)
    _to_requester(s, event, agent, call)


@effect(LlmChatToolCall)
def chat_tool_call(s: Lifecycle, event: LlmChatToolCall, agent: Any, call: CallBase | None) -> None:
    s.chats.used(event.session_id, event.tool_calls, size_of(event))
    _to_requester(s, event, agent, call)


@effect(LlmChatToolResult)
def chat_tool_result(
    s: Lifecycle, event: LlmChatToolResult, agent: Any, call: CallBase | None
) -> None:
    _to_requester(s, event, agent, call)


@effect(LlmChatDone)
def chat_done(s: Lifecycle, event: LlmChatDone, agent: Any, call: CallBase | None) -> None:
    s.chats.done(event.session_id, event.text or "", event.model)
    _to_requester(s, event, agent, call)
