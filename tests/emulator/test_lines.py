"""Phone lines, extensions, and hand-overs to agents."""

from __future__ import annotations

from typing import Any

import pytest

from .world import CALLER, NUMBER, Client, World

LINE = "+12186633772"


@pytest.fixture
def line(client: Client) -> Client:
    """A client with a line."""
    client.send("line.create", number=LINE, config={"language": "en", "extension_window_ms": 2500})
    return client


def test_a_line_is_created_and_destroyed(world: World, line: Client) -> None:
    """Its owner may also create it again."""
    assert line.last("line.created") == {
        "event": "line.created",
        "number": LINE,
        "agent_id": f"line:{LINE}",
    }
    assert line.send("line.create", number=LINE, config={})[0]["event"] == "line.created"
    assert line.send("line.destroy", number=LINE)[0]["event"] == "line.destroyed"
    assert world.server.registry.lines == {}
    assert line.send("line.destroy", number=LINE)[0]["event"] == "line.error"


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"number": "x", "config": {}}, "LINE_CONFIG_ERROR"),
        ({"number": "+15550001111", "config": {"llm": "x"}}, "LINE_CONFIG_ERROR"),
        ({"number": "+15550001111", "config": {"voice": 5}}, "LINE_CONFIG_ERROR"),
        ({"number": "+15550001111", "config": []}, "LINE_CONFIG_ERROR"),
        ({"number": LINE, "config": {}}, "LINE_CONFLICT"),
    ],
)
def test_lines_that_cannot_be(world: World, line: Client, frame: dict[str, Any], code: str) -> None:
    """line.error names the number and the code."""
    error = world.client().send("line.create", **frame)[0]
    assert (error["event"], error["number"], error["code"]) == ("line.error", frame["number"], code)


def test_a_number_outside_the_organisation() -> None:
    """It is refused with PHONE_NOT_IN_ORG when the organisation's numbers are given."""
    client = World(numbers=frozenset({NUMBER})).client()
    assert client.send("line.create", number=LINE, config={})[0]["code"] == "PHONE_NOT_IN_ORG"


def test_a_line_answers_before_agents(world: World, line: Client) -> None:
    """The line gets the call, which has an owner and no model."""
    line.agent("mara", {"type": "phone", "ref": LINE})
    call = world.phone(to=LINE)
    started = line.last("call.started")
    assert (started["agent_id"], started["owner"], started["extension"]) == (
        f"line:{LINE}",
        "line",
        None,
    )
    world.say(call, "hello")
    assert line.names()[-1] == "turn.end"


def test_keys_in_the_window_are_the_extension() -> None:
    """They are not delivered as DTMF; later keys are."""
    world = World(pace=1.0)
    client = world.client()
    client.send("line.create", number=LINE, config={"extension_window_ms": 2500})
    call = world.phone(to=LINE)
    call.press("20")
    call.press("4")
    assert client.events("call.started") == []
    world.pass_time(2.6)
    call.press("9")
    world.pump()
    assert client.last("call.started")["extension"] == "204"
    assert [f["digits"] for f in client.events("call.dtmf_received")] == ["9"]


def test_a_dialled_extension(world: World, line: Client) -> None:
    """It comes with the call; without a window its digits are keys."""
    world.phone(to=LINE, extension="204")
    assert line.last("call.started")["extension"] == "204"
    line.send("line.create", number=LINE, config={"extension_window_ms": 0})
    world.phone(to=LINE, extension="20")
    assert line.last("call.started")["extension"] is None
    assert [f["digit"] for f in line.events("call.dtmf_received")] == ["2", "0"]


def test_a_call_is_handed_over(world: World, line: Client) -> None:
    """It is routed, ends for the line, starts for the agent with the transcript, under one call id."""
    agent = world.client()
    agent.agent("ventas", {"type": "chat"}, prompt="P {{a}}", greeting="Ventas")
    call = world.phone(to=LINE)
    line.send("bot.reply", call_id=call.id, message_id="m", text="Who?", in_reply_to="")
    world.say(call, "sales")
    line.send("set_context", call_id=call.id, key="k", value="v")
    got = line.send(
        "call.route", call_id=call.id, agent="ventas", language="es", greeting="Dígame",
        prompt_vars={"a": "b"}, context={"n": 1}, history=True,
    )  # fmt: skip
    assert [(f["event"], f.get("agent", f.get("reason"))) for f in got] == [
        ("call.routed", "ventas"),
        ("call.ended", "routed"),
    ]
    started = agent.last("call.started")
    assert (started["call_id"], started["owner"], started["routed_from"]) == (
        call.id,
        "agent",
        f"line:{LINE}",
    )
    assert (started["from"], started["language"]) == (CALLER, "es")
    assert [(e["who"], e["text"]) for e in started["line_transcript"]] == [
        ("line", "Who?"),
        ("caller", "sales"),
    ]
    assert agent.last("bot.speaking")["text"] == "Dígame"
    assert call.system_prompt() == "P b\n\nk: v\n\nn: 1"
    world.say(call, "gracias")
    assert agent.last("message.confirmed")["text"] == "De nada."


def test_a_hand_over_without_history(world: World, line: Client) -> None:
    """history: false leaves the transcript behind."""
    line.agent("ventas", {"type": "chat"})
    call = world.phone(to=LINE)
    world.say(call, "sales")
    line.send("call.route", call_id=call.id, agent="ventas", history=False)
    assert line.last("call.started")["line_transcript"] == []
    assert call.messages == []


def test_a_failed_hand_over_leaves_the_line_in_charge(world: World, line: Client) -> None:
    """A hand-over to an unknown or offline agent leaves the call with the line."""
    other = world.client()
    other.agent("ventas", {"type": "chat"})
    other.gone()
    call = world.phone(to=LINE)
    for agent, reason in (("nobody", "unknown"), ("ventas", "offline")):
        failed = line.send("call.route", call_id=call.id, agent=agent, history=True)[0]
        assert (failed["event"], failed["reason"], failed["agent"]) == (
            "call.route_failed",
            reason,
            agent,
        )
    assert not call.ended


def test_developers_get_their_own_calls(world: World, client: Client) -> None:
    """dev.config routes those callers to that connection's agent, before the number's."""
    client.agent()
    dev = world.client()
    dev.agent("dev-mara", {"type": "chat"})
    dev.send("dev.config", callers=[CALLER])
    world.phone()
    world.phone(from_="+15550000000")
    assert [f["from"] for f in dev.events("call.started")] == [CALLER]
    assert [f["from"] for f in client.events("call.started")] == ["+15550000000"]
    assert dev.send("dev.config", callers="x")[0]["code"] == "BAD_REQUEST"


def test_a_line_survives_a_lost_link(world: World, line: Client) -> None:
    """Its calls are announced again to the owner that comes back."""
    call = world.phone(to=LINE)
    line.gone()
    second = world.client()
    second.send("line.create", number=LINE, config={})
    assert second.last("call.started")["call_id"] == call.id
    second.gone()
    world.pass_time(31)
    assert call.reason == "connection_lost"
    assert world.server.registry.lines == {}
