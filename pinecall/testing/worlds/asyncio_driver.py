"""The asyncio front in virtual time: its driver without a socket and without timers of the loop."""

from __future__ import annotations

import asyncio
from typing import Any

from pinecall._asyncio.driver import Driver
from pinecall._asyncio.http import HttpPort
from pinecall.client import Pinecall

from .http import AsyncTransport
from .link import Link
from .stepped import Stepped
from .virtual import VirtualWorld

__all__ = ["make_client"]

#: Seconds in which handlers end that nothing keeps.
_MOMENT = 0.05


class VirtualDriver(Stepped, Driver):
    """Driven by the test's world; handlers and tools run as in production."""

    def __init__(self, engine: Any, settings: Any, world: VirtualWorld) -> None:
        super().__init__(engine, settings)
        self.world = world

    def bind(self) -> None:
        super().bind()
        if self not in self.world.drivers:
            self.world.drivers.append(self)

    def wake(self) -> None:
        self.check_process()
        self.world.touched()

    def _arm(self) -> None:
        """Set no timer: the world asks for the deadline."""

    async def settled(self, waiter: asyncio.Future[None], timeout: float | None) -> None:
        late = False

        def over() -> None:
            nonlocal late
            if not waiter.done():
                late = True
                waiter.set_result(None)

        if timeout is not None:
            self.world.later(timeout, over)
        with self.world.waiting():
            await waiter
        if late:
            raise asyncio.TimeoutError

    # -- from the world -------------------------------------------------------------------------

    def turn(self) -> None:
        """Send and deliver what there is."""
        if self.loop is not None:
            self._after()

    def link_closed(self, link: Link) -> None:
        """Take the server's end of the connection."""
        self.lost(link, link.close_code, link.close_reason)  # type: ignore[arg-type]

    def threads_at_work(self) -> int:
        """How many plain tools run, or wait for a thread."""
        return self._code.threads.open

    def wait_idle(self, timeout: float) -> bool:
        """Run the loop's next turn, which a tool's end causes; never waits for the threads alone."""
        return False

    def has_tasks(self) -> bool:
        """Whether handlers or tools are running."""
        return bool(self._code.tasks)

    def at_work(self) -> list[str]:
        """The handlers and tools that run, for an error."""
        return [task.get_name().removeprefix("pinecall ") for task in self._code.tasks]

    # -- closing --------------------------------------------------------------------------------

    async def disconnect(self, timeout: float) -> None:
        link, self._socket = self._socket, None
        with self.engine.guard:
            self.engine.disconnect()
            texts = self.engine.outgoing()
        if link is not None:
            clean = link.say_goodbye(texts)
            with self.engine.guard:
                self.engine.socket_closed(clean=clean)
        if self.loop is not None:
            # What neither sleeps nor has a thread waits for a call, and there is none any more.
            await self._end_tasks(timeout if self.world.loop.expects else min(timeout, _MOMENT))
        self._code.threads.close()
        self._pid = None
        if self in self.world.drivers:
            self.world.drivers.remove(self)


def make_client(world: VirtualWorld, **options: Any) -> Pinecall:
    """Return a client of the asyncio front that lives in ``world``."""

    class Client(Pinecall):
        def _make_host(self) -> Any:
            host = super()._make_host()
            host.epoch = lambda: world.now  # type: ignore[method-assign]
            return host

        def _make_driver(self) -> Driver:
            # The same delays in every run.
            self._engine.random = world.random.random
            return VirtualDriver(self._engine, self._settings, world)

        def _open_port(self) -> Any:
            return HttpPort(self._settings, transport=AsyncTransport(world))

    Client.__name__ = Client.__qualname__ = "Pinecall"
    return Client(**options)
