"""The verbs whose outcome is known later: here they are asked, a front says what its users get."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from ..calls.verbs import history_messages, prompt_vars
from ..kernel.outcome import Outcome

if TYPE_CHECKING:
    from ..calls.call import CallBase
    from ..calls.speech import Speech
    from ..kernel.runtime import Runtime
    from ..lines.line_call import RouteResult
    from ..lines.listener import Heard

__all__ = ["HasCalls", "HistoryVerbs", "LineVerbs", "SpeechVerbs"]

C = TypeVar("C")  # a call
M = TypeVar("M")  # messages
N = TypeVar("N")  # how many there are
P = TypeVar("P")  # a reply on its way to the caller's ear
H = TypeVar("H")  # what was heard
R = TypeVar("R")  # whether a call was handed over


class HasCalls(Generic[C]):
    """Of an agent and of a line."""

    if TYPE_CHECKING:
        live_calls: dict[str, CallBase]

    @property
    def calls(self) -> Mapping[str, C]:
        """Its live calls by id, read-only."""
        return MappingProxyType(cast("dict[str, C]", self.live_calls))


class HistoryVerbs(Generic[M, N]):
    """What the server answers, of a call and of a WhatsApp session.

    A change that is given while the link is down is made later. One that was sent and not answered
    when the link is lost raises NotConnected for whoever waits for it. If nobody does, the prompt and
    its variables are sent again; for the others, which would do harm twice, ``error`` fires.
    """

    if TYPE_CHECKING:
        session: Runtime

        def ask_history(self) -> Outcome[list[dict[str, Any]]]: ...
        def ask_change(self, verb: str, **fields: Any) -> Outcome[int]: ...
        def _answer(self, outcome: Outcome[Any]) -> Any: ...

    def get_history(self) -> M:
        """The model's messages. Raises NotConnected while the link is down. (``history.get``)"""
        messages: M = self._answer(self.ask_history())
        return messages

    def add_history(self, messages: Any) -> N:
        """Append ``[{"role", "content"}, …]``; how many there are then. (``history.add``)"""
        return self._change("history.add", messages=history_messages(messages))

    def set_history(self, messages: Any) -> N:
        """Replace the model's messages; how many there are then. (``history.set``)"""
        return self._change("history.set", messages=history_messages(messages))

    def clear_history(self) -> N:
        """Forget all but the system prompt. (``history.clear``)"""
        return self._change("history.clear")

    def add_context(self, text: str) -> N:
        """Text after the system prompt; adds up. (``history.add_context``)"""
        return self._change("history.add_context", text=text)

    def set_prompt(self, prompt: str) -> N:
        """A new system prompt for this call. (``history.set_instructions``)"""
        return self._change("history.set_instructions", prompt=prompt)

    def set_prompt_vars(self, values: Mapping[str, Any]) -> N:
        """Values of ``{{name}}`` in the prompt, for this call. (``history.set_vars``)"""
        return self._change("history.set_vars", vars=prompt_vars(values))

    def _change(self, verb: str, **fields: Any) -> N:
        count: N = self._answer(self.ask_change(verb, **fields))
        return count


class SpeechVerbs(Generic[P]):
    """Of a call."""

    if TYPE_CHECKING:
        session: Runtime

        def _play(self, speech: Speech) -> P: ...
        def answered_message(self) -> str: ...
        def speak(
            self, text: str, in_reply_to: str, message_id: str | None, add_to_history: bool = False
        ) -> Speech: ...

    def say(self, text: str, *, add_to_history: bool = False) -> P:
        """Speak ``text`` unasked. Ignore the result, or wait until it has been heard.

        Raises CallEnded and NotConnected at once. (Wire: ``bot.reply`` with an empty
        ``in_reply_to``.)
        """
        return self._play(self.speak(text, "", None, add_to_history))

    def reply(
        self, text: str, *, in_reply_to: str | None = None, message_id: str | None = None
    ) -> P:
        """Answer the caller's message: inside a handler the one it was called for, else the last.

        The server refuses an answer to a message that is out of date (``reply.rejected``).
        """
        answers = in_reply_to if in_reply_to is not None else self.answered_message()
        return self._play(self.speak(text, answers, message_id))


class LineVerbs(Generic[P, H, R]):
    """Of a line's call."""

    if TYPE_CHECKING:
        session: Runtime

        def _play(self, speech: Speech) -> P: ...
        def _answer(self, outcome: Outcome[Any]) -> Any: ...
        def speak_as(
            self, text: str, voice: Any, language: str | None, add_to_history: bool
        ) -> Speech: ...
        def place_listen(self, **listen: Any) -> Outcome[Heard]: ...
        def place_ask(self, text: str, **listen: Any) -> Outcome[Heard]: ...
        def place_route(self, agent: str, **options: Any) -> Outcome[RouteResult]: ...

    def say(
        self,
        text: str,
        *,
        voice: str | dict[str, Any] | None = None,
        language: str | None = None,
        add_to_history: bool = False,
    ) -> P:
        """Speak ``text``; with a voice or language, that is set first (``session.configure``)."""
        speech = self.speak_as(text, voice, language, add_to_history)
        return self._play(speech)

    def listen(
        self,
        *,
        digits: int | None = None,
        terminator: str | None = None,
        speech: bool = False,
        timeout: float,
        language: str | None = None,
    ) -> H:
        """Wait for ``digits`` keys, the ``terminator`` key, or (``speech``) the end of a turn.

        Gives ``Heard(by="timeout")`` with the keys so far after ``timeout`` seconds or at the end
        of the call. (Wire: ``call.dtmf_received``, ``turn.end``.)
        """
        outcome = self.place_listen(
            digits=digits, terminator=terminator, speech=speech, timeout=timeout, language=language
        )
        heard: H = self._answer(outcome)
        return heard

    def ask(
        self,
        text: str,
        *,
        digits: int | None = None,
        terminator: str | None = None,
        speech: bool = False,
        timeout: float,
        language: str | None = None,
    ) -> H:
        """``say`` and ``listen``: keys count from the first syllable, the timeout from the last."""
        outcome = self.place_ask(
            text,
            digits=digits,
            terminator=terminator,
            speech=speech,
            timeout=timeout,
            language=language,
        )
        heard: H = self._answer(outcome)
        return heard

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
    ) -> R:
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
        result: R = self._answer(outcome)
        return result
