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
    """``llm.chat.started``: a chat begins. Handlers of its agent get it as ``chat.started``.

    agent_id: owning agent: plain id, `org:slug` or slug form; sometimes absent
    call_id: the chat's id, to the owner of the agent; absent to the requester
    session_id: the same id, to the requester (the sender of ``llm.chat``); such a frame reaches
        ``on("*", …)`` only
    metadata: sealed in the chat token, or the requester's
    language: sealed lang
    model: to the requester
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
    """``llm.chat.error``: to the owner of the agent, the chat is over (``call.ended`` with reason
    ``chat_error``, and ``error`` with the text); to the requester, this message was not answered.

    agent_id: owning agent: plain id, `org:slug` or slug form; sometimes absent
    call_id: the chat's id, to the owner
    session_id: the same id, to the requester
    error: text
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
    """``llm.chat.token``: a piece of the answer to ``pc.chat()``, as it is made.

    Only the requester gets it. ``chat.token`` is read alike, and so are ``chat.done``,
    ``chat.error``, ``chat.tool_call`` and ``chat.tool_result``.

    session_id: the requester's session
    token: the piece
    text: all of it so far
    """

    EVENT: ClassVar[str] = "llm.chat.token"
    agent_id: str | None = None
    call_id: str | None = None
    session_id: str | None = None
    token: str | None = None
    text: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class LlmChatDone(Event):
    """``llm.chat.done``: the answer to ``pc.chat()`` is complete. Only the requester gets it.

    session_id: the requester's session
    text: the whole answer; empty: the tokens are
    model: the model that gave it
    """

    EVENT: ClassVar[str] = "llm.chat.done"
    agent_id: str | None = None
    call_id: str | None = None
    session_id: str | None = None
    text: str | None = None
    model: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class LlmChatToolCall(Event):
    """``llm.chat.tool_call``: the agent uses tools for the answer to ``pc.chat()``. Only the
    requester gets it, to show; the agent's owner runs them.

    session_id: the requester's session
    tool_calls: [{name, arguments}]
    """

    EVENT: ClassVar[str] = "llm.chat.tool_call"
    agent_id: str | None = None
    call_id: str | None = None
    session_id: str | None = None
    tool_calls: list[dict[str, Any]] = field(factory=list)


@frozen(kw_only=True, eq=False, repr=False)
class LlmChatToolResult(Event):
    """``llm.chat.tool_result``: what such a tool gave. Only the requester gets it.

    session_id: the requester's session
    result: the result as text
    text: where ``result`` is absent, this is it
    """

    EVENT: ClassVar[str] = "llm.chat.tool_result"
    agent_id: str | None = None
    call_id: str | None = None
    session_id: str | None = None
    result: str | None = None
    text: str | None = None
