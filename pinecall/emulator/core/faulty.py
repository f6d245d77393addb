"""The faults at work: between the socket and the commands, and between the events and the socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .connections import Connection
from .faults import Fault
from .outbox import Frame
from .refusals import DEFAULT_CODES, Refused

if TYPE_CHECKING:
    from .server import Server

__all__ = ["Trouble"]

_DELAY = 0.1
_REORDER_WAIT = 0.5


class Trouble:
    """Passes frames on, or does to them what was asked for."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._copies = 1
        self._held: list[tuple[Connection, Frame]] = []
        self._held_out: list[tuple[Connection, Frame]] = []

    def receive(self, link: Connection, frame: Frame) -> None:
        """One frame from a client."""
        fault = self._server.faults.take(frame)
        if fault is None:
            self._server.dispatch(link, frame)
            self._release_after(link, frame)
        elif fault.how == "refuse":
            self._refuse(link, frame, fault)
        elif fault.how == "repeat":
            self._copies = 2
            try:
                self._server.dispatch(link, frame)
            finally:
                self._copies = 1
        elif fault.how == "delay":
            seconds = _DELAY if fault.delay is None else fault.delay
            self._server.later(seconds, lambda: self._dispatch_late(link, frame))
        elif fault.how == "reorder":
            entry = (link, frame)
            self._held.append(entry)
            self._server.later(_REORDER_WAIT, lambda: self._release(entry))
        elif fault.how == "drop":
            self._server.connections.close(link, _close_code(fault), fault.error or "")

    def send(self, link: Connection, frame: Frame) -> None:
        """One frame to a client."""
        fault = self._server.faults.take(frame)
        if fault is None or fault.how == "refuse":
            for _ in range(self._copies):
                self._out(link, frame)
            entry = next(
                (e for e in self._held_out if e[0] is link and e[1]["event"] == frame["event"]),
                None,
            )
            if entry is not None:
                self._release_out(entry)
        elif fault.how == "repeat":
            self._out(link, frame)
            self._out(link, frame)
        elif fault.how == "delay":
            seconds = _DELAY if fault.delay is None else fault.delay
            self._server.later(seconds, lambda: self._out(link, frame))
        elif fault.how == "reorder":
            held = (link, frame)
            self._held_out.append(held)
            self._server.later(_REORDER_WAIT, lambda: self._release_out(held))
        elif fault.how == "drop":
            self._server.connections.close(link, _close_code(fault), fault.error or "")

    def _refuse(self, link: Connection, frame: Frame, fault: Fault) -> None:
        event = frame["event"]
        code = str(fault.code or DEFAULT_CODES.get(event, "REFUSED"))
        text = fault.error or (
            "Invalid API key" if code == "INVALID_KEY" else f"{code}: refused by fail()"
        )
        if event == "connect":
            self._server.connections.refuse(link, code, text, **fault.fields)
            return
        fields = dict(fault.fields)
        if code == "PHONE_IN_USE":
            fields.setdefault("phone", frame.get("ref"))
        self._out(link, self._server.refusal(frame, Refused(code, text, **fields)))

    def _dispatch_late(self, link: Connection, frame: Frame) -> None:
        if link.id in self._server.connections.open:
            self._server.dispatch(link, frame)

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
            self._out(*entry)

    def _out(self, link: Connection, frame: Frame) -> None:
        if link.id in self._server.connections.open:
            self._server.outbox.frame(link.id, frame, self._server.now)


def _close_code(fault: Fault) -> int:
    return fault.code if isinstance(fault.code, int) else 1006
