"""The event stream over WebSockets."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from .serving import BEFORE_A_PING, Server, needs

needs("aiohttp", "hypercorn", "litestar", "quart", "starlette", "uvicorn")

PAIRS = [
    ("starlette", "uvicorn"),
    ("litestar", "uvicorn"),
    ("quart", "hypercorn"),
    ("aiohttp", "aiohttp"),
]


@pytest.fixture(scope="module", params=PAIRS, ids=["-".join(pair) for pair in PAIRS])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with Server(*request.param) as running:
        yield running


def dial(server: Server, query: str = "") -> ClientConnection:
    return connect(f"ws://127.0.0.1:{server.port}/ws{query}", proxy=None)


def test_the_same_events_as_messages(server: Server) -> None:
    """``connected``, the live call, then events with their ids; another agent's do not come."""
    with dial(server) as socket:
        first, call = (json.loads(socket.recv(5)) for _ in range(2))
        assert (first["event"], first["agent"]) == ("connected", "mine")
        assert call["snapshot"] is True
        server.publish(2, "theirs")
        server.publish(1)
        message = json.loads(socket.recv(5))
        assert message["event"] == "user.message"
        assert message["agent"] == "mine"


def test_a_ping_is_answered(server: Server) -> None:
    """``{"action": "ping"}`` gets a pong; anything else is ignored."""
    with dial(server) as socket:
        for _ in range(2):
            socket.recv(5)
        for text in ("nonsense", "[]", '{"action":"dance"}', '{"action":"ping"}'):
            socket.send(text)
        assert json.loads(socket.recv(5)) == {"event": "pong"}


def test_who_has_gone_is_released_at_once(server: Server) -> None:
    """Closing the socket takes the reader off, without an event."""
    with dial(server) as socket:
        socket.recv(5)
    assert server.until(0, timeout=BEFORE_A_PING, poke=False)["subscribers"] == 0


def test_an_event_id_goes_on() -> None:
    """``?last_event_id=`` continues after the last message seen."""
    with Server("starlette", "uvicorn") as server:
        with dial(server) as socket:
            cursor = [json.loads(socket.recv(5)) for _ in range(2)][-1]["eventId"]
        server.publish(2)
        with dial(server, f"?last_event_id={cursor}") as socket:
            seen = [json.loads(socket.recv(5))["event"] for _ in range(3)]
        assert seen == ["connected", "user.message", "user.message"]


@pytest.mark.parametrize("pair", PAIRS, ids=["-".join(pair) for pair in PAIRS])
def test_the_server_stops_with_sockets_open(pair: tuple[str, str]) -> None:
    """The sockets are closed, and the server is gone by itself."""
    with Server(*pair) as server, ExitStack() as stack:
        sockets = [stack.enter_context(dial(server)) for _ in range(10)]
        for socket in sockets:
            socket.recv(5)
        output = server.stop(signal.SIGTERM)
        for socket in sockets:
            with pytest.raises(ConnectionClosed):
                [socket.recv(5) for _ in range(5)]
    assert not output.startswith("killed"), output
