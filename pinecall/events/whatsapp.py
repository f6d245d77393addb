"""WhatsApp sessions."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import field, frozen

from ._base import Event

__all__ = [
    "WhatsAppMessage",
    "WhatsAppResponse",
    "WhatsAppSessionEnded",
    "WhatsAppSessionStarted",
    "WhatsAppStatus",
]


@frozen(kw_only=True, eq=False, repr=False)
class WhatsAppSessionStarted(Event):
    """``whatsapp.session_started``.

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    session_id: wa- + hex
    contact_phone: digits, no plus
    contact_name: profile name
    """

    EVENT: ClassVar[str] = "whatsapp.session_started"
    agent_id: str | None = None
    call_id: str | None = None
    session_id: str = ""
    contact_phone: str | None = None
    contact_name: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class WhatsAppMessage(Event):
    """``whatsapp.message``.

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    session_id: session
    from_: contact
    name: profile name
    type: text | audio | image | video | document
    text: text or voice-note transcript
    message_id: Meta id
    paused: true = no AI reply
    """

    EVENT: ClassVar[str] = "whatsapp.message"
    agent_id: str | None = None
    call_id: str | None = None
    session_id: str = ""
    from_: str = ""
    name: str | None = None
    type: str | None = None
    text: str | None = None
    message_id: str | None = None
    paused: bool | None = None


@frozen(kw_only=True, eq=False, repr=False)
class WhatsAppResponse(Event):
    """``whatsapp.response``.

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    session_id: session
    to: contact
    text: text
    source: human when an operator wrote it
    """

    EVENT: ClassVar[str] = "whatsapp.response"
    agent_id: str | None = None
    call_id: str | None = None
    session_id: str = ""
    to: str | None = None
    text: str | None = None
    source: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class WhatsAppStatus(Event):
    """``whatsapp.status``.

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    session_id: session
    status: sent | delivered | read
    recipient: contact
    message_id: Meta id
    """

    EVENT: ClassVar[str] = "whatsapp.status"
    agent_id: str | None = None
    call_id: str | None = None
    session_id: str | None = None
    status: str = ""
    recipient: str | None = None
    message_id: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class WhatsAppSessionEnded(Event):
    """``whatsapp.session_ended``.

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    session_id: session
    contact_phone: contact
    contact_name: name
    reason: window_expired | idle_timeout
    started_at: epoch s
    ended_at: epoch s
    duration: seconds
    message_count: messages
    transcript: [{role, content}]
    messages: full history; preferred over the local copy when non-empty
    """

    EVENT: ClassVar[str] = "whatsapp.session_ended"
    agent_id: str | None = None
    call_id: str | None = None
    session_id: str = ""
    contact_phone: str | None = None
    contact_name: str | None = None
    reason: str | None = None
    started_at: float | None = None
    ended_at: float | None = None
    duration: float | None = None
    message_count: int | None = None
    transcript: list[dict[str, Any]] = field(factory=list)
    messages: list[dict[str, Any]] = field(factory=list)
