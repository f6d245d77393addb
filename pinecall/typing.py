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

from .core.names import check_name

if TYPE_CHECKING:
    from concurrent.futures import Future

    from .core.ringing import RingingCall
    from .core.speech import ReplyStream
    from .errors import PinecallError
    from .events import (
        AgentConfigured,
        AgentCreated,
        AgentDisplaced,
        AgentResumed,
        AudioMetrics,
        BargeIn,
        BotFinished,
        BotInterrupted,
        BotSpeaking,
        BotWord,
        CallDialing,
        CallDtmfReceived,
        CallDtmfSent,
        CallError,
        CallForwarded,
        CallHeld,
        CallMuted,
        CallRecording,
        CallRejected,
        CallRouted,
        CallRouteFailed,
        CallUnheld,
        CallUnmuted,
        CallUpdated,
        ChannelAdded,
        ChannelConfigured,
        ChannelRemoved,
        ConfigUpdated,
        CreditsExhausted,
        CreditsRejected,
        DocsSources,
        EventsGap,
        HistoryData,
        HistoryUpdated,
        Item,
        LineCreated,
        LineDestroyed,
        LlmChatDone,
        LlmChatToken,
        LlmChatToolCall,
        LlmChatToolResult,
        LlmError,
        LlmPreparingTimeout,
        LlmResponse,
        LlmThinking,
        LlmToolCall,
        LlmToolResult,
        MemoryOps,
        MessageAborted,
        MessageConfirmed,
        PhoneAdded,
        PhoneRemoved,
        Registered,
        ReplyRejected,
        SessionConfigUpdated,
        SessionConfigured,
        SessionIdleWarning,
        SessionPaused,
        SessionResumed,
        SessionSent,
        SessionTimeout,
        SkillLoaded,
        SkillUnloaded,
        SpeechEnded,
        SpeechStarted,
        Turn,
        TurnContinued,
        TurnPause,
        TurnResumed,
        UserMessage,
        UserSpeaking,
        WhatsAppMessage,
        WhatsAppResponse,
        WhatsAppSessionEnded,
        WhatsAppStatus,
    )

__all__ = ["Decorator", "EventName", "Frame", "Message", "Off", "On", "Plain"]

#: One frame of the wire, as ``send()`` takes it and ``event.raw`` gives it.
Frame: TypeAlias = dict[str, Any]

#: Any handler.
Function: TypeAlias = Callable[..., Any]

#: Every event there is a handler for.
EventName: TypeAlias = Literal[
    "*",
    "agent.configured",
    "agent.created",
    "agent.displaced",
    "agent.resumed",
    "audio.metrics",
    "barge_in",
    "bot.finished",
    "bot.interrupted",
    "bot.speaking",
    "bot.word",
    "call",
    "call.dialing",
    "call.dtmf_received",
    "call.dtmf_sent",
    "call.ended",
    "call.error",
    "call.forwarded",
    "call.held",
    "call.muted",
    "call.preparing",
    "call.preparing_timeout",
    "call.recording",
    "call.rejected",
    "call.ringing",
    "call.route_failed",
    "call.routed",
    "call.started",
    "call.unheld",
    "call.unmuted",
    "call.updated",
    "channel.added",
    "channel.configured",
    "channel.removed",
    "chat.started",
    "config_updated",
    "connected",
    "credits.exhausted",
    "credits.rejected",
    "disconnected",
    "docs.sources",
    "eager.turn",
    "error",
    "events.gap",
    "history.data",
    "history.updated",
    "line.created",
    "line.destroyed",
    "llm.chat.done",
    "llm.chat.token",
    "llm.chat.tool_call",
    "llm.chat.tool_result",
    "llm.error",
    "llm.response",
    "llm.thinking",
    "llm.tool_call",
    "llm.tool_result",
    "memory.ops",
    "message.aborted",
    "message.confirmed",
    "phone_added",
    "phone_removed",
    "reconnecting",
    "registered",
    "reply.rejected",
    "session.configured",
    "session.idle_warning",
    "session.paused",
    "session.resumed",
    "session.sent",
    "session.timeout",
    "session_config_updated",
    "skill.loaded",
    "skill.unloaded",
    "speech.ended",
    "speech.started",
    "turn.continued",
    "turn.end",
    "turn.pause",
    "turn.resumed",
    "user.message",
    "user.speaking",
    "whatsapp.message",
    "whatsapp.response",
    "whatsapp.session_ended",
    "whatsapp.session_started",
    "whatsapp.started",
    "whatsapp.status",
]

