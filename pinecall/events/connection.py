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
    """``connected``.

    org_id: organisation of the key
    connection_id: server id of this socket (read only by the March 2026 ancestor)
    protocol_version: protocol version (read only by the ancestor)
    """

    EVENT: ClassVar[str] = "connected"
    org_id: str | None = None
    connection_id: str | None = None
    protocol_version: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class Authenticated(Event):
    """``authenticated``."""

    EVENT: ClassVar[str] = "authenticated"


@frozen(kw_only=True, eq=False, repr=False)
class Ping(Event):
    """``ping``."""

    EVENT: ClassVar[str] = "ping"


@frozen(kw_only=True, eq=False, repr=False)
class Pong(Event):
    """``pong``.

    timestamp: server clock; unit not stated (epoch seconds assumed)
    """

    EVENT: ClassVar[str] = "pong"
    timestamp: float | None = None


@frozen(kw_only=True, eq=False, repr=False)
class ErrorFrame(Event):
    """``error``.

    agent_id: agent the error is about; absent on auth errors and possible on conflicts
    error: human text; `message` is the fallback key
    message: used when `error` is absent
    code: see the error table; may be absent, then the text is searched for PHONE_IN_USE /
        AGENT_IN_USE and for the prefix `SERVER_AT_CAPACITY:`
    phone: number refused (PHONE_IN_USE)
    owner: agent that holds the number (PHONE_IN_USE; read by the ancestor only)
    retry_after_s: seconds to wait before re-registering (conflicts)
    holder_alive: conflicts: true = a live process owns the name, false = the holder is dead
    used: client slots in use (SERVER_AT_CAPACITY)
    limit: client slot ceiling (SERVER_AT_CAPACITY)
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
    """``registered`` (legacy; declared, never seen).

    app_id: legacy v1
    organization_id: legacy v1
    protocol_version: legacy v1
    """

    EVENT: ClassVar[str] = "registered"
    app_id: str | None = None
    organization_id: str | None = None
    protocol_version: str | None = None
