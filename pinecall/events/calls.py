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
    """A call is coming in on a channel with ``ringing=True`` (``call.ringing``).

    from_: the caller's number or SIP URI
    to: the number called
    direction: ``inbound``
    """

    EVENT: ClassVar[str] = "call.ringing"
    agent_id: str = ""
    call_id: str = ""
    from_: str = ""
    to: str = ""
    direction: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class CallRejected(Event):
    """A ringing call was rejected, as the program asked (``call.rejected``).

    reason: ``busy`` or ``rejected``
    """

    EVENT: ClassVar[str] = "call.rejected"
    agent_id: str = ""
    call_id: str = ""
    reason: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class CallStarted(Event):
    """A phone or WebRTC call has begun (``call.started``).

    from_: the caller's number or SIP URI, or ``webrtc``
    to: the number called, or ``webrtc``
    direction: ``inbound`` or ``outbound``; None means ``inbound``
    transport: ``phone`` or ``webrtc``; None where the server does not say
    metadata: from the token, from ``dial()`` or from the channel
    language: the call's language, such as ``es``; older servers leave it out
    extension: digits dialled after the number, where a line answered
    owner: ``line`` or ``agent``
    routed_from: ``line:<number>`` of the line that handed the call over
    line_transcript: ``[{who, text, at}]`` from before the hand-over; ``who`` is ``caller`` or
        ``line``, ``at`` epoch milliseconds
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
    """A phone or WebRTC call is over (``call.ended``).

    reason: such as ``hangup``, ``idle_timeout``, ``max_duration``, ``busy`` or ``routed``; other texts are
        possible
    duration_seconds: seconds
    started_at, ended_at: epoch seconds
    messages: the model's whole history, ``[{role, content}]``; may be empty
    direction, from_, to, metadata, language: as in ``call.started``
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
    """A fact about a call has changed (``call.updated``).

    language: the call's language from now on
    """

    EVENT: ClassVar[str] = "call.updated"
    agent_id: str = ""
    call_id: str = ""
    language: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class CallDialing(Event):
    """An outbound call is being set up (``call.dialing``).

    from_: the number it is made from
    to: the number or SIP URI called
    """

    EVENT: ClassVar[str] = "call.dialing"
    agent_id: str = ""
    call_id: str = ""
    from_: str = ""
    to: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class CallError(Event):
    """An outbound call could not be made (``call.error``).

    ``call_id`` may be None.

    error: text for people
    code: code for programs
    """

    EVENT: ClassVar[str] = "call.error"
    agent_id: str = ""
    call_id: str | None = None
    error: str | None = None
    code: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class CallForwarded(Event):
    """A call was forwarded (``call.forwarded``).

    to: the number or SIP URI it went to
    """

    EVENT: ClassVar[str] = "call.forwarded"
    agent_id: str = ""
    call_id: str = ""
    to: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class CallRecording(Event):
    """The recording of a call, in one piece (``call.recording``).

    Documented by the platform, not seen on the wire. It may arrive after the end of the call, and be
    many megabytes.

    audio: the file, in base64
    format: ``wav``
    sample_rate: hertz, usually 8000
    duration_ms: milliseconds
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
    """The caller is on hold (``call.held``)."""

    EVENT: ClassVar[str] = "call.held"
    agent_id: str = ""
    call_id: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class CallUnheld(Event):
    """The caller is no longer on hold (``call.unheld``)."""

    EVENT: ClassVar[str] = "call.unheld"
    agent_id: str = ""
    call_id: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class CallMuted(Event):
    """The caller's speech is buffered from now on (``call.muted``)."""

    EVENT: ClassVar[str] = "call.muted"
    agent_id: str = ""
    call_id: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class CallUnmuted(Event):
    """The caller's speech is reported again (``call.unmuted``).

    muted_transcript: what the caller said in the meantime
    """

    EVENT: ClassVar[str] = "call.unmuted"
    agent_id: str = ""
    call_id: str = ""
    muted_transcript: str | None = None


@frozen(kw_only=True, eq=False, repr=False)
class CallDtmfSent(Event):
    """Keys were sent to the caller (``call.dtmf_sent``).

    digits: the keys
    """

    EVENT: ClassVar[str] = "call.dtmf_sent"
    agent_id: str = ""
    call_id: str = ""
    digits: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class CallDtmfReceived(Event):
    """The caller has pressed a key (``call.dtmf_received``).

    digit: the key
    digits: every key of the call so far, this one included
    """

    EVENT: ClassVar[str] = "call.dtmf_received"
    agent_id: str = ""
    call_id: str = ""
    digit: str = ""
    digits: str = ""
