"""Tools: functions that the model calls."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from pinecall import ConfigurationError, tool

from .driving import Asyncio, Front
from .log import Log, until
from .server import Server, tool_call


def deployed(front: Front, server: Server, tools: list[Any]) -> Any:
    pc = front.client(server)
    pc.deploy("mara", prompt="You are Mara.", tools=tools)
    front.do(pc.connect)
    front.do(pc.get_agent("mara").wait_ready)
    server.start_call()
    return pc


def result(server: Server) -> Any:
    frame = server.frames.wait_for(lambda frame: frame["event"] == "llm.tool_result")
    assert (frame["call_id"], frame["msg_id"]) == ("CA1", "t1")
    assert frame["results"][0]["tool_call_id"] == "tc1"
    return frame["results"][0]["result"]


def test_plain_function(front: Front, server: Server) -> None:
    """A plain function's result goes back to the model; its schema went out with the agent."""

    @tool
    def lookup(order: str) -> dict[str, str]:
        """Look up an order."""
        return {"order": order, "state": "shipped"}

    deployed(front, server, [lookup])
    create = server.frames.wait_for(lambda frame: frame["event"] == "agent.create")
    assert create["tools"][0]["function"]["name"] == "lookup"
    server.connection().send(tool_call("lookup", '{"order": "ORD-1"}'))
    assert result(server) == {"order": "ORD-1", "state": "shipped"}


def test_coroutine(front: Front, server: Server) -> None:
    """A coroutine runs on the user's loop; the blocking front refuses it when it is deployed."""
    threads = Log()

    @tool
    async def lookup(order: str) -> str:
        """Look up an order."""
        await asyncio.sleep(0)
        threads(threading.current_thread().name)
        return f"{order} shipped"

    if not isinstance(front, Asyncio):
        with pytest.raises(ConfigurationError, match="'lookup' is an 'async def'"):
            front.client(server).deploy("mara", tools=[lookup])
        return
    deployed(front, server, [lookup])
    server.connection().send(tool_call("lookup", '{"order": "ORD-1"}'))
    assert result(server) == "ORD-1 shipped"
    assert threads.items == ["test-loop"]


def test_an_exception(front: Front, server: Server, log: Log) -> None:
    """What a tool raises is an error result for the model, and an error event for the user."""

    @tool
    def lookup() -> str:
        """Look something up."""
        raise LookupError("the database is asleep")

    pc = deployed(front, server, [lookup])
    pc.on("error", log)
    server.connection().send(tool_call("lookup"))
    assert "the database is asleep" in result(server)["error"]
    error = log.wait_count(1)[0]
    assert isinstance(error.__cause__, LookupError)
    assert "tool lookup" in str(error)


def test_a_timeout(front: Front, server: Server, log: Log) -> None:
    """A tool that takes too long is an error result; what it returns later is not sent."""
    release, over = threading.Event(), Log()

    @tool(timeout=0.1)
    def slow() -> str:
        """Take a while."""
        release.wait(15)
        over(1)
        return "at last"

    pc = deployed(front, server, [slow])
    pc.on("error", log)
    server.connection().send(tool_call("slow"))
    assert "within 0.1 s" in result(server)["error"]
    assert log.wait_count(1)[0].code == "TOOL_TIMEOUT"
    release.set()
    over.wait_count(1)
    front.do(pc.disconnect)
    sent = [frame for frame in server.frames if frame["event"] == "llm.tool_result"]
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("lookup", '{"order": 5}', "order"),
        ("lookup", "{}", "order"),
        ("lookup", "no json", "JSON"),
        ("look_up", "{}", "Unknown tool"),
    ],
)
def test_bad_calls(front: Front, server: Server, name: str, arguments: str, says: str) -> None:
    """A wrong argument or an unknown tool is an error result that the model can read."""

    @tool
    def lookup(order: str) -> str:
        """Look up an order."""
        raise AssertionError

    deployed(front, server, [lookup])
    server.connection().send(tool_call(name, arguments))
    assert says in result(server)["error"]


def test_a_result_that_is_no_json(front: Front, server: Server) -> None:
    """A value JSON has no form for is sent as its str: the model is not left waiting."""

    class Order:
        def __str__(self) -> str:
            return "order 7"

    @tool
    def lookup() -> Any:
        """Look something up."""
        return {"found": [Order()]}

    deployed(front, server, [lookup])
    server.connection().send(tool_call("lookup"))
    assert result(server) == {"found": ["order 7"]}


