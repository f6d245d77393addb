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
    """``bot.speaking``.

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    call_id: call / session id
    session_id: session id; equals call_id on WebRTC frames seen in a capture
    message_id: message id
    text: whole text for say/reply and phone greetings; empty for streams and on WebRTC
    """

    EVENT: ClassVar[str] = "bot.speaking"
    agent_id: str | None = None
    call_id: str = ""
    session_id: str | None = None
    message_id: str = ""
    text: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class BotWord(Event):
    """``bot.word``.

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    call_id: call / session id
    session_id: session id; equals call_id on WebRTC frames seen in a capture
    message_id: message id
    word: word just played
    word_index: 0-based
    start_time: seconds [unit inferred]
    end_time: seconds [unit inferred]
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
    """``bot.finished``.

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    call_id: call / session id
    session_id: session id; equals call_id on WebRTC frames seen in a capture
    message_id: absent means the only reply in flight
    duration_ms: ms of audio
    text: final text; documented on the DataChannel
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
    """``bot.interrupted``.

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    call_id: call / session id
    session_id: session id; equals call_id on WebRTC frames seen in a capture
    message_id: absent means the only reply in flight
    played_ms: ms heard
    words_spoken: words heard
    last_word: last word heard
    reason: continuation | user_spoke | cancelled; docs also say early
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
    """``barge_in``.

    agent_id: agent addressed
    call_id: call / session id
    cancelled_message_id: reply cut off
    """

    EVENT: ClassVar[str] = "barge_in"
    agent_id: str = ""
    call_id: str = ""
    cancelled_message_id: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class MessageConfirmed(Event):
    """``message.confirmed``.

    agent_id: agent addressed
    call_id: call / session id
    session_id: session id; equals call_id on WebRTC frames seen in a capture
    message_id: message id
    text: text entered in the history
    """

    EVENT: ClassVar[str] = "message.confirmed"
    agent_id: str = ""
    call_id: str = ""
    session_id: str | None = None
    message_id: str = ""
    text: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class MessageAborted(Event):
    """``message.aborted`` (documented by the platform, not seen on the wire).

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    call_id: call / session id
    message_id: message id
    reason: why
    """

    EVENT: ClassVar[str] = "message.aborted"
    agent_id: str | None = None
    call_id: str = ""
    message_id: str = ""
    reason: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class ReplyRejected(Event):
    """``reply.rejected``.

    agent_id: agent addressed
    call_id: call / session id
    message_id: message id
    in_reply_to: what the reply referenced
    expected_reply_to: what the server wanted
    reason: e.g. message_obsolete
    """

    EVENT: ClassVar[str] = "reply.rejected"
    agent_id: str = ""
    call_id: str = ""
    message_id: str = ""
    in_reply_to: str = ""
    expected_reply_to: str = ""
    reason: str | None = None
