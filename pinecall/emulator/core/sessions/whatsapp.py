"""WhatsApp sessions: one agent and one contact, and operators who take over."""

from __future__ import annotations

from collections import deque
from typing import Any

from ....errors import CallEnded
from ...errors import EmulatorError
from ..kernel.outbox import Frame
from ..kernel.records import Agent
from ..kernel.timeline import Timer
from ..world import World
from .generation import Generation
from .session import Heard, Session

__all__ = ["WhatsAppSession"]


class WhatsAppSession(Session):
    """A conversation that ends after a silence or when WhatsApp's window closes."""

    channel = "whatsapp"

    def __init__(self, world: World, agent: Agent, contact: str, name: str, **known: Any) -> None:
        super().__init__(world, "wa-" + world.new_ids.hex(12), agent, contact=contact, **known)
        self.name = name
        self.paused = False
        self.transcript: list[Frame] = []
        self.statuses: list[str] = []
        self._queue: deque[str] = deque()
        self._texts: dict[str, str] = {}
        self._idle: Timer | None = None

    def identity(self) -> Frame:
        """Make the ids its frames carry: the session's."""
        return {"session_id": self.id}

    def emit(self, event: str, **fields: Any) -> Frame:
        """Send one event; events that are not WhatsApp's own name the session in ``call_id``."""
        if not event.startswith("whatsapp."):
            fields = {"call_id": self.id, **fields}
        return super().emit(event, **fields)

    def start(self) -> None:
        """Send ``whatsapp.session_started``."""
        self.emit("whatsapp.session_started", contact_phone=self.contact, contact_name=self.name)
        longest = self.world.settings.whatsapp_window
        self.world.later(longest, lambda: self.end("window_expired"))

    def say(self, text: str, kind: str = "text") -> None:
        """Take the contact's message (``kind`` ``audio``: a voice note with this transcript).

        Raises:
            CallEnded: the session is over.
            EmulatorError: the text is empty, or the kind unknown.
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
        self.listen(text)
        self.emit(
            "whatsapp.message", **{"from": self.contact}, name=self.name, type=kind, text=text,
            message_id="wamid." + self.world.new_ids.hex(8), paused=paused,
        )  # fmt: skip
        if not paused and self.has_model():
            self._queue.append(text)
            self._go_on()

    def is_paused(self) -> bool:
        """Whether an operator has taken over, at any level."""
        agent = self.agent
        return self.paused or (
            agent is not None and (agent.paused or self.contact in agent.paused_contacts)
        )

    def end(self, reason: str) -> None:
        """End the session with ``whatsapp.session_ended``."""
        if self.ended:
            return
        self.reason, self.ended_at = reason, self.world.now
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
        self.over(reason)

    def send(self, text: str, source: str | None = None) -> None:
        """Send the contact a message: ``whatsapp.response`` and its statuses."""
        human = {"source": source} if source else {}
        self.transcript.append({"role": "assistant", "content": text, **human})
        self.messages.append({"role": "assistant", "content": text})
        self.emit("whatsapp.response", to=self.contact, text=text, **human)
        self.heard.append(Heard("", text, False, self.begun))
        wamid = "wamid." + self.world.new_ids.hex(8)
        for status in ("sent", "delivered", "read"):
            self.statuses.append(status)
            self.emit("whatsapp.status", status=status, recipient=self.contact, message_id=wamid)

    def answer_begins(self, message_id: str, whole: str | None) -> None:
        """Begin an answer."""
        self._texts[message_id] = ""

    def answer_token(self, message_id: str, token: str) -> None:
        """Add to the answer."""
        if message_id in self._texts:
            self._texts[message_id] += token

    def answer_ends(self, message_id: str) -> None:
        """Send the answer as one message, unless an operator took over meanwhile."""
        text = self._texts.pop(message_id, "")
        if text and not self.is_paused():
            self.send(text)

    def generation_idle(self) -> None:
        """Take the contact's next message."""
        self.turn_learned()
        self._go_on()

    def _go_on(self) -> None:
        if self._queue and not self.ended and (self.generation is None or not self.generation.busy):
            generation = self.generation = Generation(self, self._queue.popleft())
            generation.begin()

    def _alive(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        idle = self.world.settings.whatsapp_idle
        self._idle = self.world.later(idle, lambda: self.end("idle_timeout"))
