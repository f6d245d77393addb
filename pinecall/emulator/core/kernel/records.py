"""The records the server holds: connections, agents and their channels, lines."""

from __future__ import annotations

from typing import Any

from attrs import define, field

from .names import addressed, slug
from .timeline import Timer

__all__ = ["Agent", "Channel", "Connection", "Line", "Owner"]


@define(eq=False)
class Connection:
    """One client's connection."""

    id: int
    seen_at: float
    org: str = ""
    ready: bool = False
    callers: list[str] = field(factory=list)
    probed_at: float | None = None
    ponged_at: float | None = None
    timer: Timer | None = None


@define(eq=False)
class Channel:
    """One way into an agent; ``ref`` is a normalised number, a sip: address or a WhatsApp id."""

    type: str
    ref: str | None
    config: dict[str, Any] = field(factory=dict)
    ringing: bool = False


@define(eq=False)
class Owner:
    """The owner of sessions, an agent or a line, and its connection."""

    id: str
    org: str
    link: Connection | None
    config: dict[str, Any] = field(factory=dict)

    @property
    def name(self) -> str:
        """The name it is stored under: the slug, or the id where that is empty."""
        return slug(self.id) or self.id

    def address(self, form: str) -> str:
        """Format its ``agent_id`` for frames."""
        return addressed(self.id, self.org, form)


@define(eq=False)
class Agent(Owner):
    """A registered agent; without a link it waits for its client to come back."""

    channels: list[Channel] = field(factory=list)
    paused: bool = False
    paused_contacts: set[str] = field(factory=set)

    def channel(self, ref: str) -> Channel | None:
        """Find its channel with that ref."""
        return next((c for c in self.channels if c.ref == ref), None)


@define(eq=False)
class Line(Owner):
    """A number answered by code; its id is ``line:<number>``."""

    number: str = ""

    @property
    def name(self) -> str:
        """The name it is stored under: its id."""
        return self.id

    def address(self, form: str) -> str:
        """Format its ``agent_id``: ``line:<number>``, whatever the form of agents' ids."""
        return self.id
