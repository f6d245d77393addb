"""A claimed line, calls that it answered, and keys that callers press."""

from __future__ import annotations

from typing import Any

from pinecall.core.lines.line import LineBase
from pinecall.core.lines.line_call import LineCallBase

from ..harness import Wire

__all__ = ["IDS", "NUMBER", "answered", "call_of", "press", "ready"]

NUMBER = "+12186633772"
IDS = {"agent_id": f"line:{NUMBER}", "call_id": "CL1"}


def ready(wire: Wire, **options: Any) -> LineBase:
    """A line that the server has acknowledged; nothing left to send."""
    if not wire.link.ready:
        wire.up()
    line = wire.pc.line(NUMBER, **options)
    wire.server("line.created", number=NUMBER)
    wire.sent()
    return line


def answered(wire: Wire, call_id: str = "CL1", **fields: Any) -> LineCallBase:
    """A call that comes in on the line."""
    facts = {"from": "+15551230000", "to": NUMBER, "direction": "inbound", "transport": "phone"}
    wire.server(
        {
            "event": "call.started",
            "agent_id": f"line:{NUMBER}",
            "call_id": call_id,
            "owner": "line",
            **facts,
            **fields,
        }
    )
    call = wire.engine.registry.calls[call_id]
    assert isinstance(call, LineCallBase)
    return call


def call_of(wire: Wire) -> LineCallBase:
    """A call of a new line."""
    ready(wire)
    return answered(wire)


def press(wire: Wire, keys: str) -> None:
    """The caller presses these keys."""
    for number, key in enumerate(keys):
        wire.server("call.dtmf_received", **IDS, digit=key, digits=keys[: number + 1])
