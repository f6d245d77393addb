"""Chat sessions, from the agent's side and the requester's."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import field, frozen

from ._base import Event

__all__ = [
    "ChatMessage",
    "ChatResponse",
    "LlmChatChunk",
    "LlmChatDone",
    "LlmChatEnded",
    "LlmChatError",
    "LlmChatStarted",
    "LlmChatToken",
    "LlmChatToolCall",
    "LlmChatToolResult",
]


@frozen(kw_only=True, eq=False, repr=False)
class LlmChatStarted(Event):
    """``llm.chat.started``.

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    call_id: chat session id (agent side)
    session_id: same id (requester side)
    metadata: sealed in the chat token
    language: sealed lang
    model: requester side
    """

    EVENT: ClassVar[str] = "llm.chat.started"
    agent_id: str | None = None
    call_id: str | None = None
    session_id: str | None = None
    metadata: dict[str, Any] = field(factory=dict)
    language: str | None = None
    model: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class LlmChatChunk(Event):
    """``llm.chat.chunk``.

    agent_id: agent addressed
    call_id: call / session id
    message_id: default empty
    token: delta
    text: used when token is absent
    metadata: lazy creation
    language: lazy creation
    """

    EVENT: ClassVar[str] = "llm.chat.chunk"
    agent_id: str = ""
    call_id: str = ""
    message_id: str | None = None
    token: str | None = None
    text: str | None = None
    metadata: dict[str, Any] = field(factory=dict)
    language: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class LlmChatEnded(Event):
    """``llm.chat.ended``.

    agent_id: agent addressed
    call_id: call / session id
    messages: final history
    duration_seconds: seconds
    started_at: epoch s
    ended_at: epoch s
    """

    EVENT: ClassVar[str] = "llm.chat.ended"
    agent_id: str = ""
    call_id: str = ""
    messages: list[dict[str, Any]] = field(factory=list)
    duration_seconds: float | None = None
    started_at: float | None = None
    ended_at: float | None = None


@frozen(kw_only=True, eq=False, repr=False)
class LlmChatError(Event):
    """``llm.chat.error``.

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    call_id: agent side
    session_id: requester side
    error: text; dropped on the agent side
    """

    EVENT: ClassVar[str] = "llm.chat.error"
    agent_id: str | None = None
    call_id: str | None = None
    session_id: str | None = None
    error: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class ChatMessage(Event):
    """``chat.message``.

    agent_id: agent addressed
    call_id: call / session id
    text: visitor's text
    message_id: usually empty
    """

    EVENT: ClassVar[str] = "chat.message"
    agent_id: str = ""
    call_id: str = ""
    text: str = ""
    message_id: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class ChatResponse(Event):
    """``chat.response``.

    agent_id: agent addressed
    call_id: call / session id
    text: agent's text
    """

    EVENT: ClassVar[str] = "chat.response"
    agent_id: str = ""
    call_id: str = ""
    text: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class LlmChatToken(Event):
    """``llm.chat.token`` (to the sender of ``llm.chat`` only).

    session_id: requester's session
    token: delta
    text: text so far
    """

    EVENT: ClassVar[str] = "llm.chat.token"
    agent_id: str | None = None
    call_id: str | None = None
    session_id: str | None = None
    token: str | None = None
    text: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class LlmChatDone(Event):
    """``llm.chat.done`` (to the sender of ``llm.chat`` only).

    session_id: requester's session
    text: whole reply; empty means use the tokens
    model: model
    """

    EVENT: ClassVar[str] = "llm.chat.done"
    agent_id: str | None = None
    call_id: str | None = None
    session_id: str | None = None
    text: str | None = None
    model: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class LlmChatToolCall(Event):
    """``llm.chat.tool_call`` (to the sender of ``llm.chat`` only).

    session_id: requester's session
    tool_calls: [{name, arguments}] for display; the agent's owner executes
    """

    EVENT: ClassVar[str] = "llm.chat.tool_call"
    agent_id: str | None = None
    call_id: str | None = None
    session_id: str | None = None
    tool_calls: list[dict[str, Any]] = field(factory=list)


@frozen(kw_only=True, eq=False, repr=False)
class LlmChatToolResult(Event):
    """``llm.chat.tool_result`` (to the sender of ``llm.chat`` only).

    session_id: requester's session
    result: result
    text: fallback
    """

    EVENT: ClassVar[str] = "llm.chat.tool_result"
    agent_id: str | None = None
    call_id: str | None = None
    session_id: str | None = None
    result: str | None = None
    text: str | None = None
