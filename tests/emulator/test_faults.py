"""Faults of every kind."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.emulator.core.kernel.faults import Fault

from .world import NUMBER, Client, World


def fail(world: World, event: str, how: str = "refuse", **known: Any) -> None:
    """Add a fault."""
    fields = known.pop("fields", {})
    world.server.faults.add(Fault(event, how, known.pop("times", 1), fields=fields, **known))


def test_a_refused_key(world: World) -> None:
    """A key can be refused with any code; the next connection is accepted."""
    fail(world, "connect", code="INVALID_KEY")
    client = world.client()
    assert client.inbox[0]["code"] == "INVALID_KEY"
    assert client.closed is not None
    assert world.client().names() == ["connected"]


def test_conflicts_as_often_as_asked(world: World, client: Client) -> None:
    """They have the fields that the client reads."""
    fail(
        world,
        "agent.create",
        code="AGENT_CONFLICT",
        times=2,
        fields={"retry_after_s": 0.1, "holder_alive": False},
    )
    got = [client.send("agent.create", agent_id="mara")[0] for _ in range(3)]
    assert [f.get("code", f["event"]) for f in got] == [
        "AGENT_CONFLICT",
        "AGENT_CONFLICT",
        "agent.created",
    ]
    assert (got[0]["retry_after_s"], got[0]["holder_alive"], got[0]["agent_id"]) == (
        0.1,
        False,
        "mara",
    )


def test_whoever_stands_in_between(world: World, client: Client) -> None:
    """Each in turn gets every frame, and passes it on, now or later, as often as it likes."""
    seen: list[tuple[str, str]] = []

    def twice(way: str, link: Any, frame: dict[str, Any], go_on: Any) -> None:
        go_on()
        if frame["event"] == "agent.created":
            go_on()

    def late(way: str, link: Any, frame: dict[str, Any], go_on: Any) -> None:
        seen.append((way, frame["event"]))
        if way == "out":
            world.server.world.later(5.0, go_on)
        else:
            go_on()

    world.server.injection.between += [twice, late]
    assert client.send("agent.create", agent_id="mara") == []
    assert seen == [("in", "agent.create"), ("out", "agent.created"), ("out", "agent.created")]
    world.pass_time(5.0)
    assert client.names()[-2:] == ["agent.created", "agent.created"]


def test_what_was_in_between_when_the_connection_is_lost(world: World, client: Client) -> None:
    """It is lost too."""

    def late(way: str, link: Any, frame: dict[str, Any], go_on: Any) -> None:
        world.server.world.later(5.0, go_on)

    world.server.injection.between.append(late)
    client.send("agent.create", agent_id="mara")
    client.gone()
    world.pass_time(5.0)
    assert world.server.registry.agents == []


@pytest.mark.parametrize(
    ("event", "fields", "answer"),
    [
        ("agent.create", {"agent_id": "x"}, ("error", "REGISTRATION_ERROR")),
        (
            "channel.add",
            {"agent_id": "mara", "type": "phone", "ref": NUMBER},
            ("error", "PHONE_IN_USE"),
        ),
        ("line.create", {"number": NUMBER, "config": {}}, ("line.error", "LINE_CONFLICT")),
        ("call.dial", {"agent_id": "mara", "to": NUMBER}, ("call.error", "DIAL_REFUSED")),
        ("call.bridge", {"agent_id": "mara", "target": "x"}, ("error", "REFUSED")),
        ("session.pause", {"agent_id": "mara"}, ("error", "REFUSED")),
    ],
)
def test_each_family_refuses_in_its_own_way(
    world: World, client: Client, event: str, fields: dict[str, Any], answer: tuple[str, str]
) -> None:
    """Each command is refused by its family's frame with its default code."""
    client.agent()
    fail(world, event)
    refused = client.send(event, **fields)[0]
    assert (refused["event"], refused["code"]) == answer


