"""The ground on which every part of the server stands: settings, clock, ids, stores, the way out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .kernel.asks import Asks
from .kernel.names import Ids
from .kernel.outbox import Frame, Outbox, Passed
from .kernel.records import Connection, Owner
from .kernel.settings import Settings
from .kernel.timeline import Timeline, Timer
from .stores.knowledge import Knowledge
from .stores.log import CallLog
from .stores.memory import Memory

__all__ = ["World"]


class World:
    """Shared by all parts of one server, none of which it knows.

    ``transmit`` carries a frame out; fault injection replaces it.
    """

    def __init__(self, settings: Settings, *, external: bool = False) -> None:
        self.settings = settings
        self.timeline = Timeline()
        self.new_ids = Ids(settings.seed)
        self.outbox = Outbox()
        self.open: dict[int, Connection] = {}
        self.asks = Asks(external=external)
        self.memory = Memory(self.new_ids)
        self.knowledge = Knowledge()
        self.log = CallLog()
        self.transmit: Callable[[Connection, Frame], None] = self.put
        #: Called with the id of a session and each of its events, whether its owner gets it or not.
        self.observers: list[Callable[[str, Frame], None]] = []

    @property
    def now(self) -> float:
        """The current time, in epoch seconds."""
        return self.timeline.now

    def later(self, seconds: float, action: Callable[[], None]) -> Timer:
        """Run an action after that many seconds."""
        return self.timeline.after(seconds, action)

    def put(self, link: Connection, frame: Frame) -> None:
        """Queue one frame for an open connection; faults do not apply."""
        if link.id in self.open:
            self.outbox.frame(link.id, frame, self.now)

    def send(self, link: Connection, frame: Frame) -> None:
        """Send one frame; faults apply."""
        if link.id in self.open:
            self.transmit(link, frame)

    def deliver(self, owner: Owner, frame: Frame) -> None:
        """Send a frame to an owner; it is lost while the owner has no connection."""
        if owner.link is not None:
            self.send(owner.link, frame)

    def tell(self, owner: Owner, event: str, **fields: Any) -> None:
        """Send an event about the owner itself."""
        address = owner.address(self.settings.ids)
        self.deliver(owner, {"event": event, "agent_id": address, **fields})

    def note(self, link: Connection, frame: Frame, why: str) -> None:
        """Report an ignored frame to the watcher, if there is one."""
        if self.outbox.watcher is not None:
            remark = {"event": frame["event"], "ignored": why}
            self.outbox.watcher(Passed("note", link.id, remark, self.now))
