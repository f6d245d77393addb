"""WhatsApp sessions: one agent and one contact, and the people who take over."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from ...errors import CallEnded
from ..errors import EmulatorError
from .connections import Connection
from .generation import Generation
from .outbox import Frame
from .records import Agent
from .refusals import Refused
from .session import Heard, Session
from .timeline import Timer

if TYPE_CHECKING:
    from .server import Server

__all__ = ["WhatsAppSession", "WhatsApps"]


class WhatsAppSession(Session):
    """A conversation that ends by silence or when the window closes."""

    channel = "whatsapp"

    def __init__(self, server: Server, agent: Agent, contact: str, name: str, **known: Any) -> None:
        super().__init__(server, "wa-" + server.new_ids.hex(12), agent, contact=contact, **known)
        self.name = name
        self.paused = False
        self.transcript: list[Frame] = []
        self.statuses: list[str] = []
        self._queue: deque[str] = deque()
        self._texts: dict[str, str] = {}
        self._idle: Timer | None = None

    def identity(self) -> Frame:
        """Its frames carry the session's id."""
        return {"session_id": self.id}

    def emit(self, event: str, **fields: Any) -> Frame:
        """Events that are not WhatsApp's own name the session in ``call_id``."""
        if not event.startswith("whatsapp."):
            fields = {"call_id": self.id, **fields}
        return super().emit(event, **fields)

    def start(self) -> None:
        """``whatsapp.session_started``."""
        self.emit("whatsapp.session_started", contact_phone=self.contact, contact_name=self.name)
        longest = self.server.settings.whatsapp_window
        self.server.timeline.after(longest, lambda: self.end("window_expired"))

    def say(self, text: str, kind: str = "text") -> None:
        """The contact writes (``kind`` ``audio``: a voice note with this transcript).

        Raises:
            CallEnded: the session is over.
            EmulatorError: no text, or an unknown kind.
        """
        if self.ended:
            raise CallEnded(f"session {self.id} is over ({self.reason})", call_id=self.id)
        if kind not in ("text", "audio", "image", "video", "document"):
            raise EmulatorError(f"type {kind!r}: text, audio, image, video or document")
        if not text.strip() and kind in ("text", "audio"):
            raise EmulatorError("say() needs a text", call_id=self.id)
        self.asked += 1
        self.begun += 1
        self._alive()
        paused = self.is_paused()
        self.transcript.append({"role": "user", "content": text})
        self.messages.append({"role": "user", "content": text})
        self.server.memory.listen(self, text)
        self.emit(
            "whatsapp.message", **{"from": self.contact}, name=self.name, type=kind, text=text,
            message_id="wamid." + self.server.new_ids.hex(8), paused=paused,
        )  # fmt: skip
        if not paused and self.has_model():
            self._queue.append(text)
            self._go_on()

    def is_paused(self) -> bool:
        """Whether a person has taken over, at any level."""
        agent = self.agent
        return self.paused or (
            agent is not None and (agent.paused or self.contact in agent.paused_contacts)
        )

    def end(self, reason: str) -> None:
        """``whatsapp.session_ended``."""
        if self.ended:
            return
        self.reason, self.ended_at = reason, self.server.now
        if self._idle is not None:
            self._idle.cancel()
        if self.generation is not None:
            self.generation.stop()
        self.emit(
            "whatsapp.session_ended", contact_phone=self.contact, contact_name=self.name, reason=reason,
            started_at=self.started_at, ended_at=self.ended_at,
            duration=round(self.ended_at - self.started_at, 3), message_count=len(self.transcript),
            transcript=list(self.transcript), messages=list(self.messages),
        )  # fmt: skip
        self.server.session_over(self)

    def send(self, text: str, source: str | None = None) -> None:
        """A message to the contact: ``whatsapp.response`` and its statuses."""
        human = {"source": source} if source else {}
        self.transcript.append({"role": "assistant", "content": text, **human})
        self.messages.append({"role": "assistant", "content": text})
        self.emit("whatsapp.response", to=self.contact, text=text, **human)
        self.heard.append(Heard("", text, False, self.begun))
        wamid = "wamid." + self.server.new_ids.hex(8)
        for status in ("sent", "delivered", "read"):
            self.statuses.append(status)
            self.emit("whatsapp.status", status=status, recipient=self.contact, message_id=wamid)

    def answer_begins(self, message_id: str, whole: str | None) -> None:
        """An answer starts."""
        self._texts[message_id] = ""

    def answer_token(self, message_id: str, token: str) -> None:
        """More of it."""
        if message_id in self._texts:
            self._texts[message_id] += token

    def answer_ends(self, message_id: str) -> None:
        """It is sent as one message, unless a person took over meanwhile."""
        text = self._texts.pop(message_id, "")
        if text and not self.is_paused():
            self.send(text)

    def generation_idle(self) -> None:
        """The next message of the contact."""
        self.server.memory.turn(self)
        self._go_on()

    def tool_results_shown(self, results: list[Frame]) -> None:
        """For the call log."""
        self.server.log.tool_results(self, results)

    def _go_on(self) -> None:
        if self._queue and not self.ended and (self.generation is None or not self.generation.busy):
            self.generation = Generation(self, self._queue.popleft())
            self.generation.begin()

    def _alive(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        idle = self.server.settings.whatsapp_idle
        self._idle = self.server.timeline.after(idle, lambda: self.end("idle_timeout"))


class WhatsApps:
    """Opens sessions, and lets people take over."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def open(self, to: str, contact: str, name: str) -> WhatsAppSession:
        """The contact's session with an agent (or the channel of that ref), new when there is none.

        Raises:
            EmulatorError: no such agent online, or it has no WhatsApp channel.
        """
        digits = contact.removeprefix("+")
        if not digits.isdigit():
            raise EmulatorError(
                f"{contact!r} is not a WhatsApp contact: digits, like 5491155551234"
            )
        registry = self._server.registry
        agent = (
            registry.dev_agent("+" + digits)
            or registry.whatsapp_owner(to)
            or self._server.online(to)
        )
        if not any(channel.type == "whatsapp" for channel in agent.channels):
            raise EmulatorError(f"agent {agent.id!r} has no whatsapp channel", agent_id=agent.id)
        known = self._find(agent, contact=digits)
        if known:
            return known[0]
        return self._start(agent, digits, name)

    def pause(self, link: Connection, frame: Frame) -> None:
        """``session.pause``: a session, a contact, or the whole agent."""
        self._pausing(link, frame, True)

    def resume(self, link: Connection, frame: Frame) -> None:
        """``session.resume``; without scope every level is cleared."""
        self._pausing(link, frame, False)

    def send(self, link: Connection, frame: Frame) -> None:
        """``session.send``: a person writes; opens a session for a contact that has none."""
        agent = self._server.registry.held(link, frame)
        text = frame.get("text")
        session_id, contact = frame.get("session_id"), frame.get("contact")
        if not isinstance(text, str) or not text:
            raise Refused("BAD_REQUEST", "session.send: text must be a non-empty text")
        found = self._find(agent, session_id, None) if session_id else []
        if not found and isinstance(contact, str) and contact:
            digits = contact.removeprefix("+")
            found = self._find(agent, None, digits) or [self._start(agent, digits, "")]
        if not found:
            raise Refused(
                "SESSION_NOT_FOUND", f"session.send: no session {session_id!r} and no contact"
            )
        self._server.send(link, {
            "event": "session.sent", "agent_id": agent.address(self._server.settings.ids),
            "session_id": found[0].id,
        })  # fmt: skip
        found[0].send(text, source="human")

    def _pausing(self, link: Connection, frame: Frame, on: bool) -> None:
        agent = self._server.registry.held(link, frame)
        session_id, contact = frame.get("session_id"), frame.get("contact")
        scope: Frame = {}
        if isinstance(session_id, str):
            found = self._find(agent, session_id)
            if not found:
                raise Refused(
                    "SESSION_NOT_FOUND", f"no session '{session_id}' of agent '{agent.id}'"
                )
            found[0].paused = on
            scope = {"session_id": session_id}
        elif isinstance(contact, str):
            digits = contact.removeprefix("+")
            agent.paused_contacts.add(digits) if on else agent.paused_contacts.discard(digits)
            scope = {"contact": contact}
        else:
            agent.paused = on
            if not on:
                agent.paused_contacts.clear()
                for session in self._find(agent):
                    session.paused = False
        self._server.tell(agent, "session.paused" if on else "session.resumed", **scope)

    def _start(self, agent: Agent, contact: str, name: str) -> WhatsAppSession:
        session = WhatsAppSession(self._server, agent, contact, name)
        self._server.sessions[session.id] = session
        session.start()
        return session

    def _find(
        self, agent: Agent, session_id: Any = None, contact: str | None = None
    ) -> list[WhatsAppSession]:
        return [
            s for s in self._server.sessions.values()
            if isinstance(s, WhatsAppSession) and s.owner is agent
            and (session_id is None or s.id == session_id) and (contact is None or s.contact == contact)
        ]  # fmt: skip
