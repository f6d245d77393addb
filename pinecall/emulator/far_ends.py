"""The far ends of conversations: callers, chat visitors, WhatsApp contacts (both fronts)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from ..core.text.showing import shows
from ..errors import CallEnded
from .core.sessions.chat import ChatSession
from .core.sessions.session import Heard, Session
from .core.sessions.whatsapp import WhatsAppSession
from .core.voice.call import VoiceCall
from .core.voice.caller import Saying
from .runner import Runner
from .waiting import Waits

__all__ = ["CallerBase", "ChatBase", "FarEnd", "WhatsAppBase"]

_S = TypeVar("_S", bound=Session)
_D = TypeVar("_D")  # result of a method that finishes before it returns
_R = TypeVar("_R")  # a text that is waited for


class FarEnd(Waits[_D], Generic[_S, _D, _R]):
    """The other end of a conversation: what the person there says, hears and knows."""

    def __init__(self, runner: Runner, session: _S) -> None:
        self._runner = runner
        self._session = session

    @property
    def id(self) -> str:
        """The id of the call or session."""
        return self._session.id

    @property
    def heard(self) -> list[str]:
        """The texts of everything the agent said, as far as they were heard, in order."""
        return [heard.text for heard in self.replies]

    @property
    def replies(self) -> list[Heard]:
        """The same as ``heard``, each with ``message_id`` and ``interrupted``."""
        return self._runner.look(lambda: list(self._session.heard))

    @property
    def ended(self) -> bool:
        """Whether the conversation is over."""
        return self._session.ended

    @property
    def reason(self) -> str | None:
        """The reason for its end; None while it goes on."""
        return self._session.reason

    @shows
    def __repr__(self) -> str:
        state = f"ended ({self.reason})" if self.ended else "live"
        return f"<{type(self).__name__} {self.id} {state}>"

    def wait_reply(self, timeout: float = 10.0) -> _R:
        """Wait for the agent's next reply, heard to its end; TimeoutError says what was heard instead."""

        def found() -> str | None:
            heard = self._session.next_reply()
            if heard is not None:
                return heard.text
            if self._session.ended:
                raise CallEnded(
                    f"{self.id} ended ({self.reason}) before a reply; {self._seen()}",
                    call_id=self.id,
                )
            return None

        return self._until(found, timeout, "no reply from the agent")

    def wait_ended(self, timeout: float = 10.0) -> _R:
        """Wait for the end; gives the reason."""
        return self._until(lambda: self._session.reason, timeout, f"{self.id} is not over")

    def _until(self, find: Callable[[], str | None], timeout: float, missing: str) -> _R:
        future = self._runner.wait(find, timeout, lambda: f"{missing}; {self._seen()}")
        text: _R = self._later(future)
        return text

    def _end(self, reason: str) -> None:
        self._runner.act(lambda: self._session.end(reason))

    def _seen(self) -> str:
        if not self._session.heard:
            return "nothing was heard"
        return f"heard: {[h.text for h in self._session.heard]}"


class CallerBase(FarEnd[VoiceCall, _D, _R], Generic[_D, _R]):
    """The caller's (or callee's) end of a voice call."""

    @property
    def transport(self) -> str | None:
        """``phone`` or ``webrtc``."""
        return self._session.transport

    @property
    def from_(self) -> str:
        """The caller's number."""
        return self._session.from_

    @property
    def to(self) -> str:
        """The number that was called."""
        return self._session.to

    @property
    def answered(self) -> bool:
        """Whether the call was picked up."""
        return self._session.answered

    @property
    def held(self) -> bool:
        """Whether the agent has put the call on hold."""
        return self._session.held

    @property
    def muted(self) -> bool:
        """Whether the agent has muted the caller."""
        return self._session.muted

    @property
    def tones(self) -> list[str]:
        """The tones the agent played, one text for each command."""
        return list(self._session.tones)

    @property
    def forwarded_to(self) -> str | None:
        """The number the agent forwarded the call to."""
        return self._session.forward_to

    def say(self, text: str, interim: bool = True, *, end: bool = True) -> _D:
        """Say something once the agent has finished speaking; ``end=False`` leaves the turn open."""
        return self._say(Saying(text, interim, end))

    def interrupt(self, text: str) -> _D:
        """Speak over the agent: now if it speaks or thinks, else over its next words.

        If it stays silent for 2 s (``interrupt_patience=``), the text is said all the same.
        """
        return self._say(Saying(text, cut=True))

    def continue_(self, text: str) -> _D:
        """Go on in the turn that had ended; the agent's answer to it is dropped (``turn.continued``)."""
        return self._say(Saying(text, more=True))

    def silence(self) -> _D:
        """Pause in an open turn (``turn.pause``)."""
        self._runner.act(self._session.caller.silence)
        return self._done()

    def press(self, digits: str) -> _D:
        """Press keys."""
        self._runner.act(lambda: self._session.press(digits))
        return self._done()

    def hangup(self) -> _D:
        """Hang up; does nothing when the call is over."""
        self._runner.act(self._session.caller_hangs_up)
        return self._done()

    def _say(self, saying: Saying) -> _D:
        self._runner.act(lambda: self._session.caller.say(saying))
        return self._done()


class ChatBase(FarEnd[ChatSession, _D, _R], Generic[_D, _R]):
    """A visitor's end of a chat."""

    def say(self, text: str) -> _D:
        """Write something."""
        self._runner.act(lambda: self._session.say(text))
        return self._done()

    def close(self) -> _D:
        """Leave the chat."""
        self._end("closed")
        return self._done()


class WhatsAppBase(FarEnd[WhatsAppSession, _D, _R], Generic[_D, _R]):
    """A contact's end of a WhatsApp session."""

    @property
    def contact(self) -> str:
        """The contact's number, digits only."""
        return self._session.contact

    @property
    def statuses(self) -> list[str]:
        """The statuses of the messages to the contact: ``sent``, ``delivered``, ``read``."""
        return list(self._session.statuses)

    def say(self, text: str, type: str = "text") -> _D:
        """Write something; ``type="audio"`` is a voice note with this transcript."""
        self._runner.act(lambda: self._session.say(text, type))
        return self._done()

    def expire(self, reason: str = "idle_timeout") -> _D:
        """End the session as the platform does: ``idle_timeout`` or ``window_expired``."""
        self._end(reason)
        return self._done()
