"""The bot's voice on a call: utterances in a queue, spoken word by word."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from attrs import define, field

from .session import Heard
from .timeline import Timer

if TYPE_CHECKING:
    from .voice import VoiceCall

__all__ = ["Speaker", "Utterance"]


@define(eq=False)
class Utterance:
    """Something the bot says; ``open`` while more of its text may come."""

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
        """More text; a word is complete when white space follows it."""
        self.rest += token
        *complete, self.rest = self.rest.replace("\n", " ").split(" ")
        self.words.extend(word for word in complete if word)

    def close(self) -> None:
        """No more text comes."""
        self.open = False
        if self.rest.strip():
            self.words.append(self.rest.strip())
        self.rest = ""


class Speaker:
    """Speaks one utterance after the other; the caller may cut in."""

    def __init__(self, call: VoiceCall) -> None:
        self._call = call
        self._server = call.server
        self.current: Utterance | None = None
        self.queue: deque[Utterance] = deque()
        self.cut_after: int | None = None
        self._timer: Timer | None = None

    @property
    def busy(self) -> bool:
        """Whether something is being said or waits to be."""
        return self.current is not None

    def find(self, message_id: str) -> Utterance | None:
        """An utterance that is not over yet."""
        everything = [self.current, *self.queue] if self.current else list(self.queue)
        return next((u for u in everything if u.message_id == message_id), None)

    def say(self, utterance: Utterance) -> None:
        """Put it in the queue; it begins when nothing else is said."""
        utterance.after = self._call.begun
        self.queue.append(utterance)
        if self.current is None:
            self._next()

    def token(self, utterance: Utterance, token: str) -> None:
        """More text for an open utterance."""
        utterance.add(token)
        self._continue(utterance)

    def end(self, utterance: Utterance) -> None:
        """An open utterance is complete."""
        utterance.close()
        self._continue(utterance)

    def interrupt(self, reason: str, message_id: str | None = None) -> str | None:
        """Stop the current utterance, or the one of that id; its id when there was one."""
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
        """Stop the current utterance and forget the rest."""
        waiting = list(self.queue)
        self.queue.clear()
        self.interrupt(reason)
        for utterance in waiting:
            self._over(utterance, reason)

    def silence(self) -> None:
        """The call is over: nothing more is said, and nobody is told."""
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
            self._call.speech_over()
            return
        self.current = self.queue.popleft()
        latency = self._server.settings.latency * self._server.settings.pace
        self._timer = self._server.timeline.after(latency, self._step)

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
            self._call.limits.bot_speaks()
            self._call.emit("bot.speaking", message_id=now.message_id, text=now.whole or "")
            if self.current is not now:
                return
        if now.words:
            self._word(now, now.words.popleft())
        elif not now.open:
            self._finished(now)

    def _word(self, now: Utterance, word: str) -> None:
        length = 1 / self._server.settings.words_per_second
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
        self._call.metrics("bot", length)
        if self.current is not now:
            return
        self._timer = self._server.timeline.after(length * self._server.settings.pace, self._step)
        if self.cut_after is not None and len(now.spoken) >= self.cut_after:
            self.cut_after = None
            self._call.caller.cut_in()

    def _finished(self, now: Utterance) -> None:
        text = " ".join(now.spoken)
        confirmed = None
        if text:
            self._remember(now, text)
            confirmed = self._call.emit("message.confirmed", message_id=now.message_id, text=text)
        self._call.emit("bot.finished", message_id=now.message_id, duration_ms=self._played(now))
        if confirmed is not None and self._call.transport == "webrtc":
            self._call.repeat_confirmed(confirmed)
        self._call.heard.append(Heard(now.message_id, text, False, now.after))
        if self.current is now:
            self.current = None
        self._call.spoken(now)
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
        if now.history:
            self._call.messages.append({"role": "assistant", "content": text})
        self._call.bot_said(text)

    def _played(self, now: Utterance) -> int:
        return round(len(now.spoken) * 1000 / self._server.settings.words_per_second)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
