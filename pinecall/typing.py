"""Event names, and the types of what their handlers get, for editors and type checkers.

``agent.on``, ``call.on``, ``line.on`` and ``pc.on`` are an :class:`On`. Its overloads pair every
event name with its handler's arguments: a misspelt name, a missing parameter or an argument of
another class is an error where the handler is registered, and an editor completes the names.
"""

from __future__ import annotations

from collections.abc import Callable, Sized
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    Literal,
    ParamSpec,
    Protocol,
    SupportsFloat,
    SupportsInt,
    TypeAlias,
    TypedDict,
    TypeVar,
    overload,
)

from .core.wire.names import check_name

if TYPE_CHECKING:
    from concurrent.futures import Future
    from threading import Thread

    from . import events as ev
    from .core.agents.agent import AgentBase
    from .core.agents.ringing import RingingCall
    from .core.calls.call import CallBase
    from .core.calls.speech import ReplyStream
    from .core.calls.whatsapp import WhatsAppSessionBase
    from .core.lines.line import LineBase
    from .errors import PinecallError

__all__ = ["Decorator", "EventName", "Frame", "Message", "Off", "On", "Plain"]

#: One frame of the wire, as ``send()`` takes it and ``event.raw`` gives it.
Frame: TypeAlias = dict[str, Any]

#: Every event there is a handler for.
# fmt: off
EventName: TypeAlias = Literal[
    "*", "agent.configured", "agent.created", "agent.displaced", "agent.resumed", "audio.metrics",
    "barge_in", "bot.finished", "bot.interrupted", "bot.speaking", "bot.word", "call",
    "call.dialing", "call.dtmf_received", "call.dtmf_sent", "call.ended", "call.error",
    "call.forwarded", "call.held", "call.muted", "call.preparing", "call.preparing_timeout",
    "call.recording", "call.rejected", "call.ringing", "call.route_failed", "call.routed",
    "call.started", "call.unheld", "call.unmuted", "call.updated", "channel.added",
    "channel.configured", "channel.removed", "chat.started", "config_updated", "connected",
    "credits.exhausted", "credits.rejected", "disconnected", "docs.sources", "eager.turn",
    "error", "events.gap", "history.data", "history.updated", "line.created", "line.destroyed",
    "llm.chat.done", "llm.chat.token", "llm.chat.tool_call", "llm.chat.tool_result",
    "llm.error", "llm.response", "llm.thinking", "llm.tool_call", "llm.tool_result",
    "memory.ops", "message.aborted", "message.confirmed", "phone_added", "phone_removed",
    "reconnecting", "registered", "reply.rejected", "session.configured",
    "session.idle_warning", "session.paused", "session.resumed", "session.sent",
    "session.timeout", "session_config_updated", "skill.loaded", "skill.unloaded",
    "speech.ended", "speech.started", "turn.continued", "turn.end", "turn.pause",
    "turn.resumed", "user.message", "user.speaking", "whatsapp.message", "whatsapp.response",
    "whatsapp.session_ended", "whatsapp.session_started", "whatsapp.started", "whatsapp.status",
]
# fmt: on

_Start: TypeAlias = Literal["call.started", "chat.started", "whatsapp.started", "call.preparing"]
_Turn: TypeAlias = Literal["eager.turn", "turn.end"]

# What handlers get. C: a call; A: an agent; K: a line's call; L: a line; S: a WhatsApp session.
# R: what they may return. Returned: what one of them does return. W: see By.
P = ParamSpec("P")
X = TypeVar("X")
Y = TypeVar("Y")
Returned = TypeVar("Returned")
ReturnedPlain = TypeVar("ReturnedPlain", bound="Plain")
C = TypeVar("C")
A = TypeVar("A")
K = TypeVar("K")
L = TypeVar("L")
S = TypeVar("S")
R = TypeVar("R")
W = TypeVar("W")

#: A handler with one argument, with two, and any handler.
One: TypeAlias = Callable[[X], R]
Two: TypeAlias = Callable[[X, Y], R]
Fn: TypeAlias = Callable[..., Any]


