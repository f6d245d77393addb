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
    """A chat has begun (``llm.chat.started``). The agent's handlers get ``chat.started``.

    call_id: the chat's id, where this process has the agent
    session_id: the chat's id, where this process asked with ``pc.chat()``; such a frame reaches
        ``on("*", …)`` only
    metadata: from the chat's token, or from ``pc.chat()``
    language: from the chat's token
    model: the model that answers ``pc.chat()``
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
    """A piece of the agent's answer in a chat (``llm.chat.chunk``). Handlers get ``bot.speaking``.

    token: the piece
    text: the piece, where ``token`` is None
    metadata, language: as in ``llm.chat.started``, for a chat whose beginning this process missed
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
    """A chat is over (``llm.chat.ended``). Handlers get ``call.ended``.

    messages: the whole history, ``[{role, content}]``
    duration_seconds: seconds
    started_at, ended_at: epoch seconds
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
    """A chat has failed (``llm.chat.error``).

    Where this process has the agent the chat is over: ``call.ended`` with reason ``chat_error``, and
    ``error`` with the text. Where it asked with ``pc.chat()``, that message was not answered.

    call_id: the chat's id, where this process has the agent
    session_id: the chat's id, where this process asked
    error: text for people
    """

    EVENT: ClassVar[str] = "llm.chat.error"
    agent_id: str | None = None
    call_id: str | None = None
    session_id: str | None = None
    error: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class ChatMessage(Event):
    """What a visitor has written in a chat (``chat.message``). Handlers get ``user.message``.

    text: the text
    message_id: usually empty
    """

    EVENT: ClassVar[str] = "chat.message"
    agent_id: str = ""
    call_id: str = ""
    text: str = ""
    message_id: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class ChatResponse(Event):
    """What the agent has answered in a chat (``chat.response``). Handlers get ``bot.speaking``.

    text: the text
    """

    EVENT: ClassVar[str] = "chat.response"
    agent_id: str = ""
    call_id: str = ""
    text: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class LlmChatToken(Event):
    """A piece of the answer to ``pc.chat()`` (``llm.chat.token``).

    Only the process that asked gets it. ``chat.token`` is read as this one, and likewise ``chat.done``,
    ``chat.error``, ``chat.tool_call`` and ``chat.tool_result``.

    token: the piece
    text: the answer so far
    """

    EVENT: ClassVar[str] = "llm.chat.token"
    agent_id: str | None = None
    call_id: str | None = None
    session_id: str | None = None
    token: str | None = None
    text: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class LlmChatDone(Event):
    """The answer to ``pc.chat()`` is complete (``llm.chat.done``).

    Only the process that asked gets it.

    text: the whole answer; where it is empty, the tokens are the answer
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
    """The agent uses tools to answer ``pc.chat()`` (``llm.chat.tool_call``).

    Only the process that asked gets it, to show it; the tools run where the agent is.

    tool_calls: ``[{name, arguments}]``
    """

    EVENT: ClassVar[str] = "llm.chat.tool_call"
    agent_id: str | None = None
    call_id: str | None = None
    session_id: str | None = None
    tool_calls: list[dict[str, Any]] = field(factory=list)


@frozen(kw_only=True, eq=False, repr=False)
class LlmChatToolResult(Event):
    """The result of a tool used to answer ``pc.chat()`` (``llm.chat.tool_result``).

    Only the process that asked gets it.

    result: the result as text
    text: the result, where ``result`` is None
    """

    EVENT: ClassVar[str] = "llm.chat.tool_result"
    agent_id: str | None = None
    call_id: str | None = None
    session_id: str | None = None
    result: str | None = None
    text: str | None = None
