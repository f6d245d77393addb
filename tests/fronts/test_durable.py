"""What must not be lost in silence, on real sockets: a server that stops reading, and a link that is cut then."""

from __future__ import annotations

from typing import Any

from pinecall import NotConnected

from .driving import Front
from .log import DEADLINE, Log, until
from .server import Server

BIG = "x" * 20_000


def stuck(front: Front, server: Server, log: Log, give: Any) -> int:
    """How many durable frames are taken from when the server stops reading until one is refused;
    then the link is cut."""
    there = server.connection(1)
    there.stop_reading()

    def fill() -> int:
        for number in range(1000):
            try:
                give(number)
            except NotConnected:
                return number
        raise AssertionError("there is no bound")

    taken: int = front.do(fill)
    there.reset()
    return taken


def call_of(front: Front, server: Server, log: Log) -> tuple[Any, Any]:
    pc = front.connected(server, "mara")
    pc.on("call.started", log)
    server.start_call()
    return pc, log.wait_count(1)[0]


def seen(server: Server, event: str, key: str) -> list[Any]:
    return [frame[key] for frame in server.frames if frame["event"] == event]


def test_what_may_be_repeated(front: Front, server: Server, log: Log) -> None:
    """Every tool result that was taken arrives after the link is back."""
    pc, call = call_of(front, server, log)
    taken = stuck(
        front,
        server,
        log,
        lambda number: call.tool_result(str(number), [{"tool_call_id": "t", "result": BIG}]),
    )
    assert taken > 100
    everything = {str(number) for number in range(taken)}
    until(lambda: set(seen(server, "llm.tool_result", "msg_id")) == everything, "the results")
    until(lambda: pc._runtime.outbox.unproven == 0, "the receipt")


def test_what_may_not_be_repeated(front: Front, server: Server, log: Log) -> None:
    """Every message that was taken arrives, once, or ``error`` says that it may not have."""
    pc = front.connected(server, "mara")
    mara = pc.get_agent("mara")
    errors = Log()
    pc.on("error", errors)
    taken = stuck(
        front, server, log, lambda number: mara.send_message(f"{number} {BIG}", contact="1")
    )

    def accounted() -> bool:
        told = [error for error in errors if error.code == "NOT_CONFIRMED"]
        return len(seen(server, "session.send", "text")) + len(told) >= taken

    until(accounted, "all of them")
    texts = seen(server, "session.send", "text")
    assert len(texts) == len(set(texts))


def test_confirmed_meanwhile(front: Front, server: Server, log: Log) -> None:
    """What the server has confirmed is not sent again."""
    pc, call = call_of(front, server, log)
    front.do(call.tool_result, "m1", [{"tool_call_id": "t", "result": 1}])
    until(lambda: pc._runtime.outbox.unproven == 0, "the receipt")
    server.connection(1).reset()
    server.connection(2).frames.wait_for(lambda frame: frame["event"] == "agent.create")
    front.do(call.tool_result, "m2", [{"tool_call_id": "t", "result": 2}])
    server.frames.wait_for(lambda frame: frame.get("msg_id") == "m2")
    assert seen(server, "llm.tool_result", "msg_id") == ["m1", "m2"]


UNPROVEN = "what may not have arrived: call.forward of call CA1"


def test_disconnecting(front: Front, server: Server, log: Log, caplog: Any) -> None:
    """disconnect() flushes, and warns of nothing that the server has confirmed."""
    pc, call = call_of(front, server, log)
    front.do(call.forward, "+15558675309")
    front.do(pc.disconnect, timeout=DEADLINE)
    server.frames.wait_for(lambda frame: frame["event"] == "call.forward")
    assert UNPROVEN not in caplog.text


def test_disconnecting_unconfirmed(front: Front, server: Server, log: Log, caplog: Any) -> None:
    """disconnect() names what may not have arrived when the server does not confirm it."""
    pc, call = call_of(front, server, log)
    server.connection(1).blackhole()
    server.connection(1).stop_reading()
    front.do(call.forward, "+15558675309")
    front.do(pc.disconnect, timeout=0.1)
    until(lambda: UNPROVEN in caplog.text, "the warning")
