"""What every part of a test stands on: its world, its clients, and what is checked on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .failing import ExpectationFailed
from .faults.injector import Faults
from .story import Stories
from .worlds.clients import make_client

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
        self._closers: list[Callable[[], None]] = []
        #: What goes wrong in this test.
        self.faults: Faults = Faults(None, self.stories)

    # -- clients --------------------------------------------------------------------------------

    def client(self, *, sync: bool, **given: Any) -> Any:
        """Return a connected client of one of the fronts."""
        options: dict[str, Any] = {"api_key": KEY, "url": self.world.url, "strict": True}
        options |= self.faults.client_options | given
        client = make_client(self.world, sync=sync, **options)
        if hasattr(client, "traces"):
            client.traces()
        self.clients.append(client)
        if sync:
            client.connect()
            self._closers.append(client.disconnect)
        else:
            self.world.call(client.connect())
            self._closers.append(lambda: self.world.call(client.disconnect()))
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
        """Whether all agents are registered."""
        return all(agent.registered for agent in self.agents())

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
        """Raise what a handler has raised."""
        __tracebackhide__ = True
        for client in self.clients:
            failure = client._engine.take_failure()
            if failure is not None:
                raise failure

    # -- traces ---------------------------------------------------------------------------------

    def trace(self, call: Any) -> Any:
        """Return the trace of a call."""
        self.settle()
        for client in self.clients:
            trace = client.traces().get(call.id)
            if trace is not None:
                return trace
        raise ExpectationFailed(f"{call!r} has no trace: no client of this test took part in it")
