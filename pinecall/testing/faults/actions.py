"""What a fault does to a frame, a connection or a handshake."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import field, frozen

from pinecall.emulator.core.kernel.faults import Fault
from pinecall.emulator.core.kernel.records import Connection
from pinecall.emulator.core.kernel.refusals import Refused

from .schedule import Frame, Place

__all__ = ["Cut", "Delay", "Handshake", "Lose", "Refuse", "Repeat", "Silence", "Unreachable"]


@frozen(kw_only=True)
class _Frames:
    """Happens to frames, in both worlds."""

    real: bool = field(default=True, init=False)


@frozen(kw_only=True)
class Cut(_Frames):
    """Cut the frame's connection.

    behind: the frame still arrives
    after: seconds until the cut
    code, reason: of the close frame; 1006 sends none
    everyone: every connection is closed
    down: seconds in which the server then takes no connection
    again: seconds after which the connections there are then are cut once more
    """

    behind: bool = False
    after: float = 0.0
    code: int = 1006
    reason: str = ""
    everyone: bool = False
    down: float = 0.0
    again: tuple[float, ...] = ()

    def happen(
        self, place: Place, way: str, link: Connection, frame: Frame, go_on: Callable[[], None]
    ) -> None:
        world = place.core.world
        if self.behind or self.after:
            go_on()
        for seconds in self.again:
            world.later(seconds, lambda: self._cut(place, list(world.open.values())))
        if self.after:
            world.later(self.after, lambda: self._cut_around(place, link))
        else:
            self._cut_around(place, link)

    def _cut_around(self, place: Place, link: Connection) -> None:
        open_ = place.core.world.open
        self._cut(place, list(open_.values()) if self.everyone else [link])

    def _cut(self, place: Place, links: list[Connection]) -> None:
        links = [link for link in links if link.id in place.core.world.open]
        if not links:
            return
        place.tell("cut" if self.code == 1006 else f"closed ({self.code} {self.reason})")
        place.away()
        if self.down:
            place.unreachable(self.down)
        for link in links:
            place.core.connections.close(link, self.code, self.reason)


@frozen(kw_only=True)
class Lose(_Frames):
    """Lose the frame."""

    def happen(
        self, place: Place, way: str, link: Connection, frame: Frame, go_on: Callable[[], None]
    ) -> None:
        place.tell(f"{frame['event']} is lost")


@frozen(kw_only=True)
class Repeat(_Frames):
    """Let the frame arrive twice, the second time ``after`` that many seconds."""

    after: float = 0.0

    def happen(
        self, place: Place, way: str, link: Connection, frame: Frame, go_on: Callable[[], None]
    ) -> None:
        go_on()
        if self.after:
            place.later(self.after, go_on)
        else:
            go_on()


@frozen(kw_only=True)
class Delay(_Frames):
    """Let the frame arrive that many seconds later; what is sent after it may come before it."""

    seconds: float

    def happen(
        self, place: Place, way: str, link: Connection, frame: Frame, go_on: Callable[[], None]
    ) -> None:
        place.later(self.seconds, go_on)


@frozen(kw_only=True)
class Refuse(_Frames):
    """Refuse the command, with a code that stands for a passing condition."""

    code: str
    text: str
    fields: dict[str, Any] = field(factory=dict)

    def happen(
        self, place: Place, way: str, link: Connection, frame: Frame, go_on: Callable[[], None]
    ) -> None:
        place.tell(f"{frame['event']} is refused ({self.code})")
        if frame["event"] == "connect":
            place.core.connections.refuse(link, self.code, self.text, **self.fields)
        else:
            refused = Refused(self.code, self.text, **self.fields)
            place.core.world.put(link, place.core.refusal(frame, refused))


@frozen(kw_only=True)
class Silence:
    """Let every connection lose all that is sent on it, and tell neither end."""

    real: bool = field(default=False, init=False)

    def happen(
        self, place: Place, way: str, link: Connection, frame: Frame, go_on: Callable[[], None]
    ) -> None:
        place.tell("silent")
        place.away()
        for one in place.world.links:
            one.silent = True


@frozen(kw_only=True)
class Handshake:
    """Let the first handshakes fail: ``how`` and ``fields`` are the emulator's, see ``fail``."""

    how: str
    times: int = 1
    fields: dict[str, Any] = field(factory=dict)
    delay: float | None = None
    real: bool = field(default=True, init=False)

    def begin(self, place: Place) -> Callable[[], bool]:
        fault = Fault("/client", self.how, self.times, delay=self.delay, fields=self.fields)
        place.world.runner.http_faults.add(fault)
        return lambda: fault.times < self.times


@frozen(kw_only=True)
class Unreachable:
    """Let no one listen for the first ``seconds``: connections are refused."""

    seconds: float
    real: bool = field(default=False, init=False)

    def begin(self, place: Place) -> Callable[[], bool]:
        place.unreachable(self.seconds)
        return lambda: bool(place.world.refused)
