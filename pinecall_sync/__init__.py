"""Voice agents on Pinecall, for programs without an event loop. :mod:`pinecall` is for asyncio.

::

    with Pinecall() as pc:
        pc.deploy("mara", prompt="You are Mara.", channels=["chat"])
        pc.run_forever()

The client, and what lives on it:
    Pinecall, Agent, Line, Call, LineCall, RingingCall, WhatsAppSession; events (a module)
Tools and skills of an agent:
    tool, Tool, ToolResult, Skill
Options as objects (keywords and dicts do as well):
    AgentOptions, Channel, DeployOptions, LineOptions, ReconnectPolicy
Speech on its way to the caller:
    Playback, ReplyStream
Results:
    SayResult, Heard, RouteResult, ChatReply, DrainReport, Token, Voice, Phone, Balance, LogEntry
Traces of calls:
    CallTrace, TraceEntry, TraceTurn, TraceTool, latency, Latency
Streams to browsers, and saved conversations:
    EventStream, SqliteHistory, ConversationRecord
Errors:
    PinecallError, from which the others derive: see help(pinecall.errors)

Names load on first use. ``pinecall_sync.emulator`` is a server for tests, with the extra ``emulator``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinecall._shared.exports import lazy

__all__ = [  # noqa: RUF022 (grouped)
    # the client, and what lives on it
    "Pinecall", "Agent", "Line", "Call", "LineCall", "RingingCall", "WhatsAppSession", "events",
    # tools and skills of an agent
    "tool", "Tool", "ToolResult", "Skill",
    # options as objects; keywords and dicts do as well
    "AgentOptions", "Channel", "DeployOptions", "LineOptions", "ReconnectPolicy",
    # speech on its way to the caller
    "Playback", "ReplyStream",
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
    from pinecall.traces import CallTrace, Latency, TraceEntry, TraceTool, TraceTurn, latency

    from .agent import Agent, Call, Line, LineCall, WhatsAppSession
    from .client import Pinecall
    from .history import SqliteHistory
    from .stream import EventStream
    from .waiting import Playback

    __version__: str
else:
    __getattr__, __dir__ = lazy(__name__, __all__)
