"""What every part of a test stands on: its world, its clients, and what is checked on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from .failing import ExpectationFailed
from .faults.injector import Faults
from .story import Stories
from .worlds.clients import make_client
from .worlds.hanging import place

__all__ = ["KEY", "Ground"]

#: The key that the emulator of a test accepts.
KEY = "pk_test"


class Ground:
    """One test without its fixtures, which act on this."""

    def __init__(self, *, colour: bool = False) -> None:
        self.colour = colour
        self.stories = Stories()
        #: A :class:`~.worlds.virtual.VirtualWorld` or a :class:`~.worlds.real.RealWorld`.
        self.world: Any = None
        self.clients: list[Any] = []
        #: What handlers have raised, each once.
        self.raised: list[Exception] = []
        #: Handlers and tools that were still at work when their client was closed.
        self.unfinished: list[str] = []
        self._closers: list[Callable[[], None]] = []
        #: What goes wrong in this test.
        self.faults: Faults = Faults(None, self.stories)

    # -- clients --------------------------------------------------------------------------------

    def client(self, *, sync: bool, traces: Any = None, **given: Any) -> Any:
        """Return a connected client of one of the fronts; ``traces`` is a file for its traces."""
        options: dict[str, Any] = {"api_key": KEY, "url": self.world.url, "strict": True}
        options |= self.faults.client_options | given
        client = make_client(self.world, sync=sync, **options)
        client.traces(path=traces)
        client._driver.left_at_work = self._left_at_work
        self.clients.append(client)
        # What a handler raises is told by check(), not by the end of the client.
        if sync:
            client.connect()
            self._closers.append(client._close)
        else:
            self.world.call(client.connect())
            self._closers.append(lambda: self.world.call(client._close()))
        return client

    def agents(self) -> list[Any]:
        """The agents of every client."""
        return [one for client in self.clients for one in client._engine.registry.agents.values()]

    def deployed(self) -> str:
        """Name the agents, and the numbers they answer, for a failure."""
        core = self.world.runner.core
        held = [agent.id for agent in core.registry.agents]
        numbers = list(core.registry.numbers())
        named = (
            f"agents {', '.join(held)}" if held else "no agent; build the program under test first"
        )
        return f"{named}; numbers {', '.join(numbers) or 'none'}"

    @property
    def registered(self) -> bool:
        """Whether all agents are registered, and the server has their numbers."""
        agents, runner = self.agents(), self.world.runner
        held = runner.look(lambda: set(runner.core.registry.numbers()))
        return all(agent.registered and held.issuperset(agent._numbers()) for agent in agents)

    def tool_names(self) -> list[str]:
        """The names of every tool that the model may be offered."""
        names: dict[str, None] = {}
        for agent in self.world.runner.core.registry.agents:
            groups = [agent.config.get("tools") or []]
            groups += [skill.get("tools") or [] for skill in agent.config.get("skills") or []]
            for group in groups:
                names.update(dict.fromkeys(tool["function"]["name"] for tool in group))
            if agent.config.get("skills"):
                names.update(dict.fromkeys(("load_skill", "unload_skill")))
        return list(names)

    def own_tool_names(self) -> list[str]:
        """The names of the tools that this program runs itself."""
        return list(dict.fromkeys(name for agent in self.agents() for name in agent._tools))

    def _left_at_work(self, names: list[str], **_: Any) -> None:
        """Take what still runs when a client is closed; in the blocking front these are threads."""
        where = {one.get_name(): one.get_coro() for one in asyncio.all_tasks(self.world.loop)}
        for name in names:
            waits = f", which waits {place(where[name])}" if name in where else ""
            self.unfinished.append(f"{name.removeprefix('pinecall ')}{waits}")

    # -- the call's time ------------------------------------------------------------------------

    def settle(self) -> None:
        """Let everything happen that follows from now; a handler that raised fails the test."""
        __tracebackhide__ = True
        self.world.settle()
        self.check()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        __tracebackhide__ = True
        self.world.advance(seconds)
        self.check()

    def wait(self, until: Callable[[], bool], timeout: float) -> bool:
        """Wait until a condition is met, for ``timeout`` seconds of the call's time, those not counted
        in which a fault keeps the clients cut off. Returns whether it was met."""
        world, before, more = self.world, self.faults.outage(), 0.0
        limit = world.now + timeout
        while not world.run(until, limit + more):
            granted, more = more, self.faults.outage() - before
            if more <= granted:
                return False
        return True

    @property
    def failed(self) -> bool:
        """Whether a handler has raised."""
        return any(client._engine._failure is not None for client in self.clients)

    def check(self) -> None:
        """Raise what a handler has raised since the last look."""
        __tracebackhide__ = True
        before = len(self.raised)
        self.note_raised()
        if self.raised[before:]:
            raise self.raised[before]

    def note_raised(self) -> None:
        """Keep what handlers have raised: a test may catch it, but does not pass."""
        for client in self.clients:
            failure = client._engine.take_failure()
            if failure is not None:
                self.raised.append(failure)

    # -- traces ---------------------------------------------------------------------------------

    def trace(self, call: Any) -> Any:
        """Return the trace of a call."""
        self.settle()
        for client in self.clients:
            trace = client.traces().get(call.id)
            if trace is not None:
                return trace
        raise ExpectationFailed(f"{call!r} has no trace: no client of this test took part in it")
