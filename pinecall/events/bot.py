"""What the agent says."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from ._base import Event

__all__ = [
    "BargeIn",
    "BotFinished",
    "BotInterrupted",
    "BotSpeaking",
    "BotWord",
    "MessageAborted",
    "MessageConfirmed",
    "ReplyRejected",
]


@frozen(kw_only=True, eq=False, repr=False)
class BotSpeaking(Event):
    """The agent begins to speak (``bot.speaking``).

    text: the whole text of ``say`` and ``reply``; empty where the text is streamed
    """

    EVENT: ClassVar[str] = "bot.speaking"
    agent_id: str | None = None
    call_id: str = ""
    session_id: str | None = None
    message_id: str = ""
    text: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class BotWord(Event):
    """A word of the agent's was played (``bot.word``).

    word: the word, with its punctuation
    word_index: its place in the message, from 0
    start_time, end_time: its place in the audio, in seconds
    """

    EVENT: ClassVar[str] = "bot.word"
    agent_id: str | None = None
    call_id: str = ""
    session_id: str | None = None
    message_id: str = ""
    word: str = ""
    word_index: int | None = None
    start_time: float | None = None
    end_time: float | None = None


@frozen(kw_only=True, eq=False, repr=False)
class BotFinished(Event):
    """A message of the agent's was played to its end (``bot.finished``).

    message_id: None means the only message in flight
    duration_ms: length of the audio, in milliseconds
    text: the message, where the server sends it
    """

    EVENT: ClassVar[str] = "bot.finished"
    agent_id: str | None = None
    call_id: str = ""
    session_id: str | None = None
    message_id: str | None = None
    duration_ms: float | None = None
    text: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class BotInterrupted(Event):
    """A message of the agent's was cut off (``bot.interrupted``).

    message_id: None means the only message in flight
    played_ms: how much of it was played, in milliseconds
    words_spoken: how many words were played
    last_word: the last word that was played
    reason: ``user_spoke``, ``continuation``, ``cancelled`` or another text
    """

    EVENT: ClassVar[str] = "bot.interrupted"
    agent_id: str | None = None
    call_id: str = ""
    session_id: str | None = None
    message_id: str | None = None
    played_ms: float | None = None
    words_spoken: int | None = None
    last_word: str | None = None
    reason: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class BargeIn(Event):
    """The caller spoke while the agent did (``barge_in``).

    cancelled_message_id: id of the message that was cut off
    """

    EVENT: ClassVar[str] = "barge_in"
    agent_id: str = ""
    call_id: str = ""
    cancelled_message_id: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class MessageConfirmed(Event):
    """A message of the agent's is in the history (``message.confirmed``).

    text: the text as it entered the history
    """

    EVENT: ClassVar[str] = "message.confirmed"
    agent_id: str = ""
    call_id: str = ""
    session_id: str | None = None
    message_id: str = ""
    text: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class MessageAborted(Event):
    """A message of the agent's was dropped before it was confirmed (``message.aborted``).

    Documented by the platform, not seen on the wire.

    reason: why, such as ``barge_in``
    """

    EVENT: ClassVar[str] = "message.aborted"
    agent_id: str | None = None
    call_id: str = ""
    message_id: str = ""
    reason: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class ReplyRejected(Event):
    """The server refused a reply to a message that is out of date (``reply.rejected``).

    in_reply_to: id of the message that the reply answers
    expected_reply_to: id of the message that is to be answered
    reason: such as ``message_obsolete``
    """

    EVENT: ClassVar[str] = "reply.rejected"
    agent_id: str = ""
    call_id: str = ""
    message_id: str = ""
    in_reply_to: str = ""
    expected_reply_to: str = ""
    reason: str | None = None