class Message(TypedDict):
    """One message of a history (``messages`` of ``history.add`` and ``history.data``).

    role: ``user``, ``assistant``, ``system`` or ``tool``
    """

    role: str
    content: str


class _Attrs(Protocol):
    __attrs_attrs__: Any


class _Dataclass(Protocol):
    __dataclass_fields__: Any


class _Managed(Protocol):
    def __enter__(self) -> Any: ...


class _Waiting(Protocol):
    def wait(self, timeout: float | None = None) -> Any: ...


class _Response(Protocol):
    def raise_for_status(self) -> Any: ...


class _Ordered(Protocol):
    def __lt__(self, other: Any, /) -> Any: ...


if TYPE_CHECKING:
    #: What a plain function returns and a coroutine function does not. No type says "anything but",
    #: so this lists what there is: strings and collections, numbers, functions and classes, dates
    #: and paths, dataclasses (to mypy also attrs classes), files, locks, HTTP responses, and this
    #: package's own. A handler that returns an object of another kind is to return None instead.
    Plain: TypeAlias = (
        Sized
        | SupportsFloat
        | SupportsInt
        | Callable[..., object]
        | BaseException
        | Future[Any]
        | Thread
        | ev.Event
        | AgentBase
        | CallBase
        | LineBase
        | ReplyStream
        | RingingCall
        | WhatsAppSessionBase
        | _Attrs
        | _Dataclass
        | _Managed
        | _Ordered
        | _Response
        | _Waiting
        | None
    )
else:
    Plain = object


class Decorator(Generic[P, W]):
    """``@on("turn.end")``: registers the function below it, and leaves it as it is."""

    __slots__ = ("_add", "_name")

    def __init__(self, add: Callable[[str, Fn], Fn], name: str) -> None:
        self._add = add
        self._name = name

    @overload
    def __call__(
        self: Decorator[P, Callable[[Plain], None]], handler: Callable[P, ReturnedPlain], /
    ) -> Callable[P, ReturnedPlain]: ...
    @overload
    def __call__(
        self: Decorator[P, Callable[[object], None]], handler: Callable[P, Returned], /
    ) -> Callable[P, Returned]: ...
    def __call__(self, handler: Fn, /) -> Fn:
        self._add(self._name, handler)
        return handler


#: The decorator for functions that may return R. What takes an R stands for it: mypy looks at self
#: as if every parameter were covariant, and would find that "anything" includes Plain.
By: TypeAlias = Decorator[P, Callable[[R], None]]


class Off:
    """``off("turn.end", handler)`` takes a handler off; without one, all of that event's."""

    __slots__ = ("_remove",)

    def __init__(self, remove: Callable[[str, Fn | None], None]) -> None:
        self._remove = remove

    def __call__(self, name: EventName, handler: Callable[..., object] | None = None, /) -> None:
        """Raises ConfigurationError for a misspelt name; an absent handler is no error."""
        self._remove(name, handler)


_MISSING: Any = object()


