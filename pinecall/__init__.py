"""Pinecall for Python, asyncio front. The blocking front is :mod:`pinecall_sync`.

Names load on first use, so that a blocking program does not pay for asyncio, nor an asyncio program
for REST.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import events
    from .agent import Agent, Call, Line, LineCall, WhatsAppSession
    from .client import Pinecall
    from .core.agents.ringing import RingingCall
    from .core.calls.chat_requests import ChatReply
    from .core.calls.speech import ReplyStream, SayResult
    from .core.drain import DrainReport
    from .core.history.record import ConversationRecord
    from .core.lines.line_call import RouteResult
    from .core.lines.listener import Heard
    from .core.rest.call_log import LogEntry
    from .core.rest.phones import Balance, Phone
    from .core.rest.tokens import Token
    from .core.rest.voices import Voice
    from .core.tools.rounds import ToolResult
    from .errors import (
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
    from .history import SqliteHistory
    from .options import AgentOptions, Channel, DeployOptions, LineOptions, ReconnectPolicy
    from .skills import Skill
    from .stream import EventStream
    from .tools import Tool, tool
    from .waiting import Answer, Playback

__all__ = [
    "Agent",
    "AgentConflictError",
    "AgentOptions",
    "Answer",
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

_FROM = {
    "agent": ("Agent", "Call", "Line", "LineCall", "WhatsAppSession"),
    "client": ("Pinecall",),
    "core.calls.chat_requests": ("ChatReply",),
    "core.history.record": ("ConversationRecord",),
    "core.drain": ("DrainReport",),
    "core.lines.line_call": ("RouteResult",),
    "core.lines.listener": ("Heard",),
    "core.rest.call_log": ("LogEntry",),
    "core.rest.phones": ("Balance", "Phone"),
    "core.rest.tokens": ("Token",),
    "core.rest.voices": ("Voice",),
    "core.agents.ringing": ("RingingCall",),
    "core.calls.speech": ("ReplyStream", "SayResult"),
    "core.tools.rounds": ("ToolResult",),
    "options": ("AgentOptions", "Channel", "DeployOptions", "LineOptions", "ReconnectPolicy"),
    "skills": ("Skill",),
    "tools": ("Tool", "tool"),
    "history": ("SqliteHistory",),
    "stream": ("EventStream",),
    "waiting": ("Answer", "Playback"),
}
_HOME = {name: module for module, names in _FROM.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "events":
        return import_module(".events", __name__)
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME.get(name, 'errors')}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