# What handlers get. C: a call; A: an agent; K: a line's call; L: a line; S: a WhatsApp session.
C = TypeVar("C")
A = TypeVar("A")
K = TypeVar("K")
L = TypeVar("L")
S = TypeVar("S")
# What they may return, and what one of them does return.
R = TypeVar("R")
Returned = TypeVar("Returned")
ResultT = TypeVar("ResultT", contravariant=True)
P = ParamSpec("P")


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


class _Ordered(Protocol):
    def __lt__(self, other: Any, /) -> Any: ...


#: What a plain function returns, as opposed to a coroutine: handlers on the blocking front. Python's
#: types cannot say "anything but", so this lists what there is: None, strings and collections,
#: numbers, functions and classes, dates and paths, attrs classes and dataclasses, files and locks,
#: and what the verbs of a call give.
Plain: TypeAlias = (
    "None | Sized | SupportsFloat | SupportsInt | Callable[..., object] | BaseException"
    " | _Attrs | _Dataclass | _Managed | _Ordered | Future[Any] | Thread"
    " | SpeechHandle | ReplyStream | RingingCall"
)


class Decorator(Protocol[P, ResultT]):
    """Registers the function it decorates, and leaves it as it is."""

    def __call__(
        self: Decorator[P, Returned], handler: Callable[P, Returned], /
    ) -> Callable[P, Returned]: ...


class Off:
    """``off("turn.end", handler)`` takes a handler off; without one, all of that event's."""

    __slots__ = ("_remove",)

    def __init__(self, remove: Callable[[str, Function | None], None]) -> None:
        self._remove = remove

    def __call__(self, name: EventName, handler: Callable[..., object] | None = None, /) -> None:
        """Raises ConfigurationError for a misspelt name. A handler that is not there is no error."""
        self._remove(name, handler)


_MISSING: Any = object()


