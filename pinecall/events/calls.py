"""Events in the life of a call."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import field, frozen

from ._base import Event

__all__ = [
    "CallDialing",
    "CallDtmfReceived",
    "CallDtmfSent",
    "CallEnded",
    "CallError",
    "CallForwarded",
    "CallHeld",
    "CallMuted",
    "CallRecording",
    "CallRejected",
    "CallRinging",
    "CallStarted",
    "CallUnheld",
    "CallUnmuted",
    "CallUpdated",
]


@frozen(kw_only=True, eq=False, repr=False)
class CallRinging(Event):
    """``call.ringing``.

    agent_id: agent addressed
    call_id: call / session id
    from_: caller
    to: called number
    direction: always inbound
    """

    EVENT: ClassVar[str] = "call.ringing"
    agent_id: str = ""
    call_id: str = ""
    from_: str = ""
    to: str = ""
    direction: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class CallRejected(Event):
    """``call.rejected``.

    agent_id: agent addressed
    call_id: call / session id
    reason: busy | rejected
    """

    EVENT: ClassVar[str] = "call.rejected"
    agent_id: str = ""
    call_id: str = ""
    reason: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class CallStarted(Event):
    """``call.started``.

    agent_id: agent addressed
    call_id: call / session id
    session_id: session id; equals call_id on WebRTC frames seen in a capture
    from_: caller number, SIP URI, or the literal webrtc; default empty
    to: called number, or the literal webrtc; default empty
    direction: inbound | outbound; default inbound
    transport: phone | webrtc; absent means unknown, or webrtc when call_id starts with wrt_
    metadata: sealed token metadata, dial() metadata or channel context
    language: session language, BCP-47 base; absent on old servers
    extension: digits dialled after the number; set only when a line answered
    owner: line | agent
    routed_from: line:<number> that handed the call over
    line_transcript: [{who: caller|line, text, at epoch ms}] heard before the hand-over
    """

    EVENT: ClassVar[str] = "call.started"
    agent_id: str = ""
    call_id: str = ""
    session_id: str | None = None
    from_: str = ""
    to: str = ""
    direction: str | None = None
    transport: str | None = None
    metadata: dict[str, Any] = field(factory=dict)
    language: str | None = None
    extension: str | None = None
    owner: str | None = None
    routed_from: str | None = None
    line_transcript: list[dict[str, Any]] = field(factory=list)


@frozen(kw_only=True, eq=False, repr=False)
class CallEnded(Event):
    """``call.ended``.

    agent_id: agent addressed
    call_id: call / session id
    session_id: session id; equals call_id on WebRTC frames seen in a capture
    reason: see section 9; default unknown
    duration_seconds: seconds; a capture shows a float
    started_at: epoch seconds
    ended_at: epoch seconds
    messages: full LLM history; replaces the local copy when non-empty
    direction: read only when the call is unknown; default outbound
    from_: same
    to: same
    metadata: same
    language: same
    """

    EVENT: ClassVar[str] = "call.ended"
    agent_id: str = ""
    call_id: str = ""
    session_id: str | None = None
    reason: str | None = None
    duration_seconds: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    messages: list[dict[str, Any]] = field(factory=list)
    direction: str | None = None
    from_: str = ""
    to: str = ""
    metadata: dict[str, Any] = field(factory=dict)
    language: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class CallUpdated(Event):
    """``call.updated``.

    agent_id: agent addressed
    call_id: call / session id
    language: new session language
    """

    EVENT: ClassVar[str] = "call.updated"
    agent_id: str = ""
    call_id: str = ""
    language: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class CallDialing(Event):
    """``call.dialing``.

    agent_id: agent addressed
    call_id: call / session id
    from_: caller id
    to: destination
    """

    EVENT: ClassVar[str] = "call.dialing"
    agent_id: str = ""
    call_id: str = ""
    from_: str = ""
    to: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class CallError(Event):
    """``call.error``.

    agent_id: agent addressed
    call_id: call, may be absent
    error: text
    code: machine code
    """

    EVENT: ClassVar[str] = "call.error"
    agent_id: str = ""
    call_id: str | None = None
    error: str | None = None
    code: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class CallForwarded(Event):
    """``call.forwarded``.

    agent_id: agent addressed
    call_id: call / session id
    to: destination
    """

    EVENT: ClassVar[str] = "call.forwarded"
    agent_id: str = ""
    call_id: str = ""
    to: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class CallRecording(Event):
    """``call.recording`` (documented by the platform, not seen on the wire).

    agent_id: owning agent: plain id, `org:slug`, slug form, or `line:<number>`; sometimes
        absent
    call_id: call / session id
    audio: base64 WAV
    format: wav
    sample_rate: Hz, usually 8000
    duration_ms: ms
    """

    EVENT: ClassVar[str] = "call.recording"
    agent_id: str | None = None
    call_id: str = ""
    audio: str | None = None
    format: str | None = None
    sample_rate: int | None = None
    duration_ms: float | None = None


@frozen(kw_only=True, eq=False, repr=False)
class CallHeld(Event):
    """``call.held``.

    agent_id: agent addressed
    call_id: call / session id
    """

    EVENT: ClassVar[str] = "call.held"
    agent_id: str = ""
    call_id: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class CallUnheld(Event):
    """``call.unheld``.

    agent_id: agent addressed
    call_id: call / session id
    """

    EVENT: ClassVar[str] = "call.unheld"
    agent_id: str = ""
    call_id: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class CallMuted(Event):
    """``call.muted``.

    agent_id: agent addressed
    call_id: call / session id
    """

    EVENT: ClassVar[str] = "call.muted"
    agent_id: str = ""
    call_id: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class CallUnmuted(Event):
    """``call.unmuted``.

    agent_id: agent addressed
    call_id: call / session id
    muted_transcript: speech buffered while muted
    """

    EVENT: ClassVar[str] = "call.unmuted"
    agent_id: str = ""
    call_id: str = ""
    muted_transcript: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class CallDtmfSent(Event):
    """``call.dtmf_sent``.

    agent_id: agent addressed
    call_id: call / session id
    digits: tones we played
    """

    EVENT: ClassVar[str] = "call.dtmf_sent"
    agent_id: str = ""
    call_id: str = ""
    digits: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class CallDtmfReceived(Event):
    """``call.dtmf_received``.

    agent_id: agent addressed
    call_id: call / session id
    digit: this key
    digits: every key so far on the call
    """

    EVENT: ClassVar[str] = "call.dtmf_received"
    agent_id: str = ""
    call_id: str = ""
    digit: str = ""
    digits: str = ""
