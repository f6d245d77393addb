"""The server core: frames and time in, frames and a deadline out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ..builtin import respond
from ..errors import Nobody
from ..turn import Failure, Piece, ToolCall, ToolCalls, Turn
from .chat import Chats
from .commands import COMMANDS
from .connections import Connection, Connections, decoded
from .faults import Faults
from .faulty import Trouble
from .generation import Generation
from .inbound import Inbound
from .knowledge import Knowledge
from .lines import LineCalls
from .log import CallLog
from .memory import Memory
from .names import Ids
from .outbound import Outbound
from .outbox import Close, Frame, Outbox, Passed
from .records import Agent, Owner
from .refusals import Refused, refusal, text_of
from .registry import Registry
from .session import Session
from .settings import Settings
from .timeline import Timeline
from .tokens import Tokens
from .voice import VoiceCall
from .whatsapp import WhatsApps

__all__ = ["Server"]

_FRAMES_KEPT = 10_000


class Server:
    """A Pinecall server without I/O. ``external`` leaves answers to the driver (see ``asked``)."""

    def __init__(
        self, keys: Mapping[str, str], settings: Settings | None = None, *, external: bool = False
    ) -> None:
        self.keys = dict(keys)
        self.settings = settings or Settings()
        self.timeline = Timeline()
        self.outbox = Outbox()
        self.new_ids = Ids(self.settings.seed)
        self.faults = Faults()
        self.connections: Connections = Connections(self)
        self.registry: Registry = Registry(self)
        self.sessions: dict[str, Session] = {}
        self.inbound: Inbound = Inbound(self)
        self.outbound: Outbound = Outbound(self)
        self.line_calls: LineCalls = LineCalls(self)
        self.chats: Chats = Chats(self)
        self.whatsapps: WhatsApps = WhatsApps(self)
        self.memory: Memory = Memory(self)
        self.knowledge: Knowledge = Knowledge(self)
        self.log: CallLog = CallLog(self)
        self.tokens: Tokens = Tokens(self)
        self.frames: deque[Frame] = deque(maxlen=_FRAMES_KEPT)
        self.asked: deque[tuple[int, Turn]] = deque()
        self._trouble = Trouble(self)
        self.external = external
        self._asks: dict[int, Generation] = {}
        self._ask_count = 0
        self._unread: list[tuple[int, str | bytes]] = []

    # the driver's side

    @property
    def now(self) -> float:
        """The time of what happens now, epoch seconds."""
        return self.timeline.now

    def opened(self, now: float) -> int:
        """A client's socket was accepted; the connection's id."""
        self.timeline.run(now)
        return self.connections.opened().id

    def receive(self, connection: int, text: str | bytes, now: float) -> None:
        """A message arrived; what is not a frame is ignored, as the real server does."""
        self.timeline.run(now)
        if self.outbox.frozen:
            self._unread.append((connection, text))
            return
        link = self.connections.open.get(connection)
        if link is None:
            return
        link.seen_at = now
        frame = decoded(text)
        if frame is None:
            self.note(link, {"event": "?"}, "not a frame")
            return
        self.frames.append(frame)
        if self.outbox.watcher is not None:
            self.outbox.watcher(Passed("in", link.id, frame, now))
        self._trouble.receive(link, frame)

    def closed(self, connection: int, now: float) -> None:
        """A socket is gone; harmless for one this side closed."""
        self.timeline.run(now)
        link = self.connections.open.get(connection)
        if link is not None:
            self.connections.closed(link)

    def tick(self, now: float) -> None:
        """Do everything that is due."""
        self.timeline.run(now)

    def deadline(self) -> float | None:
        """When ``tick`` has something to do."""
        return self.timeline.deadline()

    def outgoing(self) -> list[tuple[int, str | bytes | Close]]:
        """What to send now, by connection, in order."""
        return self.outbox.take()

    def answer(self, ask: int, piece: Piece | None, now: float, *, whole: bool = False) -> None:
        """A piece of an external responder's answer (``whole``: all of it); None ends it."""
        self.timeline.run(now)
        generation = self._asks.get(ask)
        if generation is None:
            return
        if piece is None or isinstance(piece, Failure):
            self._asks.pop(ask, None)
        if isinstance(piece, ToolCall):
            piece = ToolCalls.of(piece)
        if whole and isinstance(piece, str):
            generation.whole(piece)
        else:
            generation.piece(piece)

    def wanted(self, ask: int) -> bool:
        """Whether somebody still waits for this answer."""
        return ask in self._asks

    def freeze(self) -> None:
        """Read nothing, say nothing."""
        self.outbox.frozen = True

    def thaw(self) -> None:
        """Go on with everything that came meanwhile."""
        self.outbox.frozen = False
        unread, self._unread = self._unread, []
        for connection, text in unread:
            self.receive(connection, text, self.now)

    # the parts' side

    def dispatch(self, link: Connection, frame: Frame) -> None:
        """Carry out one command."""
        event = frame["event"]
        try:
            if event == "connect":
                self.connections.authenticate(link, frame)
            elif not link.ready:
                self.connections.refuse(link, "UNAUTHORIZED", "The first frame must be connect")
            elif event == "ping":
                self.send(link, {"event": "pong", "timestamp": self.now})
            elif event == "pong":
                link.ponged_at = self.now
            elif event in COMMANDS:
                COMMANDS[event](self, link, frame)
            else:
                self.note(link, frame, "unknown event")
        except Refused as refused:
            late = refused.code == "CALL_NOT_FOUND" and not event.startswith("history.")
            if late:
                self.note(link, frame, refused.error)
            else:
                self.send(link, self.refusal(frame, refused))

    def send(self, link: Connection, frame: Frame) -> None:
        """Send one frame, unless a fault says otherwise."""
        if link.id in self.connections.open:
            self._trouble.send(link, frame)

    def deliver(self, owner: Owner, frame: Frame) -> None:
        """Send a frame to an owner; lost while it has no connection."""
        if owner.link is not None:
            self.send(owner.link, frame)

    def tell(self, owner: Owner, event: str, **fields: Any) -> None:
        """An event about the owner itself."""
        address = owner.address(self.settings.ids)
        self.deliver(owner, {"event": event, "agent_id": address, **fields})

    def note(self, link: Connection, frame: Frame, why: str) -> None:
        """Something was ignored; whoever watches may want to know."""
        if self.outbox.watcher is not None:
            remark = {"event": frame["event"], "ignored": why}
            self.outbox.watcher(Passed("note", link.id, remark, self.now))

    def refusal(self, frame: Frame, refused: Refused) -> Frame:
        """The frame that answers a command with no."""
        call_id = frame.get("call_id")
        session = self.sessions.get(call_id) if isinstance(call_id, str) else None
        owner = session.owner.address(self.settings.ids) if session is not None else None
        return refusal(frame, refused, owner)

    def session_of(self, link: Connection, frame: Frame, key: str = "call_id") -> Session:
        """The live session a command is about.

        Raises:
            Refused: unknown, over, or another connection's.
        """
        session = self.sessions.get(text_of(frame, key))
        if session is None or session.owner.link is not link:
            raise Refused("CALL_NOT_FOUND", f"No live call '{frame[key]}'")
        return session

    def online(self, agent_id: str) -> Agent:
        """An agent somebody holds.

        Raises:
            Nobody: unknown or offline; names those online.
        """
        agent = self.registry.any_org(agent_id)
        if agent is None or agent.link is None:
            online = ", ".join(a.id for a in self.registry.agents if a.link) or "none"
            raise Nobody(f"agent {agent_id!r} is not online; online: {online}", agent_id=agent_id)
        return agent

    def session_over(self, session: Session, reason: str | None = None) -> None:
        """A session is over and forgotten."""
        if reason is not None:
            session.reason = reason
        session.ended_at = session.ended_at or self.now
        self.sessions.pop(session.id, None)
        self.memory.over(session)

    def sessions_resumed(self, owner: Owner) -> None:
        """An owner came back: its calls are announced again, unanswered tool rounds repeated."""
        for session in [s for s in self.sessions.values() if s.owner is owner]:
            if isinstance(session, VoiceCall) and session.answered:
                session.announce()
            if session.generation is not None:
                session.generation.send_round()

    def sessions_orphaned(self, owner: Owner) -> None:
        """An owner did not come back."""
        for session in [s for s in self.sessions.values() if s.owner is owner]:
            session.end("connection_lost")

    # answers

    def ask(self, generation: Generation, turn: Turn) -> None:
        """Have a turn answered."""
        self._ask_count += 1
        ask = generation.ask_id = self._ask_count
        self._asks[ask] = generation
        if self.external:
            self.asked.append((ask, turn))
            return
        answer = respond(turn)
        self.answer(ask, answer, self.now, whole=True)
        self.answer(ask, None, self.now)

    def forget_ask(self, ask: int) -> None:
        """Nobody waits for it any more."""
        self._asks.pop(ask, None)

    def bridge_crossed(self, call: VoiceCall, text: str) -> None:
        """One side of a bridge said something; the other side hears it."""
        self.outbound.crossed(call, text)

    @staticmethod
    def text_form(value: Any) -> str:
        """A tool's result as text."""
        return value if isinstance(value, str) else msgspec.json.encode(value).decode()

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Run something after so many seconds."""
        self.timeline.after(seconds, action)
