"""Phone lines."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from ._base import Event

__all__ = [
    "CallRouteFailed",
    "CallRouted",
    "LineCreated",
    "LineDestroyed",
    "LineError",
]


@frozen(kw_only=True, eq=False, repr=False)
class LineCreated(Event):
    """``line.created``.

    agent_id: line:<number>, alternative key
    number: line's number
    """

    EVENT: ClassVar[str] = "line.created"
    agent_id: str | None = None
    call_id: str | None = None
    number: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class LineError(Event):
    """``line.error``.

    agent_id: alternative key
    number: line's number
    code: LINE_CONFLICT | LINE_CONFIG_ERROR | PHONE_NOT_IN_ORG | UNAUTHORIZED; default
        LINE_CONFIG_ERROR
    error: text
    """

    EVENT: ClassVar[str] = "line.error"
    agent_id: str | None = None
    call_id: str | None = None
    number: str = ""
    code: str | None = None
    error: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class LineDestroyed(Event):
    """``line.destroyed``.

    agent_id: alternative key
    number: line's number
    """

    EVENT: ClassVar[str] = "line.destroyed"
    agent_id: str | None = None
    call_id: str | None = None
    number: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class CallRouted(Event):
    """``call.routed``.

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    call_id: call / session id
    agent: new owner
    """

    EVENT: ClassVar[str] = "call.routed"
    agent_id: str | None = None
    call_id: str = ""
    agent: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class CallRouteFailed(Event):
    """``call.route_failed``.

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    call_id: call / session id
    agent: intended owner
    reason: offline | unknown | no_phone_config | capacity | swap_failed; default swap_failed
    """

    EVENT: ClassVar[str] = "call.route_failed"
    agent_id: str | None = None
    call_id: str = ""
    agent: str = ""
    reason: str = ""
