"""The events of the server's model: turns that wait, tools and skills."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.tools import tool

from ..harness import Wire
from .lines import LINE_IDS, line_call

IDS = {"agent_id": "mara", "call_id": "CA1"}


ran: list[str] = []


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    ran.clear()


@tool
def lookup(order: str = "none") -> str:
    """Look it up."""
    ran.append(order)
    return f"order {order}"


def tool_call(name: str, tool_call_id: str = "t1", **arguments: Any) -> dict[str, Any]:
    return {"id": tool_call_id, "name": name, "arguments": arguments}


def ask(wire: Wire, *tool_calls: dict[str, Any], **fields: Any) -> None:
    """The server asks for a round of tools."""
    wire.server(
        {"event": "llm.tool_call", **IDS, "msg_id": "m1", "tool_calls": [*tool_calls], **fields}
    )


def results(wire: Wire) -> list[tuple[str, dict[str, Any]]]:
    """What was answered since the last time, as (round, result by id)."""
    frames = wire.sent()
    assert {frame["event"] for frame in frames} <= {"llm.tool_result"}
    return [
        (frame["msg_id"], {one["tool_call_id"]: one["result"] for one in frame["results"]})
        for frame in frames
    ]


class TestSkills:
    def test_skills(self) -> None:
        """skill.loaded and skill.unloaded keep active_skills, and reach call and agent with who did it."""
        wire = Wire()
        call = wire.call()
        both = ("skill.loaded", "skill.unloaded")
        on_call, on_agent = wire.listen(*both, on=call), wire.listen(*both, on=call.agent)
        for event, skill in [
            ("skill.loaded", "a"),
            ("skill.loaded", "b"),
            ("skill.loaded", "a"),
            ("skill.unloaded", "b"),
            ("skill.unloaded", "c"),
        ]:
            wire.server(event, agent_id="mara", call_id="CA1", skill=skill, by="model")
        assert call.active_skills == ["a"]
        assert on_call == on_agent
        assert [(name, event.skill, event.by) for name, event, _ in on_call[2:4]] == [
            ("skill.loaded", "a", "model"),
            ("skill.unloaded", "b", "model"),
        ]
        wire.server("skill.loaded", agent_id="mara", skill="x")
        assert call.active_skills == ["a"]

    def test_of_a_call_that_is_over(self) -> None:
        """A skill of a call that is over is dropped."""
        wire = Wire()
        call = wire.call()
        wire.server("call.ended", **IDS)
        heard = wire.listen("skill.loaded")
        wire.server("skill.loaded", **IDS, skill="a")
        assert heard == []
        assert call.active_skills == []


def test_timeout_event() -> None:
    """llm.preparing_timeout fires call.preparing_timeout with its figures."""
    wire = Wire()
    call = wire.call()
    told = wire.listen("call.preparing_timeout", on=call)
    wire.server("llm.preparing_timeout", **IDS, turn=7, waited_ms=1500, budget_ms=1500)
    event = told[0][1]
    assert (event.turn, event.waited_ms, event.budget_ms) == (7, 1500, 1500)


def test_timeout_without_a_call() -> None:
    """llm.preparing_timeout of a call that is over is dropped; without a call it reaches * only."""
    wire = Wire()
    call = wire.call()
    told = wire.listen("call.preparing_timeout", "*", on=call.agent)
    wire.server("llm.preparing_timeout", agent_id="mara", turn=7)
    assert [(item.name, item.call) for _, item in told] == [("call.preparing_timeout", None)]
    wire.server("call.ended", **IDS)
    count = len(told)
    wire.server("llm.preparing_timeout", **IDS, turn=8)
    assert len(told) == count


class TestTurns:
    def test_ready(self) -> None:
        """llm.before is answered once the handlers of call.preparing have run."""
        wire = Wire()
        call = wire.call()
        heard = wire.listen("call.preparing")
        wire.server("llm.before", **IDS, turn=7)
        assert heard == [("call.preparing", call)]
        assert wire.sent() == [{"event": "llm.ready", **IDS, "turn": 7}]


class TestTools:
    def test_run(self) -> None:
        """Tools of the agent run, and their results answer the round."""
        wire = Wire()
        call = wire.call(wire.agent(tools=[lookup]))
        heard = wire.listen("llm.tool_call", on=call)
        ask(wire, tool_call("lookup", order="7"))
        assert ran == ["7"]
        assert results(wire) == [("m1", {"t1": "order 7"})]
        assert [of for _, _, of in heard] == [call]

    def test_asked_again(self) -> None:
        """A round that is asked for again is answered with what is known; nothing runs twice."""
        wire = Wire()
        call = wire.call(wire.agent(tools=[lookup]))
        heard = wire.listen("llm.tool_call", on=call)
        for _ in range(2):
            ask(wire, tool_call("lookup"))
        assert ran == ["none"]
        assert results(wire) == [("m1", {"t1": "order none"})] * 2
        assert len(heard) == 1

    def test_asked_again_under_another_round(self) -> None:
        """A tool call that was answered in one round is answered alike in another."""
        wire = Wire()
        wire.call(wire.agent(tools=[lookup]))
        ask(wire, tool_call("lookup", "t1"), tool_call("lookup", "t2"))
        ask(wire, tool_call("lookup", "t1"), msg_id="m2")
        assert ran == ["none", "none"]
        assert results(wire)[1] == ("m2", {"t1": "order none"})

    @pytest.mark.parametrize("tool_calls", [[], None])
    def test_a_round_without_tools(self, tool_calls: Any) -> None:
        """A round that names no tools sends what is known of the round of that id, or nothing."""
        wire = Wire()
        wire.call(wire.agent(tools=[lookup]))
        ask(wire, tool_calls=tool_calls)
        assert results(wire) == []
        ask(wire, tool_call("lookup"))
        ask(wire, tool_calls=tool_calls)
        assert results(wire) == [("m1", {"t1": "order none"})] * 2

    def test_a_tool_that_nobody_declared(self) -> None:
        """An undeclared tool is answered with an error, beside those that run."""
        wire = Wire()
        wire.call(wire.agent(tools=[lookup]))
        ask(wire, tool_call("lookup", "t1"), tool_call("nothing", "t2"))
        ((_, answered),) = results(wire)
        assert answered["t1"] == "order none"
        assert "nothing" in answered["t2"]["error"]

    def test_a_lines_call(self) -> None:
        """A line has no tools: its call's are refused."""
        wire = Wire()
        line_call(wire)
        ask(wire, tool_call("lookup"), **LINE_IDS)
        ((_, answered),) = results(wire)
        assert "lookup" in answered["t1"]["error"]

    def test_of_a_call_that_is_over(self) -> None:
        """A round of a call that is over runs nothing, and is not answered."""
        wire = Wire()
        mara = wire.agent(tools=[lookup])
        wire.call(mara)
        wire.server("call.ended", **IDS)
        heard = wire.listen("llm.tool_call", on=mara)
        ask(wire, tool_call("lookup"))
        assert (ran, heard, results(wire)) == ([], [], [])

    def test_the_message_id(self) -> None:
        """A round without msg_id is known by its message_id, or by an empty one."""
        wire = Wire()
        wire.call(wire.agent(tools=[lookup]))
        ask(wire, tool_call("lookup", "t1"), msg_id=None, message_id="m7")
        ask(wire, tool_call("lookup", "t2"), msg_id=None)
        assert [msg_id for msg_id, _ in results(wire)] == ["m7", ""]


