"""What is known of a call, kept in step with the events.

========= ============================================== ========================================
status    what it is                                     what ends it
========= ============================================== ========================================
dialing   the number rings (``call.dialing``)            ``call.started`` → active; a lost link, no
                                                         answer → ended
active    it goes on                                     a lost link → detached; its end → ended
detached  the link was lost; the call may still be there an event that names it, and its start →
                                                         active; 30 s, its end → ended
ended     it is over (``call.ended``, ``disconnect()``)  nothing
========= ============================================== ========================================
"""

from __future__ import annotations

from typing import Any, Literal

from ...errors import CallEnded, NotConnected
from ...logs import Log
from ..kernel.has_handlers import HasHandlers
from ..kernel.outcome import Outcome
from ..kernel.runtime import Runtime
from ..text.showing import shows
from ..wire.limits import BOT_TEXT, CALL_SKILLS, MAX_ID
from ..wire.names import verb_name
from .conversation import Conversation
from .owner import Owner
from .turn import TurnState

__all__ = ["CallState", "Status"]

log = Log("calls")

Status = Literal["dialing", "active", "detached", "ended"]

#: What may follow what: the table above.
_NEXT: dict[Status, tuple[Status, ...]] = {
    "dialing": ("active", "ended"),
    "active": ("detached", "ended"),
    "detached": ("active", "ended"),
    "ended": (),
}


