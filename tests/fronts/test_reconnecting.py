"""A link that is lost, dead or taken over."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

import pinecall.core.link.link
from pinecall import ConnectError, DisplacedError, NotConnected

from .driving import Front
from .log import DEADLINE, Log, until
from .server import KEY, Raw, Server, http, said, started, writes


def test_reconnects_and_replays(front: Front, server: Server, log: Log) -> None:
    """After a RST the client comes back by itself, and registers agents and channels again."""
    pc = front.connected(server)
    for name in ("disconnected", "reconnecting"):
        pc.on(name, lambda what, name=name: log((name, what)))
    pc.on("connected", lambda: log("connected"))
    pc.deploy("mara", prompt="You are Mara.", channels=["chat", "+13186330963"])
    front.do(pc.get_agent("mara").wait_ready)
    first = server.connection(1).frames.wait_count(4)
    server.connection(1).reset()
    again = server.connection(2).frames.wait_count(4)
    assert again == first
    assert [frame["event"] for frame in again] == [
        "connect",
        "agent.create",
        "channel.add",
        "channel.add",
    ]
    log.wait_for("connected")
    assert log.items == [("disconnected", "connection_lost"), ("reconnecting", 1), "connected"]


def test_a_call_goes_on(front: Front, server: Server, log: Log) -> None:
    """A call outlives the link: detached, then the same object again when an event comes for it."""
    pc = front.connected(server, "mara")
    pc.on("call.started", log)
    pc.on("user.message", lambda event, call: log((event.text, call)))
    pc.on("call.ended", lambda call, reason: log(reason))
    server.replies["agent.create"] = None
    server.start_call()
    call = log.wait_count(1)[0]
    server.connection(1).reset()
    until(lambda: call.status == "detached", "detached")
    there = server.connection(2)
    there.frames.wait_for(lambda frame: frame["event"] == "agent.create")
    with pytest.raises(NotConnected, match="detached"):
        front.do(call.say, "hello?")
    call.hangup(reason="done")
    there.send({"event": "agent.resumed", "agent_id": "mara"}, said("are you there"))
    assert log.wait_for(lambda item: isinstance(item, tuple)) == ("are you there", call)
    there.frames.wait_for({"event": "call.hangup", "call_id": "CA1", "reason": "done"})
    assert log.wait_count(3)[2] == "hangup"


def test_a_call_that_does_not_come_back(
    front: Front, server: Server, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an event for it a detached call ends with ``connection_lost``."""
    monkeypatch.setattr("pinecall.core.lifecycle.DETACHED_FOR", 0.1)
    pc = front.connected(server, "mara")
    pc.on("call.started", log)
    pc.on("call.ended", lambda call, reason: log((call.id, reason)))
    server.start_call()
    log.wait_count(1)
    server.connection(1).reset()
    assert log.wait_count(2)[1] == ("CA1", "connection_lost")


def test_many_resets(front: Front, server: Server) -> None:
    """Ten losses in a row, in any state, and the client is connected again."""
    pc = front.connected(server, "mara")
    for number in range(1, 11):
        server.connection(number).reset()
    server.connection(11).frames.wait_for(lambda frame: frame["event"] == "agent.create")
    until(lambda: pc.connected and pc.get_agent("mara").registered, "connected again")
    assert pc.stats()["reconnects"] >= 10


@pytest.mark.parametrize("code", [1000, 1001, 1011, 1012, 1013])
def test_server_closes(front: Front, server: Server, code: int, log: Log) -> None:
    """A server that closes, for whatever reason, is connected to again."""
    pc = front.connected(server)
    pc.on("disconnected", log)
    server.connection(1).close(code, "deploying")
    server.connection(2).frames.wait_count(1)
    assert log.wait_count(1) == ["deploying"]


def test_server_closes_and_keeps_the_socket(front: Front, server: Server) -> None:
    """After the goodbyes nobody waits for a server that leaves its socket open."""
    front.connected(server)
    server.connection(1).blackhole()
    server.connection(1).close(1012, "restarting")
    assert server.connection(2).frames.wait_count(1)[0]["event"] == "connect"


@pytest.mark.parametrize(
    "script", [http(404), http(302, "Location: ws://localhost:1/"), writes(b"?")]
)
def test_a_proxy_that_answers_for_it(front: Front, server: Server, log: Log, script: Raw) -> None:
    """What a proxy says while the server restarts ends nothing: the client is back after it."""
    pc = front.connected(server, "mara")
    pc.on("reconnecting", log)
    pc.on("error", log)
    server.takeover = script
    server.connection(1).reset()
    log.wait_count(3)
    server.takeover = None
    there = server.connection(2)
    there.frames.wait_for(lambda frame: frame["event"] == "agent.create")
    until(lambda: pc.connected, "connected")
    assert all(isinstance(attempt, int) for attempt in log)


