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
    """The agent is registered (``agent.created``). It may arrive more than once."""

    EVENT: ClassVar[str] = "agent.created"
    agent_id: str = ""
    call_id: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class AgentResumed(Event):
    """The agent is registered again, after a reconnect (``agent.resumed``)."""

    EVENT: ClassVar[str] = "agent.resumed"
    agent_id: str = ""
    call_id: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class AgentConfigured(Event):
    """The server has taken over an agent's new configuration (``agent.configured``)."""

    EVENT: ClassVar[str] = "agent.configured"
    agent_id: str | None = None
    call_id: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class AgentDisplaced(Event):
    """Another connection has taken over the agent's name (``agent.displaced``).

    reason: why, such as ``replaced_by_new_connection``
    """

    EVENT: ClassVar[str] = "agent.displaced"
    agent_id: str = ""
    call_id: str | None = None
    reason: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class ChannelAdded(Event):
    """A channel of the agent is open (``channel.added``).

    type: ``phone``, ``webrtc``, ``chat``, ``whatsapp`` or ``mic``
    ref: a number, a ``sip:`` URI or WhatsApp's phone-number id; other types have none
    """

    EVENT: ClassVar[str] = "channel.added"
    agent_id: str = ""
    call_id: str | None = None
    type: str = ""
    ref: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class ChannelConfigured(Event):
    """A channel has a new configuration (``channel.configured``).

    ref: the channel's ref, or its type where it has none
    """

    EVENT: ClassVar[str] = "channel.configured"
    agent_id: str = ""
    call_id: str | None = None
    ref: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class ChannelRemoved(Event):
    """A channel is closed (``channel.removed``).

    ref: the channel's ref, or its type where it has none
    """

    EVENT: ClassVar[str] = "channel.removed"
    agent_id: str = ""
    call_id: str | None = None
    ref: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class ConfigUpdated(Event):
    """An answer of protocol version 1 (``config_updated``).

    phone: the number it concerns
    """

    EVENT: ClassVar[str] = "config_updated"
    agent_id: str | None = None
    call_id: str | None = None
    phone: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class SessionConfigUpdated(Event):
    """An answer of protocol version 1 (``session_config_updated``).

    success: whether the configuration was accepted
    """

    EVENT: ClassVar[str] = "session_config_updated"
    agent_id: str | None = None
    call_id: str | None = None
    session_id: str | None = None
    success: bool | None = None


@frozen(kw_only=True, eq=False, repr=False)
class PhoneAdded(Event):
    """An answer of protocol version 1 (``phone_added``).

    phone: the number it concerns
    """

    EVENT: ClassVar[str] = "phone_added"
    agent_id: str | None = None
    call_id: str | None = None
    phone: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class PhoneRemoved(Event):
    """An answer of protocol version 1 (``phone_removed``).

    phone: the number it concerns
    """

    EVENT: ClassVar[str] = "phone_removed"
    agent_id: str | None = None
    call_id: str | None = None
    phone: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class CreditsRejected(Event):
    """A call was refused for lack of credit (``credits.rejected``).

    Documented by the platform, not seen on the wire. ``call_id`` is the refused call's.
    """

    EVENT: ClassVar[str] = "credits.rejected"
    agent_id: str | None = None
    call_id: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class CreditsExhausted(Event):
    """The credit has run out, and the server ends the call soon (``credits.exhausted``).

    Documented by the platform, not seen on the wire.
    """

    EVENT: ClassVar[str] = "credits.exhausted"
    agent_id: str | None = None
    call_id: str = ""