class TestByHand:
    @pytest.mark.parametrize("whose", ["call", "agent", "client"])
    def test_a_handler_answers(self, whose: str) -> None:
        """A round that names none of the agent's tools is left to the handlers, if there are any."""
        wire = Wire()
        call = wire.call()
        owner = {"call": call, "agent": call.agent, "client": wire.pc}[whose]
        heard = wire.listen("llm.tool_call", on=owner)
        ask(wire, tool_call("find"))
        assert len(heard) == 1
        assert results(wire) == []
        call.tool_result("m1", [{"tool_call_id": "t1", "result": "found"}])
        assert results(wire) == [("m1", {"t1": "found"})]

    def test_new_ones_only(self) -> None:
        """Handlers are asked for the tool calls that are not answered yet; the others are answered
        at once."""
        wire = Wire()
        call = wire.call()
        heard = wire.listen("llm.tool_call", on=call)
        one, two = tool_call("find", "t1"), tool_call("find", "t2")
        ask(wire, one)
        call.tool_result("m1", [{"tool_call_id": "t1", "result": "found"}])
        ask(wire, one, two, msg_id="m2")
        ask(wire, one, msg_id="m3")
        assert [event.tool_calls for _, event, _ in heard] == [[one], [two]]
        assert heard[1][1].raw["tool_calls"] == [one, two]
        assert results(wire) == [(name, {"t1": "found"}) for name in ("m1", "m2", "m3")]

    def test_beside_tools(self) -> None:
        """A round that names one of the agent's tools is run here, though a handler listens."""
        wire = Wire()
        call = wire.call(wire.agent(tools=[lookup]))
        heard = wire.listen("llm.tool_call", on=call)
        ask(wire, tool_call("lookup"))
        assert results(wire) == [("m1", {"t1": "order none"})]
        assert len(heard) == 1


class TestMemory:
    @pytest.mark.parametrize("ids", [{"call_id": "CA1"}, {"session_id": "CA1"}])
    def test_after_the_end(self, ids: dict[str, str]) -> None:
        """memory.ops may come after the end of its call, and reaches its agent with None for it."""
        wire = Wire()
        call = wire.call()
        wire.server("call.ended", **IDS)
        heard = wire.listen("memory.ops", on=call.agent)
        wire.server("memory.ops", **ids, ops=[])
        assert [of for _, _, of in heard] == [None]
