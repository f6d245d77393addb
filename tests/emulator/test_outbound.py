"""Dials with every outcome, and bridges."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.emulator.core.openers.outbound import Outcome
from pinecall.emulator.errors import EmulatorError

from .world import NUMBER, Client, World

TO = "+14155551234"


def dial(client: Client, **more: Any) -> list[dict[str, Any]]:
    """Dial; returns what came back."""
    return client.send("call.dial", **{"agent_id": "mara", "to": TO, "from": NUMBER, **more})


def test_an_answered_dial(world: World, client: Client) -> None:
    """Dialing, then started as outbound with metadata and greeting; the callee's end can be taken once."""
    client.agent(greeting="never outbound")
    got = dial(client, greeting="Hi!", metadata={"k": 1})
    assert [f["event"] for f in got][:3] == ["call.dialing", "call.started", "bot.speaking"]
    dialing, started, speaking = got[:3]
    assert (dialing["from"], dialing["to"]) == (NUMBER, TO)
    assert started["call_id"] == dialing["call_id"]
    assert (started["direction"], started["metadata"], started["transport"]) == (
        "outbound",
        {"k": 1},
        "phone",
    )
    assert speaking["text"] == "Hi!"
    callee = world.server.outbound.take_answered(TO)
    assert callee is not None
    world.say(callee, "thanks")
    assert callee.heard[-1].text == "You are welcome."
    assert world.server.outbound.take_answered(TO) is None


@pytest.mark.parametrize("outcome", ["busy", "no-answer", "failed", "canceled"])
def test_a_dial_nobody_takes(world: World, client: Client, outcome: str) -> None:
    """call.ended comes with the reason, as outbound, after a ring."""
    client.agent()
    world.server.outbound.on_dial("+1 415 555 1234", Outcome(outcome, delay=3.0))
    assert [f["event"] for f in dial(client)] == ["call.dialing"]
    world.pass_time(3)
    end = client.last("call.ended")
    assert (end["reason"], end["direction"], end["to"]) == (outcome, "outbound", TO)
    assert client.events("call.started") == []


def test_a_silent_dial_rings_until_given_up(world: World, client: Client) -> None:
    """No event comes; hanging up cancels the dial."""
    client.agent()
    world.server.outbound.on_dial("*", Outcome("silent"))
    call_id = dial(client)[0]["call_id"]
    world.pass_time(100)
    assert client.names()[-1] != "call.ended"
    assert client.send("call.hangup", call_id=call_id)[0]["reason"] == "canceled"


def test_a_dial_that_is_an_error(world: World, client: Client) -> None:
    """call.error comes with a code, without call.ended."""
    client.agent()
    world.server.outbound.on_dial(TO, Outcome("error"))
    assert [f["event"] for f in dial(client)] == ["call.dialing", "call.error"]
    assert world.server.sessions.live == {}


def test_outcomes_are_used_up_in_order(world: World, client: Client) -> None:
    """``times`` counts them; afterwards dials are answered again."""
    client.agent()
    world.server.outbound.on_dial(TO, Outcome("busy", times=2))
    world.server.outbound.on_dial(TO, Outcome("failed", times=1))
    ends = [dial(client)[-1] for _ in range(4)]
    assert [f.get("reason", f["event"]) for f in ends] == ["busy", "busy", "failed", "call.started"]


@pytest.mark.parametrize(
    "more", [{"to": "x"}, {"from": "+15550009999"}, {"from": ""}, {"metadata": 5}, {"config": []}]
)
def test_dials_that_cannot_be_are_errors(client: Client, more: dict[str, Any]) -> None:
    """An invalid number, a caller id that is not the agent's and wrong types are refused."""
    client.agent()
    assert dial(client, **more)[0]["event"] == "call.error"


def test_a_polite_greeting_waits_for_the_callee(world: World, client: Client) -> None:
    """With detect_turn_end the greeting answers the other side's first turn."""
    client.agent()
    dial(client, greeting="Hi!", detect_turn_end=True)
    assert client.events("bot.speaking") == []
    callee = world.server.outbound.take_answered(TO)
    assert callee is not None
    world.say(callee, "this is Bob")
    assert [f["text"] for f in client.events("bot.speaking")] == ["Hi!"]


def test_unknown_outcomes_are_refused(world: World) -> None:
    """The error lists the known ones."""
    with pytest.raises(EmulatorError, match="no-answer"):
        world.server.outbound.on_dial(TO, Outcome("maybe"))


def test_a_bridge_crosses_two_agents(world: World, client: Client) -> None:
    """Each hears the other as its user; turn.end says it was a bot; both ends end together."""
    client.agent("judge", {"type": "chat"})
    other = world.client()
    other.agent("pines", {"type": "chat"}, greeting="Pines here")
    client.send(
        "call.bridge",
        agent_id="judge",
        target="pines",
        greeting="Hello Pines",
        detect_turn_end=True,
    )
    ours, theirs = client.events("call.started")[0], other.events("call.started")[0]
    assert (ours["from"], ours["to"], ours["direction"]) == ("judge", "pines", "outbound")
    assert theirs["direction"] == "inbound"
    assert "transport" not in ours
    heard = client.events("turn.end")
    assert (heard[0]["text"], heard[0]["source"]) == ("Pines here", "bot")
    assert other.events("turn.end")[0]["text"] == "Hello Pines"
    assert client.names().count("call.ended") == other.names().count("call.ended") == 1
    assert world.server.sessions.live == {}


def test_a_bridge_needs_an_online_target(client: Client) -> None:
    """Otherwise it is refused with an error that names the agent."""
    client.agent()
    error = client.send("call.bridge", agent_id="mara", target="nobody", detect_turn_end=True)[0]
    assert (error["event"], error["agent_id"], error["code"]) == ("error", "mara", "AGENT_OFFLINE")