class On(Generic[C, A, K, L, S, R]):
    """``on("turn.end", handler)``, or ``@on("turn.end")`` above one.

    Gives back the handler. Raises ConfigurationError for a misspelt name, for a wrong number of
    parameters and, on the blocking front, for a coroutine function.

    ``add(name, handler)`` is what registers. A front names its classes and what handlers may
    return: ``On[Call, Agent, LineCall, Line, WhatsAppSession, object]`` on the asyncio front, with
    :data:`Plain` in place of ``object`` on the blocking one; a line has its own two in place of the
    first two.
    """

    __slots__ = ("_add",)

    def __init__(self, add: Callable[[str, Function], Function]) -> None:
        self._add = add

    @overload
    def __call__(self, name: Literal["connected"], /) -> Decorator[[], R]: ...
    @overload
    def __call__(self, name: Literal["connected"], fn: Callable[[], R], /) -> Function: ...
    @overload
    def __call__(self, name: Literal["disconnected"], /) -> Decorator[[str], R]: ...
    @overload
    def __call__(self, name: Literal["disconnected"], fn: Callable[[str], R], /) -> Function: ...
    @overload
    def __call__(self, name: Literal["reconnecting"], /) -> Decorator[[int], R]: ...
    @overload
    def __call__(self, name: Literal["reconnecting"], fn: Callable[[int], R], /) -> Function: ...
    @overload
    def __call__(self, name: Literal["error"], /) -> Decorator[[PinecallError], R]: ...
    @overload
    def __call__(self, name: Literal["error"], fn: Callable[[PinecallError], R], /) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["call.started", "chat.started", "whatsapp.started", "call.preparing"], /
    ) -> Decorator[[C], R]: ...
    @overload
    def __call__(
        self,
        name: Literal["call.started", "chat.started", "whatsapp.started", "call.preparing"],
        fn: Callable[[C], R],
        /,
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["call"], /) -> Decorator[[K], R]: ...
    @overload
    def __call__(self, name: Literal["call"], fn: Callable[[K], R], /) -> Function: ...
    @overload
    def __call__(self, name: Literal["call.ended"], /) -> Decorator[[C, str], R]: ...
    @overload
    def __call__(self, name: Literal["call.ended"], fn: Callable[[C, str], R], /) -> Function: ...
    @overload
    def __call__(self, name: Literal["call.ringing"], /) -> Decorator[[RingingCall], R]: ...
    @overload
    def __call__(
        self, name: Literal["call.ringing"], fn: Callable[[RingingCall], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["whatsapp.session_started"], /) -> Decorator[[S], R]: ...
    @overload
    def __call__(
        self, name: Literal["whatsapp.session_started"], fn: Callable[[S], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["eager.turn", "turn.end"], /) -> Decorator[[Turn, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["eager.turn", "turn.end"], fn: Callable[[Turn, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["*"], /) -> Decorator[[Item], R]: ...
    @overload
    def __call__(self, name: Literal["*"], fn: Callable[[Item], R], /) -> Function: ...
    @overload
    def __call__(self, name: Literal["agent.created"], /) -> Decorator[[AgentCreated, A], R]: ...
    @overload
    def __call__(
        self, name: Literal["agent.created"], fn: Callable[[AgentCreated, A], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["agent.resumed"], /) -> Decorator[[AgentResumed, A], R]: ...
    @overload
    def __call__(
        self, name: Literal["agent.resumed"], fn: Callable[[AgentResumed, A], R], /
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["agent.configured"], /
    ) -> Decorator[[AgentConfigured, A], R]: ...
    @overload
    def __call__(
        self, name: Literal["agent.configured"], fn: Callable[[AgentConfigured, A], R], /
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["agent.displaced"], /
    ) -> Decorator[[AgentDisplaced, A], R]: ...
    @overload
    def __call__(
        self, name: Literal["agent.displaced"], fn: Callable[[AgentDisplaced, A], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["call.rejected"], /) -> Decorator[[CallRejected, A], R]: ...
    @overload
    def __call__(
        self, name: Literal["call.rejected"], fn: Callable[[CallRejected, A], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["channel.added"], /) -> Decorator[[ChannelAdded, A], R]: ...
    @overload
    def __call__(
        self, name: Literal["channel.added"], fn: Callable[[ChannelAdded, A], R], /
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["channel.configured"], /
    ) -> Decorator[[ChannelConfigured, A], R]: ...
    @overload
    def __call__(
        self, name: Literal["channel.configured"], fn: Callable[[ChannelConfigured, A], R], /
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["channel.removed"], /
    ) -> Decorator[[ChannelRemoved, A], R]: ...
    @overload
    def __call__(
        self, name: Literal["channel.removed"], fn: Callable[[ChannelRemoved, A], R], /
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["config_updated"], /
    ) -> Decorator[[ConfigUpdated, A | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["config_updated"], fn: Callable[[ConfigUpdated, A | None], R], /
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["credits.rejected"], /
    ) -> Decorator[[CreditsRejected, A], R]: ...
    @overload
    def __call__(
        self, name: Literal["credits.rejected"], fn: Callable[[CreditsRejected, A], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["line.created"], /) -> Decorator[[LineCreated, L], R]: ...
    @overload
    def __call__(
        self, name: Literal["line.created"], fn: Callable[[LineCreated, L], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["line.destroyed"], /) -> Decorator[[LineDestroyed, L], R]: ...
    @overload
    def __call__(
        self, name: Literal["line.destroyed"], fn: Callable[[LineDestroyed, L], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["phone_added"], /) -> Decorator[[PhoneAdded, A | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["phone_added"], fn: Callable[[PhoneAdded, A | None], R], /
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["phone_removed"], /
    ) -> Decorator[[PhoneRemoved, A | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["phone_removed"], fn: Callable[[PhoneRemoved, A | None], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["registered"], /) -> Decorator[[Registered, A | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["registered"], fn: Callable[[Registered, A | None], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["session.paused"], /) -> Decorator[[SessionPaused, A], R]: ...
    @overload
    def __call__(
        self, name: Literal["session.paused"], fn: Callable[[SessionPaused, A], R], /
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["session.resumed"], /
    ) -> Decorator[[SessionResumed, A], R]: ...
    @overload
    def __call__(
        self, name: Literal["session.resumed"], fn: Callable[[SessionResumed, A], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["session.sent"], /) -> Decorator[[SessionSent, A], R]: ...
    @overload
    def __call__(
        self, name: Literal["session.sent"], fn: Callable[[SessionSent, A], R], /
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["session_config_updated"], /
    ) -> Decorator[[SessionConfigUpdated, A | None], R]: ...
    @overload
    def __call__(
        self,
        name: Literal["session_config_updated"],
        fn: Callable[[SessionConfigUpdated, A | None], R],
        /,
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["whatsapp.message"], /
    ) -> Decorator[[WhatsAppMessage, A], R]: ...
    @overload
    def __call__(
        self, name: Literal["whatsapp.message"], fn: Callable[[WhatsAppMessage, A], R], /
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["whatsapp.response"], /
    ) -> Decorator[[WhatsAppResponse, A], R]: ...
    @overload
    def __call__(
        self, name: Literal["whatsapp.response"], fn: Callable[[WhatsAppResponse, A], R], /
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["whatsapp.session_ended"], /
    ) -> Decorator[[WhatsAppSessionEnded, A], R]: ...
    @overload
    def __call__(
        self, name: Literal["whatsapp.session_ended"], fn: Callable[[WhatsAppSessionEnded, A], R], /
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["whatsapp.status"], /
    ) -> Decorator[[WhatsAppStatus, A], R]: ...
    @overload
    def __call__(
        self, name: Literal["whatsapp.status"], fn: Callable[[WhatsAppStatus, A], R], /
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["credits.exhausted"], /
    ) -> Decorator[[CreditsExhausted, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["credits.exhausted"], fn: Callable[[CreditsExhausted, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["call.updated"], /) -> Decorator[[CallUpdated, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["call.updated"], fn: Callable[[CallUpdated, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["call.dialing"], /) -> Decorator[[CallDialing, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["call.dialing"], fn: Callable[[CallDialing, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["call.error"], /) -> Decorator[[CallError, C | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["call.error"], fn: Callable[[CallError, C | None], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["call.forwarded"], /) -> Decorator[[CallForwarded, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["call.forwarded"], fn: Callable[[CallForwarded, C], R], /
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["call.recording"], /
    ) -> Decorator[[CallRecording, C | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["call.recording"], fn: Callable[[CallRecording, C | None], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["call.held"], /) -> Decorator[[CallHeld, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["call.held"], fn: Callable[[CallHeld, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["call.unheld"], /) -> Decorator[[CallUnheld, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["call.unheld"], fn: Callable[[CallUnheld, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["call.muted"], /) -> Decorator[[CallMuted, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["call.muted"], fn: Callable[[CallMuted, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["call.unmuted"], /) -> Decorator[[CallUnmuted, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["call.unmuted"], fn: Callable[[CallUnmuted, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["call.dtmf_sent"], /) -> Decorator[[CallDtmfSent, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["call.dtmf_sent"], fn: Callable[[CallDtmfSent, C], R], /
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["call.dtmf_received"], /
    ) -> Decorator[[CallDtmfReceived, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["call.dtmf_received"], fn: Callable[[CallDtmfReceived, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["speech.started"], /) -> Decorator[[SpeechStarted, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["speech.started"], fn: Callable[[SpeechStarted, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["speech.ended"], /) -> Decorator[[SpeechEnded, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["speech.ended"], fn: Callable[[SpeechEnded, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["user.speaking"], /) -> Decorator[[UserSpeaking, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["user.speaking"], fn: Callable[[UserSpeaking, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["user.message"], /) -> Decorator[[UserMessage, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["user.message"], fn: Callable[[UserMessage, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["turn.pause"], /) -> Decorator[[TurnPause, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["turn.pause"], fn: Callable[[TurnPause, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["turn.resumed"], /) -> Decorator[[TurnResumed, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["turn.resumed"], fn: Callable[[TurnResumed, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["turn.continued"], /) -> Decorator[[TurnContinued, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["turn.continued"], fn: Callable[[TurnContinued, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["audio.metrics"], /) -> Decorator[[AudioMetrics, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["audio.metrics"], fn: Callable[[AudioMetrics, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["bot.speaking"], /) -> Decorator[[BotSpeaking, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["bot.speaking"], fn: Callable[[BotSpeaking, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["bot.word"], /) -> Decorator[[BotWord, C], R]: ...
    @overload
    def __call__(self, name: Literal["bot.word"], fn: Callable[[BotWord, C], R], /) -> Function: ...
    @overload
    def __call__(self, name: Literal["bot.finished"], /) -> Decorator[[BotFinished, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["bot.finished"], fn: Callable[[BotFinished, C], R], /
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["bot.interrupted"], /
    ) -> Decorator[[BotInterrupted, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["bot.interrupted"], fn: Callable[[BotInterrupted, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["barge_in"], /) -> Decorator[[BargeIn, C], R]: ...
    @overload
    def __call__(self, name: Literal["barge_in"], fn: Callable[[BargeIn, C], R], /) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["message.confirmed"], /
    ) -> Decorator[[MessageConfirmed, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["message.confirmed"], fn: Callable[[MessageConfirmed, C], R], /
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["message.aborted"], /
    ) -> Decorator[[MessageAborted, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["message.aborted"], fn: Callable[[MessageAborted, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["reply.rejected"], /) -> Decorator[[ReplyRejected, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["reply.rejected"], fn: Callable[[ReplyRejected, C], R], /
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["call.preparing_timeout"], /
    ) -> Decorator[[LlmPreparingTimeout, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["call.preparing_timeout"], fn: Callable[[LlmPreparingTimeout, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["llm.tool_call"], /) -> Decorator[[LlmToolCall, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["llm.tool_call"], fn: Callable[[LlmToolCall, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["llm.tool_result"], /) -> Decorator[[LlmToolResult, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["llm.tool_result"], fn: Callable[[LlmToolResult, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["llm.thinking"], /) -> Decorator[[LlmThinking, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["llm.thinking"], fn: Callable[[LlmThinking, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["llm.response"], /) -> Decorator[[LlmResponse, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["llm.response"], fn: Callable[[LlmResponse, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["llm.error"], /) -> Decorator[[LlmError, C | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["llm.error"], fn: Callable[[LlmError, C | None], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["docs.sources"], /) -> Decorator[[DocsSources, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["docs.sources"], fn: Callable[[DocsSources, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["skill.loaded"], /) -> Decorator[[SkillLoaded, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["skill.loaded"], fn: Callable[[SkillLoaded, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["skill.unloaded"], /) -> Decorator[[SkillUnloaded, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["skill.unloaded"], fn: Callable[[SkillUnloaded, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["memory.ops"], /) -> Decorator[[MemoryOps, C | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["memory.ops"], fn: Callable[[MemoryOps, C | None], R], /
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["history.data"], /
    ) -> Decorator[[HistoryData, C | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["history.data"], fn: Callable[[HistoryData, C | None], R], /
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["history.updated"], /
    ) -> Decorator[[HistoryUpdated, C | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["history.updated"], fn: Callable[[HistoryUpdated, C | None], R], /
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["session.configured"], /
    ) -> Decorator[[SessionConfigured, C | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["session.configured"], fn: Callable[[SessionConfigured, C | None], R], /
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["session.idle_warning"], /
    ) -> Decorator[[SessionIdleWarning, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["session.idle_warning"], fn: Callable[[SessionIdleWarning, C], R], /
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["session.timeout"], /
    ) -> Decorator[[SessionTimeout, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["session.timeout"], fn: Callable[[SessionTimeout, C], R], /
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["llm.chat.token"], /
    ) -> Decorator[[LlmChatToken, C | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["llm.chat.token"], fn: Callable[[LlmChatToken, C | None], R], /
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["llm.chat.done"], /
    ) -> Decorator[[LlmChatDone, C | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["llm.chat.done"], fn: Callable[[LlmChatDone, C | None], R], /
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["llm.chat.tool_call"], /
    ) -> Decorator[[LlmChatToolCall, C | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["llm.chat.tool_call"], fn: Callable[[LlmChatToolCall, C | None], R], /
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["llm.chat.tool_result"], /
    ) -> Decorator[[LlmChatToolResult, C | None], R]: ...
    @overload
    def __call__(
        self,
        name: Literal["llm.chat.tool_result"],
        fn: Callable[[LlmChatToolResult, C | None], R],
        /,
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["call.routed"], /) -> Decorator[[CallRouted, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["call.routed"], fn: Callable[[CallRouted, C], R], /
    ) -> Function: ...
    @overload
    def __call__(
        self, name: Literal["call.route_failed"], /
    ) -> Decorator[[CallRouteFailed, C], R]: ...
    @overload
    def __call__(
        self, name: Literal["call.route_failed"], fn: Callable[[CallRouteFailed, C], R], /
    ) -> Function: ...
    @overload
    def __call__(self, name: Literal["events.gap"], /) -> Decorator[[EventsGap, C | None], R]: ...
    @overload
    def __call__(
        self, name: Literal["events.gap"], fn: Callable[[EventsGap, C | None], R], /
    ) -> Function: ...
    def __call__(self, name: str, fn: Function = _MISSING, /) -> Function:
        if fn is not _MISSING:
            return self._add(name, fn)
        check_name(name)

        def register(handler: Function) -> Function:
            return self._add(name, handler)

        return register
