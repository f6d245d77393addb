"""A named fault as a value: the moment that it waits for, and what it does then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from attrs import field, frozen

from pinecall.emulator.core import Server
from pinecall.emulator.core.kernel.records import Connection

__all__ = ["Action", "Beginning", "Frame", "Moment", "Place", "Schedule"]

Frame = dict[str, Any]


class Place(Protocol):
    """Where faults happen: one test's server and its connections."""

    world: Any

    @property
    def core(self) -> Server: ...
    def tell(self, text: str, /) -> None:
        """Add a line to the stories of the calls that go on."""
        ...

    def later(self, seconds: float, go_on: Callable[[], None], /) -> None:
        """Pass a frame on after that many seconds."""
        ...

    def away(self) -> None:
        """Note that the clients are cut off, until the server answers a registration again."""
        ...

    def unreachable(self, seconds: float, /) -> None:
        """Let the server take no connections for that long."""
        ...


class Action(Protocol):
    """What a schedule does to the frames of its moment."""

    @property
    def real(self) -> bool:
        """Whether it can be done to real sockets."""
        ...

    def happen(
        self, place: Place, way: str, link: Connection, frame: Frame, go_on: Callable[[], None], /
    ) -> None:
        """Do it to one frame; ``go_on`` passes the frame on."""
        ...


class Beginning(Protocol):
    """What a schedule does before any client connects."""

    @property
    def real(self) -> bool:
        """Whether it can be done to real sockets."""
        ...

    def begin(self, place: Place, /) -> Callable[[], bool]:
        """Begin. Returns what tells whether a client has met it."""
        ...


@frozen(kw_only=True)
class Moment:
    """Frames, by their way and their names; an empty ``way`` or ``names`` means all of them.

    nth: the first frame that counts, from 1, over the whole test
    times: how many are hit from then on; None: all of them
    inbound: a call of the program's own does not count
    never: why it did not come, for the failure of a test that named it
    """

    way: str
    names: frozenset[str]
    nth: int = 1
    times: int | None = 1
    inbound: bool = False
    never: str

    def fits(self, way: str, frame: Frame) -> bool:
        """Whether a frame counts."""
        if self.inbound and frame.get("direction") == "outbound":
            return False
        return self.way in ("", way) and (not self.names or frame["event"] in self.names)


@frozen(kw_only=True)
class Schedule:
    """One fault that a test can be run under.

    when: its moment; None if it is there from the beginning
    client, settings: options of the clients, and settings of the emulator, that go with it
    """

    name: str
    about: str
    does: Action | Beginning
    when: Moment | None = None
    client: dict[str, Any] = field(factory=dict)
    settings: dict[str, Any] = field(factory=dict)

    @property
    def never(self) -> str:
        """Why it did not happen."""
        return "no client connected meanwhile" if self.when is None else self.when.never
