"""User code that the core asks for."""

from __future__ import annotations

from pinecall.core.kernel.job import title_of

from ..harness import Wire


def test_whose_it_is() -> None:
    """A call is named with its agent, an agent and a line by themselves, all else is the client's."""
    wire = Wire()
    call = wire.call()
    line = wire.pc.line("+12186633772")
    assert title_of(call) == "call CA1 of agent mara"
    assert title_of(call.agent) == "agent mara"
    assert title_of(line) == "line +12186633772"
    assert title_of(wire.engine) == title_of(None) == "the client"
