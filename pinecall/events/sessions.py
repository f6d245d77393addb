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
    """The answer to ``get_history`` (``history.data``).

    call_id: id of the call, chat or WhatsApp session
    request_id: as in the request; older servers leave it out
    messages: the model's history, ``[{role, content}]``
    error: why the request was refused
    """

    EVENT: ClassVar[str] = "history.data"
    agent_id: str | None = None
    call_id: str = ""
    request_id: str | None = None
    messages: list[dict[str, Any]] = field(factory=list)
    error: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class HistoryUpdated(Event):
    """The answer to a request that changes the history or the prompt (``history.updated``).

    call_id: id of the call, chat or WhatsApp session
    request_id: as in the request; older servers leave it out
    count: how many messages there are now
    error: why the request was refused
    """

    EVENT: ClassVar[str] = "history.updated"
    agent_id: str | None = None
    call_id: str = ""
    request_id: str | None = None
    count: int | None = None
    error: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class SessionConfigured(Event):
    """A live call has a new configuration (``session.configured``).

    session_id: the call's id
    """

    EVENT: ClassVar[str] = "session.configured"
    agent_id: str | None = None
    call_id: str | None = None
    session_id: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class SessionIdleWarning(Event):
    """The caller has been silent, and the call will end (``session.idle_warning``).

    remaining_seconds: seconds left
    idle_timeout_seconds: seconds of silence that are allowed
    """

    EVENT: ClassVar[str] = "session.idle_warning"
    agent_id: str = ""
    call_id: str = ""
    remaining_seconds: float | None = None
    idle_timeout_seconds: float | None = None


@frozen(kw_only=True, eq=False, repr=False)
class SessionTimeout(Event):
    """A limit of the call is reached; ``call.ended`` follows (``session.timeout``).

    reason: ``max_duration`` or ``idle_timeout``
    """

    EVENT: ClassVar[str] = "session.timeout"
    agent_id: str = ""
    call_id: str = ""
    session_id: str | None = None
    reason: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class SessionPaused(Event):
    """The model no longer answers; a person does (``session.paused``).

    Without ``session_id`` and ``contact`` the whole agent is concerned.

    session_id: the one session that is concerned
    contact: the contact whose sessions are concerned
    """

    EVENT: ClassVar[str] = "session.paused"
    agent_id: str = ""
    call_id: str | None = None
    session_id: str | None = None
    contact: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class SessionResumed(Event):
    """The model answers again (``session.resumed``).

    Without ``session_id`` and ``contact`` the whole agent is concerned.

    session_id: the one session that is concerned
    contact: the contact whose sessions are concerned
    """

    EVENT: ClassVar[str] = "session.resumed"
    agent_id: str = ""
    call_id: str | None = None
    session_id: str | None = None
    contact: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class SessionSent(Event):
    """A message that a person wrote was sent (``session.sent``).

    session_id: id of the WhatsApp session
    """

    EVENT: ClassVar[str] = "session.sent"
    agent_id: str | None = None
    call_id: str | None = None
    session_id: str | None = None
