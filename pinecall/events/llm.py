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
    """The model is about to be asked (``llm.before``). Handlers get ``call.preparing``.

    turn: number of the generation on this call
    """

    EVENT: ClassVar[str] = "llm.before"
    agent_id: str = ""
    call_id: str = ""
    turn: int | None = None


@frozen(kw_only=True, eq=False, repr=False)
class LlmPreparingTimeout(Event):
    """The ``call.preparing`` handlers took too long (``llm.preparing_timeout``).

    turn: number of the generation on this call
    waited_ms: how long the server has waited, in milliseconds
    budget_ms: how long it may wait, in milliseconds
    """

    EVENT: ClassVar[str] = "llm.preparing_timeout"
    agent_id: str = ""
    call_id: str = ""
    turn: int | None = None
    waited_ms: float | None = None
    budget_ms: float | None = None


@frozen(kw_only=True, eq=False, repr=False)
class LlmToolCall(Event):
    """The model calls tools (``llm.tool_call``).

    msg_id: id of the round; a second frame with the same id is a repetition
    message_id: id of the round, where ``msg_id`` is None
    tool_calls: ``[{id, name, arguments}]`` or ``[{id, function: {name, arguments}}]``; the arguments
        are JSON text
    metadata, language: as in ``llm.chat.started``, for a chat whose beginning this process missed
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
    """The results of a round of tools (``llm.tool_result``).

    Documented by the platform, not seen on the wire.

    msg_id: id of the round
    results: ``[{tool_call_id, result}]``
    """

    EVENT: ClassVar[str] = "llm.tool_result"
    agent_id: str | None = None
    call_id: str = ""
    msg_id: str | None = None
    results: list[dict[str, Any]] = field(factory=list)


@frozen(kw_only=True, eq=False, repr=False)
class LlmThinking(Event):
    """The model is at work (``llm.thinking``).

    Documented by the platform, not seen on the wire.
    """

    EVENT: ClassVar[str] = "llm.thinking"
    agent_id: str | None = None
    call_id: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class LlmResponse(Event):
    """The model has answered (``llm.response``).

    Documented by the platform, not seen on the wire.

    text: the answer; may be empty
    finish_reason: why it ended, in the provider's word, such as ``stop``
    """

    EVENT: ClassVar[str] = "llm.response"
    agent_id: str | None = None
    call_id: str = ""
    text: str | None = None
    finish_reason: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class LlmError(Event):
    """The model has failed (``llm.error``).

    Documented by the platform, not seen on the wire. ``call_id`` is None where the agent as a whole is
    concerned.

    error: text for people
    """

    EVENT: ClassVar[str] = "llm.error"
    agent_id: str | None = None
    call_id: str | None = None
    error: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class DocsSources(Event):
    """The passages of a knowledge base that the model was given (``docs.sources``).

    Documented by the platform, not seen on the wire.

    sources: ``[{title, heading, score}]``
    """

    EVENT: ClassVar[str] = "docs.sources"
    agent_id: str | None = None
    call_id: str = ""
    sources: list[dict[str, Any]] = field(factory=list)


@frozen(kw_only=True, eq=False, repr=False)
class SkillLoaded(Event):
    """A skill is in use from the next generation on (``skill.loaded``).

    skill: its name
    by: ``manual`` (``load_skill``) or ``model``
    """

    EVENT: ClassVar[str] = "skill.loaded"
    agent_id: str | None = None
    call_id: str | None = None
    skill: str = ""
    by: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class SkillUnloaded(Event):
    """A skill is no longer in use (``skill.unloaded``).

    skill: its name
    by: ``manual`` (``unload_skill``) or ``model``
    """

    EVENT: ClassVar[str] = "skill.unloaded"
    agent_id: str | None = None
    call_id: str | None = None
    skill: str = ""
    by: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class MemoryOps(Event):
    """What the platform remembers of a contact has changed (``memory.ops``).

    It may arrive after the end of the call; ``call_id`` may be None.

    contact: the contact's key, such as a phone number
    turn: number of the turn it comes from
    final: whether it comes from the end of the call
    ops: ``[{op: "add", id, kind, text, confidence, valid_from}]``; an ``update`` has ``supersedes`` too,
        a ``delete`` has ``id`` and may have ``kind``, ``text`` and ``reason``
    memory: ``{revision, path}``
    model: the model that extracted it
    latency_ms: how long that took, in milliseconds
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
