"""Voice agents on Pinecall, for asyncio. :mod:`pinecall_sync` is the same without an event loop.

::

    async with Pinecall() as pc:
        pc.deploy("mara", prompt="You are Mara.", channels=["chat"])
        await pc.run_forever()

The client, and what lives on it:
    Pinecall, Agent, Line, Call, LineCall, RingingCall, WhatsAppSession; events (a module)
Tools and skills of an agent:
    tool, Tool, ToolResult, Skill
Options as objects (keywords and dicts do as well):
    AgentOptions, Channel, DeployOptions, LineOptions, ReconnectPolicy
Speech on its way to the caller, and other answers to wait for:
    Playback, ReplyStream, Answer
Results:
    SayResult, Heard, RouteResult, ChatReply, DrainReport, Token, Voice, Phone, Balance, LogEntry
Traces of calls:
    CallTrace, TraceEntry, TraceTurn, TraceTool, latency, Latency
Streams to browsers, and saved conversations:
    EventStream, SqliteHistory, ConversationRecord
Errors:
    PinecallError, from which the others derive: see help(pinecall.errors)

Names load on first use. ``pinecall.emulator`` is a server for tests, with the extra ``emulator``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._shared.exports import lazy

__all__ = [  # noqa: RUF022 (grouped)
    # the client, and what lives on it
    "Pinecall", "Agent", "Line", "Call", "LineCall", "RingingCall", "WhatsAppSession", "events",
    # tools and skills of an agent
    "tool", "Tool", "ToolResult", "Skill",
    # options as objects; keywords and dicts do as well
    "AgentOptions", "Channel", "DeployOptions", "LineOptions", "ReconnectPolicy",
    # speech on its way to the caller, and other answers to wait for
    "Playback", "ReplyStream", "Answer",
    # results
    "SayResult", "Heard", "RouteResult", "ChatReply", "DrainReport",
    "Token", "Voice", "Phone", "Balance", "LogEntry",
    # traces of calls
    "CallTrace", "TraceEntry", "TraceTurn", "TraceTool", "latency", "Latency",
    # streams to browsers, and saved conversations
    "EventStream", "SqliteHistory", "ConversationRecord",
    # errors
    "PinecallError", "ConfigurationError", "AuthenticationError", "ConnectError", "NotConnected",
    "ProtocolError", "RegistrationError", "AgentConflictError", "PhoneInUseError",
    "ServerAtCapacityError", "DisplacedError", "CallEnded", "DialError", "RequestTimeout",
    "RequestRejected", "ApiError", "TokenError",
]  # fmt: skip

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
    from .traces import CallTrace, Latency, TraceEntry, TraceTool, TraceTurn, latency
    from .waiting import Answer, Playback

    __version__: str
else:
    __getattr__, __dir__ = lazy(__name__, __all__)
