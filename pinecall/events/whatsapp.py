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
    """A WhatsApp session has begun (``whatsapp.session_started``).

    session_id: its id, ``wa-…``
    contact_phone: the contact's number, digits without a plus
    contact_name: the contact's name in WhatsApp
    """

    EVENT: ClassVar[str] = "whatsapp.session_started"
    agent_id: str | None = None
    call_id: str | None = None
    session_id: str = ""
    contact_phone: str | None = None
    contact_name: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class WhatsAppMessage(Event):
    """A contact has written (``whatsapp.message``).

    from_: the contact's number, digits without a plus
    name: the contact's name in WhatsApp
    type: ``text``, ``audio``, ``image``, ``video`` or ``document``
    text: the text, or the transcript of a voice message
    message_id: WhatsApp's id
    paused: whether the model leaves the answer to a person
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
    """A contact was written to (``whatsapp.response``).

    to: the contact's number, digits without a plus
    text: the text
    source: ``human`` where a person wrote it
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
    """What has become of a message to a contact (``whatsapp.status``).

    status: ``sent``, ``delivered`` or ``read``
    recipient: the contact's number, digits without a plus
    message_id: WhatsApp's id
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
    """A WhatsApp session is over (``whatsapp.session_ended``).

    contact_phone: the contact's number, digits without a plus
    contact_name: the contact's name in WhatsApp
    reason: ``window_expired`` or ``idle_timeout``
    started_at, ended_at: epoch seconds
    duration: seconds
    message_count: how many messages there were
    transcript: what was written, ``[{role, content}]``
    messages: the model's whole history, ``[{role, content}]``; may be empty
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