def test_refusals_of_a_call(world: World, client: Client) -> None:
    """History answers with its request id, replies are rejected, routes fail."""
    client.agent()
    call = world.phone()
    fail(world, "history.get", error="no")
    got = client.send("history.get", call_id=call.id, request_id="r")[0]
    assert got == {"event": "history.data", "call_id": call.id, "request_id": "r", "error": "no"}
    fail(world, "bot.reply")
    rejected = client.send("bot.reply", call_id=call.id, message_id="m", text="x", in_reply_to="a")[
        0
    ]
    assert (rejected["event"], rejected["message_id"], rejected["reason"]) == (
        "reply.rejected",
        "m",
        "message_obsolete",
    )
    assert rejected["agent_id"] == "mara"
    fail(world, "call.route", code="capacity")
    assert client.send("call.route", call_id=call.id, agent="x")[0]["reason"] == "capacity"


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        ("bot.reply", {"call_id": 5}),
        ("bot.reply", {"call_id": ["x"], "message_id": "m", "text": "x"}),
        ("bot.reply.stream", {"message_id": 7, "action": "start"}),
        ("history.get", {"request_id": "r"}),
        ("line.destroy", {"number": 5}),
        ("call.route", {"agent": "x"}),
        ("call.dial", {"to": NUMBER}),
        ("llm.chat", {"agent_id": "mara", "text": "x"}),
    ],
)
def test_a_command_that_names_nothing(client: Client, event: str, fields: dict[str, Any]) -> None:
    """A command that lacks the ids of its family's refusal is refused by a plain error."""
    client.agent()
    refused = client.send(event, **fields)[0]
    assert (refused["event"], refused["code"]) == ("error", "BAD_REQUEST")
    assert all(isinstance(value, str) for value in refused.values())


def test_an_ignored_command_has_no_answer(world: World, client: Client) -> None:
    """The command is ignored once."""
    fail(world, "ping", "ignore")
    assert client.send("ping") == []
    assert client.send("ping")[0]["event"] == "pong"


def test_a_repeated_command_is_answered_twice(world: World, client: Client) -> None:
    """The same answer comes again."""
    fail(world, "agent.create", "repeat")
    assert [f["event"] for f in client.send("agent.create", agent_id="mara")] == [
        "agent.created"
    ] * 2


def test_a_delayed_command_is_answered_later(world: World, client: Client) -> None:
    """Its answer comes after the delay, behind what was sent later."""
    fail(world, "agent.create", "delay", delay=2.0)
    assert client.send("agent.create", agent_id="mara") == []
    client.send("ping")
    world.pass_time(2)
    assert client.names()[-2:] == ["pong", "agent.created"]


def test_reordered_requests_are_answered_the_other_way_round(world: World, client: Client) -> None:
    """The first is answered after the second; alone, after a while."""
    client.agent()
    call = world.phone()
    fail(world, "history.get", "reorder", times=1)
    for name in ("r1", "r2"):
        client.send("history.get", call_id=call.id, request_id=name)
    assert [f["request_id"] for f in client.events("history.data")] == ["r2", "r1"]
    fail(world, "history.get", "reorder")
    client.send("history.get", call_id=call.id, request_id="r3")
    world.pass_time(1)
    assert client.last("history.data")["request_id"] == "r3"


def test_a_command_can_cut_the_socket(world: World, client: Client) -> None:
    """The socket is cut, or closed with a code; what it held waits for its owner."""
    client.agent()
    fail(world, "agent.configure", "drop")
    client.send("agent.configure", agent_id="mara", voice="x")
    assert client.closed is not None
    assert client.closed.code == 1006
    second = world.client()
    fail(world, "agent.create", "drop", code=1012, error="restart")
    second.send("agent.create", agent_id="mara")
    assert second.closed is not None
    assert (second.closed.code, second.closed.reason) == (1012, "restart")


def test_a_fault_can_concern_one_agent(world: World, client: Client) -> None:
    """The commands of other agents succeed."""
    fail(world, "agent.create", agent_id="b")
    assert client.send("agent.create", agent_id="a")[0]["event"] == "agent.created"
    assert client.send("agent.create", agent_id="b")[0]["event"] == "error"


@pytest.mark.parametrize(
    ("how", "count"), [("repeat", 2), ("ignore", 0), ("delay", 1), ("reorder", 1)]
)
def test_events_can_go_wrong_too(world: World, client: Client, how: str, count: int) -> None:
    """A fault is applied to events of that name."""
    client.agent()
    fail(world, "call.started", how)
    world.phone()
    world.pass_time(1)
    assert len(client.events("call.started")) == count


def test_reordered_events_change_places(world: World, client: Client) -> None:
    """The first comes after the next of its kind."""
    client.agent()
    fail(world, "call.started", "reorder")
    first, second = world.phone(), world.phone()
    assert [f["call_id"] for f in client.events("call.started")] == [second.id, first.id]


def test_an_event_can_cut_the_socket(world: World, client: Client) -> None:
    """The socket is cut in place of the event."""
    client.agent()
    fail(world, "call.started", "drop")
    world.phone()
    assert client.closed is not None
    assert client.events("call.started") == []


def test_faults_can_be_called_off(world: World, client: Client) -> None:
    """Cleared faults do not happen."""
    fail(world, "ping", "ignore", times=5)
    world.server.faults.clear()
    assert client.send("ping")[0]["event"] == "pong"
