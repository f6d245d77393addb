"""The caller's speech: sends speech and turn events in the wire's order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from attrs import define, evolve

from ....errors import CallEnded
from ...errors import EmulatorError
from . import media
from .limits import Limits
from .speaker import Speaker
from .state import VoiceState

__all__ = ["Caller", "Saying"]


@define(eq=False)
class Saying:
    """One thing to say; ``cut`` speaks over the bot, ``more`` continues the turn that had ended."""

    text: str
    interim: bool = True
    end: bool = True
    cut: bool = False
    more: bool = False
    source: str | None = None


class Caller:
    """Says one thing after the other, and waits while the agent speaks or thinks.

    Args:
        call: the call.
        speaker: the bot's voice, which the caller may interrupt.
        limits: the idle clock, which starts again whenever the caller speaks.
        turn_over: called with the text of each turn that has ended.
    """

    def __init__(
        self, call: VoiceState, speaker: Speaker, limits: Limits, turn_over: Callable[[str], None]
    ) -> None:
        self._call = call
        self._world = call.world
        self._speaker = speaker
        self._limits = limits
        self._turn_over = turn_over
        self._queue: deque[Saying] = deque()
        self._now: Saying | None = None
        self._part = ""
        self._heard_turn = False
        self._paused = False
        self._cut: Saying | None = None
        self._muted: list[str] = []
        self.turn_id = 0

    @property
    def busy(self) -> bool:
        """Whether something is being said or waits to be."""
        return self._now is not None or bool(self._queue)

    @property
    def pending(self) -> bool:
        """Whether something is being said, waits to be, or waits to interrupt."""
        return self.busy or self._cut is not None

    def say(self, saying: Saying) -> None:
        """Say it once the agent is silent; ``cut`` at once, or into the bot's next words.

        Raises:
            CallEnded: the call is over.
            EmulatorError: the text is empty, or there is no turn to continue.
        """
        if self._call.ended:
            raise CallEnded(
                f"call {self._call.id} is over ({self._call.reason}): nothing can be said",
                call_id=self._call.id,
            )
        if not saying.text.strip():
            raise EmulatorError("say() needs a text", call_id=self._call.id)
        if saying.more and not self._heard_turn:
            raise EmulatorError(
                "continue_(): no turn has ended yet; say() something first", call_id=self._call.id
            )
        self._call.asked += 1
        if saying.cut and self._call.config("interruption") is False:
            saying = evolve(saying, cut=False)
        if saying.cut and not self._can_cut():
            self._cut = saying
            self._speaker.cut_next(self.cut_in)
            self._be_patient(saying)
            self.go_on()
            return
        if saying.cut or saying.more:
            self._queue.appendleft(saying)
        else:
            self._queue.append(saying)
        self.go_on()

    def cut_in(self) -> None:
        """Say what waits to interrupt the bot."""
        if self._cut is not None:
            saying, self._cut = self._cut, None
            self._queue.appendleft(saying)
            self.go_on()

    def _be_patient(self, saying: Saying) -> None:
        """Say an interruption anyway when there is nothing to interrupt for a while."""

        def over() -> None:
            call = self._call
            if self._cut is not saying or call.ended:
                return
            answered = call.begun == 0 or any(h.after >= call.begun for h in call.heard)
            if answered and not (self.busy or self._speaker.busy or call.thinking()):
                self._speaker.cut_next(None)
                self.cut_in()
            else:
                self._be_patient(saying)

        self._world.later(self._world.settings.interrupt_patience, over)

    def silence(self) -> None:
        """Pause in the middle of a turn.

        Raises:
            EmulatorError: no turn was begun with ``say(…, end=False)``.
        """
        if not self._part:
            raise EmulatorError(
                "silence(): no turn is open; begin one with say(text, end=False)",
                call_id=self._call.id,
            )
        self._paused = True
        self._call.emit("turn.pause", turn_id=self.turn_id, probability=0.3, latency_ms=40)

    def go_on(self) -> None:
        """Begin the next thing to say, unless the call's state forbids it."""
        if self._now is not None or not self._queue or self._call.ended or not self._call.answered:
            return
        first = self._queue[0]
        if not (first.cut or first.more) and (self._speaker.busy or self._call.thinking()):
            return
        if self._call.held:
            return
        self._queue.popleft()
        self._call.begun += 1
        if self._call.muted:
            self._muted.append(first.text)
            self.go_on()
            return
        self._now = first
        self._begin(first)

    def muted_transcript(self) -> str | None:
        """Take what was said while muted."""
        text = " ".join(self._muted) or None
        self._muted.clear()
        return text

    def stop(self) -> None:
        """Stop speaking: the call is over."""
        self._queue.clear()
        self._now = None

    def _can_cut(self) -> bool:
        current = self._speaker.current
        return (current is not None and current.begun) or self._call.thinking()

    # one utterance

    def _begin(self, saying: Saying) -> None:
        call = self._call
        self._limits.heard()
        if saying.more:
            call.emit("turn.continued", turn_id=self.turn_id, timestamp=self._world.now)
            self._drop_answer("continuation")
        elif self._part:
            if self._paused:
                call.emit("turn.resumed", turn_id=self.turn_id, timestamp=self._world.now)
        else:
            self.turn_id += 1
        self._paused = False
        call.emit("speech.started", turn_id=self.turn_id, confidence=0.73)
        if saying.cut and (self._speaker.busy or call.thinking()):
            self._barge_in()
        self._words(saying, 1)

    def _barge_in(self) -> None:
        current = self._speaker.current
        if current is not None and current.begun:
            self._call.emit("barge_in", cancelled_message_id=current.message_id)
        self._drop_answer("user_spoke")

    def _drop_answer(self, reason: str) -> None:
        """Drop the answer being made or spoken."""
        if self._call.generation is not None:
            self._call.generation.stop()
        self._speaker.clear(reason)

    def _words(self, saying: Saying, count: int) -> None:
        if self._now is not saying or self._call.ended:
            return
        words = saying.text.split()
        if count > len(words):
            self._over(saying)
            return
        if saying.interim:
            text = " ".join(filter(None, [self._part, *words[:count]]))
            self._call.emit("user.speaking", turn_id=0, text=text, confidence=1)
        length = 1 / self._world.settings.words_per_second
        media.metrics(self._call, "user", length)
        pace = self._world.settings.pace
        self._world.later(length * pace, lambda: self._words(saying, count + 1))

    def _over(self, saying: Saying) -> None:
        call, said = self._call, saying.text.strip()
        text = f"{self._part} {said}".strip()
        milliseconds = round(len(said.split()) * 1000 / self._world.settings.words_per_second)
        if not saying.end:
            self._part = text
            call.emit("speech.ended", turn_id=self.turn_id, duration_ms=milliseconds)
            self._now = None
            self.go_on()
            return
        self._part = ""
        self._heard_turn = True
        message_id = self._world.new_ids.hex(8)
        call.last_message_id = message_id
        known = {"message_id": message_id, "text": text, "turn_id": self.turn_id}
        heard = {**known, "confidence": 1, "language": call.language or "en"}
        call.user_said(text)
        call.emit("user.message", **heard, lag_ms=0)
        call.emit("eager.turn", **known, probability=0.6, latency_ms=40)
        call.emit("speech.ended", turn_id=self.turn_id, duration_ms=milliseconds)
        if call.transport == "webrtc":
            call.emit("user.message", **heard, lag_ms=449)
        source = {"source": saying.source} if saying.source else {}
        call.emit("turn.end", **known, probability=0.97, latency_ms=164, **source)
        self._now = None
        if not call.ended:
            self._turn_over(text)
        self.go_on()
