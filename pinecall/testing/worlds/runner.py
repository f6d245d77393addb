"""Runs the emulator's core in virtual time; takes the place of the thread with its sockets."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

from attrs import define

from pinecall.emulator.core import Server
from pinecall.emulator.core.kernel.faults import Faults
from pinecall.emulator.errors import EmulatorError
from pinecall.emulator.traffic import Closable, HttpRequest, Sink

from ..model import Model

__all__ = ["VirtualRunner"]

T = TypeVar("T")


@define(eq=False)
class _Waiter:
    check: Callable[[], Any]
    future: Future[Any]


class Around(Protocol):
    """The world that the server is in."""

    now: float
    model: Model

    def touched(self) -> None: ...
    def settle(self) -> None: ...
    def later(self, seconds: float, action: Callable[[], None], /) -> None: ...


class VirtualRunner:
    """What the emulator's methods act on; see :class:`pinecall.emulator.runner.Runner`."""

    running = True
    port = 0

    def __init__(self, world: Around, core: Server) -> None:
        self.world = world
        self.core = core
        self.lock = threading.RLock()
        self.sinks: dict[int, Sink] = {}
        self.outlets: set[Closable] = set()
        self.requests: deque[HttpRequest] = deque(maxlen=10_000)
        self.http_faults = Faults()
        #: Takes a message in the server's place; returns whether it did.
        self.tap: Callable[[str], bool] | None = None
        self._waiters: list[_Waiter] = []

    def now(self) -> float:
        """The call's time, in epoch seconds."""
        return self.world.now

    def act(self, action: Callable[[], T]) -> T:
        """Act on the core now; what follows happens before this returns, if the test calls it."""
        if not self.running:
            raise EmulatorError("the emulator is gone: the test is over")
        with self.lock:
            self.core.tick(self.world.now)
            result = action()
        self.world.touched()
        self.world.settle()
        return result

    def look(self, action: Callable[[], T]) -> T:
        """Read from the core."""
        with self.lock:
            return action()

    def wait(
        self, check: Callable[[], T | None], timeout: float, what: Callable[[], str]
    ) -> Future[T]:
        """Make a future for the first non-None ``check()``, within ``timeout`` seconds of the call's
        time."""
        waiter = _Waiter(check, Future())

        def over() -> None:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
                waiter.future.set_exception(
                    TimeoutError(f"nothing within {timeout:g} s: {self.look(what)}")
                )

        self._waiters.append(waiter)
        self.world.later(timeout, over)
        self.settled()
        return waiter.future

    def stop(self) -> None:
        """Forget every waiter; the test is over."""
        self.running = False
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.future.set_exception(EmulatorError("the emulator was stopped"))

    def abort(self, peer: object) -> None:
        """Nothing: there are no sockets beside the clients' own."""

    def settled(self) -> None:
        """Answer the waiters whose condition is met now."""
        for waiter in list(self._waiters):
            try:
                with self.lock:
                    found = waiter.check()
            except Exception as why:
                self._waiters.remove(waiter)
                waiter.future.set_exception(why)
            else:
                if found is not None:
                    self._waiters.remove(waiter)
                    waiter.future.set_result(found)

    # -- from the world -------------------------------------------------------------------------

    def received(self, link: int, texts: list[str]) -> None:
        """Pass on a client's messages."""
        with self.lock:
            for text in texts:
                if self.tap is not None and self.tap(text):
                    continue
                self.core.receive(link, text, self.world.now)

    def turn(self) -> bool:
        """Run what is due, and send what there is to send. Returns whether there may be more: the model
        was asked."""
        with self.lock:
            self.core.tick(self.world.now)
            asked = self.core.asked()
            for ask, turn in asked:
                self.world.model.answer(self.core, ask, turn, self.world.now)
            outgoing = self.core.outgoing()
        for link, item in outgoing:
            sink = self.sinks.get(link)
            if sink is not None:
                sink.push(item)
        if self._waiters:
            self.settled()
        return bool(asked)
