"""Events of the connection itself."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from ._base import Event

__all__ = [
    "Authenticated",
    "Connected",
    "ErrorFrame",
    "Ping",
    "Pong",
    "Registered",
]


@frozen(kw_only=True, eq=False, repr=False)
class Connected(Event):
    """The server has accepted the key (``connected``).

    org_id: id of the key's organisation
    connection_id: the server's id of this connection
    protocol_version: such as ``2``
    """

    EVENT: ClassVar[str] = "connected"
    org_id: str | None = None
    connection_id: str | None = None
    protocol_version: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class Authenticated(Event):
    """An acknowledgement that changes nothing (``authenticated``)."""

    EVENT: ClassVar[str] = "authenticated"


@frozen(kw_only=True, eq=False, repr=False)
class Ping(Event):
    """The server asks whether the client is there; it is answered at once (``ping``)."""

    EVENT: ClassVar[str] = "ping"


@frozen(kw_only=True, eq=False, repr=False)
class Pong(Event):
    """The answer to the client's ``ping`` (``pong``).

    timestamp: the server's clock, epoch seconds
    """

    EVENT: ClassVar[str] = "pong"
    timestamp: float | None = None


@frozen(kw_only=True, eq=False, repr=False)
class ErrorFrame(Event):
    """An error that the server reports (``error``). Handlers get a ``PinecallError`` instead.

    agent_id: the agent it concerns, where the server says so
    error: text for people
    message: the text, where ``error`` is None
    code: such as ``AGENT_CONFLICT``, ``PHONE_IN_USE`` or ``SERVER_AT_CAPACITY``
    phone: the number that is taken (``PHONE_IN_USE``)
    owner: the agent that has the number (``PHONE_IN_USE``)
    retry_after_s: seconds to wait before registering again (conflicts)
    holder_alive: whether the process that has the name is alive (conflicts)
    used, limit: connections that there are, and that there may be (``SERVER_AT_CAPACITY``)
    """

    EVENT: ClassVar[str] = "error"
    agent_id: str | None = None
    error: str | None = None
    message: str | None = None
    code: str | None = None
    phone: str | None = None
    owner: str | None = None
    retry_after_s: float | None = None
    holder_alive: bool | None = None
    used: int | None = None
    limit: int | None = None


@frozen(kw_only=True, eq=False, repr=False)
class Registered(Event):
    """An answer of protocol version 1 (``registered``).

    app_id, organization_id, protocol_version: as the server sends them
    """

    EVENT: ClassVar[str] = "registered"
    app_id: str | None = None
    organization_id: str | None = None
    protocol_version: str | None = None
