"""Objects that are gone, or of another process, say so to whoever uses them or waits for them."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall import AgentConflictError, NotConnected, PhoneInUseError, RegistrationError

from .driving import Front
from .log import Log, until
from .server import Server


def fatal(connection: Any, frame: Any) -> None:
    connection.send(
        {
            "event": "error",
            "agent_id": frame["agent_id"],
            "code": "AGENT_CONFLICT_FATAL",
            "error": "held by another process",
        }
    )


def held(connection: Any, frame: Any) -> None:
    connection.send(
        {
            "event": "error",
            "agent_id": frame["agent_id"],
            "code": "AGENT_CONFLICT",
            "error": "Agent 'mara' is already connected",
            "holder_alive": True,
        }
    )


def test_a_removed_agent(front: Front, server: Server) -> None:
    """wait_ready(), create_token(), events() and the verbs of a removed agent raise or end at once."""
    pc = front.connected(server, "mara")
    mara = pc.get_agent("mara")
    events = mara.events("turn.end")
    front.do(pc.remove_agent, "mara")
    for use in (
        mara.wait_ready,
        lambda: mara.create_token("chat"),
        lambda: mara.send_message("hi", contact="1"),
        mara.pause,
        mara.stream,
    ):
        with pytest.raises(RegistrationError, match="agent mara was removed") as caught:
            front.do(use)
        assert caught.value.code == "AGENT_NOT_REGISTERED"
    assert front.take(events, 1) == []
    assert front.take(mara.events("turn.end"), 1) == []
    report = front.do(pc.drain)
    assert report.unsent == 0


def test_waiting_when_it_is_removed(front: Front, server: Server) -> None:
    """Waiting for an agent that is removed raises."""
    server.replies["agent.create"] = None
    pc = front.connected(server)
    mara = front.do(pc.agent, "mara")
    waiting = [front.begin(mara.wait_ready), front.begin(pc.create_token, "chat", "mara")]
    registration = mara._registration
    until(lambda: registration._usable and registration._usable.waiters, "wait_ready()")
    until(lambda: registration.ready.waiters, "create_token()")
    front.do(pc.remove_agent, "mara")
    for one in waiting:
        with pytest.raises(RegistrationError, match="mara"):
            one.result(10)


def test_a_conflict(front: Front, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting during a conflict ends with who holds the name and that it is tried again."""
    server.replies["agent.create"] = held
    pc = front.connected(server)
    mara = front.do(pc.agent, "mara")
    with pytest.raises(
        AgentConflictError, match=r"which answers\): Agent 'mara' is already"
    ) as got:
        front.do(mara.wait_ready, timeout=0.3)
    assert got.value.reason == "retrying"
    monkeypatch.setattr(f"{front.module.__name__}.web.REGISTERED_WITHIN", 0.2)
    with pytest.raises(AgentConflictError, match="trying again"):
        front.do(pc.create_token, "chat", "mara")


@pytest.mark.parametrize("closed", [False, True])
def test_a_token_without_a_connection(front: Front, server: Server, closed: bool) -> None:
    """A client that is idle or closed cannot register the agent: the error comes at once."""
    pc = front.client(server)
    front.do(pc.agent, "mara")
    if closed:
        front.do(pc.connect)
        front.do(pc.disconnect)
    with pytest.raises(NotConnected, match=r"create_token: agent 'mara' is not registered"):
        front.do(pc.create_token, "chat", "mara")


def test_events_of_a_closed_client(front: Front, server: Server) -> None:
    """An iterator of a closed client ends at once; one made before connect() hears what comes."""
    pc = front.client(server)
    early = pc.events("connected")
    front.do(pc.connect)
    assert [item.name for item in front.take(early, 1)] == ["connected"]
    front.do(pc.disconnect)
    assert front.take(pc.events(), 1) == []


def test_a_refused_number(front: Front, server: Server, log: Log) -> None:
    """wait_ready() raises what refused the agent's only number."""

    def refused(connection: Any, frame: Any) -> None:
        connection.send(
            {
                "event": "error",
                "agent_id": frame["agent_id"],
                "code": "PHONE_IN_USE",
                "phone": frame["ref"],
                "owner": "leo",
                "error": "taken",
            }
        )

    server.replies["channel.add"] = refused
    pc = front.connected(server)
    pc.on("error", log)
    mara = front.do(pc.agent, "mara", phone_number="+13186330963")
    with pytest.raises(PhoneInUseError, match="held by 'leo'"):
        front.do(mara.wait_ready)
    assert isinstance(log.wait_count(1)[0], PhoneInUseError)


def test_a_server_that_confirms_no_channel(front: Front, server: Server) -> None:
    """wait_ready() does not depend on it."""
    pc = front.connected(server)
    mara = front.do(pc.agent, "mara", phone_number="+13186330963")
    assert front.do(mara.wait_ready) is None
    assert server.frames.wait_for(lambda frame: frame["event"] == "channel.add")


def test_refused_for_good(front: Front, server: Server, log: Log) -> None:
    """run_forever() ends with what refused the only agent; with another agent it goes on."""
    server.replies["agent.create"] = fatal
    pc = front.client(server)
    pc.on("error", log)
    front.do(pc.agent, "mara")
    with pytest.raises(AgentConflictError, match="held by another process"):
        front.do(pc.run_forever)
    assert pc.state == "closed"
    assert isinstance(log.wait_count(1)[0], AgentConflictError)


def test_others_are_not_refused(front: Front, server: Server, log: Log) -> None:
    """With another agent run_forever() goes on, and ``error`` fires."""
    created = server.replies["agent.create"]

    def one_of_two(connection: Any, frame: Any) -> None:
        (fatal if frame["agent_id"] == "mara" else created)(connection, frame)

    server.replies["agent.create"] = one_of_two
    pc = front.client(server)
    pc.on("error", log)
    front.do(pc.agent, "mara")
    leo = front.do(pc.agent, "leo")
    running = front.begin(pc.run_forever)
    log.wait_count(1)
    front.do(leo.wait_ready)
    assert not running.done()
    front.do(pc.disconnect)
    assert running.result(10) is None
