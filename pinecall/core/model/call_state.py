"""The state of a call, kept in step with the events.

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

#: The allowed transitions: the table above.
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

    # Their docstrings, for help(). More attributes than a class shares the keys of: a dict of its own
    # would double each call.
    __slots__ = {
        "_announced": None,
        "_bot_glued": None,
        "_bot_message_id": None,
        "_bot_size": None,
        "_bot_words": None,
        "_conversation": None,
        "_greeting": None,
        "_made_ending": None,
        "_own_handlers": None,
        "_runtime": None,
        "_skills": None,
        "_start_size": None,
        "_turn": None,
        "agent": "The agent, or the line, that the call belongs to.",
        "direction": "``inbound`` or ``outbound``.",
        "duration": "Seconds; 0 until the end (``call.ended``).",
        "ended_at": "Epoch seconds, the server's; 0 until the end.",
        "extension": "The keys pressed at the beginning of a call to a line; None for other calls.",
        "from_": "The caller: a number, a SIP URI, or ``webrtc`` or ``chat``.",
        "id": "The server's id of the call.",
        "language": "The language spoken, like ``es``; None if the server did not say.",
        "last_message_id": "The id of the caller's last message; empty before the first.",
        "line_transcript": (
            "What was said on the line before the call was handed over: "
            '``[{"role", "content"}, …]``.'
        ),
        "metadata": "What the token or ``dial(metadata=…)`` gave.",
        "reason": "Why the call ended, like ``hangup``; empty until then.",
        "routed_from": "The line that handed the call over; None for other calls.",
        "started_at": "Epoch seconds, the server's; 0 until the end.",
        "status": (
            "``dialing``, ``active``, ``detached`` (the link was lost; the call may come back) or "
            "``ended``."
        ),
        "to": "The number or agent that was called.",
        "transport": "``phone``, ``webrtc``, ``chat``, ``whatsapp`` or ``unknown``.",
    }

    def __init__(
        self,
        runtime: Runtime,
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
        self._own_handlers = None
        self._runtime = runtime
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
        self._greeting: str | None = None
        self.status: Status = status
        self.reason = ""
        self.duration = 0.0
        self.started_at = 0.0
        self.ended_at = 0.0
        self.last_message_id = ""
        self._conversation = Conversation(runtime, agent.id, call_id)
        # The rest is internal, and created when first needed: most calls are idle.
        self._announced = False
        #: The reply being spoken, and its words so far.
        self._bot_message_id: str | None = None
        self._bot_words: list[str] = []
        self._bot_size = 0
        #: Whether ``bot_words`` are tokens that bring their own spaces.
        self._bot_glued = False
        self._turn = TurnState()
        #: Characters of the frame that began the call.
        self._start_size = 0
        self._skills: dict[str, None] = {}
        self._made_ending: Outcome[str] | None = None

    # -- what it says of itself -----------------------------------------------------------------

    @property
    def _over(self) -> bool:
        return self.status == "ended"

    @property
    def _events_over(self) -> bool:
        return self._over

    @property
    def _live(self) -> bool:
        """Whether a frame for the call can be sent now."""
        return self.status in ("active", "dialing") and self._runtime.ready

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The model's history as the server has it: dicts with ``role`` and ``content``."""
        return self._conversation.messages

    @property
    def transcript(self) -> list[dict[str, Any]]:
        """What was said and heard, in order, ``say()`` included, and so after the end too:
        ``[{"role": "user" | "assistant", "content": str}, …]``. ``messages`` is the model's history.
        """
        return self._conversation.transcript

    @property
    def current_bot_text(self) -> str:
        """The words spoken so far of the agent's current reply; empty between replies."""
        return ("" if self._bot_glued or self.transport == "chat" else " ").join(self._bot_words)

    @property
    def active_skills(self) -> list[str]:
        """The skills loaded now, in loading order."""
        return list(self._skills)

    @shows
    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.id} of {self.agent.id!r}: {self.status}, "
            f"{self.direction} {self.transport}>"
        )

    @property
    def _title(self) -> str:
        return f"call {self.id}"

    # -- frames ---------------------------------------------------------------------------------

    def _require(self, verb: str) -> None:
        """Raise CallEnded, naming ``verb``, if the call is over."""
        if self._over:
            raise self._ended_error(verb_name(verb))

    def _ended_error(self, verb: str) -> CallEnded:
        return CallEnded(
            f"{verb}: call {self.id} of agent {self.agent.id!r} is over ({self.reason or 'ended'})",
            agent_id=self.agent.id,
            call_id=self.id,
        )

    def _send_live(self, frame: dict[str, Any]) -> None:
        """Send a frame that makes no sense later; raise NotConnected if it cannot be sent now."""
        self._require(frame["event"])
        if not self._live:
            raise NotConnected(
                f"{verb_name(frame['event'])}: call {self.id} of agent {self.agent.id!r} is "
                f"{self.status} (link: {self._runtime.state}), and this cannot be sent later",
                agent_id=self.agent.id,
                call_id=self.id,
            )
        self._runtime.transmit(frame)

    def _send_durable(self, frame: dict[str, Any], *, request_id: str | None = None) -> None:
        """Send a frame that must not be lost, now or once the link is back."""
        self._require(frame["event"])
        self._runtime.send_durable(
            frame,
            now=self._live or (self.status == "detached" and self.agent.registered),
            agent_id=self.agent.id,
            call_id=self.id,
            request_id=request_id,
        )

    @property
    def _ending(self) -> Outcome[str]:
        """The outcome that settles with the reason when the call is over."""
        if self._made_ending is None:
            self._made_ending = Outcome(f"the end of {self._title}")
            if self._over:
                self._made_ending.set(self.reason)
        return self._made_ending

    # -- its status -----------------------------------------------------------------------------

    def _become(self, status: Status) -> None:
        assert status in _NEXT[self.status], f"{self.status} → {status}"
        self.status = status

    def _answered(self) -> None:
        """Handle ``call.started``: the call is active, whatever its status was."""
        if self.status != "active":
            self._become("active")

    def _detach(self) -> None:
        """Handle the loss of the link: nothing in flight will be confirmed."""
        self._become("detached")
        self._conversation.partial = True

    def _reattach(self) -> None:
        """Handle the first event that names the call on the new link."""
        self._become("active")

    def _finish(self, reason: str) -> None:
        """End the call: settle everything that waits, release everything that is held."""
        self._become("ended")
        self.reason = reason
        if self._made_ending is not None:
            self._made_ending.set(reason)
        runtime = self._runtime
        runtime.timers.clear(("detached", self.id))
        runtime.requests.end_call(self, self._ended_error("request"))
        unsent = runtime.outbox.drop_call(self.agent.id, self.id)
        if unsent:
            log.warning(
                "call %s of agent %r ended: %d frames that waited for the link are not sent",
                self.id,
                self.agent.id,
                unsent,
            )
        runtime.proofs.settle()
        self._bot_words = []
        self._conversation.close()

    def _release_handlers(self) -> None:
        """Forget the call's handlers, after the deliveries of its end were queued."""
        if self._own_handlers is not None:
            self._runtime.unsubscribe_all(self._own_handlers)
            self._own_handlers.clear()

    # -- what happens to it ---------------------------------------------------------------------

    def _bot_begins(self, message_id: str | None) -> None:
        """Note that another reply is being spoken or written, or none."""
        self._bot_message_id = message_id
        self._bot_words = []
        self._bot_size = 0
        self._bot_glued = False

    def _bot_says(self, word: str) -> None:
        """Add a word, or token, of the reply being spoken."""
        self._bot_size += len(word) + 1
        if self._bot_size <= BOT_TEXT:
            self._bot_words.append(word)

    def _skill_changed(self, name: str, *, loaded: bool) -> None:
        """Handle ``skill.loaded`` or ``skill.unloaded``."""
        if loaded and len(self._skills) < CALL_SKILLS and len(name) <= MAX_ID:
            self._skills[name] = None
        elif loaded:
            log.debug("call %s: too many skills to know of %.40s", self.id, name)
        else:
            self._skills.pop(name, None)

    def _listens(self, name: str) -> bool:
        """Whether the call itself has a handler for ``name``."""
        return self._own_handlers is not None and any(
            handler.name == name for handler in self._own_handlers.get(name)
        )
