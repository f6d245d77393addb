"""Fault injection: applies pending faults to incoming commands and outgoing frames."""

from __future__ import annotations

from collections.abc import Callable

from .connections import Connections
from .kernel.faults import Fault, Faults
from .kernel.outbox import Frame
from .kernel.records import Connection
from .kernel.refusals import DEFAULT_CODES, Refused
from .world import World

__all__ = ["Between", "FaultInjection"]

#: Gets the way of a frame (``in``: from a client, ``out``: to one), its connection, the frame, and what
#: passes it on, which may be called later, more than once, or not at all.
Between = Callable[[str, Connection, Frame, Callable[[], None]], None]

_DELAY = 0.1
_REORDER_WAIT = 0.5


class FaultInjection:
    """Passes frames on, or applies a pending fault to them.

    Args:
        world: the server's world; frames go out through it.
        connections: to refuse or close a connection.
        faults: the faults that are pending.
        dispatch: carries out a command.
        refusal: makes the frame that refuses a command.
    """

    def __init__(
        self, world: World, connections: Connections, faults: Faults,
        dispatch: Callable[[Connection, Frame], None], refusal: Callable[[Frame, Refused], Frame],
    ) -> None:  # fmt: skip
        self._world = world
        self._connections = connections
        self._faults = faults
        self._dispatch = dispatch
        self._refusal = refusal
        #: They stand between the clients and the server, and may do to each frame what they like.
        self.between: list[Between] = []
        self._copies = 1
        self._held: list[tuple[Connection, Frame]] = []
        self._held_out: list[tuple[Connection, Frame]] = []

    def receive(self, link: Connection, frame: Frame) -> None:
        """Handle one frame from a client."""
        self._pass("in", link, frame, lambda: self._receive(link, frame))

    def send(self, link: Connection, frame: Frame) -> None:
        """Handle one frame to a client."""
        self._pass("out", link, frame, lambda: self._send(link, frame))

    def _pass(
        self, way: str, link: Connection, frame: Frame, arrive: Callable[[], None], at: int = 0
    ) -> None:
        """Pass a frame on to the next in between, or to its end. It is lost if the connection is."""
        if at == len(self.between):
            arrive()
            return

        def go_on() -> None:
            if link.id in self._world.open:
                self._pass(way, link, frame, arrive, at + 1)

        self.between[at](way, link, frame, go_on)

    def _receive(self, link: Connection, frame: Frame) -> None:
        fault = self._faults.take(frame)
        if fault is None:
            self._dispatch(link, frame)
            self._release_after(link, frame)
        elif fault.how == "refuse":
            self._refuse(link, frame, fault)
        elif fault.how == "repeat":
            self._copies = 2
            try:
                self._dispatch(link, frame)
            finally:
                self._copies = 1
        elif fault.how == "delay":
            seconds = _DELAY if fault.delay is None else fault.delay
            self._world.later(seconds, lambda: self._dispatch_late(link, frame))
        elif fault.how == "reorder":
            entry = (link, frame)
            self._held.append(entry)
            self._world.later(_REORDER_WAIT, lambda: self._release(entry))
        elif fault.how == "drop":
            self._connections.close(link, _close_code(fault), fault.error or "")

    def _send(self, link: Connection, frame: Frame) -> None:
        fault = self._faults.take(frame)
        if fault is None or fault.how == "refuse":
            for _ in range(self._copies):
                self._world.put(link, frame)
            entry = next(
                (e for e in self._held_out if e[0] is link and e[1]["event"] == frame["event"]),
                None,
            )
            if entry is not None:
                self._release_out(entry)
        elif fault.how == "repeat":
            self._world.put(link, frame)
            self._world.put(link, frame)
        elif fault.how == "delay":
            seconds = _DELAY if fault.delay is None else fault.delay
            self._world.later(seconds, lambda: self._world.put(link, frame))
        elif fault.how == "reorder":
            held = (link, frame)
            self._held_out.append(held)
            self._world.later(_REORDER_WAIT, lambda: self._release_out(held))
        elif fault.how == "drop":
            self._connections.close(link, _close_code(fault), fault.error or "")

    def _refuse(self, link: Connection, frame: Frame, fault: Fault) -> None:
        event = frame["event"]
        code = str(fault.code or DEFAULT_CODES.get(event, "REFUSED"))
        text = fault.error or (
            "Invalid API key" if code == "INVALID_KEY" else f"{code}: refused by fail()"
        )
        if event == "connect":
            self._connections.refuse(link, code, text, **fault.fields)
            return
        fields = dict(fault.fields)
        if code == "PHONE_IN_USE":
            fields.setdefault("phone", frame.get("ref"))
        self._world.put(link, self._refusal(frame, Refused(code, text, **fields)))

    def _dispatch_late(self, link: Connection, frame: Frame) -> None:
        if link.id in self._world.open:
            self._dispatch(link, frame)

    def _release_after(self, link: Connection, frame: Frame) -> None:
        entry = next(
            (e for e in self._held if e[0] is link and e[1]["event"] == frame["event"]), None
        )
        if entry is not None:
            self._release(entry)

    def _release(self, entry: tuple[Connection, Frame]) -> None:
        if entry in self._held:
            self._held.remove(entry)
            self._dispatch_late(*entry)

    def _release_out(self, entry: tuple[Connection, Frame]) -> None:
        if entry in self._held_out:
            self._held_out.remove(entry)
            self._world.put(*entry)


def _close_code(fault: Fault) -> int:
    return fault.code if isinstance(fault.code, int) else 1006