class On(Generic[C, A, K, L, S, R]):
    """``on("turn.end", handler)``, or ``@on("turn.end")`` above one.

    Gives back the handler. Raises ConfigurationError for a misspelt name, for a wrong number of
    parameters and, on the blocking front, for a coroutine function.

    ``add(name, handler)`` is what registers. A front names its classes, and what handlers may
    return: ``On[Call, Agent, LineCall, Line, WhatsAppSession, object]`` on the asyncio front, with
    :data:`Plain` in place of ``object`` on the blocking one.
    """

    __slots__ = ("_add",)

    def __init__(self, add: Callable[[str, Fn], Fn]) -> None:
        self._add = add

    # fmt: off
    @overload
    def __call__(self, name: Literal["connected"], /) -> By[[], R]: ...
    @overload
    def __call__(self, name: Literal["connected"], fn: Callable[[], R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["disconnected"], /) -> By[[str], R]: ...
    @overload
    def __call__(self, name: Literal["disconnected"], fn: One[str, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["reconnecting"], /) -> By[[int], R]: ...
    @overload
    def __call__(self, name: Literal["reconnecting"], fn: One[int, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["error"], /) -> By[[PinecallError], R]: ...
    @overload
    def __call__(self, name: Literal["error"], fn: One[PinecallError, R], /) -> Fn: ...
    @overload
    def __call__(self, name: _Start, /) -> By[[C], R]: ...
    @overload
    def __call__(self, name: _Start, fn: One[C, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["call"], /) -> By[[K], R]: ...
    @overload
    def __call__(self, name: Literal["call"], fn: One[K, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["call.ended"], /) -> By[[C, str], R]: ...
    @overload
    def __call__(self, name: Literal["call.ended"], fn: Two[C, str, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["call.ringing"], /) -> By[[RingingCall], R]: ...
    @overload
    def __call__(self, name: Literal["call.ringing"], fn: One[RingingCall, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["whatsapp.session_started"], /) -> By[[S], R]: ...
    @overload
    def __call__(self, name: Literal["whatsapp.session_started"], fn: One[S, R], /) -> Fn: ...
    @overload
    def __call__(self, name: _Turn, /) -> By[[ev.Turn, C], R]: ...
    @overload
    def __call__(self, name: _Turn, fn: Two[ev.Turn, C, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["*"], /) -> By[[ev.Item], R]: ...
    @overload
    def __call__(self, name: Literal["*"], fn: One[ev.Item, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["agent.created"], /) -> By[[ev.AgentCreated, A], R]: ...
    @overload
    def __call__(self, name: Literal["agent.created"], fn: Two[ev.AgentCreated, A, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["agent.resumed"], /) -> By[[ev.AgentResumed, A], R]: ...
    @overload
    def __call__(self, name: Literal["agent.resumed"], fn: Two[ev.AgentResumed, A, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["agent.configured"], /) -> By[[ev.AgentConfigured, A], R]: ...
    @overload
    def __call__(
        self, name: Literal["agent.configured"], fn: Two[ev.AgentConfigured, A, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["agent.displaced"], /) -> By[[ev.AgentDisplaced, A], R]: ...
    @overload
    def __call__(
        self, name: Literal["agent.displaced"], fn: Two[ev.AgentDisplaced, A, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["call.rejected"], /) -> By[[ev.CallRejected, A], R]: ...
    @overload
    def __call__(self, name: Literal["call.rejected"], fn: Two[ev.CallRejected, A, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["channel.added"], /) -> By[[ev.ChannelAdded, A], R]: ...
    @overload
    def __call__(self, name: Literal["channel.added"], fn: Two[ev.ChannelAdded, A, R], /) -> Fn: ...
    @overload
    def __call__(
        self, name: Literal["channel.configured"], /
    ) -> By[[ev.ChannelConfigured, A], R]: ...
    @overload
    def __call__(
        self, name: Literal["channel.configured"], fn: Two[ev.ChannelConfigured, A, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["channel.removed"], /) -> By[[ev.ChannelRemoved, A], R]: ...
    @overload
    def __call__(
        self, name: Literal["channel.removed"], fn: Two[ev.ChannelRemoved, A, R], /
    ) -> Fn: ...
    @overload
    def __call__(
        self, name: Literal["config_updated"], /
    ) -> By[[ev.ConfigUpdated, A | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["config_updated"], fn: Two[ev.ConfigUpdated, A | None, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["credits.rejected"], /) -> By[[ev.CreditsRejected, A], R]: ...
    @overload
    def __call__(
        self, name: Literal["credits.rejected"], fn: Two[ev.CreditsRejected, A, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["line.created"], /) -> By[[ev.LineCreated, L], R]: ...
    @overload
    def __call__(self, name: Literal["line.created"], fn: Two[ev.LineCreated, L, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["line.destroyed"], /) -> By[[ev.LineDestroyed, L], R]: ...
    @overload
    def __call__(
        self, name: Literal["line.destroyed"], fn: Two[ev.LineDestroyed, L, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["phone_added"], /) -> By[[ev.PhoneAdded, A | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["phone_added"], fn: Two[ev.PhoneAdded, A | None, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["phone_removed"], /) -> By[[ev.PhoneRemoved, A | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["phone_removed"], fn: Two[ev.PhoneRemoved, A | None, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["registered"], /) -> By[[ev.Registered, A | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["registered"], fn: Two[ev.Registered, A | None, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["session.paused"], /) -> By[[ev.SessionPaused, A], R]: ...
    @overload
    def __call__(
        self, name: Literal["session.paused"], fn: Two[ev.SessionPaused, A, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["session.resumed"], /) -> By[[ev.SessionResumed, A], R]: ...
    @overload
    def __call__(
        self, name: Literal["session.resumed"], fn: Two[ev.SessionResumed, A, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["session.sent"], /) -> By[[ev.SessionSent, A], R]: ...
    @overload
    def __call__(self, name: Literal["session.sent"], fn: Two[ev.SessionSent, A, R], /) -> Fn: ...
    @overload
    def __call__(
        self, name: Literal["session_config_updated"], /
    ) -> By[[ev.SessionConfigUpdated, A | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["session_config_updated"],
        fn: Two[ev.SessionConfigUpdated, A | None, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["whatsapp.message"], /) -> By[[ev.WhatsAppMessage, A], R]: ...
    @overload
    def __call__(
        self, name: Literal["whatsapp.message"], fn: Two[ev.WhatsAppMessage, A, R], /
    ) -> Fn: ...
    @overload
    def __call__(
        self, name: Literal["whatsapp.response"], /
    ) -> By[[ev.WhatsAppResponse, A], R]: ...
    @overload
    def __call__(
        self, name: Literal["whatsapp.response"], fn: Two[ev.WhatsAppResponse, A, R], /
    ) -> Fn: ...
    @overload
    def __call__(
        self, name: Literal["whatsapp.session_ended"], /
    ) -> By[[ev.WhatsAppSessionEnded, A], R]: ...
    @overload
    def __call__(
        self, name: Literal["whatsapp.session_ended"], fn: Two[ev.WhatsAppSessionEnded, A, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["whatsapp.status"], /) -> By[[ev.WhatsAppStatus, A], R]: ...
    @overload
    def __call__(
        self, name: Literal["whatsapp.status"], fn: Two[ev.WhatsAppStatus, A, R], /
    ) -> Fn: ...
    @overload
    def __call__(
        self, name: Literal["credits.exhausted"], /
    ) -> By[[ev.CreditsExhausted, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["credits.exhausted"], fn: Two[ev.CreditsExhausted, C, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["call.updated"], /) -> By[[ev.CallUpdated, C], R]: ...
    @overload
    def __call__(self, name: Literal["call.updated"], fn: Two[ev.CallUpdated, C, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["call.dialing"], /) -> By[[ev.CallDialing, C], R]: ...
    @overload
    def __call__(self, name: Literal["call.dialing"], fn: Two[ev.CallDialing, C, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["call.error"], /) -> By[[ev.CallError, C | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["call.error"], fn: Two[ev.CallError, C | None, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["call.forwarded"], /) -> By[[ev.CallForwarded, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["call.forwarded"], fn: Two[ev.CallForwarded, C, R], /
    ) -> Fn: ...
    @overload
    def __call__(
        self, name: Literal["call.recording"], /
    ) -> By[[ev.CallRecording, C | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["call.recording"], fn: Two[ev.CallRecording, C | None, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["call.held"], /) -> By[[ev.CallHeld, C], R]: ...
    @overload
    def __call__(self, name: Literal["call.held"], fn: Two[ev.CallHeld, C, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["call.unheld"], /) -> By[[ev.CallUnheld, C], R]: ...
    @overload
    def __call__(self, name: Literal["call.unheld"], fn: Two[ev.CallUnheld, C, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["call.muted"], /) -> By[[ev.CallMuted, C], R]: ...
    @overload
    def __call__(self, name: Literal["call.muted"], fn: Two[ev.CallMuted, C, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["call.unmuted"], /) -> By[[ev.CallUnmuted, C], R]: ...
    @overload
    def __call__(self, name: Literal["call.unmuted"], fn: Two[ev.CallUnmuted, C, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["call.dtmf_sent"], /) -> By[[ev.CallDtmfSent, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["call.dtmf_sent"], fn: Two[ev.CallDtmfSent, C, R], /
    ) -> Fn: ...
    @overload
    def __call__(
        self, name: Literal["call.dtmf_received"], /
    ) -> By[[ev.CallDtmfReceived, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["call.dtmf_received"], fn: Two[ev.CallDtmfReceived, C, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["speech.started"], /) -> By[[ev.SpeechStarted, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["speech.started"], fn: Two[ev.SpeechStarted, C, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["speech.ended"], /) -> By[[ev.SpeechEnded, C], R]: ...
    @overload
    def __call__(self, name: Literal["speech.ended"], fn: Two[ev.SpeechEnded, C, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["user.speaking"], /) -> By[[ev.UserSpeaking, C], R]: ...
    @overload
    def __call__(self, name: Literal["user.speaking"], fn: Two[ev.UserSpeaking, C, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["user.message"], /) -> By[[ev.UserMessage, C], R]: ...
    @overload
    def __call__(self, name: Literal["user.message"], fn: Two[ev.UserMessage, C, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["turn.pause"], /) -> By[[ev.TurnPause, C], R]: ...
    @overload
    def __call__(self, name: Literal["turn.pause"], fn: Two[ev.TurnPause, C, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["turn.resumed"], /) -> By[[ev.TurnResumed, C], R]: ...
    @overload
    def __call__(self, name: Literal["turn.resumed"], fn: Two[ev.TurnResumed, C, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["turn.continued"], /) -> By[[ev.TurnContinued, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["turn.continued"], fn: Two[ev.TurnContinued, C, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["audio.metrics"], /) -> By[[ev.AudioMetrics, C], R]: ...
    @overload
    def __call__(self, name: Literal["audio.metrics"], fn: Two[ev.AudioMetrics, C, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["bot.speaking"], /) -> By[[ev.BotSpeaking, C], R]: ...
    @overload
    def __call__(self, name: Literal["bot.speaking"], fn: Two[ev.BotSpeaking, C, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["bot.word"], /) -> By[[ev.BotWord, C], R]: ...
    @overload
    def __call__(self, name: Literal["bot.word"], fn: Two[ev.BotWord, C, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["bot.finished"], /) -> By[[ev.BotFinished, C], R]: ...
    @overload
    def __call__(self, name: Literal["bot.finished"], fn: Two[ev.BotFinished, C, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["bot.interrupted"], /) -> By[[ev.BotInterrupted, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["bot.interrupted"], fn: Two[ev.BotInterrupted, C, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["barge_in"], /) -> By[[ev.BargeIn, C], R]: ...
    @overload
    def __call__(self, name: Literal["barge_in"], fn: Two[ev.BargeIn, C, R], /) -> Fn: ...
    @overload
    def __call__(
        self, name: Literal["message.confirmed"], /
    ) -> By[[ev.MessageConfirmed, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["message.confirmed"], fn: Two[ev.MessageConfirmed, C, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["message.aborted"], /) -> By[[ev.MessageAborted, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["message.aborted"], fn: Two[ev.MessageAborted, C, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["reply.rejected"], /) -> By[[ev.ReplyRejected, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["reply.rejected"], fn: Two[ev.ReplyRejected, C, R], /
    ) -> Fn: ...
    @overload
    def __call__(
        self, name: Literal["call.preparing_timeout"], /
    ) -> By[[ev.LlmPreparingTimeout, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["call.preparing_timeout"], fn: Two[ev.LlmPreparingTimeout, C, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["llm.tool_call"], /) -> By[[ev.LlmToolCall, C], R]: ...
    @overload
    def __call__(self, name: Literal["llm.tool_call"], fn: Two[ev.LlmToolCall, C, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["llm.tool_result"], /) -> By[[ev.LlmToolResult, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["llm.tool_result"], fn: Two[ev.LlmToolResult, C, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["llm.thinking"], /) -> By[[ev.LlmThinking, C], R]: ...
    @overload
    def __call__(self, name: Literal["llm.thinking"], fn: Two[ev.LlmThinking, C, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["llm.response"], /) -> By[[ev.LlmResponse, C], R]: ...
    @overload
    def __call__(self, name: Literal["llm.response"], fn: Two[ev.LlmResponse, C, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["llm.error"], /) -> By[[ev.LlmError, C | None], R]: ...
    @overload
    def __call__(self, name: Literal["llm.error"], fn: Two[ev.LlmError, C | None, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["docs.sources"], /) -> By[[ev.DocsSources, C], R]: ...
    @overload
    def __call__(self, name: Literal["docs.sources"], fn: Two[ev.DocsSources, C, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["skill.loaded"], /) -> By[[ev.SkillLoaded, C], R]: ...
    @overload
    def __call__(self, name: Literal["skill.loaded"], fn: Two[ev.SkillLoaded, C, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["skill.unloaded"], /) -> By[[ev.SkillUnloaded, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["skill.unloaded"], fn: Two[ev.SkillUnloaded, C, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["memory.ops"], /) -> By[[ev.MemoryOps, C | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["memory.ops"], fn: Two[ev.MemoryOps, C | None, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["history.data"], /) -> By[[ev.HistoryData, C], R]: ...
    @overload
    def __call__(self, name: Literal["history.data"], fn: Two[ev.HistoryData, C, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["history.updated"], /) -> By[[ev.HistoryUpdated, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["history.updated"], fn: Two[ev.HistoryUpdated, C, R], /
    ) -> Fn: ...
    @overload
    def __call__(
        self, name: Literal["session.configured"], /
    ) -> By[[ev.SessionConfigured, C | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["session.configured"], fn: Two[ev.SessionConfigured, C | None, R], /
    ) -> Fn: ...
    @overload
    def __call__(
        self, name: Literal["session.idle_warning"], /
    ) -> By[[ev.SessionIdleWarning, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["session.idle_warning"], fn: Two[ev.SessionIdleWarning, C, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["session.timeout"], /) -> By[[ev.SessionTimeout, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["session.timeout"], fn: Two[ev.SessionTimeout, C, R], /
    ) -> Fn: ...
    @overload
    def __call__(
        self, name: Literal["llm.chat.token"], /
    ) -> By[[ev.LlmChatToken, C | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["llm.chat.token"], fn: Two[ev.LlmChatToken, C | None, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["llm.chat.done"], /) -> By[[ev.LlmChatDone, C | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["llm.chat.done"], fn: Two[ev.LlmChatDone, C | None, R], /
    ) -> Fn: ...
    @overload
    def __call__(
        self, name: Literal["llm.chat.tool_call"], /
    ) -> By[[ev.LlmChatToolCall, C | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["llm.chat.tool_call"], fn: Two[ev.LlmChatToolCall, C | None, R], /
    ) -> Fn: ...
    @overload
    def __call__(
        self, name: Literal["llm.chat.tool_result"], /
    ) -> By[[ev.LlmChatToolResult, C | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["llm.chat.tool_result"], fn: Two[ev.LlmChatToolResult, C | None, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["call.routed"], /) -> By[[ev.CallRouted, C], R]: ...
    @overload
    def __call__(self, name: Literal["call.routed"], fn: Two[ev.CallRouted, C, R], /) -> Fn: ...
    @overload
    def __call__(self, name: Literal["call.route_failed"], /) -> By[[ev.CallRouteFailed, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["call.route_failed"], fn: Two[ev.CallRouteFailed, C, R], /
    ) -> Fn: ...
    @overload
    def __call__(self, name: Literal["events.gap"], /) -> By[[ev.EventsGap, C | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["events.gap"], fn: Two[ev.EventsGap, C | None, R], /
    ) -> Fn: ...
    # fmt: on
    def __call__(self, name: str, fn: Fn = _MISSING, /) -> Any:
        check_name(name)
        return Decorator(self._add, name) if fn is _MISSING else self._add(name, fn)
