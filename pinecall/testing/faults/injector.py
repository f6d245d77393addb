"""The faults of one test: waits for their moments, does them, and knows which have happened."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

from attrs import define, field

from pinecall.emulator.core import Server
from pinecall.emulator.core.kernel.faults import Fault
from pinecall.emulator.core.kernel.records import Connection

from ..story import Stories
from .schedule import Action, Beginning, Frame, Schedule

__all__ = ["Faults"]

#: Seconds of outages that expectations put up with beyond their own timeout.
PATIENCE = 120.0

_BACK = ("agent.created", "agent.resumed", "line.created")


@define
class _Run:
    """One schedule, and how far it is."""

    schedule: Schedule
    seen: int = 0
    hits: int = 0
    met: Callable[[], bool] = field(default=lambda: False)

    @property
    def happened(self) -> bool:
        return self.hits > 0 or self.met()


class Faults:
    """What goes wrong in one test."""

    def __init__(self, world: Any, stories: Stories) -> None:
        self.world = world
        self._stories = stories
        self._runs: list[_Run] = []
        self._away_since: float | None = None
        self._away_before = 0.0

    @property
    def core(self) -> Server:
        """The server's core."""
        core: Server = self.world.runner.core
        return core

    # -- one test -------------------------------------------------------------------------------

    def begin(self, schedules: Iterable[Schedule]) -> None:
        """Set the faults up, before the first client connects."""
        between = self.core.injection.between
        for schedule in schedules:
            run = _Run(schedule)
            self._runs.append(run)
            if schedule.when is None:
                run.met = cast("Beginning", schedule.does).begin(self)
            else:
                between.append(self._hook(run))
        if self._runs:
            between.append(self._look)

    @property
    def active(self) -> bool:
        """Whether this test has any."""
        return bool(self._runs)

    @property
    def happened(self) -> bool:
        """Whether anything has gone wrong yet."""
        return any(run.happened for run in self._runs)

    @property
    def cut_off(self) -> bool:
        """Whether the clients are without a connection, or an agent, at this moment."""
        return self._away_since is not None

    @property
    def client_options(self) -> dict[str, Any]:
        """The options of the clients that go with the faults."""
        return {key: value for run in self._runs for key, value in run.schedule.client.items()}

    def never(self) -> list[str]:
        """Say which faults have not happened, and why."""
        return [
            f"{run.schedule.name} never happened: {run.schedule.never}"
            for run in self._runs
            if not run.happened
        ]

    def outage(self) -> float:
        """How many seconds the clients were cut off so far, :data:`PATIENCE` at most."""
        since = self._away_since
        now = 0.0 if since is None else self.world.now - since
        return min(self._away_before + now, PATIENCE)

    def _hook(self, run: _Run) -> Any:
        when, action = run.schedule.when, cast("Action", run.schedule.does)
        assert when is not None

        def between(way: str, link: Connection, frame: Frame, go_on: Callable[[], None]) -> None:
            if when.fits(way, frame):
                run.seen += 1
                if run.seen >= when.nth and (when.times is None or run.hits < when.times):
                    run.hits += 1
                    action.happen(self, way, link, frame, go_on)
                    return
            go_on()

        return between

    def _look(self, way: str, link: Connection, frame: Frame, go_on: Callable[[], None]) -> None:
        """Note that the server has answered a registration, or a client without any."""
        if self._away_since is not None and way == "out" and self._is_back(frame["event"]):
            took = self.core.world.now - self._away_since
            self._away_before += took
            self._away_since = None
            self.tell(f"back after {took:.1f} s")
        go_on()

    def _is_back(self, event: str) -> bool:
        registry = self.core.registry
        alone = not registry.agents and not registry.lines
        return event in _BACK or (alone and event == "connected")

    # -- for the actions ------------------------------------------------------------------------

    def tell(self, text: str) -> None:
        """Add a line to the stories of the calls that go on."""
        for call_id, story in self._stories.calls.items():
            if self.core.sessions.get(call_id) is not None:
                story.tell(self.core.world.now, "link", text)

    def away(self) -> None:
        """Note that the clients are cut off, until the server answers a registration again."""
        if self._away_since is None:
            self._away_since = self.core.world.now

    def unreachable(self, seconds: float) -> None:
        """Let the server take no connections for that long."""
        later = self.core.world.later
        if self.world.virtual:
            self.world.listening = False
            later(seconds, lambda: setattr(self.world, "listening", True))
            return
        # A port that is bound already is not given up: a proxy says that nobody is behind it.
        gone = Fault("/client", "refuse", 1_000_000, fields={"status": 503})
        faults = self.world.runner.http_faults
        faults.add(gone)
        later(seconds, lambda: faults.pending.remove(gone))
