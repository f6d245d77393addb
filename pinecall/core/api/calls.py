"""Verbs of calls that a front completes: it decides what they return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..calls.call import CallBase
from ..calls.verbs import history_messages, prompt_vars
from .answering import Answering

if TYPE_CHECKING:
    from ..calls.speech import Speech
    from ..kernel.outcome import Outcome

__all__ = ["HistoryVerbs", "SpeechVerbs"]

MessagesT = TypeVar("MessagesT")  # messages
CountT = TypeVar("CountT")  # a number of messages
PlaybackT = TypeVar("PlaybackT")  # a reply being spoken to the caller


class HistoryVerbs(Answering, Generic[MessagesT, CountT]):
    """The requests of a call and of a WhatsApp session: each is answered by the server.

    A change made while the link is down is sent once it is up again. A change that was sent but not
    answered when the link is lost raises NotConnected in the code that waits for it. If no code
    waits, the prompt and its variables are sent again; for the other changes, which must not be made
    twice, ``error`` fires.
    """

    if TYPE_CHECKING:

        def _ask_history(self) -> Outcome[list[dict[str, Any]]]: ...
        def _ask_change(self, verb: str, **fields: Any) -> Outcome[int]: ...

    def get_history(self) -> MessagesT:
        """Return the model's messages. Raises NotConnected while the link is down.
        (``history.get``)
        """
        messages: MessagesT = self._answer(self._ask_history())
        return messages

    def add_history(self, messages: Any) -> CountT:
        """Append ``[{"role", "content"}, …]``; return the number of messages. (``history.add``)"""
        return self._change("history.add", messages=history_messages(messages))

    def set_history(self, messages: Any) -> CountT:
        """Replace the model's messages; return their number. (``history.set``)"""
        return self._change("history.set", messages=history_messages(messages))

    def clear_history(self) -> CountT:
        """Delete all messages except the system prompt. (``history.clear``)"""
        return self._change("history.clear")

    def add_context(self, text: str) -> CountT:
        """Add text after the system prompt and earlier context. (``history.add_context``)"""
        return self._change("history.add_context", text=text)

    def set_prompt(self, prompt: str) -> CountT:
        """Replace the system prompt of this call. (``history.set_instructions``)"""
        return self._change("history.set_instructions", prompt=prompt)

    def set_prompt_vars(self, values: Mapping[str, Any]) -> CountT:
        """Set the values of ``{{name}}`` in the prompt, for this call. (``history.set_vars``)"""
        return self._change("history.set_vars", vars=prompt_vars(values))

    def _change(self, verb: str, **fields: Any) -> CountT:
        count: CountT = self._answer(self._ask_change(verb, **fields))
        return count


class SpeechVerbs(CallBase, Generic[PlaybackT]):
    """A call that speaks; a front decides what stands for speech on its way to the caller."""

    def _play(self, speech: Speech) -> PlaybackT:
        raise NotImplementedError

    def say(self, text: str, *, add_to_history: bool = False) -> PlaybackT:
        """Speak ``text`` unprompted. Ignore the result, or wait until it has been heard.

        Raises CallEnded and NotConnected at once. (Wire: ``bot.reply`` with an empty
        ``in_reply_to``.)
        """
        return self._play(self._speak(text, "", None, add_to_history))

    def reply(
        self, text: str, *, in_reply_to: str | None = None, message_id: str | None = None
    ) -> PlaybackT:
        """Answer the caller's message: in a handler the one that it handles, else the last.

        The server rejects an answer to an outdated message (``reply.rejected``).
        """
        answers = in_reply_to if in_reply_to is not None else self._answered_message()
        return self._play(self._speak(text, answers, message_id))
