"""The blocking front in virtual time: its lanes and threads, without a socket and a link's thread."""

from __future__ import annotations

import contextvars
import os
import threading
import time
from typing import Any

from pinecall.core.link.link import Failure, Phase
from pinecall_sync._threads.driver import Driver
from pinecall_sync._threads.http import HttpPort
from pinecall_sync.client import Pinecall

from .http import Transport
from .link import Link
from .virtual import VirtualWorld

__all__ = ["make_client"]


class VirtualDriver(Driver):
    """Driven by the test's world; handlers and tools run in threads as in production."""

    _socket: Any

    def __init__(self, engine: Any, settings: Any, threads: int, world: VirtualWorld) -> None:
        super().__init__(engine, settings, threads)
        self.world = world

    def now(self) -> float:
        return self.world.now

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
        with self.world.parked(event.is_set):
            event.wait()
        return not late

    def _begin_opening(self, generation: int) -> None:
        self.world.open(self, generation)

    # -- from the world -------------------------------------------------------------------------

    def turn(self) -> None:
        """Send and deliver what there is."""
        self._follow_link()
        self._send()
        self._deliver_all()

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
            return VirtualDriver(self._engine, self._settings, self._threads, world)

        def _open_port(self) -> Any:
            return HttpPort(self._settings, transport=Transport(world))

    Client.__name__ = Client.__qualname__ = "Pinecall"
    return Client(**options)
