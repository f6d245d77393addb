"""One test: its world, its clients, its caller, and what is checked at its end."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from attrs import define, field

from .caller import Caller
from .clock import Clock
from .doubles import Tools
from .emulator import Emulator
from .failing import picture
from .faults.injector import Faults
from .faults.known import FAULTS
from .ground import KEY, Ground
from .worlds.virtual import PATIENCE, VirtualWorld

__all__ = ["Options", "Stage"]


@define(kw_only=True)
class Options:
    """The arguments of ``@pytest.mark.pinecall``; the rest of them are the emulator's settings."""

    clock: str = "virtual"
    faults: list[str] = field(factory=list)
    #: Whether a test in which one of them does not happen fails.
    must_happen: bool = True
    patience: float = PATIENCE
    settings: dict[str, Any] = field(factory=dict)


class Stage(Ground):
    """Everything that one test uses; made by the first fixture of the plugin that it asks for."""

    def __init__(self, options: Options, *, colour: bool = False) -> None:
        super().__init__(colour=colour)
        self.options = options
        schedules = [FAULTS[name] for name in options.faults]
        settings = dict(options.settings)
        for schedule in schedules:
            settings = schedule.settings | settings
        settings.setdefault("pace", 1.0 if options.clock == "virtual" else 0.0)
        self.emulator = Emulator(api_keys=[KEY], **settings)
        self.world = self._make_world()
        self.model = self.world.model
        self.clock = Clock(self)
        self.caller = Caller(self)
        self.tools = Tools(self)
        core = self.world.runner.core
        core.world.observers.append(self.stories.event)
        core.world.outbox.watcher = self.stories.passed
        self.faults = Faults(self.world, self.stories)
        self.faults.begin(schedules)

    def _make_world(self) -> Any:
        if self.options.clock == "real":
            from .worlds.real import RealWorld

            return RealWorld(self.emulator, patience=self.options.patience)
        world = VirtualWorld(
            self.emulator.settings, self.emulator.keys, patience=self.options.patience
        )
        self.emulator._live_in(world)
        return world

    # -- the test ------------------------------------------------------------------------------

    def run(self, test: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        """Run the test's function, a coroutine function on the test's loop, and check its end."""
        __tracebackhide__ = True
        if inspect.iscoroutinefunction(test):
            self.world.run_test(test(**arguments))
        else:
            test(**arguments)
        self.finish()

    def finish(self) -> None:
        """Check what a test must not leave behind: open calls, handlers that raised."""
        __tracebackhide__ = True
        self.settle()
        for call in self.caller.calls:
            if call._known is not None and not call.over:
                text = picture(
                    call.story,
                    "the end of the test",
                    f"{call!r} is still open; end it with call.hangs_up(), or expect its end with "
                    "call.ended()",
                    colour=self.colour,
                )
                pytest.fail(text, pytrace=False)

        never = self.faults.never() if self.options.must_happen else []
        if never:
            pytest.fail("; ".join(never), pytrace=False)

    def close(self) -> None:
        """Disconnect, and check that nothing is left running."""
        for close in reversed(self._closers):
            close()
        leaks = self.world.leaks()
        self.world.close()
        if leaks:
            pytest.fail(
                f"the program left something running at the end of the test: {', '.join(leaks)}",
                pytrace=False,
            )
