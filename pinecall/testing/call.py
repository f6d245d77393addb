"""The caller's end of one conversation, as a test speaks it."""

from __future__ import annotations

from collections.abc import Callable

from pinecall.emulator.core.sessions.chat import ChatSession
from pinecall.emulator.core.voice.call import VoiceCall
from pinecall.emulator.core.voice.caller import Saying

from .arguments import check_seconds, check_text
from .expectations import WAIT, Expectations
from .failing import ExpectationFailed

__all__ = ["WAIT", "Call"]


class Call(Expectations):
    """One call or chat, from the caller's side.

    The methods of the caller return when what they do has been done; those that expect something
    wait for it, in the call's time, and fail with the conversation so far. In an ``async def`` test
    they may be awaited or not.
    """

    def says(self, text: str) -> Call:
        """Say, or write, something once the agent has finished; returns when it has been said."""
        __tracebackhide__ = True
        return self._say(Saying(text), f"says({text!r})")

    def interrupts(self, text: str) -> Call:
        """Speak over the agent; if it is silent, over its next words, or after two seconds."""
        __tracebackhide__ = True
        self._voice("interrupts")
        return self._say(Saying(text, cut=True), f"interrupts({text!r})")

    def continues(self, text: str) -> Call:
        """Go on in the turn that had ended: the agent's answer to it is dropped."""
        __tracebackhide__ = True
        self._voice("continues")
        return self._say(Saying(text, more=True), f"continues({text!r})")

    def presses(self, digits: str) -> Call:
        """Press keys: ``0``-``9``, ``*``, ``#``."""
        __tracebackhide__ = True
        session, what = self._voice("presses"), f"presses({digits!r})"
        check_text(f"call.{what}", digits)
        if not set(digits) <= set("0123456789*#"):
            raise ValueError(f"call.{what}: a phone has the keys 0-9, * and #")
        self._alive(what)
        self._begin()
        self._until_back()
        self._act(lambda: session.press(digits))
        return self

    def waits(self, seconds: float) -> Call:
        """Stay silent for that many seconds of the call's time."""
        __tracebackhide__ = True
        check_seconds(f"call.waits({seconds!r})", "seconds", seconds)
        self._stage.advance(seconds)
        return self

    def hangs_up(self) -> Call:
        """Hang up, or leave the chat; does nothing when the call is over."""
        __tracebackhide__ = True
        session = self._session
        self._begin()
        if isinstance(session, ChatSession):
            self._act(lambda: session.end("closed"))
        else:
            self._act(session.caller_hangs_up)
        self._stage.await_end(self.id)
        return self

    # -- inside ---------------------------------------------------------------------------------

    def _act(self, action: Callable[[], object]) -> None:
        __tracebackhide__ = True
        self._world.runner.act(action)
        self._stage.settle()

    def _voice(self, verb: str) -> VoiceCall:
        session = self._session
        if not isinstance(session, VoiceCall):
            raise ExpectationFailed(
                f"{verb}(): this is a chat, where there is no speech; use says(), or caller.phones()"
            )
        return session

    def _alive(self, what: str) -> None:
        __tracebackhide__ = True
        if self.over:
            self._fail(what, f"the call is over ({self.reason}), so the caller can do nothing more")

    def _say(self, saying: Saying, what: str) -> Call:
        __tracebackhide__ = True
        session = self._session
        check_text(f"call.{what}", saying.text)
        self._alive(what)
        self._until_back()
        if isinstance(session, VoiceCall):
            self._world.runner.act(lambda: session.caller.say(saying))
            self._stage.wait(
                self._looked(lambda: session.ended or not session.caller.pending), 2 * WAIT
            )
        else:
            self._world.runner.act(lambda: session.say(saying.text))
        self._stage.settle()
        self._spoken()
        return self

    def _spoken(self) -> None:
        """The same for what the agent said before the caller had finished speaking."""
        story = self.story
        self._mark = sum(reply.began < story.caller_silent for reply in story.replies.values())

    def _until_back(self) -> None:
        """Wait while a fault keeps the program away from a call whose turns it answers itself: the
        platform tells a turn once, so that nobody would ever answer it."""
        if self._stage.faults.cut_off and not self._look(self._session.has_model):
            self._stage.wait(lambda: not self._stage.faults.cut_off, WAIT)