class CallState(HasHandlers):
    """One conversation: a phone or WebRTC call, a chat or a WhatsApp session.

    ``from_`` and ``to`` are numbers, SIP URIs or the words ``webrtc``/``chat``; ``transport`` is
    ``phone``, ``webrtc``, ``chat``, ``whatsapp`` or ``unknown``. ``duration`` is in seconds,
    ``started_at`` and ``ended_at`` in epoch seconds: the server's figures, 0 until ``call.ended``.
    (Wire: ``call.started``, ``call.ended``, ``call.updated``.)
    """

    # More attributes than a class shares the keys of: a dict of its own would double each call.
    __slots__ = (
        "_ending",
        "_skills",
        "agent",
        "announced",
        "bot_glued",
        "bot_message_id",
        "bot_size",
        "bot_words",
        "conversation",
        "direction",
        "duration",
        "ended_at",
        "extension",
        "from_",
        "greeting",
        "id",
        "language",
        "last_message_id",
        "line_transcript",
        "metadata",
        "own_handlers",
        "reason",
        "routed_from",
        "session",
        "start_size",
        "started_at",
        "status",
        "to",
        "transport",
        "turn",
    )

    def __init__(
        self,
        session: Runtime,
        agent: Owner,
        call_id: str,
        *,
        from_: str = "",
        to: str = "",
        direction: str = "inbound",
        transport: str = "unknown",
        metadata: dict[str, Any] | None = None,
        language: str | None = None,
        status: Status = "active",
    ) -> None:
        self.own_handlers = None
        self.session = session
        self.agent = agent
        self.id = call_id
        self.from_ = from_
        self.to = to
        self.direction = direction
        self.transport = transport
        self.metadata = metadata if metadata is not None else {}
        self.language = language
        self.extension: str | None = None
        self.routed_from: str | None = None
        self.line_transcript: list[dict[str, Any]] = []
        self.greeting: str | None = None
        self.status: Status = status
        self.reason = ""
        self.duration = 0.0
        self.started_at = 0.0
        self.ended_at = 0.0
        self.last_message_id = ""
        self.conversation = Conversation(session, agent.id, call_id)
        # The rest is the SDK's own, and made when it is first needed: most calls are idle.
        self.announced = False
        #: The reply that is being spoken, and its words so far.
        self.bot_message_id: str | None = None
        self.bot_words: list[str] = []
        self.bot_size = 0
        #: Are ``bot_words`` tokens that bring their own spaces?
        self.bot_glued = False
        self.turn = TurnState()
        #: Characters of the frame that began it.
        self.start_size = 0
        self._skills: dict[str, None] = {}
        self._ending: Outcome[str] | None = None

    # -- what it says of itself -----------------------------------------------------------------

    @property
    def over(self) -> bool:
        return self.status == "ended"

    @property
    def events_over(self) -> bool:
        return self.over

    @property
    def live(self) -> bool:
        """Can a frame for it be sent now?"""
        return self.status in ("active", "dialing") and self.session.ready

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The model's history as the server has it: dicts with ``role`` and ``content``."""
        return self.conversation.messages

    @property
    def transcript(self) -> list[dict[str, Any]]:
        """What was said and heard, in order, ``say()`` included, and so after the end too:
        ``[{"role": "user" | "assistant", "content": str}, …]``. ``messages`` is the model's history.
        """
        return self.conversation.transcript

    @property
    def current_bot_text(self) -> str:
        """What the agent has said so far of the reply it is speaking; empty between replies."""
        return ("" if self.bot_glued or self.transport == "chat" else " ").join(self.bot_words)

    @property
    def active_skills(self) -> list[str]:
        """Skills loaded now, in loading order."""
        return list(self._skills)

    @shows
    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.id} of {self.agent.id!r}: {self.status}, "
            f"{self.direction} {self.transport}>"
        )

    @property
    def title(self) -> str:
        return f"call {self.id}"

    # -- frames ---------------------------------------------------------------------------------

    def require(self, verb: str) -> None:
        """Raise CallEnded, which names ``verb``, where the call is over."""
        if self.over:
            raise self.ended_error(verb_name(verb))

    def ended_error(self, verb: str) -> CallEnded:
        return CallEnded(
            f"{verb}: call {self.id} of agent {self.agent.id!r} is over ({self.reason or 'ended'})",
            agent_id=self.agent.id,
            call_id=self.id,
        )

    def send_live(self, frame: dict[str, Any]) -> None:
        """Send what makes no sense later; raises NotConnected while that cannot be done."""
        self.require(frame["event"])
        if not self.live:
            raise NotConnected(
                f"{verb_name(frame['event'])}: call {self.id} of agent {self.agent.id!r} is "
                f"{self.status} (link: {self.session.state}), and this cannot be sent later",
                agent_id=self.agent.id,
                call_id=self.id,
            )
        self.session.transmit(frame)

    def send_durable(self, frame: dict[str, Any], *, request_id: str | None = None) -> None:
        """Send what must not be lost, now or when the link is there again."""
        self.require(frame["event"])
        self.session.send_durable(
            frame,
            now=self.live or (self.status == "detached" and self.agent.registered),
            agent_id=self.agent.id,
            call_id=self.id,
            request_id=request_id,
        )

    @property
    def ending(self) -> Outcome[str]:
        """Settles with the reason when the call is over."""
        if self._ending is None:
            self._ending = Outcome(f"the end of {self.title}")
            if self.over:
                self._ending.set(self.reason)
        return self._ending

    # -- its status -----------------------------------------------------------------------------

    def _become(self, status: Status) -> None:
        assert status in _NEXT[self.status], f"{self.status} → {status}"
        self.status = status

    def answered(self) -> None:
        """``call.started`` has come: whatever was known of the call before, it goes on now."""
        if self.status != "active":
            self._become("active")

    def detach(self) -> None:
        """The link is gone: nothing in flight will be confirmed."""
        self._become("detached")
        self.conversation.partial = True

    def reattach(self) -> None:
        """The server speaks of it on the new link."""
        self._become("active")

    def finish(self, reason: str) -> None:
        """It is over: settle everything that waits, release everything that is held."""
        self._become("ended")
        self.reason = reason
        if self._ending is not None:
            self._ending.set(reason)
        runtime = self.session
        runtime.timers.clear(("detached", self.id))
        runtime.requests.end_call(self, self.ended_error("request"))
        unsent = runtime.outbox.drop_call(self.agent.id, self.id)
        if unsent:
            log.warning(
                "call %s of agent %r ended: %d frames that waited for the link are not sent",
                self.id,
                self.agent.id,
                unsent,
            )
        runtime.proofs.settle()
        self.bot_words = []
        self.conversation.close()

    def release_handlers(self) -> None:
        """Forget its handlers, after those of its end were handed out."""
        if self.own_handlers is not None:
            self.session.unsubscribe_all(self.own_handlers)
            self.own_handlers.clear()

    # -- what happens to it ---------------------------------------------------------------------

    def bot_begins(self, message_id: str | None) -> None:
        """Another reply is being spoken or written, or none."""
        self.bot_message_id = message_id
        self.bot_words = []
        self.bot_size = 0
        self.bot_glued = False

    def bot_says(self, word: str) -> None:
        """One more word, or token, of the reply that is being spoken."""
        self.bot_size += len(word) + 1
        if self.bot_size <= BOT_TEXT:
            self.bot_words.append(word)

    def skill_changed(self, name: str, *, loaded: bool) -> None:
        """``skill.loaded`` or ``skill.unloaded``."""
        if loaded and len(self._skills) < CALL_SKILLS and len(name) <= MAX_ID:
            self._skills[name] = None
        elif loaded:
            log.debug("call %s: too many skills to know of %.40s", self.id, name)
        else:
            self._skills.pop(name, None)

    def listens(self, name: str) -> bool:
        """Has this very call a handler for ``name``?"""
        return self.own_handlers is not None and any(
            handler.name == name for handler in self.own_handlers.get(name)
        )
