"""A voice call: phone, WebRTC, or one side of a bridge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import CallEnded
from ..errors import EmulatorError
from . import media
from .caller import Caller
from .generation import Generation
from .limits import Limits
from .outbox import Frame
from .prompt import filled, local_text
from .records import Line, Owner
from .session import Session
from .speaker import Speaker, Utterance

if TYPE_CHECKING:
    from .server import Server

__all__ = ["VoiceCall"]


class VoiceCall(Session):
    """From ringing to the end; both ends act on it, and the owner is told."""

    def __init__(
        self, server: Server, call_id: str, owner: Owner, transport: str | None, from_: str, to: str,
        direction: str, **known: Any,
    ) -> None:  # fmt: skip
        self.channel = transport or "bridge"
        super().__init__(server, call_id, owner, **known)
        self.transport = transport
        self.from_ = from_
        self.to = to
        self.direction = direction
        self.extension: str | None = known.get("extension")
        self.answered = False
        self.held = False
        self.muted = False
        self.digits = ""
        self.tones: list[str] = []
        self.last_message_id = ""
        self.forward_to: str | None = None
        self.routed_from: str | None = None
        self.line_transcript: list[Frame] = []
        self.peer: VoiceCall | None = None
        self.crossed = 0
        self.greeting_waits = ""
        self.caller = Caller(self)
        self.speaker = Speaker(self)
        self.limits = Limits(self)

    # life

    def start(self, greeting: Any = None, *, waits: bool = False) -> None:
        """Picked up: ``call.started``, then the greeting (``waits``: after the other side's turn)."""
        self.answered = True
        self.announce()
        if self.ended:
            return
        self.limits.begin()
        text = filled(local_text(greeting, self.language), self.template_values())
        self.greeting_waits = text if waits else ""
        if text and not waits:
            self.say(text)
        self.caller.go_on()

    def announce(self) -> None:
        """``call.started``, also again when the owner came back."""
        fields: Frame = {
            "session_id": self.id, "from": self.from_, "to": self.to, "direction": self.direction,
        }  # fmt: skip
        if self.transport:
            fields["transport"] = self.transport
        if self.language:
            fields["language"] = self.language
        fields["metadata"] = self.metadata
        is_line = isinstance(self.owner, Line)
        if is_line or self.routed_from:
            fields |= {"owner": "line" if is_line else "agent", "extension": self.extension}
        if self.routed_from:
            fields |= {"routed_from": self.routed_from, "line_transcript": self.line_transcript}
        self.emit("call.started", **fields)

    def end(self, reason: str) -> None:
        """Over, for both ends; nothing happens when it was already."""
        if self.ended:
            return
        self.reason = reason
        self.ended_at = self.server.now
        self.limits.stop()
        if self.generation is not None:
            self.generation.stop()
        self.speaker.silence()
        self.caller.stop()
        self.emit(
            "call.ended", reason=reason, duration_seconds=round(self.ended_at - self.started_at, 3),
            started_at=self.started_at, ended_at=self.ended_at, messages=list(self.messages),
            direction=self.direction, **{"from": self.from_}, to=self.to,
        )  # fmt: skip
        self.server.session_over(self)
        if self.answered:
            media.recording(self)
        if self.peer is not None:
            self.peer.end(reason)

    def hand_over(self, owner: Owner) -> None:
        """Another owner from now on, with a fresh state of its own."""
        self.owner = owner
        self.overrides, self.channel_config = {}, {}
        self.skills = [
            s["name"] for s in self.config("skills") or [] if s.get("activation") == "always"
        ]

    def identity(self) -> Frame:
        """WebRTC frames carry the session id too."""
        if self.transport == "webrtc":
            return {"call_id": self.id, "session_id": self.id}
        return {"call_id": self.id}

    # the agent's side

    def say(self, text: str, *, message_id: str | None = None, history: bool = True,
            then: str | None = None, reply: bool = False) -> None:  # fmt: skip
        """Speak a whole text; ``then`` is what happens after it."""
        if self.held and reply:
            self.unhold()
        whole = text if reply or self.transport != "webrtc" else None
        utterance = Utterance(
            message_id or self.server.new_ids.message(), whole, history, then=then
        )
        utterance.add(text)
        utterance.close()
        self.speaker.say(utterance)

    def answer_begins(self, message_id: str, whole: str | None) -> None:
        """The model's answer is spoken as it comes."""
        if self.transport == "webrtc":
            whole = None
        self.speaker.say(Utterance(message_id, whole, open=True))

    def answer_token(self, message_id: str, token: str) -> None:
        """More of it."""
        if (utterance := self.speaker.find(message_id)) is not None:
            self.speaker.token(utterance, token)

    def answer_ends(self, message_id: str) -> None:
        """It is complete."""
        if (utterance := self.speaker.find(message_id)) is not None:
            self.speaker.end(utterance)

    def generation_idle(self) -> None:
        """The caller may speak again when the words are out."""
        self.caller.go_on()

    def drop_answer(self, reason: str) -> None:
        """Forget the answer being made or spoken."""
        if self.generation is not None:
            self.generation.stop()
        self.speaker.clear(reason)

    def hold(self) -> None:
        """``call.held``."""
        if not self.held:
            self.held = True
            self.emit("call.held")

    def unhold(self) -> None:
        """``call.unheld``; what the caller said meanwhile is heard now."""
        if self.held:
            self.held = False
            self.emit("call.unheld")
            self.caller.go_on()

    def mute(self) -> None:
        """``call.muted``."""
        if not self.muted:
            self.muted = True
            self.emit("call.muted")

    def unmute(self) -> None:
        """``call.unmuted`` with what was said meanwhile."""
        if self.muted:
            self.muted = False
            self.emit("call.unmuted", muted_transcript=self.caller.muted_transcript())

    def forward(self, to: str, message: str) -> None:
        """Speak the message, if any, then leave the platform."""
        self.forward_to = to
        if message:
            self.say(message, history=False, then="forward")
        else:
            self._forwarded()

    def _forwarded(self) -> None:
        self.emit("call.forwarded", to=self.forward_to)
        self.end("forwarded")

    # the caller's side

    def caller_hangs_up(self) -> None:
        """The person hangs up, or gives up while it rings."""
        if self.ended:
            return
        if self.server.inbound.hung_up(self):
            self.server.session_over(self, "hangup")
        else:
            self.end("disconnected" if self.transport == "webrtc" else "hangup")

    def press(self, digits: str) -> None:
        """Keys, one event each.

        Raises:
            CallEnded: the call is over.
            EmulatorError: not keys of a phone.
        """
        if self.ended:
            raise CallEnded(f"call {self.id} is over ({self.reason})", call_id=self.id)
        if not digits or set(digits) - set("0123456789*#"):
            raise EmulatorError(f"press({digits!r}): keys are 0-9 * #", call_id=self.id)
        if self.server.line_calls.dialled(self, digits):
            return
        for digit in digits:
            if self.ended:
                return
            self.digits += digit
            self.caller_spoke()
            self.emit("call.dtmf_received", digit=digit, digits=self.digits)

    def caller_spoke(self) -> None:
        """The idle clock starts again."""
        self.limits.heard()

    def thinking(self) -> bool:
        """Whether an answer is being made."""
        return self.generation is not None and self.generation.busy

    def user_said(self, text: str) -> None:
        """The user's words enter the history."""
        self.messages.append({"role": "user", "content": text})
        if isinstance(self.owner, Line):
            self._line_heard("caller", text)
        self.server.memory.listen(self, text)

    def bot_said(self, text: str) -> None:
        """The bot's words were heard."""
        if isinstance(self.owner, Line):
            self._line_heard("line", text)

    def turn_over(self, text: str) -> None:
        """The caller's turn is over: the server answers, where it has a model."""
        if self.generation is not None:
            self.generation.stop()
        if self.greeting_waits:
            greeting, self.greeting_waits = self.greeting_waits, ""
            self.say(greeting)
        elif self.agent is not None and self.has_model():
            self.generation = Generation(self, text)
            self.generation.begin()
        self.server.memory.turn(self)

    # what speech sets off

    def spoken(self, utterance: Utterance) -> None:
        """An utterance was heard to its end."""
        if utterance.then == "forward":
            self._forwarded()
        elif self.peer is not None and not self.ended:
            self.server.bridge_crossed(self, " ".join(utterance.spoken))

    def speech_over(self) -> None:
        """The bot fell silent."""
        self.limits.bot_silent()
        self.speaker.cut_after = None
        self.caller.cut_in()
        self.caller.go_on()

    def metrics(self, source: str, seconds: float) -> None:
        """``audio.metrics`` for so much audio, when the config asks for them."""
        media.metrics(self, source, seconds)

    def repeat_confirmed(self, confirmed: Frame) -> None:
        """The second copy WebRTC calls get: same seq and ts, no session id, a phone number."""
        copy = {k: v for k, v in confirmed.items() if k != "session_id"}
        self.server.deliver(self.owner, {**copy, "phone_number": f"session:{self.id[:8]}"})

    def _line_heard(self, who: str, text: str) -> None:
        self.line_transcript.append({"who": who, "text": text, "at": round(self.server.now * 1000)})
