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
    """The line is claimed (``line.created``).

    number: its number
    """

    EVENT: ClassVar[str] = "line.created"
    agent_id: str | None = None
    call_id: str | None = None
    number: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class LineError(Event):
    """The line could not be claimed (``line.error``). Handlers get ``error``.

    number: its number
    code: ``LINE_CONFLICT``, ``LINE_CONFIG_ERROR``, ``PHONE_NOT_IN_ORG`` or ``UNAUTHORIZED``; None means
        ``LINE_CONFIG_ERROR``
    error: text for people
    """

    EVENT: ClassVar[str] = "line.error"
    agent_id: str | None = None
    call_id: str | None = None
    number: str = ""
    code: str | None = None
    error: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class LineDestroyed(Event):
    """The line is given back (``line.destroyed``).

    number: its number
    """

    EVENT: ClassVar[str] = "line.destroyed"
    agent_id: str | None = None
    call_id: str | None = None
    number: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class CallRouted(Event):
    """A line has handed its call over (``call.routed``).

    agent: id of the agent that has it now
    """

    EVENT: ClassVar[str] = "call.routed"
    agent_id: str | None = None
    call_id: str = ""
    agent: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class CallRouteFailed(Event):
    """A line's call could not be handed over; the line still has it (``call.route_failed``).

    agent: id of the agent that was to have it
    reason: ``offline``, ``unknown``, ``no_phone_config``, ``capacity`` or ``swap_failed``
    """

    EVENT: ClassVar[str] = "call.route_failed"
    agent_id: str | None = None
    call_id: str = ""
    agent: str = ""
    reason: str = ""
