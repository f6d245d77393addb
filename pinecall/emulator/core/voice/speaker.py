"""The bot's voice on a call: utterances in a queue, spoken word by word."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from attrs import define, field

from ..kernel.outbox import Frame
from ..kernel.timeline import Timer
from ..sessions.session import Heard
from . import media
from .limits import Limits
from .state import VoiceState

__all__ = ["Speaker", "Utterance"]

_WORDS_BEFORE_A_CUT = 2


@define(eq=False)
class Utterance:
    """One thing the bot says; ``open`` while more of its text may come."""

    message_id: str
    whole: str | None = None
    history: bool = True
    open: bool = False
    then: str | None = None
    words: deque[str] = field(factory=deque)
    rest: str = ""
    spoken: list[str] = field(factory=list)
    begun: bool = False
    after: int = 0

    def add(self, token: str) -> None:
        """Add text; a word is complete when white space follows it."""
        self.rest += token
        *complete, self.rest = self.rest.replace("\n", " ").split(" ")
        self.words.extend(word for word in complete if word)

    def close(self) -> None:
        """Mark the text as complete."""
        self.open = False
        if self.rest.strip():
            self.words.append(self.rest.strip())
        self.rest = ""


class Speaker:
    """Speaks one utterance after the other; the caller may interrupt.

    Args:
        call: the call.
        limits: the idle clock, which stands still while the bot speaks.
        spoken: called with each utterance that was heard to its end.
        silent: called when nothing is left to say.
    """

    def __init__(
        self, call: VoiceState, limits: Limits, spoken: Callable[[Utterance], None],
        silent: Callable[[], None],
    ) -> None:  # fmt: skip
        self.current: Utterance | None = None
        self.queue: deque[Utterance] = deque()
        self._call = call
        self._world = call.world
        self._limits = limits
        self._spoken = spoken
        self._silent = silent
        self._cut: Callable[[], None] | None = None
        self._timer: Timer | None = None

    @property
    def busy(self) -> bool:
        """Whether something is being said or waits to be."""
        return self.current is not None

    def cut_next(self, cut: Callable[[], None] | None) -> None:
        """Call ``cut`` once the bot has said a few words; None cancels that."""
        self._cut = cut

    def find(self, message_id: str) -> Utterance | None:
        """Find an utterance that is not over yet."""
        everything = [self.current, *self.queue] if self.current else list(self.queue)
        return next((u for u in everything if u.message_id == message_id), None)

    def say(self, utterance: Utterance) -> None:
        """Queue an utterance; it begins when nothing else is being said."""
        utterance.after = self._call.begun
        self.queue.append(utterance)
        if self.current is None:
            self._next()

    def token(self, utterance: Utterance, token: str) -> None:
        """Add text to an open utterance."""
        utterance.add(token)
        self._continue(utterance)

    def end(self, utterance: Utterance) -> None:
        """Complete an open utterance."""
        utterance.close()
        self._continue(utterance)

    def interrupt(self, reason: str, message_id: str | None = None) -> str | None:
        """Stop the current utterance, or the one with that id; returns its id, None without one."""
        target = self.current if message_id is None else self.find(message_id)
        if target is None:
            return None
        if target is self.current:
            self._stop_timer()
            self.current = None
        else:
            self.queue.remove(target)
        self._over(target, reason)
        if self.current is None:
            self._next()
        return target.message_id

    def clear(self, reason: str) -> None:
        """Stop the current utterance and drop the rest."""
        waiting = list(self.queue)
        self.queue.clear()
        self.interrupt(reason)
        for utterance in waiting:
            self._over(utterance, reason)

    def silence(self) -> None:
        """Stop without any event: the call is over."""
        self._stop_timer()
        now = self.current
        if now is not None and now.spoken:
            text = " ".join(now.spoken)
            self._remember(now, text)
            self._call.heard.append(Heard(now.message_id, text, True, now.after))
        self.current = None
        self.queue.clear()

    # speaking

    def _next(self) -> None:
        if self.current is not None:
            return
        if not self.queue:
            self._cut = None
            self._silent()
            return
        self.current = self.queue.popleft()
        latency = self._world.settings.latency * self._world.settings.pace
        self._timer = self._world.later(latency, self._step)

    def _continue(self, utterance: Utterance) -> None:
        if utterance is self.current and self._timer is None:
            self._step()

    def _step(self) -> None:
        self._timer = None
        now = self.current
        if now is None:
            return
        if not now.begun:
            if not now.words and now.open:
                return
            now.begun = True
            self._limits.bot_speaks()
            self._call.emit("bot.speaking", message_id=now.message_id, text=now.whole or "")
            if self.current is not now:
                return
        if now.words:
            self._word(now, now.words.popleft())
        elif not now.open:
            self._finished(now)

    def _word(self, now: Utterance, word: str) -> None:
        length = 1 / self._world.settings.words_per_second
        at = len(now.spoken)
        now.spoken.append(word)
        self._call.emit(
            "bot.word",
            message_id=now.message_id,
            word=word,
            word_index=at,
            start_time=round(at * length, 3),
            end_time=round((at + 1) * length, 3),
        )
        media.metrics(self._call, "bot", length)
        if self.current is not now:
            return
        self._timer = self._world.later(length * self._world.settings.pace, self._step)
        if self._cut is not None and len(now.spoken) >= _WORDS_BEFORE_A_CUT:
            cut, self._cut = self._cut, None
            cut()

    def _finished(self, now: Utterance) -> None:
        text = " ".join(now.spoken)
        confirmed = None
        if text:
            self._remember(now, text)
            confirmed = self._call.emit("message.confirmed", message_id=now.message_id, text=text)
        self._call.emit("bot.finished", message_id=now.message_id, duration_ms=self._played(now))
        if confirmed is not None and self._call.transport == "webrtc":
            self._repeat(confirmed)
        self._call.heard.append(Heard(now.message_id, text, False, now.after))
        if self.current is now:
            self.current = None
        self._spoken(now)
        self._next()

    def _over(self, now: Utterance, reason: str) -> None:
        text = " ".join(now.spoken)
        now.open = False
        if text:
            self._remember(now, text)
            self._call.emit("message.confirmed", message_id=now.message_id, text=text)
        self._call.emit(
            "bot.interrupted",
            message_id=now.message_id,
            played_ms=self._played(now),
            words_spoken=len(now.spoken),
            last_word=now.spoken[-1] if now.spoken else "",
            reason=reason,
        )
        if not text:
            self._call.emit("message.aborted", message_id=now.message_id, reason=reason)
        if now.begun:
            self._call.heard.append(Heard(now.message_id, text, True, now.after))

    def _remember(self, now: Utterance, text: str) -> None:
        self._call.bot_said(text, history=now.history)

    def _repeat(self, confirmed: Frame) -> None:
        """Send the second copy that WebRTC calls get: same seq and ts, a phone number, no session id."""
        copy = {k: v for k, v in confirmed.items() if k != "session_id"}
        number = f"session:{self._call.id[:8]}"
        self._world.deliver(self._call.owner, {**copy, "phone_number": number})

    def _played(self, now: Utterance) -> int:
        return round(len(now.spoken) * 1000 / self._world.settings.words_per_second)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
