"""The live calls of agents and lines."""

from __future__ import annotations

import pytest

from .front import Agent, Line, a_call, a_line_call


def test_an_agent() -> None:
    """An agent's calls are there by id, and cannot be changed from outside."""
    wire, call = a_call()
    agent = call.agent
    assert isinstance(agent, Agent)
    calls = agent.calls
    assert dict(calls) == {"CA1": call}
    with pytest.raises(TypeError):
        calls["CA2"] = call  # type: ignore[index]
    wire.server("call.ended", call_id="CA1")
    assert dict(calls) == {}


def test_a_line() -> None:
    """A line's calls are there by id."""
    _, call = a_line_call()
    line = call.agent
    assert isinstance(line, Line)
    assert dict(line.calls) == {"CL1": call}
