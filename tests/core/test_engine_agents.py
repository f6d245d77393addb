"""Which agents a call or a token may belong to."""

from __future__ import annotations

import pytest

from .harness import Wire


def test_agents_of_a_call() -> None:
    """A call's agent is known while it lasts and for a while after; before it may be any."""
    wire = Wire()
    wire.agent("julia")
    wire.call(wire.agent("mara"))
    assert wire.engine.agents_of_call("CA1") == ["mara"]
    wire.server("call.ended", agent_id="mara", call_id="CA1", reason="hangup")
    assert wire.engine.agents_of_call("CA1") == ["mara"]
    assert wire.engine.agents_of_call("CA9") == ["julia", "mara"]


@pytest.mark.parametrize(
    ("ids", "expected"),
    [(["mara"], ["mara"]), (["org_1:mara", "nobody"], ["mara"]), (["line:+12186633772"], [])],
)
def test_local_agents(ids: list[str], expected: list[str]) -> None:
    """From the ids in a token: those for which this client has an agent; a line does not count."""
    wire = Wire()
    wire.agent("mara")
    wire.pc.line("+12186633772")
    assert [agent.id for agent in wire.engine.local_agents(ids)] == expected
