"""A server that does not take what is sent, and a client that has nothing to do."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from pinecall import NotConnected

from .driving import Asyncio, Front
from .log import DEADLINE, Log, until
from .server import Server


@pytest.fixture
def call(front: Front, server: Server) -> Any:
    begun = Log()
    pc = front.connected(server, "mara")
    pc.on("call.started", begun)
    server.replies["bot.reply"] = None
    server.start_call()
    return begun.wait_count(1)[0]


def fill(call: Any, size: int = 100_000) -> int:
    """Say things until the client refuses; how many were accepted."""
    for number in range(1000):
        try:
            call.say(f"{number:04d}" + "x" * size)
        except NotConnected as error:
            assert error.code == "SEND_BUFFER_FULL"
            assert "stopped reading" in str(error)
            return number
    raise AssertionError("100 MB were accepted")


def test_nothing_is_torn(front: Front, server: Server, call: Any) -> None:
    """A server that stops reading: memory is bounded, an error says so, and all that was accepted
    arrives in order once it reads again."""
    there = server.connection()
    there.stop_reading()
    accepted = front.do(fill, call)
    there.go_on_reading()
    front.do(call.get_history)
    texts = [f["text"][:4] for f in there.frames if f["event"] == "bot.reply"]
    assert texts == [f"{number:04d}" for number in range(accepted)]
    assert front.do(call.say, "again").message_id


def test_memory_is_bounded(front: Front, server: Server, call: Any) -> None:
    """What waits is at most the client's 4 MiB and the buffers of the network."""
    server.connection().stop_reading()
    front.do(fill, call)
    stats = call._runtime.stats()
    assert stats["unsent"] * 100_000 < 6 << 20


def test_many_large_agents(front: Front, server: Server) -> None:
    """All agents are registered, though together they are larger than what else may wait."""
    pc = front.client(server)
    for number in range(40):
        pc.agent(f"agent-{number}", prompt="x" * 200_000)
    front.do(pc.connect)
    for agent in pc.agents.values():
        front.do(agent.wait_ready)
    assert len(server.connections) == 1


def test_a_large_message(front: Front, server: Server, call: Any) -> None:
    """A single message of 3 MB goes out whole."""
    front.do(call.say, "x" * 3_000_000)
    frame = server.frames.wait_for(lambda frame: frame["event"] == "bot.reply")
    assert len(frame["text"]) == 3_000_000


def test_reading_goes_on_while_writing_waits(front: Front, server: Server, call: Any) -> None:
    """A server that does not read is still listened to."""
    heard = Log()
    call.on("call.dtmf_received", lambda event, call: heard(event.digit))
    there = server.connection()
    there.stop_reading()
    front.do(fill, call)
    there.send({"event": "call.dtmf_received", "call_id": "CA1", "digit": "7"})
    assert heard.wait_count(1) == ["7"]


def test_disconnect_when_nobody_reads(front: Front, server: Server, call: Any) -> None:
    """disconnect() ends in spite of a send buffer that does not empty."""
    server.connection().stop_reading()
    front.do(fill, call)
    pc = front.clients[0]
    front.do(pc.disconnect, timeout=0.2)
    assert pc.state == "closed"


def test_idle_means_idle(front: Front, server: Server) -> None:
    """A connected client with nothing to do neither polls nor ticks."""
    pc = front.connected(server, "mara")
    asked = Log()
    session = pc._runtime
    deadline, tick = session.deadline, session.tick
    session.deadline = lambda now: (asked("deadline"), deadline(now))[1]
    session.tick = lambda now: (asked("tick"), tick(now))[1]
    heard = Log()
    pc.on("*", heard)
    server.connection().send({"event": "something"})
    heard.wait_count(1)
    threading.Event().wait(0.5)
    assert "tick" not in asked
    assert len(asked) <= 4


def test_threads(front: Front, server: Server) -> None:
    """The asyncio front has no threads; the blocking one has one for the link when it is idle."""

    def ours() -> list[threading.Thread]:
        return [t for t in threading.enumerate() if t.name.startswith("pinecall")]

    assert ours() == []
    front.connected(server, "mara")
    connected = ours()
    idle = [] if isinstance(front, Asyncio) else ["pinecall-link"]
    until(
        lambda: [t.name for t in connected if t.is_alive()] == idle, "the threads of an idle client"
    )
    assert [t.name for t in connected if not t.daemon] == []


def test_closing_from_many_threads(front: Front, server: Server, call: Any) -> None:
    """Sixteen threads that talk while the client closes: each gets its frames out or an error."""
    pc = front.clients[0]
    results = Log()
    go = threading.Event()

    def talk() -> None:
        go.wait(DEADLINE)
        try:
            while True:
                call.say("hello")
        except Exception as exc:
            results(type(exc).__name__)

    threads = [threading.Thread(target=talk, daemon=True) for _ in range(16)]
    for thread in threads:
        thread.start()
    go.set()
    server.frames.wait_for(lambda frame: frame["event"] == "bot.reply")
    front.do(pc.disconnect)
    assert set(results.wait_count(16)) <= {"CallEnded", "NotConnected"}
    for thread in threads:
        thread.join(DEADLINE)
