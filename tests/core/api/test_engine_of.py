"""From what users hold to the engine behind it."""

from __future__ import annotations

from pinecall.core.api.engine_of import engine_of

from ..harness import Wire


def test_engine_of() -> None:
    """The engine of a client, an agent, a line and a call is the client's one."""
    wire = Wire()
    call = wire.call()
    line = wire.pc.line("+12186633772")
    things = (wire.pc, call.agent, line, call)
    assert [engine_of(thing) for thing in things] == [wire.engine] * 4
