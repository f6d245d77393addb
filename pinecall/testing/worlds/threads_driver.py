"""The blocking front in virtual time: its lanes and threads, without a socket and a link's thread."""

from __future__ import annotations

import contextvars
import os
import threading
import time
from typing import Any

from pinecall.core.link.link import Phase
from pinecall_sync._threads.driver import Driver
from pinecall_sync._threads.http import HttpPort
from pinecall_sync.client import Pinecall

from .http import Transport
from .link import Link
from .stepped import Stepped
from .virtual import VirtualWorld

__all__ = ["make_client"]


class VirtualDriver(Stepped, Driver):
    """Driven by the test's world; handlers and tools run in threads as in production."""

    def __init__(self, engine: Any, settings: Any, threads: int, world: VirtualWorld) -> None:
        super().__init__(engine, settings, threads)
        self.world = world

    def start(self) -> None:
        if self not in self.world.drivers:
            self._pid = os.getpid()
            self._told_busy = False
            self._context = contextvars.copy_context()
            self.world.drivers.append(self)

    def wake(self) -> None:
        self.check_process()
        if self in self.world.drivers:
            self.world.touched()
        else:
            self._deliver_all()

    def settled(self, event: threading.Event, timeout: float | None) -> bool:
        if threading.get_ident() == self.world.thread:
            limit = float("inf") if timeout is None else self.world.now + timeout
            return self.world.run(event.is_set, limit)
        late = False

        def over() -> None:
            nonlocal late
            if not event.is_set():
                late = True
                event.set()

        if timeout is not None:
            self.world.later(timeout, over)
        with self.world.parked(lambda: not event.is_set()):
            event.wait()
        return not late

    # -- from the world -------------------------------------------------------------------------

    def turn(self) -> None:
        """Send and deliver what there is."""
        self._follow_link()
        self._send()
        self._deliver_all()

    def link_closed(self, link: Link) -> None:
        """Take the server's end of the connection."""
        if self._socket is link:
            gone: Any = link
            self._lost(gone)

    def threads_at_work(self) -> int:
        """How many handlers and tools run, or wait for a thread."""
        return self._handlers.open + self._jobs.open

    def wait_idle(self, timeout: float) -> bool:
        """Wait until no handler and no tool runs."""
        deadline = time.monotonic() + timeout
        return all(
            pool.wait_idle(deadline - time.monotonic()) for pool in (self._handlers, self._jobs)
        )

    def has_tasks(self) -> bool:
        """Whether coroutines are running: never here."""
        return False

    def at_work(self) -> list[str]:
        """The handlers and tools that run, for an error."""
        return self._busy() if self.threads_at_work() else []

    # -- closing --------------------------------------------------------------------------------

    def disconnect(self, timeout: float) -> None:
        if self not in self.world.drivers:
            super().disconnect(timeout)
            return
        with self.engine.guard:
            self.engine.disconnect()
        if threading.get_ident() != self.world.thread:
            # The world closes the link, as the link's thread would.
            self.world.touched()
            return
        self.world.settle()
        self._end_link()
        self.world.drivers.remove(self)
        super().disconnect(timeout)

    def _follow_link(self) -> None:
        link = self.engine.link
        if link.generation != self._generation and link.phase is Phase.CLOSED:
            self._generation = link.generation
            self._end_link()
            return
        super()._follow_link()

    def _end_link(self) -> None:
        gone, self._socket = self._socket, None
        if gone is None:
            return
        if self.engine.link.close_reason == "client_disconnect":
            self._deliver_all()
            clean = gone.say_goodbye(self._outgoing())
            with self.engine.guard:
                self.engine.socket_closed(clean=clean)
        else:
            gone.abort()


def make_client(world: VirtualWorld, **options: Any) -> Pinecall:
    """Return a client of the blocking front that lives in ``world``."""

    class Client(Pinecall):
        def _make_host(self) -> Any:
            host = super()._make_host()
            host.epoch = lambda: world.now  # type: ignore[method-assign]
            return host

        def _make_driver(self) -> Driver:
            # The same delays in every run.
            self._engine.random = world.random.random
            return VirtualDriver(self._engine, self._settings, self._threads, world)

        def _open_port(self) -> Any:
            return HttpPort(self._settings, transport=Transport(world))

    Client.__name__ = Client.__qualname__ = "Pinecall"
    return Client(**options)
