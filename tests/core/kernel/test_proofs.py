"""What proves that frames have arrived, and when it is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.kernel.outbox import MAX_UNSENT_BYTES
from pinecall.errors import NotConnected

from ..harness import Wire

RESULT = [{"tool_call_id": "t1", "result": 1}]


def acked(wire: Wire) -> list[str]:
    """The names of what goes out after the link and the agent are back."""
    wire.reconnect()
    wire.sent()
    wire.server("agent.resumed", agent_id="mara")
    return wire.sent_events()


def test_a_ping_follows() -> None:
    """One ping goes out a second after the first durable frame, and its pong proves them all."""
    wire = Wire(ping_interval=None)
    call = wire.call()
    call.tool_result("m1", RESULT)
    wire.settle()
    wire.after(0.5)
    call.tool_result("m2", RESULT)
    assert wire.sent_events() == ["llm.tool_result"] * 2
    wire.after(0.5)
    assert wire.sent_events() == ["ping"]
    wire.server("pong")
    wire.after(100)
    assert wire.sent() == []
    wire.lost()
    assert acked(wire) == []


def test_live_frames_need_none() -> None:
    """Live frames are followed by no ping."""
    wire = Wire(ping_interval=None)
    wire.call().hold()
    wire.after(10)
    assert wire.sent_events() == ["call.hold"]


def test_the_keepalive() -> None:
    """The keepalive's ping serves as well, and no other is sent then."""
    wire = Wire()
    call = wire.call()
    wire.at(29.5)
    wire.server("pong")
    call.tool_result("m1", RESULT)
    wire.settle()
    wire.at(31)
    assert wire.sent_events() == ["llm.tool_result", "ping"]
    wire.server("pong")
    wire.lost()
    assert acked(wire) == []


def test_only_what_was_before_it() -> None:
    """A pong proves nothing that was sent after its ping."""
    wire = Wire(ping_interval=None)
    call = wire.call()
    call.tool_result("m1", RESULT)
    wire.settle()
    wire.after(1)
    call.tool_result("m2", RESULT)
    wire.sent()
    wire.server("pong")
    wire.server("pong")
    wire.lost()
    wire.reconnect()
    wire.server("agent.resumed", agent_id="mara")
    assert [f["msg_id"] for f in wire.sent() if f["event"] == "llm.tool_result"] == ["m2"]


def test_pings_of_the_program() -> None:
    """A pong is the answer to the first ping, whoever sent it."""
    wire = Wire(ping_interval=None)
    call = wire.call()
    wire.pc.send({"event": "ping"})
    call.agent.send({"event": "ping"})
    call.tool_result("m1", RESULT)
    wire.sent(raw=True)
    wire.server("pong")
    wire.server("pong")
    wire.lost()
    assert acked(wire) == ["llm.tool_result"]


def test_an_answer() -> None:
    """The answer to a question proves what was sent before the question, and it alone."""
    wire = Wire(ping_interval=None)
    call = wire.call()
    call.tool_result("m1", RESULT)
    call._ask_history()
    call.tool_result("m2", RESULT)
    request_id = wire.sent()[1]["request_id"]
    wire.server("history.data", call_id="CA1", request_id=request_id, messages=[])
    wire.lost()
    wire.reconnect()
    wire.server("agent.resumed", agent_id="mara")
    assert [f["msg_id"] for f in wire.sent() if f["event"] == "llm.tool_result"] == ["m2"]


def test_an_answer_without_an_id() -> None:
    """An answer that names no question proves nothing: it may be that to an earlier one."""
    wire = Wire(ping_interval=None)
    call = wire.call()
    call.tool_result("m1", RESULT)
    call._ask_history()
    wire.sent()
    wire.server("history.data", call_id="CA1", messages=[])
    wire.lost()
    assert acked(wire) == ["llm.tool_result"]


def test_an_answer_to_what_waited() -> None:
    """The answer to a change that was held proves nothing of the connection it is sent on."""
    wire = Wire(ping_interval=None)
    call = wire.call()
    for number in range(3):
        call.tool_result(f"m{number}", RESULT)
    wire.sent()
    wire.lost()
    call._ask_change("history.set_vars", vars={"a": "b"})
    wire.reconnect()
    wire.server("agent.resumed", agent_id="mara")
    frames = {frame["event"]: frame for frame in wire.sent()}
    request_id = frames["history.set_vars"]["request_id"]
    wire.server("history.updated", call_id="CA1", request_id=request_id, count=1)
    wire.lost()
    assert acked(wire) == ["llm.tool_result"] * 3


def test_many_bytes() -> None:
    """After a quarter of a megabyte the proof is asked for at once."""
    wire = Wire(ping_interval=None)
    call = wire.call()
    result = [{"tool_call_id": "t1", "result": "x" * 100_000}]
    for number in range(3):
        call.tool_result(f"m{number}", result)
    assert wire.sent_events() == [*["llm.tool_result"] * 3, "ping"]


def test_a_server_that_does_not_read() -> None:
    """What is not confirmed is bounded: beyond 4 MiB a durable verb raises, a ping does not."""
    wire = Wire(ping_interval=None)
    call = wire.call()
    call.tool_result("m1", [{"tool_call_id": "t1", "result": "x" * MAX_UNSENT_BYTES}])
    wire.sent()
    with pytest.raises(NotConnected, match=r"call\.hangup of call CA1: .* not confirmed"):
        call.hangup()
    wire.pc.send({"event": "brand.new", "text": "x" * MAX_UNSENT_BYTES})
    wire.settle()
    wire.after(1)
    assert [frame["event"] for frame in wire.sent(raw=True)] == ["brand.new"]


def test_a_server_without_pings(caplog: Any) -> None:
    """Where no ping was ever answered, what was sent counts as arrived when the server is heard
    40 s after a ping; that is said once."""
    wire = Wire(ping_interval=None)
    call = wire.call()
    for _ in range(4):
        call.tool_result("m1", RESULT)
        wire.settle()
        wire.after(41)
        wire.server("session.paused", agent_id="mara")
    wire.sent()
    assert caplog.text.count("does not answer pings") == 1
    wire.lost()
    assert acked(wire) == ["llm.tool_result"]


def test_a_server_that_answers_late() -> None:
    """Where pings are answered, only an answer counts."""
    wire = Wire(ping_interval=None)
    call = wire.call()
    wire.server("pong")
    for _ in range(4):
        call.tool_result("m1", RESULT)
        wire.settle()
        wire.after(41)
        wire.server("session.paused", agent_id="mara")
    wire.sent()
    wire.lost()
    assert acked(wire) == ["llm.tool_result"] * 4
