"""One test: its world, its clients, its caller, and what is checked at its end."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field

from pinecall._shared.unattended import connected
from pinecall.emulator.errors import EmulatorError

from . import current
from .call import Call
from .caller import Caller
from .clock import Clock
from .doubles import Tools
from .emulator import Emulator
from .failing import ExpectationFailed, picture, show_both
from .faults.injector import Faults
from .faults.known import FAULTS
from .ground import KEY, Ground
from .replays.replaying import Replay
from .replays.stored import Stored, load_one
from .unawaited import Unawaited
from .worlds.virtual import PATIENCE, VirtualWorld

__all__ = ["Options", "Stage"]

#: Seconds for closing a client that the test has left open.
LEFT_OPEN = 0.2
#: Seconds that a test under faults waits for the registration of its agents.
REGISTERED = 30.0


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

    def __init__(
        self,
        options: Options,
        *,
        colour: bool = False,
        folder: Path | None = None,
        update: bool = False,
    ) -> None:
        """``folder`` is that of the test's file, for its stored traces; ``update`` writes them."""
        super().__init__(colour=colour)
        self._folder = folder or Path()
        self.options = options
        #: Whether the test, or its end, has been run.
        self.ran = False
        self._before = set(connected())
        schedules = [FAULTS[name] for name in options.faults]
        settings = dict(options.settings)
        for schedule in schedules:
            settings = schedule.settings | settings
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
        self._stored = Stored(self, self._folder, update=update)
        current.stage = self
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

    # -- traces -------------------------------------------------------------------------------

    def assert_trace(self, name: str, call: Call | None = None) -> None:
        """Compare the trace of a call, by default the test's only one, with the stored one; not once
        an injected fault has happened, since its frames are in the trace."""
        __tracebackhide__ = True
        if self.faults.happened:
            return
        if call is None:
            if len(self.caller.calls) != 1:
                raise ExpectationFailed(
                    f"assert_trace({name!r}): the test has {len(self.caller.calls)} calls; say which: "
                    f"assert_trace({name!r}, call)"
                )
            call = self.caller.calls[0]
        self._stored.assert_trace(name, call)

    def replay(self, path: str | os.PathLike[str], *, call_id: str | None = None) -> None:
        """Play the platform's side of a saved call against the program, and check what it sends.

        path: a file that ``trace.save()`` or ``pc.traces(path=…)`` wrote, beside the test or in the
            current folder
        call_id: the call, where the file holds several

        The agent must be deployed with the id that it has in the trace. Raises ExpectationFailed at
        the first difference, which it tells field by field.
        """
        __tracebackhide__ = True
        if not self.world.virtual:
            raise ExpectationFailed("replay() needs the virtual clock: it moves it along the trace")
        beside = self._folder / path
        full = beside if beside.exists() else Path(path)
        Replay(self, load_one(full, call_id), str(path)).run()

    # -- the test ------------------------------------------------------------------------------

    def run(self, test: Callable[..., Any], arguments: dict[str, Any]) -> None:
        """Run the test's function, a coroutine function on the test's loop, and check its end."""
        __tracebackhide__ = True
        unawaited = Unawaited()
        self.ran = True
        failure: BaseException | None = None
        self._await_registration()
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

    def _await_registration(self) -> None:
        """Wait under faults until they let the agents be registered: a test says nothing of that."""
        if self.faults.active:
            self.wait(lambda: self.registered and not self.faults.cut_off, REGISTERED)

    def _settle_quietly(self) -> None:
        """See what else goes wrong in a test that has failed already."""
        try:
            self.world.settle()
        except Exception:
            pass  # the test's own failure comes first: this one follows from it
        self.note_raised()
        if self.world.holds_threads:
            # A fixture may wait for the thread to end, and nothing moves the clock for it any more.
            for client in self.clients:
                client._engine.disconnect()
            self.world.settle()

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
        never = self.faults.never() if self.options.must_happen else []
        if never:
            pytest.fail("; ".join(never), pytrace=False)

    def close(self) -> None:
        """Disconnect, and check that nothing is left running."""
        told = len(self.raised)
        for close in reversed(self._closers):
            close()
        current.stage = None
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
