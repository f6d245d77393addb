"""The boundary of the server core: frames and time in, frames and a deadline out."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from ..responders.types import Piece, Turn
from .commands.table import COMMANDS
from .connections import decoded
from .fault_injection import FaultInjection
from .kernel.faults import Faults
from .kernel.outbox import Close, Frame, Passed
from .kernel.records import Connection
from .kernel.refusals import Refused, refusal
from .kernel.settings import Settings
from .platform import Platform

__all__ = ["Server"]

_FRAMES_KEPT = 10_000


class Server(Platform):
    """A Pinecall server without I/O. ``external`` leaves answers to the driver (see ``asked``)."""

    def __init__(
        self, keys: Mapping[str, str], settings: Settings | None = None, *, external: bool = False
    ) -> None:
        super().__init__(keys, settings or Settings(), external=external)
        self.faults = Faults()
        self.frames: deque[Frame] = deque(maxlen=_FRAMES_KEPT)
        self.injection = FaultInjection(
            self.world, self.connections, self.faults, self._dispatch, self.refusal
        )
        self.world.transmit = self.injection.send
        self._unread: list[tuple[int, str | bytes]] = []

    def opened(self, now: float) -> int:
        """Register a client's new socket; returns the connection's id."""
        self.world.timeline.run(now)
        return self.connections.opened().id

    def receive(self, connection: int, text: str | bytes, now: float) -> None:
        """Handle a message; like the real server, ignore what is not a frame."""
        self.world.timeline.run(now)
        outbox = self.world.outbox
        if outbox.frozen:
            self._unread.append((connection, text))
            return
        link = self.world.open.get(connection)
        if link is None:
            return
        link.seen_at = now
        frame = decoded(text)
        if frame is None:
            self.world.note(link, {"event": "?"}, "not a frame")
            return
        self.frames.append(frame)
        if outbox.watcher is not None:
            outbox.watcher(Passed("in", link.id, frame, now))
        self.injection.receive(link, frame)

    def closed(self, connection: int, now: float) -> None:
        """Report that a socket is gone; harmless for one this side closed."""
        self.world.timeline.run(now)
        link = self.world.open.get(connection)
        if link is not None:
            self.connections.closed(link)

    def tick(self, now: float) -> None:
        """Run everything that is due."""
        self.world.timeline.run(now)

    def deadline(self) -> float | None:
        """The time when ``tick`` is due."""
        return self.world.timeline.deadline()

    def outgoing(self) -> list[tuple[int, str | bytes | Close]]:
        """Take what to send now, by connection, in order."""
        return self.world.outbox.take()

    def asked(self) -> list[tuple[int, Turn]]:
        """Take the turns an external responder must answer, each with the id of its question."""
        return self.world.asks.take()

    def answer(self, ask: int, piece: Piece | None, now: float, *, whole: bool = False) -> None:
        """Pass on a piece of an external responder's answer (``whole``: all of it); None ends it."""
        self.world.timeline.run(now)
        self.world.asks.answer(ask, piece, whole=whole)

    def wanted(self, ask: int) -> bool:
        """Whether a generation still waits for this answer."""
        return self.world.asks.wanted(ask)

    def freeze(self) -> None:
        """Stop reading and sending."""
        self.world.outbox.frozen = True

    def thaw(self) -> None:
        """Resume with everything that arrived meanwhile."""
        self.world.outbox.frozen = False
        unread, self._unread = self._unread, []
        for connection, text in unread:
            self.receive(connection, text, self.world.now)

    def _dispatch(self, link: Connection, frame: Frame) -> None:
        """Carry out one command."""
        event = frame["event"]
        try:
            if event == "connect":
                self.connections.authenticate(link, frame)
            elif not link.ready:
                self.connections.refuse(link, "UNAUTHORIZED", "The first frame must be connect")
            elif event == "ping":
                self.world.send(link, {"event": "pong", "timestamp": self.world.now})
            elif event == "pong":
                link.ponged_at = self.world.now
            elif event in COMMANDS:
                COMMANDS[event](self, link, frame)
            else:
                self.world.note(link, frame, "unknown event")
        except Refused as refused:
            late = refused.code == "CALL_NOT_FOUND" and not event.startswith("history.")
            if late:
                self.world.note(link, frame, refused.error)
            else:
                self.world.send(link, self.refusal(frame, refused))

    def refusal(self, frame: Frame, refused: Refused) -> Frame:
        """Make the frame that refuses a command."""
        call_id = frame.get("call_id")
        session = self.sessions.get(call_id) if isinstance(call_id, str) else None
        form = self.world.settings.ids
        owner = session.owner.address(form) if session is not None else None
        return refusal(frame, refused, owner)
