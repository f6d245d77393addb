"""One test: its world, its clients, its caller, and what is checked at its end."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from attrs import define, field

from pinecall._shared.unattended import connected
from pinecall.emulator.errors import EmulatorError

from .caller import Caller
from .clock import Clock
from .doubles import Tools
from .emulator import Emulator
from .failing import picture, show_both
from .ground import KEY, Ground
from .unawaited import Unawaited
from .worlds.virtual import PATIENCE, VirtualWorld

__all__ = ["Options", "Stage"]

#: Seconds for closing a client that the test has left open.
LEFT_OPEN = 0.2


@define(kw_only=True)
class Options:
    """The arguments of ``@pytest.mark.pinecall``; the rest of them are the emulator's settings."""

    clock: str = "virtual"
    faults: list[str] = field(factory=list)
    patience: float = PATIENCE
    settings: dict[str, Any] = field(factory=dict)


class Stage(Ground):
    """Everything that one test uses; made by the first fixture of the plugin that it asks for."""

    def __init__(self, options: Options, *, colour: bool = False) -> None:
        super().__init__(colour=colour)
        self.options = options
        #: Whether the test, or its end, has been run.
        self.ran = False
        self._before = set(connected())
        settings = dict(options.settings)
        settings.setdefault("pace", 1.0 if options.clock == "virtual" else 0.0)
        try:
            self.emulator = Emulator(api_keys=[KEY], **settings)
        except (EmulatorError, TypeError, ValueError) as why:
            pytest.fail(f"@pytest.mark.pinecall(…): {why}", pytrace=False)
        self.world = self._make_world()
        self.model = self.world.model
        self.clock = Clock(self)
        self.caller = Caller(self)
        self.tools = Tools(self)
        core = self.world.runner.core
        core.world.observers.append(self.stories.event)
        core.world.outbox.watcher = self.stories.passed

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

    def run(self, test: Callable[..., Any], arguments: dict[str, Any]) -> None:
        """Run the test's function, a coroutine function on the test's loop, and check its end."""
        __tracebackhide__ = True
        unawaited = Unawaited()
        self.ran = True
        failure: BaseException | None = None
        try:
            with unawaited:
                if inspect.iscoroutinefunction(test):
                    self.world.run_test(test(**arguments))
                else:
                    test(**arguments)
        except (KeyboardInterrupt, SystemExit, GeneratorExit, pytest.exit.Exception):
            raise
        except BaseException as exc:
            failure = exc
        if failure is None:
            self.finish(unawaited.told())
            return
        try:
            self._settle_quietly()
            show_both(failure, self.raised)
            raise failure
        finally:
            del failure  # it refers to this frame

    def _settle_quietly(self) -> None:
        """See what else goes wrong in a test that has failed already."""
        try:
            self.world.settle()
        except Exception:
            pass  # the test's own failure comes first: this one follows from it
        self.note_raised()

    def run_coroutine(self, coroutine: Any, what: str) -> Any:
        """Run a coroutine of the test's, like an ``async def`` fixture, on the test's loop."""
        __tracebackhide__ = True
        return self.world.run_test(coroutine, what)

    def finish(self, mistake: str | None = None) -> None:
        """Check what a test must not leave behind: open calls, handlers that raised.

        mistake: what else is known to be wrong with it
        """
        self.ran = True
        self.settle()
        if self.raised:
            # The test has caught it.
            raise self.raised[0]
        if mistake is not None:
            pytest.fail(mistake, pytrace=False)
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

    def close(self) -> None:
        """Disconnect, and check that nothing is left running."""
        told = len(self.raised)
        for close in reversed(self._closers):
            close()
        left = list(self.unfinished)
        left += self._others()
        left += self.world.leaks()
        self.note_raised()
        self.world.close()
        if self.raised[told:]:
            raise self.raised[told]
        if left:
            pytest.fail(
                f"left running at the end of the test: {', '.join(left)}. End it in the test, or in "
                "a fixture after its yield",
                pytrace=False,
            )

    def _others(self) -> list[str]:
        """Name the clients that the test connected by itself and has left open, and close them."""
        left = []
        for client in connected():
            if client in self._before or client in self.clients:
                continue
            left.append(f"{client!r}, which the test has connected itself")
            driver = client._driver
            if not hasattr(driver, "loop"):
                client._close(LEFT_OPEN)
            elif driver.loop is self.world.loop:
                self.world.call(client._close(LEFT_OPEN))
        return left
