"""The live calls of agents and lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pinecall.core.api.agents import AgentVerbs
from pinecall.errors import ConfigurationError

from ..harness import Wire
from .front import Agent, Line, a_call, a_line_call


class Outbound(AgentVerbs[Any, Any]):
    """An agent of a front that gives what would begin the call."""

    def _set_up(self, place: Callable[[], Any]) -> Any:
        return place


def outbound() -> tuple[Wire, Outbound]:
    wire = Wire().up()
    front: Any = wire.front
    front.make_agent = Outbound
    mara: Any = wire.agent(phone_number="+13186330963")
    wire.sent()
    return wire, mara


def test_a_call_by_its_id() -> None:
    """An agent gives its live call of an id, and None for any other."""
    wire, mara = outbound()
    call = wire.call()
    assert mara.call("CA1") is call
    assert mara.call("CA2") is None


def test_a_dial_begins_with_the_wait() -> None:
    """Nothing is sent before the front waits for the call; then all that was given is."""
    wire, mara = outbound()
    place = mara._dial("+34607827824", None, "Hi!", {"id": 1}, None, True, 20.0)
    assert wire.sent() == []
    place()
    assert wire.sent() == [
        {
            "event": "call.dial",
            "agent_id": "mara",
            "to": "+34607827824",
            "from": "+13186330963",
            "greeting": "Hi!",
            "metadata": {"id": 1},
            "detect_turn_end": True,
        }
    ]


def test_a_bridge_begins_with_the_wait() -> None:
    """A bridge is checked and sent when the front waits for it, with all that was given."""
    wire, mara = outbound()
    place = mara.bridge("leo", greeting="Hi!", detect_turn_end=False, metadata={"id": 1})
    refused = mara.bridge("")
    assert wire.sent() == []
    place()
    assert wire.sent() == [
        {
            "event": "call.bridge",
            "agent_id": "mara",
            "target": "leo",
            "greeting": "Hi!",
            "metadata": {"id": 1},
            "detect_turn_end": False,
        }
    ]
    with pytest.raises(ConfigurationError, match="target is the id of an agent"):
        refused()


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
