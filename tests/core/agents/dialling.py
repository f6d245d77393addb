"""Dials and bridges of an agent, and what the server says of their calls."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.agents.agent import AgentBase
from pinecall.core.kernel.outcome import Outcome
from pinecall.errors import DialError

from ..harness import Wire

FROM = "+13186330963"
ANA, BEA = "+14155551234", "+14155559999"


def dialer(**options: Any) -> tuple[Wire, AgentBase]:
    wire = Wire(ping_interval=None)
    return wire, wire.agent(phone_number=FROM, **options)


def dial(agent: AgentBase, to: str = ANA, from_: str | None = None, **options: Any) -> Outcome[Any]:
    given = {
        "greeting": None,
        "metadata": None,
        "config": None,
        "detect_turn_end": False,
        "timeout": 30.0,
    }
    return agent._place_dial(to, from_, **{**given, **options})


def bridge(agent: AgentBase, target: str = "pines", **options: Any) -> Outcome[Any]:
    given = {
        "greeting": None,
        "metadata": None,
        "config": None,
        "media": None,
        "detect_turn_end": True,
        "timeout": 30.0,
    }
    return agent._place_bridge(target, **{**given, **options})


def dialing(wire: Wire, call_id: str, to: str = ANA, from_: str = FROM) -> None:
    wire.server("call.dialing", agent_id="mara", call_id=call_id, from_=from_, to=to)


def answered(wire: Wire, call_id: str, to: str = ANA, **fields: Any) -> None:
    facts = {"agent_id": "mara", "call_id": call_id, "from": FROM, "to": to}
    wire.server({"event": "call.started", **facts, "direction": "outbound", **fields})


def ended(wire: Wire, call_id: str, reason: str, **fields: Any) -> None:
    wire.server("call.ended", agent_id="mara", call_id=call_id, reason=reason, **fields)


def failure(outcome: Outcome[Any]) -> DialError:
    with pytest.raises(DialError) as caught:
        outcome.result()
    return caught.value
