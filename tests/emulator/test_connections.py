"""Connections: opening, keys, pings, and what is not a frame."""

from __future__ import annotations

import pytest

from .world import Client, World


def test_connected_answers_the_right_key(world: World) -> None:
    """A key it was given opens the connection and names the organisation."""
    client = world.client()
    assert client.inbox == [
        {"event": "connected", "org_id": "org_1", "connection_id": "c_1", "protocol_version": "2"}
    ]


@pytest.mark.parametrize(
    ("frame", "code"),
    [({"api_key": "nope"}, "INVALID_KEY"), ({}, "MISSING_KEY"), ({"api_key": 7}, "INVALID_KEY")],
)
def test_a_wrong_key_is_an_error_and_a_close(
    world: World, frame: dict[str, object], code: str
) -> None:
    """The error comes before the close, 1008."""
    client = world.client(key=None)
    assert client.send("connect", **frame)[0]["code"] == code
    assert client.closed is not None
    assert client.closed.code == 1008


def test_the_first_frame_has_to_be_connect(world: World) -> None:
    """Any other first frame is refused and the connection closed."""
    client = world.client(key=None)
    assert client.send("agent.create", agent_id="mara")[0]["code"] == "UNAUTHORIZED"
    assert client.closed is not None


def test_a_client_that_never_authenticates_is_closed(world: World) -> None:
    """Its connection is closed after the authentication timeout."""
    client = world.client(key=None)
    world.pass_time(9)
    assert client.closed is None
    world.pass_time(2)
    assert client.closed is not None


@pytest.mark.parametrize(
    "text", ["", "no json", "[1]", "null", "5", '{"no":"event"}', b"\x00", "[" * 5000]
)
def test_what_is_not_a_frame_is_ignored(client: Client, text: str | bytes) -> None:
    """It is not answered and the connection stays open."""
    assert client.text(text) == []
    assert client.send("ping")[0]["event"] == "pong"


def test_unknown_events_are_ignored(client: Client) -> None:
    """An unknown command gets no answer."""
    assert client.send("register", api_key="key") == []


def test_a_second_connect_is_ignored(client: Client) -> None:
    """It is not answered and the connection stays open."""
    assert client.send("connect", api_key="wrong") == []
    assert client.closed is None


def test_pong_carries_the_servers_clock(world: World, client: Client) -> None:
    """The timestamp of pong is in epoch seconds."""
    assert client.send("ping") == [{"event": "pong", "timestamp": world.now}]


def test_quiet_connections_are_pinged(world: World, client: Client) -> None:
    """A ping comes after an interval without a frame, and not while frames arrive."""
    world.pass_time(15)
    client.send("ping")
    world.pass_time(10)
    assert client.events("ping") == []
    world.pass_time(20)
    assert len(client.events("ping")) == 1


def test_a_frozen_server_says_nothing_and_thaws(world: World, client: Client) -> None:
    """What arrived while it was frozen is read when it thaws."""
    world.server.freeze()
    assert client.send("ping") == []
    world.server.thaw()
    world.pump()
    assert client.names()[-1] == "pong"