def test_closed_while_it_restarts(front: Front, server: Server, log: Log) -> None:
    """Nor does a close before ``connected``, whatever its code."""
    pc = front.connected(server)
    pc.on("reconnecting", log)
    welcome = server.replies["connect"]
    server.replies["connect"] = lambda connection, _: connection.close(1011, "starting up")
    server.connection(1).reset()
    assert log.wait_count(3)[:3] == [1, 2, 3]
    server.replies["connect"] = welcome
    until(lambda: pc.connected, "connected")


def test_server_drops_without_a_goodbye(front: Front, server: Server) -> None:
    """A plain FIN without a closing handshake is a loss like any other."""
    front.connected(server)
    server.connection(1).shut()
    assert server.connection(2).frames.wait_count(1)[0]["event"] == "connect"


def test_half_open(front: Front, server: Server, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that answers nothing any more is found out, and left without a closing handshake."""
    monkeypatch.setattr(pinecall.core.link.link, "SILENCE_MARGIN", 0.2)
    pc = front.connected(server, ping_interval=0.1)
    pc.on("disconnected", log)
    there = server.connection(1)
    there.frames.wait_for({"event": "ping"})
    there.blackhole()
    server.connection(2).frames.wait_count(1)
    assert log.wait_count(1) == ["connection_lost"]
    assert there.over.wait(DEADLINE)
    assert there.close_code is None


def test_half_open_and_not_reading(
    front: Front, server: Server, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same with a full send buffer: neither the sender nor the abort waits for the peer."""
    monkeypatch.setattr(pinecall.core.link.link, "SILENCE_MARGIN", 0.2)
    pc = front.connected(server, "mara", ping_interval=0.1)
    pc.on("call.started", log)
    server.start_call()
    call = log.wait_count(1)[0]
    server.connection(1).blackhole()
    server.connection(1).stop_reading()

    def fill() -> None:
        for _ in range(100):
            call.say("x" * 200_000)

    with pytest.raises(NotConnected):
        front.do(fill)
    server.connection(2).frames.wait_count(1)


def test_any_frame_is_a_sign_of_life(
    front: Front, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that never answers a ping but sends other frames is alive."""
    monkeypatch.setattr(pinecall.core.link.link, "SILENCE_MARGIN", 1.0)
    pings = Log()

    def other(connection: Any, frame: Any) -> None:
        pings(1)
        connection.send({"event": "something.else"})

    server.replies["ping"] = other
    pc = front.connected(server, ping_interval=0.1)
    pings.wait_count(15)
    assert pc.connected
    assert len(server.connections) == 1


@pytest.mark.parametrize("off", [None, 0])
def test_no_ping_without_an_interval(front: Front, server: Server, off: Any) -> None:
    """ping_interval=None, or 0, switches keepalive off: the link's only timer is the one that calls it
    stable; with an interval there are two more."""
    pc = front.connected(server, "mara", ping_interval=off)
    assert "stable" in pc._runtime.timers
    assert len(pc._runtime.timers) == 1
    pinging = front.connected(server, "julia", ping_interval=30.0)
    assert {key for key in ("stable", "ping", "alive") if key in pinging._engine.timers} == {
        "stable",
        "ping",
        "alive",
    }


def test_server_pings_are_answered_while_handlers_are_busy(
    front: Front, server: Server, log: Log
) -> None:
    """Pings of the protocol and of WebSocket are answered while a handler of a call is waiting."""
    release = threading.Event()
    pc = front.connected(server, "mara")

    def busy(call: Any) -> Iterator[Any]:
        log("busy")
        if front.name == "asyncio":
            import asyncio

            yield lambda: asyncio.get_running_loop().run_in_executor(None, release.wait, DEADLINE)
        else:
            yield lambda: release.wait(DEADLINE)
        log("done")

    pc.on("call.started", front.handler(busy))
    there = server.start_call()
    log.wait_for("busy")
    there.send({"event": "ping"})
    there.send_ping()
    there.frames.wait_for({"event": "pong"})
    there.pongs.wait_for(b"alive?")
    assert "done" not in log
    release.set()
    log.wait_for("done")


def test_displaced(front: Front, server: Server, log: Log) -> None:
    """Another process took the agents over: ``error`` fires, calls end, nothing reconnects."""
    pc = front.connected(server, "mara")
    pc.on("error", log)
    pc.on("call.ended", lambda call, reason: log(reason))
    pc.on("call.started", lambda call: log("started"))
    server.start_call()
    log.wait_for("started")
    server.connection().close(4001, "Displaced by a new connection")
    assert isinstance(log.wait_for(lambda i: isinstance(i, DisplacedError)), DisplacedError)
    log.wait_for("displaced")
    until(lambda: pc.state == "closed", "closed")
    assert len(server.connections) == 1


def test_run_forever_raises_a_displacement(front: Front, server: Server) -> None:
    """run_forever() raises what ended the connection for good."""
    pc = front.client(server)
    running = front.begin(pc.run_forever)
    server.connection().frames.wait_count(1)
    until(lambda: pc.connected, "connected")
    server.connection().close(4001, "Displaced by a new connection")
    with pytest.raises(DisplacedError):
        running.result(DEADLINE)


def test_run_forever_raises_a_displacement_at_once(front: Front, server: Server) -> None:
    """The same where the server takes the connection back in the moment in which it is confirmed."""

    def confirm(connection: Any, _: Any) -> None:
        connection.send({"event": "connected", "org_id": "org"})
        connection.close(4001, "Displaced by a new connection")

    server.replies["connect"] = confirm
    running = front.begin(front.client(server).run_forever)
    with pytest.raises(DisplacedError):
        running.result(DEADLINE)


def test_run_forever_raises_a_refused_key(front: Front, server: Server) -> None:
    """A key that is refused at a reconnect ends the client with that error."""
    from pinecall import AuthenticationError

    pc = front.client(server)
    running = front.begin(pc.run_forever)
    server.connection().frames.wait_count(1)
    until(lambda: pc.connected, "connected")
    refused = {"event": "error", "code": "INVALID_KEY", "error": "revoked"}
    server.replies["connect"] = lambda connection, _: connection.send(refused)
    server.connection().reset()
    with pytest.raises(AuthenticationError, match="revoked"):
        running.result(DEADLINE)
    assert len(server.connections) == 2


def test_run_forever_returns_after_disconnect(front: Front, server: Server) -> None:
    """disconnect(), from any thread, ends run_forever()."""
    pc = front.client(server)
    running = front.begin(pc.run_forever)
    until(lambda: pc.connected, "connected")
    front.do(pc.disconnect)
    assert running.result(DEADLINE) is None


def test_no_reconnect_when_switched_off(front: Front, server: Server, log: Log) -> None:
    """With reconnect=False a lost link closes the client."""
    pc = front.connected(server, reconnect=False)
    pc.on("disconnected", log)
    server.connection().reset()
    log.wait_count(1)
    until(lambda: pc.state == "closed", "closed")
    assert len(server.connections) == 1


def test_gives_up_after_max_attempts(front: Front, server: Server, log: Log) -> None:
    """ReconnectPolicy.max_attempts bounds the attempts; the error says how many there were."""
    from pinecall import ReconnectPolicy

    from .server import hangs_up

    policy = ReconnectPolicy(initial=0.01, maximum=0.01, max_attempts=3)
    pc = front.connected(server, reconnect=policy)
    pc.on("error", log)
    server.takeover = hangs_up
    server.connection().reset()
    error = log.wait_count(1)[0]
    assert isinstance(error, ConnectError)
    assert error.phase == "handshake"
    until(lambda: pc.state == "closed", "closed")


def test_the_key_goes_away(
    front: Front, server: Server, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable with the key is unset while the link is up: the next attempt says so, and ends."""
    monkeypatch.setenv("PINECALL_API_KEY", KEY)
    pc = front.client(server, key=None)
    pc.on("error", log)
    front.do(pc.connect)
    monkeypatch.delenv("PINECALL_API_KEY")
    server.connection().reset()
    error = log.wait_count(1)[0]
    assert isinstance(error, ConnectError)
    assert error.code == "MISSING_KEY"
    assert "PINECALL_API_KEY" in str(error)
    until(lambda: pc.state == "closed", "closed")


def test_disconnect_while_reconnecting(front: Front, server: Server, log: Log) -> None:
    """disconnect() wins over the attempts to reconnect, at once."""
    from .server import silent

    pc = front.connected(server, "mara", connect_timeout=600)
    pc.on("reconnecting", log)
    server.takeover = silent
    server.connection().reset()
    log.wait_count(1)
    front.do(pc.disconnect)
    assert pc.state == "closed"


def test_requests_fail_with_the_link(front: Front, server: Server, log: Log) -> None:
    """A question that was asked when the link broke raises NotConnected; it does not hang."""
    server.replies["history.get"] = None
    pc = front.connected(server, "mara")
    pc.on("call.started", log)
    server.start_call()
    call = log.wait_count(1)[0]
    asking = front.begin(call.get_history)
    server.frames.wait_for(lambda frame: frame["event"] == "history.get")
    server.connection().reset()
    with pytest.raises(NotConnected, match="the link was lost"):
        asking.result(DEADLINE)


def test_two_clients(front: Front, server: Server, log: Log) -> None:
    """Two clients in one process have nothing in common."""
    one, two = front.connected(server, "one"), front.connected(server, "two")
    one.on("call.started", lambda call: log(("one", call.id)))
    two.on("call.started", lambda call: log(("two", call.id)))
    server.connection(2).send(started("CA2", "two"))
    server.connection(1).send(started("CA1", "one"))
    assert sorted(log.wait_count(2)) == [("one", "CA1"), ("two", "CA2")]
    front.do(one.disconnect)
    assert two.connected
