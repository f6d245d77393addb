"""The turn that waits: llm.before, the handlers, llm.ready."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.effects.preparing import budget
from pinecall.core.kernel.handlers import Delivery

from ..harness import Wire

IDS = {"agent_id": "mara", "call_id": "CA1"}
READY = {"event": "llm.ready", **IDS, "turn": 7}


@pytest.mark.parametrize(
    ("preparing", "seconds"),
    [
        (None, 0.15),
        (False, 0.15),
        (True, 1.5),
        ({}, 1.5),
        ({"enabled": True}, 1.5),
        ({"timeout_ms": 2500}, 2.5),
        ({"timeout_ms": 9000}, 5.0),
        ({"timeout_ms": 0}, 0.0),
        ({"enabled": False}, 0.15),
    ],
)
def test_budget(preparing: Any, seconds: float) -> None:
    """The time is the server's: 0.15 s, 1.5 s where the agent opted in, 5 s at most."""
    assert budget(preparing) == seconds


def held(wire: Wire) -> Delivery:
    """A handler of the turn, begun and not finished."""
    wire.engine.receive('{"event":"llm.before","agent_id":"mara","call_id":"CA1","turn":7}', 0)
    (delivery,) = wire.engine.deliveries()
    assert isinstance(delivery, Delivery)
    wire.engine.deadline(wire.now)
    return delivery


def test_without_handlers() -> None:
    """The server gets its answer at once where there are no handlers, with the same turn."""
    wire = Wire()
    wire.call()
    wire.server("llm.before", **IDS, turn=7)
    assert wire.sent() == [READY]


def test_without_a_turn() -> None:
    """The answer to a question without a turn has none."""
    wire = Wire()
    wire.call()
    wire.server("llm.before", **IDS)
    assert wire.sent() == [{"event": "llm.ready", **IDS}]


def test_order() -> None:
    """The call's handlers run, then the agent's, and what they send goes before llm.ready."""
    wire = Wire()
    call = wire.call()
    order: list[str] = []

    def first(call: Any) -> None:
        order.append("call")
        call._ask_change("history.add_context", text="VIP")

    call.agent._add_handler("call.preparing", lambda c: order.append("agent"))
    call._add_handler("call.preparing", first)
    wire.server("llm.before", **IDS, turn=7)
    assert order == ["call", "agent"]
    assert wire.sent_events() == ["history.add_context", "llm.ready"]


def test_waits_for_handlers() -> None:
    """llm.ready waits until the handlers have finished."""
    wire = Wire()
    mara = wire.agent(preparing=True)
    call = wire.call(mara)
    wire.listen("call.preparing", on=call)
    delivery = held(wire)
    wire.at(1.4)
    assert wire.sent() == []
    wire.run_delivery(delivery)
    assert wire.sent() == [READY]
    wire.at(3)
    assert wire.sent() == []


def test_hanging_handler() -> None:
    """A handler that hangs does not hold the turn beyond the budget, and answers not again."""
    wire = Wire()
    call = wire.call()
    wire.listen("call.preparing", on=call)
    delivery = held(wire)
    wire.at(0.1)
    assert wire.sent() == []
    wire.at(0.15)
    assert wire.sent() == [READY]
    wire.run_delivery(delivery)
    assert wire.sent() == []


def test_failing_handler() -> None:
    """llm.ready is sent even when a handler fails, and the failure is reported."""
    wire = Wire()
    call = wire.call()
    told = wire.listen("error")

    def broken(call: Any) -> None:
        raise ValueError("x")

    call._add_handler("call.preparing", broken)
    wire.server("llm.before", **IDS, turn=7)
    assert wire.sent() == [READY]
    assert len(told) == 1


def test_unknown_call() -> None:
    """The question of an unknown call is answered at once, with its own ids."""
    wire = Wire()
    wire.agent()
    wire.server("llm.before", **IDS, turn=7)
    wire.server("llm.before", agent_id="nobody", call_id="CA2", turn=8)
    assert wire.sent() == [
        READY,
        {"event": "llm.ready", "agent_id": "nobody", "call_id": "CA2", "turn": 8},
    ]


def test_the_id_is_ours() -> None:
    """The answer names the agent as the program does."""
    wire = Wire()
    agent = wire.agent("My Agent")
    wire.call(agent)
    wire.server("llm.before", agent_id="my-agent", call_id="CA1", turn=7)
    assert wire.sent()[0]["agent_id"] == "My Agent"


def test_garbled_turn() -> None:
    """A turn of the wrong type does not leave the server waiting."""
    wire = Wire()
    wire.call()
    wire.server("llm.before", **IDS, turn="seven")
    assert wire.sent() == [{"event": "llm.ready", **IDS}]


@pytest.mark.parametrize("back", [False, True])
def test_lost_link(back: bool) -> None:
    """A turn of a former connection is not answered, neither while down nor on the next one."""
    wire = Wire()
    call = wire.call()
    wire.listen("call.preparing", on=call)
    delivery = held(wire)
    wire.lost()
    if back:
        wire.chance = 0.0
        wire.engine.tick(0.14)
        wire.reconnect()
        wire.server("agent.resumed", agent_id="mara")
        wire.sent()
    wire.run_delivery(delivery)
    assert "llm.ready" not in wire.sent_events()


def test_two_turns() -> None:
    """Each turn gets its own answer."""
    wire = Wire()
    wire.call()
    for turn in (1, 2):
        wire.server("llm.before", **IDS, turn=turn)
    assert [frame["turn"] for frame in wire.sent()] == [1, 2]


def test_turns_that_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns beyond the bound are answered without their handlers, until some have finished; what a
    former connection asked does not count."""
    monkeypatch.setattr("pinecall.core.effects.preparing.PREPARING", 2)
    wire = Wire()
    wire.call()
    heard = wire.listen("call.preparing")
    begun = [held(wire), held(wire)]
    wire.sent()
    wire.server("llm.before", **IDS, turn=8)
    assert wire.sent() == [{**READY, "turn": 8}]
    assert heard == []
    wire.run_delivery(begun[0])
    wire.server("llm.before", **IDS, turn=9)
    assert len(heard) == 2
    held(wire)
    wire.lost()
    wire.reconnect()
    assert wire.engine.preparing == set()
