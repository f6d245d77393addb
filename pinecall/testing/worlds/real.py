"""The same over real sockets and in real time: ``@pytest.mark.pinecall(clock="real")``."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..model import Model
from .loop import stepping_aside
from .world import World

if TYPE_CHECKING:
    from pinecall.emulator import Turn
    from pinecall.emulator.responders.types import Piece

    from ..emulator import Emulator

__all__ = ["RealWorld"]

#: Seconds between two looks at what has happened.
LOOK = 0.001
#: Seconds in which the program reacts to what the caller does.
SETTLED = 0.003


class RealWorld(World):
    """A listening emulator, clients with sockets, and the machine's clock."""

    virtual = False

    def __init__(self, emulator: Emulator, *, patience: float) -> None:
        super().__init__(patience)
        self.model = Model()
        emulator._answered_by(self._respond)
        emulator._start(None)
        self._emulator = emulator
        self.url = emulator.url
        runner: Any = emulator._runner
        runner.world = self
        self.runner = runner

    async def _respond(self, turn: Turn) -> Piece:
        """Answer on the server's loop; a plain function would need a thread each time."""
        return self.model.respond(turn)

    @property
    def now(self) -> float:
        """The time, in epoch seconds."""
        return float(self.runner.now())

    def _drive(self, until: Callable[[], bool], limit: float) -> bool:
        with stepping_aside(self.loop):
            while not until():
                if self.now > limit:
                    return False
                self.loop.turn(LOOK)
        return True

    def settle(self) -> None:
        """Give the program a moment to react."""
        if threading.get_ident() == self.thread:
            self.run(lambda: False, self.now + SETTLED)

    def advance(self, seconds: float) -> None:
        """Wait that long."""
        self.run(lambda: False, self.now + seconds)

    def leaks(self) -> list[str]:
        """Name what still runs after every client was closed; the emulator is stopped first."""
        self._emulator._stop()
        return super().leaks()
