"""The far end of a conversation, without a way of waiting: what both fronts' ends share."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Generic, TypeVar

from ..errors import CallEnded
from .core.caller import Saying
from .core.chat import ChatSession
from .core.session import Heard, Session
from .core.voice import VoiceCall
from .core.whatsapp import WhatsAppSession
from .runner import Runner

__all__ = ["CallerBase", "ChatBase", "FarEnd", "WhatsAppBase"]

_S = TypeVar("_S", bound=Session)


class FarEnd(Generic[_S]):
    """What somebody on the other side knows of the conversation."""

    def __init__(self, runner: Runner, session: _S) -> None:
        self._runner = runner
        self._session = session

    @property
    def id(self) -> str:
        """The call's or session's id."""
        return self._session.id

    @property
    def heard(self) -> list[str]:
        """Everything the agent said, as far as it was heard, in order."""
        return [heard.text for heard in self.replies]

    @property
    def replies(self) -> list[Heard]:
        """The same, each with ``message_id`` and ``interrupted``."""
        return self._runner.look(lambda: list(self._session.heard))

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self._session.ended

    @property
    def reason(self) -> str | None:
        """Why it is over; None while it is not."""
        return self._session.reason

    def __repr__(self) -> str:
        state = f"ended ({self.reason})" if self.ended else "live"
        return f"<{type(self).__name__} {self.id} {state}>"

    def _wait_reply(self, timeout: float) -> Future[str]:
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

        return self._runner.wait(found, timeout, lambda: f"no reply from the agent; {self._seen()}")

    def _wait_ended(self, timeout: float) -> Future[str]:
        return self._runner.wait(
            lambda: self._session.reason, timeout, lambda: f"{self.id} is not over; {self._seen()}"
        )

    def _end(self, reason: str) -> None:
        self._runner.act(lambda: self._session.end(reason))

    def _seen(self) -> str:
        if not self._session.heard:
            return "nothing was heard"
        return f"heard: {[h.text for h in self._session.heard]}"


class CallerBase(FarEnd[VoiceCall]):
    """A person's end of a voice call."""

    @property
    def transport(self) -> str | None:
        """``phone`` or ``webrtc``."""
        return self._session.transport

    @property
    def from_(self) -> str:
        """Who called."""
        return self._session.from_

    @property
    def to(self) -> str:
        """Who was called."""
        return self._session.to

    @property
    def answered(self) -> bool:
        """Whether somebody picked up."""
        return self._session.answered

    @property
    def held(self) -> bool:
        """Whether there is music."""
        return self._session.held

    @property
    def muted(self) -> bool:
        """Whether the agent does not listen."""
        return self._session.muted

    @property
    def tones(self) -> list[str]:
        """The tones the agent played, one text for each command."""
        return list(self._session.tones)

    @property
    def forwarded_to(self) -> str | None:
        """Where the agent forwarded the call."""
        return self._session.forward_to

    def _say(self, saying: Saying) -> None:
        self._runner.act(lambda: self._session.caller.say(saying))

    def _silence(self) -> None:
        self._runner.act(self._session.caller.silence)

    def _press(self, digits: str) -> None:
        self._runner.act(lambda: self._session.press(digits))

    def _hangup(self) -> None:
        self._runner.act(self._session.caller_hangs_up)


class ChatBase(FarEnd[ChatSession]):
    """A visitor's end of a chat."""

    def _say(self, text: str) -> None:
        self._runner.act(lambda: self._session.say(text))

    def _close(self) -> None:
        self._end("closed")


class WhatsAppBase(FarEnd[WhatsAppSession]):
    """A contact's end of a WhatsApp session."""

    @property
    def contact(self) -> str:
        """The contact's number, digits only."""
        return self._session.contact

    @property
    def statuses(self) -> list[str]:
        """What became of the messages to the contact: ``sent``, ``delivered``, ``read``."""
        return list(self._session.statuses)

    def _say(self, text: str, kind: str) -> None:
        self._runner.act(lambda: self._session.say(text, kind))
