"""The server's model: tools, skills, memory."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import field, frozen

from ._base import Event

__all__ = [
    "DocsSources",
    "LlmBefore",
    "LlmError",
    "LlmPreparingTimeout",
    "LlmResponse",
    "LlmThinking",
    "LlmToolCall",
    "LlmToolResult",
    "MemoryOps",
    "SkillLoaded",
    "SkillUnloaded",
]


@frozen(kw_only=True, eq=False, repr=False)
class LlmBefore(Event):
    """``llm.before``.

    agent_id: agent addressed
    call_id: call / session id
    turn: generation counter; echoed in llm.ready
    """

    EVENT: ClassVar[str] = "llm.before"
    agent_id: str = ""
    call_id: str = ""
    turn: int | None = None


@frozen(kw_only=True, eq=False, repr=False)
class LlmPreparingTimeout(Event):
    """``llm.preparing_timeout``.

    agent_id: agent addressed
    call_id: call / session id
    turn: default 0
    waited_ms: ms
    budget_ms: ms
    """

    EVENT: ClassVar[str] = "llm.preparing_timeout"
    agent_id: str = ""
    call_id: str = ""
    turn: int | None = None
    waited_ms: float | None = None
    budget_ms: float | None = None


@frozen(kw_only=True, eq=False, repr=False)
class LlmToolCall(Event):
    """``llm.tool_call``.

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    call_id: call / session id
    msg_id: round id; `message_id` accepted; dedupe key
    message_id: fallback for msg_id
    tool_calls: [{id, name, arguments}] or OpenAI form [{id, function:{name, arguments}}];
        arguments is a JSON string, default {}; absent on a re-emission
    metadata: read when a chat call is created lazily
    language: same
    """

    EVENT: ClassVar[str] = "llm.tool_call"
    agent_id: str | None = None
    call_id: str = ""
    msg_id: str | None = None
    message_id: str | None = None
    tool_calls: list[dict[str, Any]] = field(factory=list)
    metadata: dict[str, Any] = field(factory=dict)
    language: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class LlmToolResult(Event):
    """``llm.tool_result`` (documented by the platform, not seen on the wire).

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    call_id: call / session id
    msg_id: round
    results: [{tool_call_id, result}]
    """

    EVENT: ClassVar[str] = "llm.tool_result"
    agent_id: str | None = None
    call_id: str = ""
    msg_id: str | None = None
    results: list[dict[str, Any]] = field(factory=list)


@frozen(kw_only=True, eq=False, repr=False)
class LlmThinking(Event):
    """``llm.thinking`` (documented by the platform, not seen on the wire).

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    call_id: call / session id
    """

    EVENT: ClassVar[str] = "llm.thinking"
    agent_id: str | None = None
    call_id: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class LlmResponse(Event):
    """``llm.response`` (documented by the platform, not seen on the wire).

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    call_id: call / session id
    text: may be empty
    finish_reason: provider word
    """

    EVENT: ClassVar[str] = "llm.response"
    agent_id: str | None = None
    call_id: str = ""
    text: str | None = None
    finish_reason: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class LlmError(Event):
    """``llm.error`` (documented by the platform, not seen on the wire).

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    call_id: absent = agent level
    error: text
    """

    EVENT: ClassVar[str] = "llm.error"
    agent_id: str | None = None
    call_id: str | None = None
    error: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class DocsSources(Event):
    """``docs.sources`` (documented by the platform, not seen on the wire).

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    call_id: call / session id
    sources: retrieved chunks
    """

    EVENT: ClassVar[str] = "docs.sources"
    agent_id: str | None = None
    call_id: str = ""
    sources: list[dict[str, Any]] = field(factory=list)


@frozen(kw_only=True, eq=False, repr=False)
class SkillLoaded(Event):
    """``skill.loaded``.

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    call_id: call
    skill: name
    by: manual kept; anything else reads as model
    """

    EVENT: ClassVar[str] = "skill.loaded"
    agent_id: str | None = None
    call_id: str | None = None
    skill: str = ""
    by: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class SkillUnloaded(Event):
    """``skill.unloaded``.

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    call_id: call
    skill: name
    by: as above
    """

    EVENT: ClassVar[str] = "skill.unloaded"
    agent_id: str | None = None
    call_id: str | None = None
    skill: str = ""
    by: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class MemoryOps(Event):
    """``memory.ops``.

    agent_id: agent addressed
    call_id: session_id is the fallback
    session_id: session id; equals call_id on WebRTC frames seen in a capture
    contact: contact key
    turn: turn
    final: end-of-call pass
    ops: add{id,kind,text,confidence,valid_from,evidence?} | update{+supersedes} |
        delete{id,kind?,text?,reason?}
    memory: {revision, path}
    model: extractor
    latency_ms: ms
    """

    EVENT: ClassVar[str] = "memory.ops"
    agent_id: str = ""
    call_id: str | None = None
    session_id: str | None = None
    contact: str = ""
    turn: int | None = None
    final: bool | None = None
    ops: list[dict[str, Any]] = field(factory=list)
    memory: dict[str, Any] = field(factory=dict)
    model: str | None = None
    latency_ms: float | None = None
