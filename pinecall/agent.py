"""Agents and calls of the asyncio front: the core's, and what waits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from .core.agent import AgentBase
from .core.call import CallBase
from .core.line import LineBase, LineCallBase
from .core.registration import not_registered
from .core.verbs import history_messages, prompt_from_file, prompt_vars
from .typing import On
from .waiting import Answer, EventIterator, Playback, wait

if TYPE_CHECKING:
    from .core.registration import Registration
    from .core.session import Session

__all__ = ["Agent", "Call", "Line", "LineCall"]


class _Listening:
    """``on``, ``once``, ``off`` and ``events``, for what has handlers."""

    if TYPE_CHECKING:
        session: Session

        @property
        def handlers(self) -> Any: ...
        def add_handler(self, event: str, handler: Any, *, once: bool = False) -> Any: ...

    @property
    def on(self) -> On[Call, Agent, object]:
        """``on("turn.end", handler)`` or ``@on("turn.end")``: call ``handler`` for each event."""
        return On(self.add_handler)

    @property
    def once(self) -> On[Call, Agent, object]:
        """As ``on``, for the next event only."""
        return On(lambda event, handler: self.add_handler(event, handler, once=True))

    def off(self, event: str, handler: Any = None, /) -> None:
        """Take a handler off, or all of an event's."""
        with self.session.guard:
            self.handlers.remove(event, handler)

    def events(self, *names: str) -> EventIterator:
        """The same events as an asynchronous iterator of :class:`~pinecall.events.Item`."""
        return EventIterator(self.session.subscribe(self.handlers, names))


async def wait_registered(session: Session, registration: Registration, timeout: float) -> None:
    try:
        await wait(session, registration.ready, timeout)
    except TimeoutError:
        raise not_registered(registration, timeout) from None


class Call(_Listening, CallBase):
    __doc__ = CallBase.__doc__

    if TYPE_CHECKING:
        agent: Agent  # type: ignore[assignment]

    def say(self, text: str, *, add_to_history: bool = False) -> Playback:
        """Speak ``text`` unasked. Ignore the result, or await it until it has been heard.

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

    def get_history(self) -> Answer[list[dict[str, Any]]]:
        """The model's messages. Raises NotConnected while the link is down. (``history.get``)"""
        return Answer(self.session, self.ask_history())

    def add_history(self, messages: Any) -> Answer[int]:
        """Append ``[{"role", "content"}, …]``; how many there are then. (``history.add``)"""
        return self._change("history.add", messages=history_messages(messages))

    def set_history(self, messages: Any) -> Answer[int]:
        """Replace the model's messages; how many there are then. (``history.set``)"""
        return self._change("history.set", messages=history_messages(messages))

    def clear_history(self) -> Answer[int]:
        """Forget all but the system prompt. (``history.clear``)"""
        return self._change("history.clear")

    def add_context(self, text: str) -> Answer[int]:
        """Text after the system prompt; adds up. (``history.add_context``)"""
        return self._change("history.add_context", text=text)

    def set_prompt(self, prompt: str) -> Answer[int]:
        """A new system prompt for this call. (``history.set_instructions``)"""
        return self._change("history.set_instructions", prompt=prompt)

    def set_prompt_vars(self, values: Mapping[str, Any]) -> Answer[int]:
        """Values of ``{{name}}`` in the prompt, for this call. (``history.set_vars``)"""
        return self._change("history.set_vars", vars=prompt_vars(values))

    def set_prompt_file(self, path: str | Path) -> Answer[int]:
        """``set_prompt`` with the text of a file (UTF-8), read now."""
        return self.set_prompt(prompt_from_file(path))

    def _change(self, verb: str, **fields: Any) -> Answer[int]:
        return Answer(self.session, self.ask_change(verb, **fields))


class Agent(_Listening, AgentBase):
    __doc__ = AgentBase.__doc__

    @property
    def calls(self) -> Mapping[str, Call]:
        """Its live calls by id, read-only."""
        return MappingProxyType(cast("dict[str, Call]", self.live_calls))

    def call(self, call_id: str) -> Call | None:
        return self.calls.get(call_id)

    async def wait_ready(self, timeout: float = 10.0) -> None:
        """Until the server has acknowledged the registration. Raises RegistrationError: what
        refused it, or ``AGENT_NOT_REGISTERED`` after ``timeout`` seconds."""
        await wait_registered(self.session, self.registration, timeout)

    async def dial(
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
        return cast("Call", await wait(self.session, outcome))

    async def bridge(
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
        return cast("Call", await wait(self.session, outcome))


class Line(_Listening, LineBase):
    __doc__ = LineBase.__doc__

    async def wait_ready(self, timeout: float = 10.0) -> None:
        """Until the server has acknowledged the line; raises RegistrationError."""
        await wait_registered(self.session, self.registration, timeout)


class LineCall(Call, LineCallBase):  # type: ignore[misc]
    __doc__ = LineCallBase.__doc__
