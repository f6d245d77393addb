"""Client and server in one process, with one clock that moves when nothing is left to do.

Time stands still while the program under test works: a handler, a tool, a task on the loop. When
all of it is done, or waits for the call, the clock jumps to the next moment at which the client or
the server has something to do.
"""

from __future__ import annotations

import errno
import heapq
import os
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any, TypeVar

from pinecall._shared.failures import classify, http_failure
from pinecall.core.link.link import Failure
from pinecall.emulator.core import Server, Settings

from ..model import Model
from .hanging import ProgramHangs
from .link import Link
from .loop import stepping_aside
from .own_threads import OwnThreads, is_ours
from .runner import VirtualRunner
from .world import World

__all__ = ["START", "VirtualWorld"]

T = TypeVar("T")

#: Seconds beyond a message's way and its answer's, on a slow link.
_MARGIN = 0.01

#: The time at which every test begins, in epoch seconds: Monday, 5 January 2026, 9:00 UTC.
START = 1_767_603_600.0
#: Seconds of real time in which a program must do something.
PATIENCE = 10.0


class VirtualWorld(World):
    """The clock, the server, the clients and the program's loop of one test."""

    virtual = True

    def __init__(
        self, settings: Settings, keys: dict[str, str], *, patience: float = PATIENCE
    ) -> None:
        super().__init__(patience)
        self.now = START
        #: Chance, the same in every run.
        self.random = Random(0)
        self.model = Model()
        #: Seconds that a message takes from one end to the other.
        self.latency = 0.0
        #: Whether the server can be reached, and how many connections it has refused.
        self.listening = True
        self.refused = 0
        self.runner = VirtualRunner(self, Server(keys, settings, external=True))
        self.links: list[Link] = []
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._made = 0
        self._touched = False
        self._exchanging = False
        self._driving = 0
        #: How many coroutines await the client, and how many tests are coroutines themselves.
        self._outside = self._tests = 0
        self._pumping = False
        self._parked: list[Callable[[], bool]] = []
        self._own_threads = OwnThreads()
        self._busy_since: float | None = None
        self.runner.core.tick(self.now)

    # -- waiting --------------------------------------------------------------------------------

    def settle(self) -> None:
        """Let everything happen that follows from now; the clock moves only for what is on its way on
        a slow link."""
        if threading.get_ident() == self.thread and not self._driving and not self._exchanging:
            on_its_way = 2 * self.latency + _MARGIN if self.latency else 0.0
            self.run(lambda: self._quiet and self._arrived, self.now + on_its_way)

    def advance(self, seconds: float) -> None:
        """Move the clock; all that falls due happens at its own time."""
        limit = self.now + seconds
        self.run(lambda: False, limit)

    @contextmanager
    def _entered(self) -> Iterator[None]:
        self._driving += 1
        try:
            with stepping_aside(self.loop):
                yield
        finally:
            self._driving -= 1

    def _drive(self, until: Callable[[], bool], limit: float) -> bool:
        try:
            return self._step_until(until, limit)
        finally:
            if self._outside or self._tests:
                self._pump_soon()

    def _step_until(self, until: Callable[[], bool], limit: float) -> bool:
        with self._entered():
            self._busy_since = None
            began = time.monotonic()
            while True:
                self.exchange()
                if self._work():
                    continue
                if until():
                    return True
                due = self._due()
                if limit == float("inf") and time.monotonic() - began > self.patience:
                    raise ProgramHangs(
                        self, f"what the test waits for has not come in {self.patience:g} s"
                    )
                if due is None or due > limit:
                    if limit == float("inf"):
                        raise ProgramHangs(self, "nothing is left that could happen")
                    self._move(limit)
                    self.exchange()
                    while self._work():
                        self.exchange()
                    return until()
                self._move(due)

    # -- the client's own waits -----------------------------------------------------------------

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Let the call go on while a coroutine waits for the client."""
        self._outside += 1
        self._pump_soon()
        try:
            yield
        finally:
            self._outside -= 1

    def run_test(self, coroutine: Coroutine[Any, Any, T], what: str = "the test") -> T:
        __tracebackhide__ = True
        self._tests += 1
        self._pump_soon()
        try:
            return super().run_test(coroutine, what)
        finally:
            self._tests -= 1

    def _pump_soon(self) -> None:
        if not self._pumping:
            self._pumping = True
            self.loop.call_soon(self._pump)

    def _pump(self) -> None:
        """Let the call go on by a step: a coroutine awaits the client, or the test awaits something."""
        self._pumping = False
        if self._driving or not (self._outside or self._tests):
            return
        idle = False
        with self._entered():
            self.exchange()
            if not self.loop.has_ready and not self._touched:
                due = None if self._occupied() else self._due()
                idle = due is None
                if due is not None:
                    self._move(due)
                    self.exchange()
        if idle:
            # What happens next is the program's, or the test's own.
            self.loop.look_later(0.001, self._pump_soon)
        else:
            self._pump_soon()

    def _occupied(self) -> bool:
        """Whether the program, or the test, does something that does not wait for the call."""
        if self._busy() or self._own_threads.at_work():
            return True
        # A test that awaits neither the client nor anything outside waits for the call too.
        return not self._outside and self.loop.expects

    @contextmanager
    def parked(self, waits: Callable[[], bool]) -> Iterator[None]:
        """Note that a thread of the program waits for the call, for as long as ``waits()``."""
        if not is_ours(threading.current_thread()):
            with self._own_threads.parked(waits):
                self.touched()
                yield
            return
        with self.runner.lock:
            self._parked.append(waits)
        self.touched()
        try:
            yield
        finally:
            with self.runner.lock:
                self._parked.remove(waits)

    # -- user code ------------------------------------------------------------------------------

    def touched(self) -> None:
        """Note that there is something to send or deliver. Any thread may call it."""
        self._touched = True
        if threading.get_ident() != self.thread:
            self._own_threads.stirred()
            self.loop.call_soon_threadsafe(lambda: None)

    def _threads_busy(self) -> bool:
        """Whether threads of the program do something that does not wait for the call."""
        at_work: int = sum(driver.threads_at_work() for driver in self.drivers)
        if not at_work:
            return False
        with self.runner.lock:
            # One whose wait is over goes on, though it has not noticed yet.
            return at_work > sum(waits() for waits in self._parked)

    def _busy(self) -> bool:
        """Whether the program does something that does not wait for the call."""
        if self._threads_busy():
            return True
        return any(driver.has_tasks() for driver in self.drivers) and self.loop.expects

    @property
    def holds_threads(self) -> bool:
        """Whether threads of the test's own wait for the call."""
        return self._own_threads.any_parked

    @property
    def _arrived(self) -> bool:
        return all(link.due() is None for link in self.links)

    @property
    def _quiet(self) -> bool:
        return not self._touched and not self.loop.has_ready and not self._busy()

    def _work(self) -> bool:
        """Let the program work for a moment. Returns False when all of it waits for the call."""
        if self.loop.has_ready:
            self.loop.turn()
            return True
        if self._busy():
            if self._busy_since is None:
                self._busy_since = time.monotonic()
            elif time.monotonic() - self._busy_since > self.patience:
                raise ProgramHangs(self, f"it has been at work for {self.patience:g} s")
            self._wait_for_work()
            return True
        if self._busy_since is not None:
            self._busy_since = None
            self._own_threads.stirred()
        if self._own_threads.at_work():
            self.loop.turn(0.0 if self._touched else 0.001)
            return True
        return self._touched

    def _wait_for_work(self) -> None:
        for driver in self.drivers:
            if driver.threads_at_work() and driver.wait_idle(0.002):
                return
        self.loop.turn(0.0 if self._touched else 0.002)

    # -- time -----------------------------------------------------------------------------------

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Call ``action`` after that many seconds of the call's time."""
        self._made += 1
        heapq.heappush(self._timers, (self.now + seconds, self._made, action))

    def _due(self) -> float | None:
        times = [self.runner.core.deadline()]
        times += [driver.deadline() for driver in self.drivers]
        times += [link.due() for link in self.links]
        if self._timers:
            times.append(self._timers[0][0])
        known = [one for one in times if one is not None]
        return max(min(known), self.now) if known else None

    def _move(self, to: float) -> None:
        self.now = max(self.now, to)
        while self._timers and self._timers[0][0] <= self.now:
            heapq.heappop(self._timers)[2]()
        for driver in self.drivers:
            driver.tick()

    # -- exchange -------------------------------------------------------------------------------

    def exchange(self) -> None:
        """Pass everything on that is on its way now."""
        self._exchanging = True
        try:
            server = arrived = True
            while server or arrived or self._touched:
                server |= self._touched
                self._touched = False
                self.loop.beats += 1
                for driver in self.drivers:
                    driver.turn()
                if self._to_server() or server:
                    server = self.runner.turn()
                arrived = False
                for link in list(self.links):
                    arrived |= link.deliver(self.now)
        finally:
            self._exchanging = False

    def _to_server(self) -> bool:
        moved = False
        for link in list(self.links):
            if link.to_server and link.to_server[0][0] <= self.now:
                moved = True
                self.runner.received(link.id, link.arrived_at_server(self.now))
        return moved

    # -- connections ----------------------------------------------------------------------------

    def open(self, driver: Any, generation: int) -> None:
        """Open a connection for a client, unless a fault is set for the handshake."""
        if not self.listening:
            self.refused += 1
            nobody = ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
            driver.opening_failed(generation, classify(nobody, connected=False))
            return
        fault = next((f for f in self.runner.http_faults.pending if f.event == "/client"), None)
        if fault is not None:
            fault.times -= 1
            if fault.times < 1:
                self.runner.http_faults.pending.remove(fault)
            if fault.how == "refuse":
                failure = http_failure(int(fault.fields.get("status", 503)))
                driver.opening_failed(generation, failure)
                return
            if fault.how == "drop":
                cut = Failure("handshake", "the connection was cut during the handshake")
                driver.opening_failed(generation, cut)
                return
            if fault.how == "ignore":
                return
            seconds = 0.1 if fault.delay is None else fault.delay
            self.later(seconds, lambda: self._connect(driver, generation))
            return
        self._connect(driver, generation)

    def _connect(self, driver: Any, generation: int) -> None:
        if driver.engine.link.generation != generation:
            return
        link = Link(self, driver, generation)
        with self.runner.lock:
            link.id = self.runner.core.opened(self.now)
            self.runner.sinks[link.id] = link
        self.links.append(link)
        driver.link_opened(link)

    def hung_up(self, link: Link) -> None:
        """The client has dropped a connection; a silent one tells the server nothing."""
        self.forget(link)
        if not link.silent:
            with self.runner.lock:
                self.runner.core.closed(link.id, self.now)
            self.touched()

    def forget(self, link: Link) -> None:
        """Remove a connection that is over."""
        self.runner.sinks.pop(link.id, None)
        if link in self.links:
            self.links.remove(link)

    # -- the test's parts -----------------------------------------------------------------------

    url = "ws://127.0.0.1:1/client"

    def close(self) -> None:
        """Free what the test has used."""
        self.runner.stop()
        super().close()
