"""What the server holds for an organisation: agents, their channels, lines."""

from __future__ import annotations

from typing import Any

from attrs import define, field

from .connections import Connection
from .names import addressed, slug

__all__ = ["Agent", "Channel", "Line", "Owner"]


@define(eq=False)
class Channel:
    """One way into an agent; ``ref`` is a normalised number, a sip: address or a WhatsApp id."""

    type: str
    ref: str | None
    config: dict[str, Any] = field(factory=dict)
    ringing: bool = False


@define(eq=False)
class Owner:
    """Whoever a session belongs to: an agent or a line, and the connection it is on now."""

    id: str
    org: str
    link: Connection | None
    config: dict[str, Any] = field(factory=dict)

    @property
    def name(self) -> str:
        """How the server files it: the slug, or the id where that is empty."""
        return slug(self.id) or self.id

    def address(self, form: str) -> str:
        """The ``agent_id`` of its frames."""
        return addressed(self.id, self.org, form)


@define(eq=False)
class Agent(Owner):
    """A registered agent; without a link it waits for its owner to come back."""

    channels: list[Channel] = field(factory=list)
    paused: bool = False
    paused_contacts: set[str] = field(factory=set)

    def channel(self, ref: str) -> Channel | None:
        """Its channel of that ref."""
        return next((c for c in self.channels if c.ref == ref), None)

    def has_model(self) -> bool:
        """Whether the server answers for it; without a model the client does."""
        llm = self.config.get("llm")
        return bool(llm) and not (isinstance(llm, dict) and llm.get("enabled") is False)


@define(eq=False)
class Line(Owner):
    """A number answered by code; its id is ``line:<number>``."""

    number: str = ""

    @property
    def name(self) -> str:
        """Its id."""
        return self.id

    def address(self, form: str) -> str:
        """``line:<number>``, whatever the form of agents' ids."""
        return self.id
