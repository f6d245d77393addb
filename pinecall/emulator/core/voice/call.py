"""A voice call: phone, WebRTC, or one side of a bridge."""

from __future__ import annotations

from typing import Any

from ....errors import CallEnded
from ...errors import EmulatorError
from ..kernel.records import Owner
from ..sessions.generation import Generation
from ..sessions.prompt import filled, local_text
from ..world import World
from . import media
from .caller import Caller, Saying
from .limits import Limits
from .speaker import Speaker, Utterance
from .state import VoiceState

__all__ = ["VoiceCall"]


class VoiceCall(VoiceState):
    """A call from ringing to its end, with its caller, its speaker and its limits."""

    def __init__(
        self, world: World, call_id: str, owner: Owner, transport: str | None, from_: str, to: str,
        direction: str, **known: Any,
    ) -> None:  # fmt: skip
        super().__init__(world, call_id, owner, transport, from_, to, direction, **known)
        self.peer: VoiceCall | None = None
        self.limits = Limits(self)
        self.speaker = Speaker(self, self.limits, self._spoken, self._speech_over)
        self.caller = Caller(self, self.speaker, self.limits, self._turn_over)
        self._greeting_waits = ""
        self._crossed = 0

    # life

    def start(self, greeting: Any = None, *, waits: bool = False) -> None:
        """Pick up: ``call.started``, then the greeting (``waits``: after the other side's turn)."""
        self.answered = True
        self.announce()
        if self.ended:
            return
        self.limits.begin()
        text = filled(local_text(greeting, self.language), self.template_values())
        self._greeting_waits = text if waits else ""
        if text and not waits:
            self.say(text)
        self.caller.go_on()

    def resumed(self) -> None:
        """Announce an answered call again: the owner came back."""
        if self.answered:
            self.announce()
        super().resumed()

    def end(self, reason: str) -> None:
        """End the call for both ends; nothing happens when it was over already."""
        if self.ended:
            return
        self.reason = reason
        self.ended_at = self.world.now
        self.stop_ringing()
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
        self.over(reason)
        if self.answered:
            media.recording(self)
        if self.peer is not None:
            self.peer.end(reason)

    # the agent's side

    def say(self, text: str, *, message_id: str | None = None, history: bool = True,
            then: str | None = None, reply: bool = False) -> None:  # fmt: skip
        """Speak a whole text; ``then`` names what follows it."""
        if self.held and reply:
            self.unhold()
        whole = text if reply or self.transport != "webrtc" else None
        utterance = Utterance(message_id or self.world.new_ids.message(), whole, history, then=then)
        utterance.add(text)
        utterance.close()
        self.speaker.say(utterance)

    def answer_begins(self, message_id: str, whole: str | None) -> None:
        """Speak the model's answer as it arrives."""
        if self.transport == "webrtc":
            whole = None
        self.speaker.say(Utterance(message_id, whole, open=True))

    def answer_token(self, message_id: str, token: str) -> None:
        """Speak more of the answer."""
        if (utterance := self.speaker.find(message_id)) is not None:
            self.speaker.token(utterance, token)

    def answer_ends(self, message_id: str) -> None:
        """Finish the answer."""
        if (utterance := self.speaker.find(message_id)) is not None:
            self.speaker.end(utterance)

    def generation_idle(self) -> None:
        """Let the caller go on once the words are out."""
        self.caller.go_on()

    def hold(self) -> None:
        """Put the call on hold (``call.held``)."""
        if not self.held:
            self.held = True
            self.emit("call.held")

    def unhold(self) -> None:
        """Take the call off hold (``call.unheld``); what the caller said meanwhile is heard now."""
        if self.held:
            self.held = False
            self.emit("call.unheld")
            self.caller.go_on()

    def mute(self) -> None:
        """Mute the caller (``call.muted``)."""
        if not self.muted:
            self.muted = True
            self.emit("call.muted")

    def unmute(self) -> None:
        """Unmute the caller (``call.unmuted``, with what was said meanwhile)."""
        if self.muted:
            self.muted = False
            self.emit("call.unmuted", muted_transcript=self.caller.muted_transcript())

    def forward(self, to: str, message: str) -> None:
        """Speak the message, if any, then forward the call and end it here."""
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
        """Hang up for the caller, also while it rings."""
        if self.ended:
            return
        if self.stop_ringing():
            self.over("hangup")
        else:
            self.end("disconnected" if self.transport == "webrtc" else "hangup")

    def press(self, digits: str) -> None:
        """Press keys for the caller; each sends an event.

        Raises:
            CallEnded: the call is over.
            EmulatorError: a character that is not a key of a phone.
        """
        if self.ended:
            raise CallEnded(f"call {self.id} is over ({self.reason})", call_id=self.id)
        if not digits or set(digits) - set("0123456789*#"):
            raise EmulatorError(f"press({digits!r}): keys are 0-9 * #", call_id=self.id)
        if self.dialling_extension:
            self.extension = (self.extension or "") + digits
            return
        for digit in digits:
            if self.ended:
                return
            self.digits += digit
            self.limits.heard()
            self.emit("call.dtmf_received", digit=digit, digits=self.digits)

    # what speech sets off

    def _turn_over(self, text: str) -> None:
        """Answer the caller's turn, where the server has a model."""
        if self.generation is not None:
            self.generation.stop()
        if self._greeting_waits:
            greeting, self._greeting_waits = self._greeting_waits, ""
            self.say(greeting)
        elif self.agent is not None and self.has_model():
            generation = self.generation = Generation(self, text)
            generation.begin()
        self.turn_learned()

    def _spoken(self, utterance: Utterance) -> None:
        """Go on after an utterance that was heard to its end."""
        if utterance.then == "forward":
            self._forwarded()
        elif self.peer is not None and not self.ended:
            self._cross(self.peer, " ".join(utterance.spoken))

    def _speech_over(self) -> None:
        """Let the caller go on: the bot fell silent."""
        self.limits.bot_silent()
        self.caller.cut_in()
        self.caller.go_on()

    def _cross(self, peer: VoiceCall, text: str) -> None:
        """Say the text as the user of the bridge's other side, for a limited number of turns."""
        if peer.ended or not text:
            return
        self._crossed += 1
        if self._crossed > self.world.settings.bridge_turns:
            self.end("hangup")
        else:
            peer.caller.say(Saying(text, source="bot"))
