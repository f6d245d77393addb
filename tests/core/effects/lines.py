"""A phone line that the server has acknowledged, and its calls."""

from __future__ import annotations

from typing import Any

from pinecall.core.lines.line import LineBase
from pinecall.core.lines.line_call import LineCallBase

from ..harness import Wire

NUMBER = "+12186633772"
LINE_IDS = {"agent_id": f"line:{NUMBER}", "call_id": "CL1"}


def ready_line(wire: Wire) -> LineBase:
    if not wire.link.ready:
        wire.up()
    line = wire.pc.line(NUMBER)
    wire.server("line.created", number=NUMBER)
    wire.sent()
    return line


def line_call(wire: Wire, **fields: Any) -> LineCallBase:
    """A live call of a line, by default of a new line."""
    line = wire.engine.registry.lines.get(NUMBER) or ready_line(wire)
    facts = {"from": "+15551230000", "to": NUMBER, "direction": "inbound", "transport": "phone"}
    wire.server({"event": "call.started", **LINE_IDS, **facts, **fields})
    call = line._live_calls["CL1"]
    assert isinstance(call, LineCallBase)
    return call
