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
    """``speech.started``.

    agent_id: agent addressed
    call_id: call / session id
    session_id: session id; equals call_id on WebRTC frames seen in a capture
    turn_id: turn counter, starts at 1 (0 when no turn is attributed)
    confidence: VAD confidence 0..1
    timestamp: declared in the types; the capture has only ts
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
    """``speech.ended``.

    agent_id: agent addressed
    call_id: call / session id
    session_id: session id; equals call_id on WebRTC frames seen in a capture
    turn_id: turn counter, starts at 1 (0 when no turn is attributed)
    duration_ms: ms of speech
    timestamp: declared in the types; the capture has only ts
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
    """``user.speaking``.

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    call_id: call / session id
    session_id: session id; equals call_id on WebRTC frames seen in a capture
    text: interim text; each frame replaces the previous one
    message_id: declared in the types; absent in the capture
    turn_id: 0 in the capture
    confidence: 0..1
    confirmed_text: stable prefix
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
    """``user.message``.

    agent_id: agent addressed
    call_id: call / session id
    session_id: session id; equals call_id on WebRTC frames seen in a capture
    message_id: message id
    text: confirmed text
    confidence: 0..1
    language: detected language
    lag_ms: ms
    turn_id: turn counter, starts at 1 (0 when no turn is attributed)
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
    """``eager.turn``.

    agent_id: agent addressed
    call_id: call / session id
    turn_id: turn counter, starts at 1 (0 when no turn is attributed)
    message_id: default empty
    text: default empty
    probability: 0..1; default 0
    latency_ms: ms; default 0
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
    """``turn.pause``.

    agent_id: agent addressed
    call_id: call / session id
    turn_id: turn counter, starts at 1 (0 when no turn is attributed)
    probability: 0..1
    latency_ms: ms
    """

    EVENT: ClassVar[str] = "turn.pause"
    agent_id: str = ""
    call_id: str = ""
    turn_id: int = 0
    probability: float | None = None
    latency_ms: float | None = None


@frozen(kw_only=True, eq=False, repr=False)
class TurnEnd(Event):
    """``turn.end``.

    agent_id: agent addressed
    call_id: call / session id
    turn_id: turn counter, starts at 1 (0 when no turn is attributed)
    message_id: falls back to the last message id
    text: falls back to the last user text
    probability: 0..1
    latency_ms: ms
    source: documented value bot on bridged/detect_turn_end calls
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
    """``turn.resumed``.

    agent_id: agent addressed
    call_id: call / session id
    turn_id: turn counter, starts at 1 (0 when no turn is attributed)
    timestamp: server clock
    """

    EVENT: ClassVar[str] = "turn.resumed"
    agent_id: str = ""
    call_id: str = ""
    turn_id: int = 0
    timestamp: float | None = None


@frozen(kw_only=True, eq=False, repr=False)
class TurnContinued(Event):
    """``turn.continued``.

    agent_id: agent addressed
    call_id: call / session id
    turn_id: turn counter, starts at 1 (0 when no turn is attributed)
    timestamp: server clock
    """

    EVENT: ClassVar[str] = "turn.continued"
    agent_id: str = ""
    call_id: str = ""
    turn_id: int = 0
    timestamp: float | None = None


@frozen(kw_only=True, eq=False, repr=False)
class AudioMetrics(Event):
    """``audio.metrics``.

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    call_id: call / session id
    source: user | bot
    energy_db: about -60..0 dB
    rms: 0..1
    peak: 0..1
    is_speech: VAD verdict
    vad_prob: 0..1
    timestamp: server clock
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
