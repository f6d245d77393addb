"""Frames of a call, written as a list of moments."""

from __future__ import annotations

from typing import Any

from pinecall.core.traces.call_trace import CallTraceBase
from pinecall.core.traces.entry import TraceEntry, Way
from pinecall.core.traces.facts import End, Facts

__all__ = ["GREETING", "TABLE", "back", "came", "made", "sent", "went"]


def came(at: float, name: str, **fields: Any) -> TraceEntry:
    """A frame from the platform; ``from_`` is the wire's ``from``."""
    return _entry(at, "in", name, fields)


def sent(at: float, name: str, **fields: Any) -> TraceEntry:
    """A frame to the platform."""
    return _entry(at, "out", name, fields)


def _entry(at: float, way: Way, name: str, fields: dict[str, Any]) -> TraceEntry:
    named = {"from" if key == "from_" else key: value for key, value in fields.items()}
    return TraceEntry(at, way, name, {"event": name, "call_id": "CA1", **named})


def made(*entries: TraceEntry, end: End | None = None, **facts: Any) -> CallTraceBase:
    """The trace of these frames."""
    return CallTraceBase._of(Facts(call_id="CA1", **facts), entries, end=end)


def went(at: float, tool_call_id: str = "t1", name: str = "find", round_: str = "m1") -> TraceEntry:
    """The model calls one tool."""
    calls = [{"id": tool_call_id, "name": name, "arguments": '{"party":2}'}]
    return came(at, "llm.tool_call", msg_id=round_, tool_calls=calls)


def back(at: float, *tool_call_ids: str, result: Any = "20:30", round_: str = "m1") -> TraceEntry:
    """The program answers a round."""
    results = [{"tool_call_id": one, "result": result} for one in tool_call_ids or ("t1",)]
    return sent(at, "llm.tool_result", msg_id=round_, results=results)


#: The agent greets.
GREETING = [
    came(0.0, "call.started", agent_id="mara", from_="+34607827824", to="+13186330963",
         direction="inbound", transport="phone"),
    came(0.5, "bot.speaking", message_id="g", text="How can I help?"),
    came(0.5, "bot.word", message_id="g", word="How"),
    came(1.5, "bot.finished", message_id="g", duration_ms=1000),
]  # fmt: skip

#: The caller asks for a table, a tool finds one, and the agent offers it.
TABLE = [
    came(2.0, "speech.started", turn_id=1),
    came(2.5, "user.speaking", turn_id=0, text="a table"),
    came(3.0, "user.message", turn_id=1, message_id="u1", text="a table for two"),
    came(3.0, "speech.ended", turn_id=1, duration_ms=1000),
    came(3.2, "turn.end", turn_id=1, message_id="u1", latency_ms=150),
    came(3.2, "llm.before", turn=1),
    sent(3.3, "llm.ready", turn=1),
    went(3.6),
    back(3.9),
    came(4.2, "bot.speaking", message_id="b1", text=""),
    came(4.3, "bot.word", message_id="b1", word="At"),
    came(4.6, "bot.word", message_id="b1", word="20:30."),
    came(4.9, "message.confirmed", message_id="b1", text="At 20:30."),
    came(5.0, "bot.finished", message_id="b1"),
]
