"""Agents and calls of the blocking front: the core's, and what waits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from pinecall.core.agent import AgentBase
from pinecall.core.call import CallBase
from pinecall.core.line import LineBase, LineCallBase, RouteResult
from pinecall.core.listen import Heard
from pinecall.core.listening import Listening
from pinecall.core.registration import not_registered
from pinecall.core.verbs import history_messages, prompt_from_file, prompt_vars
from pinecall.core.whatsapp import WhatsAppSessionBase
from pinecall.typing import Plain

from .waiting import EventIterator, Playback, wait
from .web import AgentWeb, CallWeb

if TYPE_CHECKING:
    from pinecall.core.outcome import Outcome
    from pinecall.core.registration import Registration
    from pinecall.core.session import Session

    from .client import Pinecall

__all__ = ["Agent", "Call", "Line", "LineCall", "WhatsAppSession"]


class Events(
    Listening["Call", "Agent", "LineCall", "Line", "WhatsAppSession", Plain, EventIterator]
):
    """``on``, ``once``, ``off`` and ``events`` with this front's classes."""

    make_events = EventIterator


class LineEvents(
    Listening["LineCall", "Line", "LineCall", "Line", "WhatsAppSession", Plain, EventIterator]
):
    """As :class:`Events`, for a line: its calls are a line's, and it stands where an agent would."""

    make_events = EventIterator


def wait_registered(session: Session, registration: Registration, timeout: float) -> None:
    try:
        wait(session, registration.ready, timeout)
    except TimeoutError:
        raise not_registered(registration, timeout) from None


class _Requests:
    """What the server answers, of a call and of a WhatsApp session."""

    if TYPE_CHECKING:
        session: Session

        def ask_history(self) -> Outcome[list[dict[str, Any]]]: ...
        def ask_change(self, verb: str, **fields: Any) -> Outcome[int]: ...

    def get_history(self) -> list[dict[str, Any]]:
        """The model's messages. Raises NotConnected while the link is down. (``history.get``)"""
        return wait(self.session, self.ask_history())

    def add_history(self, messages: Any) -> int:
        """Append ``[{"role", "content"}, …]``; how many there are then. (``history.add``)"""
        return self._change("history.add", messages=history_messages(messages))

    def set_history(self, messages: Any) -> int:
        """Replace the model's messages; how many there are then. (``history.set``)"""
        return self._change("history.set", messages=history_messages(messages))

    def clear_history(self) -> int:
        """Forget all but the system prompt. (``history.clear``)"""
        return self._change("history.clear")

    def add_context(self, text: str) -> int:
        """Text after the system prompt; adds up. (``history.add_context``)"""
        return self._change("history.add_context", text=text)

    def set_prompt(self, prompt: str) -> int:
        """A new system prompt for this call. (``history.set_instructions``)"""
        return self._change("history.set_instructions", prompt=prompt)

    def set_prompt_vars(self, values: Mapping[str, Any]) -> int:
        """Values of ``{{name}}`` in the prompt, for this call. (``history.set_vars``)"""
        return self._change("history.set_vars", vars=prompt_vars(values))

    def set_prompt_file(self, path: str | Path) -> int:
        """``set_prompt`` with the text of a file (UTF-8), read now."""
        return self.set_prompt(prompt_from_file(path))

    def _change(self, verb: str, **fields: Any) -> int:
        return wait(self.session, self.ask_change(verb, **fields))


class Call(Events, CallWeb, _Requests, CallBase):
    __doc__ = CallBase.__doc__

    if TYPE_CHECKING:
        agent: Agent

    def say(self, text: str, *, add_to_history: bool = False) -> Playback:
        """Speak ``text`` unasked. Ignore the result, or ``wait()`` until it has been heard.

        Raises CallEnded and NotConnected at once. (Wire: ``bot.reply`` with an empty
        ``in_reply_to``.)
        """
        return Playback(self.session, self.speak(text, "", None, add_to_history))

    def reply(
        self, text: str, *, in_reply_to: str | None = None, message_id: str | None = None
    ) -> Playback:
        """Answer the caller's message: inside a handler the one it was called for, else the last.

        The server refuses an answer to a message that is out of date (``reply.rejected``).
        """
        answers = in_reply_to if in_reply_to is not None else self.answered_message()
        return Playback(self.session, self.speak(text, answers, message_id))


class WhatsAppSession(_Requests, WhatsAppSessionBase):
    __doc__ = WhatsAppSessionBase.__doc__


