"""What the caller says, and turns."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from ._base import Event

__all__ = [
    "AudioMetrics",
    "EagerTurn",
    "SpeechEnded",
    "SpeechStarted",
    "TurnContinued",
    "TurnEnd",
    "TurnPause",
    "TurnResumed",
    "UserMessage",
    "UserSpeaking",
]


@frozen(kw_only=True, eq=False, repr=False)
class SpeechStarted(Event):
    """The caller begins to speak (``speech.started``).

    confidence: that it is speech, 0 to 1
    timestamp: epoch seconds, where the server sends it
    """

    EVENT: ClassVar[str] = "speech.started"
    agent_id: str = ""
    call_id: str = ""
    session_id: str | None = None
    turn_id: int = 0
    confidence: float | None = None
    timestamp: float | None = None


@frozen(kw_only=True, eq=False, repr=False)
class SpeechEnded(Event):
    """The caller has stopped speaking (``speech.ended``).

    duration_ms: length of the speech, in milliseconds
    timestamp: epoch seconds, where the server sends it
    """

    EVENT: ClassVar[str] = "speech.ended"
    agent_id: str = ""
    call_id: str = ""
    session_id: str | None = None
    turn_id: int = 0
    duration_ms: float | None = None
    timestamp: float | None = None


@frozen(kw_only=True, eq=False, repr=False)
class UserSpeaking(Event):
    """An interim transcript (``user.speaking``). Each replaces the one before.

    text: what the caller has said so far
    confidence: that it is what was said, 0 to 1
    confirmed_text: the beginning of ``text`` that will not change
    """

    EVENT: ClassVar[str] = "user.speaking"
    agent_id: str | None = None
    call_id: str = ""
    session_id: str | None = None
    text: str = ""
    message_id: str | None = None
    turn_id: int | None = None
    confidence: float | None = None
    confirmed_text: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class UserMessage(Event):
    """What the caller has said or written (``user.message``).

    A second one with the same ``message_id`` is an update of the first.

    text: the text
    confidence: that it is what was said, 0 to 1
    language: the language detected, such as ``en``
    lag_ms: delay of the transcription, in milliseconds
    """

    EVENT: ClassVar[str] = "user.message"
    agent_id: str = ""
    call_id: str = ""
    session_id: str | None = None
    message_id: str = ""
    text: str = ""
    confidence: float | None = None
    language: str | None = None
    lag_ms: float | None = None
    turn_id: int = 0


@frozen(kw_only=True, eq=False, repr=False)
class EagerTurn(Event):
    """The caller's turn is probably over (``eager.turn``). Handlers get a :class:`Turn` instead.

    text: what the caller said
    probability: that the turn is over, 0 to 1
    latency_ms: delay of the turn detection, in milliseconds
    """

    EVENT: ClassVar[str] = "eager.turn"
    agent_id: str = ""
    call_id: str = ""
    turn_id: int = 0
    message_id: str | None = None
    text: str | None = None
    probability: float | None = None
    latency_ms: float | None = None


@frozen(kw_only=True, eq=False, repr=False)
class TurnPause(Event):
    """The caller is silent, and the turn is not over (``turn.pause``).

    probability: that the turn is over, 0 to 1
    latency_ms: delay of the turn detection, in milliseconds
    """

    EVENT: ClassVar[str] = "turn.pause"
    agent_id: str = ""
    call_id: str = ""
    turn_id: int = 0
    probability: float | None = None
    latency_ms: float | None = None


@frozen(kw_only=True, eq=False, repr=False)
class TurnEnd(Event):
    """The caller's turn is over (``turn.end``). Handlers get a :class:`Turn` instead.

    message_id, text: the caller's message; None means the last one
    probability: that the turn is over, 0 to 1
    latency_ms: delay of the turn detection, in milliseconds
    source: ``bot`` where the other side of a bridged call has finished its turn
    """

    EVENT: ClassVar[str] = "turn.end"
    agent_id: str = ""
    call_id: str = ""
    turn_id: int = 0
    message_id: str | None = None
    text: str | None = None
    probability: float | None = None
    latency_ms: float | None = None
    source: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class TurnResumed(Event):
    """The caller speaks again within the same turn (``turn.resumed``).

    timestamp: the server's clock, epoch seconds
    """

    EVENT: ClassVar[str] = "turn.resumed"
    agent_id: str = ""
    call_id: str = ""
    turn_id: int = 0
    timestamp: float | None = None


@frozen(kw_only=True, eq=False, repr=False)
class TurnContinued(Event):
    """The caller goes on after ``eager.turn`` or ``turn.end`` (``turn.continued``).

    A reply that has begun is out of date: its streams are aborted.

    timestamp: the server's clock, epoch seconds
    """

    EVENT: ClassVar[str] = "turn.continued"
    agent_id: str = ""
    call_id: str = ""
    turn_id: int = 0
    timestamp: float | None = None


@frozen(kw_only=True, eq=False, repr=False)
class AudioMetrics(Event):
    """Measurements of the audio, about ten a second (``audio.metrics``).

    Only with ``analysis={"send_audio_metrics": True}``.

    source: ``user`` or ``bot``
    energy_db: decibels, about -60 to 0
    rms: mean level, 0 to 1
    peak: highest level, 0 to 1
    is_speech: whether it is speech
    vad_prob: probability that it is speech, 0 to 1
    timestamp: the server's clock, epoch seconds
    """

    EVENT: ClassVar[str] = "audio.metrics"
    agent_id: str | None = None
    call_id: str = ""
    source: str = ""
    energy_db: float | None = None
    rms: float | None = None
    peak: float | None = None
    is_speech: bool | None = None
    vad_prob: float | None = None
    timestamp: float | None = None
