"""What the drivers of both fronts do when a test's world steps them."""

from __future__ import annotations

from typing import Any

from pinecall._shared.driver import DriverBase
from pinecall.core.link.link import Failure

from .link import Link
from .virtual import VirtualWorld

__all__ = ["Stepped"]


class Stepped(DriverBase):
    """A driver whose clock and connections are the world's."""

    world: VirtualWorld
    _socket: Any

    def now(self) -> float:
        return self.world.now

    def _begin_opening(self, generation: int) -> None:
        self.world.open(self, generation)

    def deadline(self) -> float | None:
        """Return when the client has something to do by itself."""
        with self.engine.guard:
            return self.engine.deadline(self.world.now)

    def tick(self) -> None:
        """Do what is due."""
        with self.engine.guard:
            self.engine.tick(self.world.now)

    def link_opened(self, link: Link) -> None:
        """Take a connection that was asked for."""
        self._socket = link
        with self.engine.guard:
            self.engine.opened(link.generation, self.world.now)
        self.world.touched()

    def opening_failed(self, generation: int, failure: Failure) -> None:
        """Take the failure to open one."""
        self._failed(generation, failure)
        self.world.touched()
