"""The same over real sockets and in real time: ``@pytest.mark.pinecall(clock="real")``."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from ..model import Model
from .loop import Loop, from_outside, stepping_aside

if TYPE_CHECKING:
    from ..emulator import Emulator

__all__ = ["RealWorld"]

T = TypeVar("T")

#: Seconds between two looks at what has happened.
LOOK = 0.001
#: Seconds in which the program reacts to what the caller does.
SETTLED = 0.003


class RealWorld:
    """A listening emulator, clients with sockets, and the machine's clock."""

    virtual = False

    def __init__(self, emulator: Emulator, *, patience: float) -> None:
        self.loop = Loop()
        self.patience = patience
        self.model = Model()
        self.drivers: list[Any] = []
        emulator._answered_by(self.model.respond)
        emulator._start(None)
        self._emulator = emulator
        self.url = emulator.url
        runner: Any = emulator._runner
        runner.world = self
        self.runner = runner

    @property
    def now(self) -> float:
        """The time, in epoch seconds."""
        return float(self.runner.now())

    def run(self, until: Callable[[], bool], limit: float) -> bool:
        """Wait until a condition is met, or until ``limit``; the program's loop runs meanwhile.

        Returns whether the condition was met.
        """
        if self.loop.is_running() and asyncio._get_running_loop() is self.loop:
            return self._drive(until, limit)
        return self.call(self._driven(until, limit))

    async def _driven(self, until: Callable[[], bool], limit: float) -> bool:
        return self._drive(until, limit)

    def _drive(self, until: Callable[[], bool], limit: float) -> bool:
        with stepping_aside(self.loop):
            while not until():
                if self.now > limit:
                    return False
                self.loop.turn(LOOK)
        return True

    def call(self, awaitable: Awaitable[T]) -> T:
        """Run a coroutine on the test's loop, from outside of it."""
        with from_outside():
            return self.loop.run_until_complete(awaitable)

    def settle(self) -> None:
        """Give the program a moment to react."""
        if threading.current_thread() is threading.main_thread():
            self.run(lambda: False, self.now + SETTLED)

    def advance(self, seconds: float) -> None:
        """Wait that long."""
        self.run(lambda: False, self.now + seconds)

    def run_test(self, test: Coroutine[Any, Any, None]) -> None:
        """Run an ``async def`` test on the loop."""
        self.call(test)

    def leaks(self) -> list[str]:
        """Name what still runs after every client was closed."""
        mine = "pinecall-emulator"
        left = [
            thread.name
            for thread in threading.enumerate()
            if thread.name.startswith("pinecall-") and not thread.name.startswith(mine)
        ]
        return left + [task.get_name() for task in asyncio.all_tasks(self.loop) if not task.done()]

    def close(self) -> None:
        """Stop the emulator, and free the loop."""
        self._emulator._stop()
        self.call(self.loop.shutdown_asyncgens())
        self.call(self.loop.shutdown_default_executor())
        self.loop.close()
