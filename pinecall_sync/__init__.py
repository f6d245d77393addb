"""Pinecall for Python, blocking front. The asyncio front is :mod:`pinecall`.

The same names; only the waiting differs. Names load on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pinecall import events
    from pinecall.core.agents.ringing import RingingCall
    from pinecall.core.calls.chat_requests import ChatReply
    from pinecall.core.calls.speech import ReplyStream, SayResult
    from pinecall.core.drain import DrainReport
    from pinecall.core.history.record import ConversationRecord
    from pinecall.core.lines.line_call import RouteResult
    from pinecall.core.lines.listener import Heard
    from pinecall.core.rest.call_log import LogEntry
    from pinecall.core.rest.phones import Balance, Phone
    from pinecall.core.rest.tokens import Token
    from pinecall.core.rest.voices import Voice
    from pinecall.core.tools.rounds import ToolResult
    from pinecall.errors import (
        AgentConflictError,
        ApiError,
        AuthenticationError,
        CallEnded,
        ConfigurationError,
        ConnectError,
        DialError,
        DisplacedError,
        NotConnected,
        PhoneInUseError,
        PinecallError,
        ProtocolError,
        RegistrationError,
        RequestRejected,
        RequestTimeout,
        ServerAtCapacityError,
        TokenError,
    )
    from pinecall.options import AgentOptions, Channel, DeployOptions, LineOptions, ReconnectPolicy
    from pinecall.skills import Skill
    from pinecall.tools import Tool, tool

    from .agent import Agent, Call, Line, LineCall, WhatsAppSession
    from .client import Pinecall
    from .history import SqliteHistory
    from .stream import EventStream
    from .waiting import Playback

__all__ = [
    "Agent",
    "AgentConflictError",
    "AgentOptions",
    "ApiError",
    "AuthenticationError",
    "Balance",
    "Call",
    "CallEnded",
    "Channel",
    "ChatReply",
    "ConfigurationError",
    "ConnectError",
    "ConversationRecord",
    "DeployOptions",
    "DialError",
    "DisplacedError",
    "DrainReport",
    "EventStream",
    "Heard",
    "Line",
    "LineCall",
    "LineOptions",
    "LogEntry",
    "NotConnected",
    "Phone",
    "PhoneInUseError",
    "Pinecall",
    "PinecallError",
    "Playback",
    "ProtocolError",
    "ReconnectPolicy",
    "RegistrationError",
    "ReplyStream",
    "RequestRejected",
    "RequestTimeout",
    "RingingCall",
    "RouteResult",
    "SayResult",
    "ServerAtCapacityError",
    "Skill",
    "SqliteHistory",
    "Token",
    "TokenError",
    "Tool",
    "ToolResult",
    "Voice",
    "WhatsAppSession",
    "events",
    "tool",
]

#: What is this front's own; all else is :mod:`pinecall`'s.
_FROM = {
    "agent": ("Agent", "Call", "Line", "LineCall", "WhatsAppSession"),
    "client": ("Pinecall",),
    "history": ("SqliteHistory",),
    "stream": ("EventStream",),
    "waiting": ("Playback",),
}
_HOME = {name: f".{module}" for module, names in _FROM.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME.get(name, "pinecall"), __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
