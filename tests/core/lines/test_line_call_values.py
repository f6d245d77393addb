"""Arguments of a line's call that are refused."""

from __future__ import annotations

import math
from typing import Any

import pytest

from pinecall.errors import (
    ConfigurationError,
)

from ..harness import Wire


def line_call(wire: Wire) -> Any:
    line = wire.up().pc.line("+12186633772")
    wire.server("line.created", number=line.number)
    wire.server("call.started", agent_id=line.id, call_id="CA1", owner="line")
    wire.sent()
    return wire.engine.registry.calls["CA1"]


@pytest.mark.parametrize("timeout", [math.inf, math.nan, 0, None, True])
def test_listen(timeout: Any) -> None:
    """The timeout of ``listen`` is a finite number of seconds."""
    call = line_call(Wire())
    with pytest.raises(ConfigurationError, match="timeout is seconds, more than 0"):
        call._place_listen(timeout=timeout)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"context": "x"}, "context must be a dict"),
        ({"context": {"a": object()}}, "JSON cannot carry"),
        ({"prompt_vars": "x"}, "prompt vars are a dict"),
        ({"greeting": 3}, "greeting must be a str"),
        ({"language": 3}, "language must be a str"),
        ({"voice": 3}, "voice must be a str"),
        ({"stt": 3}, "stt must be a str"),
    ],
)
def test_route_to(wrong: dict[str, Any], message: str) -> None:
    """A hand-over with a wrong option is not begun, and another may follow."""
    wire = Wire()
    call = line_call(wire)
    with pytest.raises(ConfigurationError, match=message):
        call._place_route("sales", **wrong)
    assert wire.sent() == []
    call._place_route("sales", context={"a": [1]}, prompt_vars={"n": 3})
    assert wire.sent() == [
        {
            "event": "call.route",
            "call_id": "CA1",
            "agent": "sales",
            "prompt_vars": {"n": "3"},
            "context": {"a": [1]},
            "history": True,
        }
    ]