def test_a_round_runs_side_by_side(front: Front, server: Server) -> None:
    """The tools of one round run together; their results keep the order of the calls."""
    barrier = threading.Barrier(2, timeout=15)

    @tool
    def meet(name: str) -> str:
        """Wait for the other one."""
        barrier.wait()
        return name

    deployed(front, server, [meet])
    frame = tool_call("meet")
    frame["tool_calls"] = [
        {"id": f"tc{n}", "name": "meet", "arguments": f'{{"name": "{n}"}}'} for n in (1, 2)
    ]
    server.connection().send(frame)
    sent = server.frames.wait_for(lambda frame: frame["event"] == "llm.tool_result")
    assert [(r["tool_call_id"], r["result"]) for r in sent["results"]] == [
        ("tc1", "1"),
        ("tc2", "2"),
    ]


def test_a_repeated_call_runs_once(front: Front, server: Server, log: Log) -> None:
    """After a reconnect the server asks again: the stored result is sent, nothing runs twice."""

    @tool
    def book() -> str:
        """Book a table."""
        log(1)
        return "booked"

    pc = deployed(front, server, [book])
    server.connection().send(tool_call("book"))
    assert result(server) == "booked"
    server.connection().reset()
    again = server.connection(2)
    again.frames.wait_for(lambda frame: frame["event"] == "agent.create")
    again.send(tool_call("book"))
    sent = again.frames.wait_for(lambda frame: frame["event"] == "llm.tool_result")
    assert sent["results"][0]["result"] == "booked"
    front.do(pc.disconnect)
    assert len(log) == 1


def test_verbs_in_a_tool(front: Front, server: Server) -> None:
    """A plain tool may use the call's verbs, from the thread it runs in."""

    @tool
    def announce(call: Any) -> str:
        """Say something first."""
        call.say("One moment.")
        call.send_dtmf("1")
        return call.id

    deployed(front, server, [announce])
    server.connection().send(tool_call("announce"))
    assert result(server) == "CA1"
    events = [frame["event"] for frame in server.frames]
    assert events.index("bot.reply") < events.index("call.dtmf") < events.index("llm.tool_result")


def test_questions_in_a_tool(front: Front, server: Server) -> None:
    """A tool may ask the server something and wait."""
    if isinstance(front, Asyncio):

        @tool
        async def ask(call: Any) -> Any:
            """Look at the history."""
            return (await call.get_history())[0]["content"]
    else:

        @tool
        def ask(call: Any) -> Any:
            """Look at the history."""
            return call.get_history()[0]["content"]

    deployed(front, server, [ask])
    server.connection().send(tool_call("ask"))
    assert result(server) == "of CA1"


def test_a_tool_whose_call_ends(front: Front, server: Server, log: Log) -> None:
    """The call ends while its tool runs: no result is sent, and no error is reported."""
    release, over = threading.Event(), Log()

    @tool
    def slow() -> str:
        """Take a while."""
        log("begun")
        release.wait(15)
        over(1)
        return "at last"

    pc = deployed(front, server, [slow])
    pc.on("error", log)
    there = server.connection()
    there.send(tool_call("slow"))
    log.wait_for("begun")
    there.send({"event": "call.ended", "call_id": "CA1", "reason": "hangup"})
    until(lambda: not pc.get_agent("mara").calls, "the end of the call")
    release.set()
    over.wait_count(1)
    front.do(pc.disconnect)
    assert log.items == ["begun"]
    assert not [frame for frame in server.frames if frame["event"] == "llm.tool_result"]


def test_a_tool_that_takes_its_agent_off(front: Front, server: Server, log: Log) -> None:
    """What else runs for the agent is stopped, from whatever thread; its own end is not an error."""
    begun = threading.Event()

    if front.name == "asyncio":

        async def forever() -> None:
            begun.set()
            try:
                await asyncio.sleep(600)
            finally:
                log("stopped")
    else:

        def forever() -> None:
            begun.set()
            log("stopped")  # a thread cannot be stopped

    def leave() -> str:
        begun.wait(15)
        pc.remove_agent("mara")
        log("removed")
        return "gone"

    both = [tool(forever, description="x"), tool(leave, description="x")]
    pc = deployed(front, server, both)
    if isinstance(front, Asyncio):
        front.loop.set_debug(True)  # it refuses what is not safe from other threads
    pc.on("error", log)
    there = server.connection()
    there.send(tool_call("forever", msg_id="t1"), tool_call("leave", msg_id="t2", tool_call_id="2"))
    assert sorted(log.wait_count(2)) == ["removed", "stopped"]
    front.do(pc.disconnect)
    assert len(log) == 2


def test_by_hand(front: Front, server: Server) -> None:
    """A tool given as a plain dict is answered by an ``llm.tool_call`` handler."""
    definition = {"type": "function", "function": {"name": "lookup", "parameters": {}}}
    pc = deployed(front, server, [definition])

    @pc.on("llm.tool_call")
    def answer(event: Any, call: Any) -> None:
        one = event.tool_calls[0]
        call.tool_result(event.msg_id, [{"tool_call_id": one["id"], "result": []}])

    server.connection().send(tool_call("lookup"))
    assert result(server) == []
