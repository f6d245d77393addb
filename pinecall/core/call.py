"""A call: what is known of it, kept in step with the events, and its verbs.

The fronts' ``Call`` classes inherit this and add the waiting. Nothing here is changed by user code
except through the verbs of :class:`~pinecall.core.verbs.CallVerbs`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import NotConnected
from ..logs import Log
from . import history
from .conversation import merged, spoken
from .limits import BOT_TEXT, CALL_MESSAGES, CALL_SKILLS, CALL_TEXT, CALLS_TEXT, MAX_ID
from .listening import HasHandlers
from .names import verb_name
from .outcome import Outcome
from .showing import shows
from .speech import ReplyStream, Speeches, ended_error
from .toolround import Ledger
from .turns import TurnState
from .verbs import CallVerbs

if TYPE_CHECKING:
    from .agent import AgentBase
    from .call_stream import CallStream
    from .history import Historian
    from .line import LineBase
    from .session import Session

__all__ = ["CallBase"]

log = Log("calls")


class CallBase(HasHandlers, CallVerbs):
    """One conversation: a phone or WebRTC call, a chat or a WhatsApp session.

    ``from_`` and ``to`` are numbers, SIP URIs or the words ``webrtc``/``chat``; ``transport`` is
    ``phone``, ``webrtc``, ``chat``, ``whatsapp`` or ``unknown``; ``status`` is ``dialing``,
    ``active``, ``detached`` (the link was lost; it may come back) or ``ended``. ``duration`` is in
    seconds, ``started_at`` and ``ended_at`` in epoch seconds: the server's figures, 0 until
    ``call.ended``. (Wire: ``call.started``, ``call.ended``, ``call.updated``.)
    """

    # More attributes than a class shares the keys of: a dict of its own would double each call.
    __slots__ = (
        "_ending",
        "_historian",
        "_kept",
        "_ledger",
        "_skills",
        "_speeches",
        "_spoken",
        "agent",
        "announced",
        "audience",
        "bot_glued",
        "bot_message_id",
        "bot_size",
        "bot_words",
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
        "messages",
        "metadata",
        "own_handlers",
        "partial",
        "reason",
        "routed_from",
        "said",
        "session",
        "start_size",
        "started_at",
        "status",
        "streams",
        "to",
        "transport",
        "turn",
    )

    def __init__(
        self,
        session: Session,
        agent: AgentBase | LineBase,
        call_id: str,
        *,
        from_: str = "",
        to: str = "",
        direction: str = "inbound",
        transport: str = "unknown",
        metadata: dict[str, Any] | None = None,
        language: str | None = None,
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
        self.status = "active"
        self.reason = ""
        self.duration = 0.0
        self.started_at = 0.0
        self.ended_at = 0.0
        #: The conversation in the model's form: dicts with ``role`` and ``content``.
        self.messages: list[dict[str, Any]] = []
        self.last_message_id = ""
        # The rest is the SDK's own, and made when it is first needed: most calls are idle.
        self.announced = False
        self.bot_begins(None)
        self.turn = TurnState()
        self.said: dict[str, dict[str, Any]] = {}
        self.streams: dict[str, ReplyStream] = {}
        self.audience: CallStream | None = None
        self._ledger: Ledger | None = None
        #: Characters of the frame that began it, and of what was said.
        self.start_size = self._kept = 0
        self._spoken: list[dict[str, Any]] | None = None
        #: Some of what was said has not reached this process.
        self.partial = False
        self._skills: dict[str, None] = {}
        self._ending: Outcome[str] | None = None
        self._speeches: Speeches | None = None
        self._historian: Historian | None = None

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
        return self.status in ("active", "dialing") and self.session.link.ready

    @property
    def transcript(self) -> list[dict[str, Any]]:
        """What was said and heard, in order, ``say()`` included, and so after the end too:
        ``[{"role": "user" | "assistant", "content": str}, …]``. ``messages`` is the model's history.
        """
        return self._spoken if self._spoken is not None else spoken(self.messages)

    @property
    def current_bot_text(self) -> str:
        """What the agent has said so far of the reply it is speaking; empty between replies."""
        return ("" if self.bot_glued or self.transport == "chat" else " ").join(self.bot_words)

    @property
    def active_skills(self) -> list[str]:
        """Skills loaded now, in loading order."""
        return list(self._skills)

    @property
    def ledger(self) -> Ledger:
        if self._ledger is None:
            self._ledger = Ledger()
        return self._ledger

    @property
    def speeches(self) -> Speeches:
        if self._speeches is None:
            self._speeches = Speeches(self)
        return self._speeches

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
        if self.over:
            raise ended_error(self, verb_name(verb))

    def send_live(self, frame: dict[str, Any]) -> None:
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

    # -- what happens to it ---------------------------------------------------------------------

    def begin_history(self, agent: AgentBase) -> None:
        """The call began: save it, and look its contact up, where the agent has a store."""
        self._historian = history.begin(self.session, agent, self, self.session.front.epoch)

    def changed(self) -> None:
        """``messages`` changed."""
        if self._historian is not None:
            self._historian.changed()

    def history_written(self) -> None:
        """The program writes the model's history itself: nothing is to be restored over that."""
        if self._historian is not None:
            self._historian.written()

    def remember(self, role: str, content: str, message_id: str | None = None) -> bool:
        """Add to the conversation; the same message id again updates it. False if nothing is new."""
        if message_id and len(message_id) > MAX_ID:
            message_id = None
        if message_id:
            known = self.said.get(f"{role}:{message_id}")
            if known is not None:
                changed = bool(known["content"] != content)
                self.grew(len(content) - len(known["content"]))
                known["content"] = content
                if changed:
                    self.changed()
                return changed
        message = {"role": role, "content": content}
        self.messages.append(message)
        if message_id:
            self.said[f"{role}:{message_id}"] = message
        self.grew(len(content))
        self.changed()
        return True

    def history_told(self, messages: list[dict[str, Any]]) -> None:
        """The model's history as the server has it, at the end; what was heard is no part of that."""
        heard = spoken(self.messages)
        if heard and not self.partial:
            self._spoken = heard
        else:
            self._spoken = merged(spoken(messages), heard)
        self.messages = messages

    def grew(self, size: int) -> None:
        """So many characters were added to the conversation; its beginning makes room if it must."""
        if self.over:
            return
        self._kept += size
        self.session.call_text += size
        many = CALL_MESSAGES
        if (
            self._kept > CALL_TEXT
            or len(self.messages) > many
            or len(self.said) > many
            or self.session.call_text > CALLS_TEXT
        ):
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        """So much that it need not be done again with the next message."""
        if self.session.tally.tells(f"long call of {self.agent.id}", self.session.now):
            log.warning(
                "call %s of agent %r: so much was said that the beginning is forgotten here",
                self.id,
                self.agent.id,
            )
        all_full = self.session.call_text > CALLS_TEXT
        total, most = 0, (self._kept if all_full else CALL_TEXT) // 2
        for at, message in enumerate(reversed(self.messages)):
            size = len(str(message.get("content") or message.get("tool_calls") or ""))
            if at and (total + size > most or at == CALL_MESSAGES // 2):
                self.messages = self.messages[len(self.messages) - at :]
                break
            total += size
        self.session.call_text += total - self._kept
        self._kept = total
        kept = {id(message) for message in self.messages}
        self.said = {key: said for key, said in self.said.items() if id(said) in kept}

    def confirmed(self, message_id: str, text: str | None) -> bool:
        """The agent's message is in the history; False for a repeat."""
        if len(message_id or "") > MAX_ID:
            message_id = ""
        key = f"assistant:{message_id}"
        if message_id and key in self.said:
            return False
        if text:
            self.remember("assistant", text, message_id)
        elif message_id:
            self.said[key] = {"content": ""}
            self.grew(0)
        return True

    def abort_streams(self, message_id: str | None = None) -> None:
        """The one of that id, or all that are open."""
        for stream in list(self.streams.values()):
            if not message_id or stream.message_id == message_id:
                stream.cut()

    def speeches_settle(self, message_id: str | None, *, interrupted: bool) -> None:
        if self._speeches is not None:
            self._speeches.settle(message_id, interrupted=interrupted)

    def bot_begins(self, message_id: str | None) -> None:
        """Another reply is being spoken or written, or none."""
        self.bot_message_id = message_id
        self.bot_words: list[str] = []
        self.bot_size = 0
        #: Are ``bot_words`` tokens that bring their own spaces?
        self.bot_glued = False

    def bot_says(self, word: str) -> None:
        self.bot_size += len(word) + 1
        if self.bot_size <= BOT_TEXT:
            self.bot_words.append(word)

    def skill_changed(self, name: str, *, loaded: bool) -> None:
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

    def detach(self) -> None:
        """The link is gone: nothing in flight will be confirmed."""
        self.status = "detached"
        self.partial = True
        self._settle()

    def finish(self, reason: str) -> None:
        """It is over: settle everything that waits, release everything that is held."""
        self.status = "ended"
        self.reason = reason
        if self._ending is not None:
            self._ending.set(reason)
        self._settle()
        session = self.session
        session.timers.clear(("detached", self.id))
        session.requests.end_call(self, ended_error(self, "request"))
        unsent = session.outbox.drop_call(self.agent.id, self.id)
        if unsent:
            log.warning(
                "call %s of agent %r ended: %d frames that waited for the link are not sent",
                self.id,
                self.agent.id,
                unsent,
            )
        session.proofs.settle()
        if self._ledger is not None:
            self._ledger.clear()
        self.said.clear()
        self.bot_words = []
        session.call_text -= self._kept
        self._kept = 0
        if self._historian is not None:
            self._historian.ended()

    def _settle(self) -> None:
        for stream in list(self.streams.values()):
            stream.cut()
        if self._speeches is not None:
            self._speeches.settle_all()

    def release_handlers(self) -> None:
        """After the handlers of its end were handed out."""
        if self.own_handlers is not None:
            self.session.unsubscribe_all(self.own_handlers)
            self.own_handlers.clear()
