"""History answers, session limits, people in the loop."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import field, frozen

from ._base import Event

__all__ = [
    "HistoryData",
    "HistoryUpdated",
    "SessionConfigured",
    "SessionIdleWarning",
    "SessionPaused",
    "SessionResumed",
    "SessionSent",
    "SessionTimeout",
]


@frozen(kw_only=True, eq=False, repr=False)
class HistoryData(Event):
    """``history.data``.

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    call_id: call, chat session or wa- session
    request_id: echo; absent on old servers
    messages: LLM history
    error: rejection
    """

    EVENT: ClassVar[str] = "history.data"
    agent_id: str | None = None
    call_id: str = ""
    request_id: str | None = None
    messages: list[dict[str, Any]] = field(factory=list)
    error: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class HistoryUpdated(Event):
    """``history.updated``.

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    call_id: as above
    request_id: echo; absent on old servers
    count: messages after the change; default 0
    error: rejection
    """

    EVENT: ClassVar[str] = "history.updated"
    agent_id: str | None = None
    call_id: str = ""
    request_id: str | None = None
    count: int | None = None
    error: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class SessionConfigured(Event):
    """``session.configured``.

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    session_id: call
    """

    EVENT: ClassVar[str] = "session.configured"
    agent_id: str | None = None
    call_id: str | None = None
    session_id: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class SessionIdleWarning(Event):
    """``session.idle_warning``.

    agent_id: agent addressed
    call_id: call / session id
    remaining_seconds: seconds left
    idle_timeout_seconds: configured value
    """

    EVENT: ClassVar[str] = "session.idle_warning"
    agent_id: str = ""
    call_id: str = ""
    remaining_seconds: float | None = None
    idle_timeout_seconds: float | None = None


@frozen(kw_only=True, eq=False, repr=False)
class SessionTimeout(Event):
    """``session.timeout``.

    agent_id: agent addressed
    call_id: call / session id
    session_id: session id; equals call_id on WebRTC frames seen in a capture
    reason: max_duration | idle_timeout
    """

    EVENT: ClassVar[str] = "session.timeout"
    agent_id: str = ""
    call_id: str = ""
    session_id: str | None = None
    reason: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class SessionPaused(Event):
    """``session.paused``.

    agent_id: agent addressed
    session_id: one session
    contact: every session of a contact
    """

    EVENT: ClassVar[str] = "session.paused"
    agent_id: str = ""
    call_id: str | None = None
    session_id: str | None = None
    contact: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class SessionResumed(Event):
    """``session.resumed``.

    agent_id: agent addressed
    session_id: one session
    contact: contact
    """

    EVENT: ClassVar[str] = "session.resumed"
    agent_id: str = ""
    call_id: str | None = None
    session_id: str | None = None
    contact: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class SessionSent(Event):
    """``session.sent``.

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    session_id: session
    """

    EVENT: ClassVar[str] = "session.sent"
    agent_id: str | None = None
    call_id: str | None = None
    session_id: str | None = None