class Agent(Events, AgentWeb, AgentBase):
    __doc__ = AgentBase.__doc__

    @property
    def client(self) -> Pinecall:
        """The connection it lives on."""
        client: Pinecall = self.session.front.client
        return client

    @property
    def calls(self) -> Mapping[str, Call]:
        """Its live calls by id, read-only."""
        return MappingProxyType(cast("dict[str, Call]", self.live_calls))

    def call(self, call_id: str) -> Call | None:
        return self.calls.get(call_id)

    def wait_ready(self, timeout: float = 10.0) -> None:
        """Until the server has acknowledged the registration. Raises RegistrationError: what
        refused it, or ``AGENT_NOT_REGISTERED`` after ``timeout`` seconds."""
        wait_registered(self.session, self.registration, timeout)

    def dial(
        self,
        to: str,
        *,
        from_: str | None = None,
        greeting: str | None = None,
        metadata: dict[str, Any] | None = None,
        config: dict[str, Any] | None = None,
        detect_turn_end: bool = False,
        timeout: float = 30.0,
    ) -> Call:
        """Ring somebody up; the call, once they answer.

        Without ``from_`` the agent's only phone channel rings. Raises ConfigurationError before
        anything is sent, NotConnected, and DialError with its ``reason``. (Wire: ``call.dial``.)
        """
        outcome = self.place_dial(
            to,
            from_,
            greeting=greeting,
            metadata=metadata,
            config=config,
            detect_turn_end=detect_turn_end,
            timeout=timeout,
        )
        return cast("Call", wait(self.session, outcome))

    def bridge(
        self,
        target: str,
        *,
        greeting: str | None = None,
        detect_turn_end: bool = True,
        config: dict[str, Any] | None = None,
        media: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        timeout: float = 30.0,
    ) -> Call:
        """Talk to another online agent of the organisation, without a phone. Raises DialError.
        (Wire: ``call.bridge``.)"""
        outcome = self.place_bridge(
            target,
            greeting=greeting,
            detect_turn_end=detect_turn_end,
            config=config,
            media=media,
            metadata=metadata,
            timeout=timeout,
        )
        return cast("Call", wait(self.session, outcome))


class Line(LineEvents, LineBase):
    __doc__ = LineBase.__doc__

    @property
    def calls(self) -> Mapping[str, LineCall]:
        """Its live calls by id, read-only."""
        return MappingProxyType(cast("dict[str, LineCall]", self.live_calls))

    def wait_ready(self, timeout: float = 10.0) -> None:
        """Until the server has acknowledged the line; raises RegistrationError."""
        wait_registered(self.session, self.registration, timeout)


class LineCall(Call, LineCallBase):  # pyright: ignore[reportIncompatibleVariableOverride]
    __doc__ = LineCallBase.__doc__

    def say(
        self,
        text: str,
        *,
        voice: str | dict[str, Any] | None = None,
        language: str | None = None,
        add_to_history: bool = False,
    ) -> Playback:
        """Speak ``text``; with a voice or language, that is set first (``session.configure``)."""
        return Playback(self.session, self.speak_as(text, voice, language, add_to_history))

    def listen(
        self,
        *,
        digits: int | None = None,
        terminator: str | None = None,
        speech: bool = False,
        timeout: float,
        language: str | None = None,
    ) -> Heard:
        """Wait for ``digits`` keys, the ``terminator`` key, or (``speech``) the end of a turn.

        Gives ``Heard(by="timeout")`` with the keys so far after ``timeout`` seconds or at the end
        of the call. (Wire: ``call.dtmf_received``, ``turn.end``.)
        """
        outcome = self.place_listen(
            digits=digits, terminator=terminator, speech=speech, timeout=timeout, language=language
        )
        return wait(self.session, outcome)

    def ask(
        self,
        text: str,
        *,
        digits: int | None = None,
        terminator: str | None = None,
        speech: bool = False,
        timeout: float,
        language: str | None = None,
    ) -> Heard:
        """``say`` and ``listen``: keys count from the first syllable, the timeout from the last."""
        outcome = self.place_ask(
            text,
            digits=digits,
            terminator=terminator,
            speech=speech,
            timeout=timeout,
            language=language,
        )
        return wait(self.session, outcome)

    def route_to(
        self,
        agent: str,
        *,
        language: str | None = None,
        voice: str | dict[str, Any] | None = None,
        stt: str | dict[str, Any] | None = None,
        greeting: str | None = None,
        prompt_vars: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        history: bool = True,
    ) -> RouteResult:
        """Hand the caller to an agent. ``RouteResult(ok, reason)``; if not ok, the line still has
        the call. (Wire: ``call.route`` → ``call.routed`` or ``call.route_failed``.)"""
        outcome = self.place_route(
            agent,
            language=language,
            voice=voice,
            stt=stt,
            greeting=greeting,
            prompt_vars=prompt_vars,
            context=context,
            history=history,
        )
        return wait(self.session, outcome)
