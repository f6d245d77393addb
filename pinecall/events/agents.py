"""Events of an agent and its channels."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from ._base import Event

__all__ = [
    "AgentConfigured",
    "AgentCreated",
    "AgentDisplaced",
    "AgentResumed",
    "ChannelAdded",
    "ChannelConfigured",
    "ChannelRemoved",
    "ConfigUpdated",
    "CreditsExhausted",
    "CreditsRejected",
    "PhoneAdded",
    "PhoneRemoved",
    "SessionConfigUpdated",
]


@frozen(kw_only=True, eq=False, repr=False)
class AgentCreated(Event):
    """``agent.created``.

    agent_id: agent addressed
    """

    EVENT: ClassVar[str] = "agent.created"
    agent_id: str = ""
    call_id: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class AgentResumed(Event):
    """``agent.resumed``.

    agent_id: agent addressed
    """

    EVENT: ClassVar[str] = "agent.resumed"
    agent_id: str = ""
    call_id: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class AgentConfigured(Event):
    """``agent.configured``.

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    """

    EVENT: ClassVar[str] = "agent.configured"
    agent_id: str | None = None
    call_id: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class AgentDisplaced(Event):
    """``agent.displaced``.

    agent_id: agent addressed
    reason: why
    """

    EVENT: ClassVar[str] = "agent.displaced"
    agent_id: str = ""
    call_id: str | None = None
    reason: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class ChannelAdded(Event):
    """``channel.added``.

    agent_id: agent addressed
    type: phone | webrtc | chat | whatsapp | mic
    ref: number, SIP URI or WhatsApp phone-number id
    """

    EVENT: ClassVar[str] = "channel.added"
    agent_id: str = ""
    call_id: str | None = None
    type: str = ""
    ref: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class ChannelConfigured(Event):
    """``channel.configured``.

    agent_id: agent addressed
    ref: channel
    """

    EVENT: ClassVar[str] = "channel.configured"
    agent_id: str = ""
    call_id: str | None = None
    ref: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class ChannelRemoved(Event):
    """``channel.removed``.

    agent_id: agent addressed
    ref: channel
    """

    EVENT: ClassVar[str] = "channel.removed"
    agent_id: str = ""
    call_id: str | None = None
    ref: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class ConfigUpdated(Event):
    """``config_updated``.

    phone: legacy v1
    """

    EVENT: ClassVar[str] = "config_updated"
    agent_id: str | None = None
    call_id: str | None = None
    phone: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class SessionConfigUpdated(Event):
    """``session_config_updated``.

    session_id: legacy v1
    success: legacy v1
    """

    EVENT: ClassVar[str] = "session_config_updated"
    agent_id: str | None = None
    call_id: str | None = None
    session_id: str | None = None
    success: bool | None = None


@frozen(kw_only=True, eq=False, repr=False)
class PhoneAdded(Event):
    """``phone_added``.

    phone: legacy v1
    """

    EVENT: ClassVar[str] = "phone_added"
    agent_id: str | None = None
    call_id: str | None = None
    phone: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class PhoneRemoved(Event):
    """``phone_removed``.

    phone: legacy v1
    """

    EVENT: ClassVar[str] = "phone_removed"
    agent_id: str | None = None
    call_id: str | None = None
    phone: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class CreditsRejected(Event):
    """``credits.rejected`` (documented by the platform, not seen on the wire).

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    call_id: refused call
    """

    EVENT: ClassVar[str] = "credits.rejected"
    agent_id: str | None = None
    call_id: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class CreditsExhausted(Event):
    """``credits.exhausted`` (documented by the platform, not seen on the wire).

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    call_id: call / session id
    """

    EVENT: ClassVar[str] = "credits.exhausted"
    agent_id: str | None = None
    call_id: str = ""
