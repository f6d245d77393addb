"""Tool calls: which tool runs, with which arguments, and what the model reads of its result."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pinecall.core.tools.rounds import ToolResult
from pinecall.skills import Skill
from pinecall.tools import tool

from ..harness import Wire
from .asking import (
    broken,
    final,
    hidden,
    lookup,
    odd,
    ran,
    results,
    round_of,
    silent,
    slow,
    with_tools,
)


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    ran.clear()


@pytest.mark.parametrize("arguments", ['{"order": "7"}', {"order": "7"}])
def test_arguments(arguments: Any) -> None:
    """Arguments may be text or an object; the tool gets them by their hints, and the call."""
    wire, _ = with_tools(lookup)
    wire.server(round_of(("lookup", arguments)))
    assert ran == [("7", "CA1")]


@pytest.mark.parametrize("arguments", ["", None, {}])
def test_no_arguments(arguments: Any) -> None:
    """Empty arguments count as none."""
    wire, _ = with_tools(slow)
    wire.server(round_of(("slow", arguments)))
    assert ran == ["none"]


def test_openai_form() -> None:
    """Name and arguments are also read from function."""
    wire, _ = with_tools(lookup)
    frame = round_of()
    function = {"name": "lookup", "arguments": '{"order": "1"}'}
    frame["tool_calls"] = [{"id": "t0", "type": "function", "function": function}]
    wire.server(frame)
    assert results(wire) == [{"tool_call_id": "t0", "result": {"order": "1"}}]


def test_message_id() -> None:
    """The round's id is also read from message_id."""
    wire, _ = with_tools(slow)
    wire.server(round_of(("slow", ""), msg_id=None, message_id="m7"))
    assert wire.sent()[0]["msg_id"] == "m7"


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("nothing", "", "Unknown tool: nothing"),
        ("lookup", "{", "not JSON"),
        ("lookup", "[]", "expected a JSON object"),
        ("lookup", "{}", "order: missing"),
        ("lookup", '{"order": 5}', "order: expected str"),
        ("broken", "", "gone"),
    ],
)
def test_errors(name: str, arguments: str, message: str) -> None:
    """An unknown tool, bad JSON, wrong arguments and an exception are errors that the model can
    read, and the other results are there."""
    wire, _ = with_tools(lookup, broken, silent)
    wire.server(round_of((name, arguments), ("silent", "")))
    error, other = results(wire)
    assert message in error["result"]["error"]
    assert other == {"tool_call_id": "t1", "result": None}


class Missing(KeyError):
    def __str__(self) -> str:
        return "there is no such order"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (KeyError("nope"), "KeyError: 'nope'"),
        (KeyError(), "KeyError"),
        (Missing("nope"), "there is no such order"),
        (ValueError("no order ORD-1"), "no order ORD-1"),
        (IndexError(" "), "IndexError"),
    ],
)
def test_what_the_model_reads_of_an_exception(error: Exception, text: str) -> None:
    """The message as it is; the exception's name too where the message alone says nothing."""

    @tool
    def broken() -> None:
        """It breaks."""
        raise error

    wire, _ = with_tools(broken)
    wire.server(round_of(("broken", "")))
    assert results(wire)[0]["result"] == {"error": text}


def test_an_exception_without_words() -> None:
    """An exception without a message is answered with its name."""

    @tool
    def mute() -> None:
        """It raises without a word."""
        raise RuntimeError

    wire, _ = with_tools(mute)
    wire.server(round_of(("mute", "")))
    assert results(wire)[0]["result"] == {"error": "RuntimeError"}


@pytest.mark.parametrize("value", [None, False, 0, "", [], {}])
def test_falsy_results(value: Any) -> None:
    """A falsy result arrives as it is; nothing is null and no error."""

    @tool
    def falsy() -> Any:
        """It says little."""
        return value

    wire, _ = with_tools(falsy)
    wire.server(round_of(("falsy", "")))
    assert results(wire) == [{"tool_call_id": "t0", "result": value}]


def test_what_is_no_json() -> None:
    """A result that has no JSON form is answered with an error that names its type."""
    wire, _ = with_tools(odd)
    wire.server(round_of(("odd", "")))
    (answer,) = results(wire)
    assert answer["tool_call_id"] == "t0"
    assert set(answer["result"]) == {"error"}
    assert "holds the class object, which has no JSON form" in answer["result"]["error"]


def test_flags() -> None:
    """A result has its call's id and the value; ephemeral and no_followup only when true."""
    wire, _ = with_tools(hidden, final)
    wire.server(round_of(("hidden", ""), ("final", "")))
    assert results(wire) == [
        {"tool_call_id": "t0", "result": 0, "ephemeral": True},
        {"tool_call_id": "t1", "result": "", "no_followup": True},
    ]


def test_history() -> None:
    """The conversation gets the assistant's tool calls and the results that are not ephemeral."""
    wire, call = with_tools(slow, hidden)
    wire.server(round_of(("slow", ""), ("hidden", "")))
    roles = [(m["role"], m.get("content")) for m in call.messages]
    assert roles == [("assistant", None), ("tool", "slow none")]
    assert call.messages[1]["tool_call_id"] == "t0"


def test_history_of_objects() -> None:
    """A result that is not text is kept as its JSON."""
    wire, call = with_tools(lookup)
    wire.server(round_of(("lookup", '{"order": "1"}')))
    assert json.loads(call.messages[-1]["content"]) == {"order": "1"}


def test_session_begun_before_us() -> None:
    """A WhatsApp session's round is run though its start was not seen, and keeps its flags."""
    wire = Wire()
    wire.agent(tools=[final])
    wire.server({**round_of(("final", "")), "call_id": "wa-1"})
    assert results(wire) == [{"tool_call_id": "t0", "result": "", "no_followup": True}]


class TestNobodyRunsIt:
    @pytest.mark.parametrize(
        ("call_id", "agent_id"),
        [("CA9", None), ("wa-9", None), ("wa-9", "stranger"), ("chat-9", None)],
    )
    def test_unknown_call(self, call_id: str, agent_id: str | None) -> None:
        """A tool call of an unknown call that names no agent of ours is run by nobody."""
        wire = Wire()
        wire.agent(tools=[slow])
        wire.server(round_of(("slow", ""), call_id=call_id, agent_id=agent_id))
        assert ran == []
        assert wire.sent() == []

    def test_without_tool_calls(self) -> None:
        """A frame without tool calls runs nothing, sends nothing and does not fire."""
        wire, _ = with_tools(slow)
        told = wire.listen("llm.tool_call")
        wire.server(round_of())
        assert wire.sent() == []
        assert told == []

    def test_by_hand(self) -> None:
        """Without declared tools a handler answers by hand."""
        wire, call = with_tools()
        call._add_handler(
            "llm.tool_call",
            lambda event, c: c.tool_result(
                event.msg_id, [ToolResult("t0", {"ok": 1}, no_followup=True)]
            ),
        )
        wire.server(round_of(("anything", "")))
        assert results(wire) == [{"tool_call_id": "t0", "result": {"ok": 1}, "no_followup": True}]

    def test_by_hand_beside_declared_tools(self) -> None:
        """A round of tools that nobody declared is the handler's, also where there are others."""
        wire, call = with_tools(slow)
        wire.listen("llm.tool_call", on=call)
        wire.server(round_of(("other", "")))
        assert wire.sent() == []

    def test_mixed_round_with_a_handler(self) -> None:
        """In a mixed round the declared tools run, and the others are errors."""
        wire, call = with_tools(slow)
        wire.listen("llm.tool_call", on=call.agent)
        wire.server(round_of(("slow", ""), ("other", "")))
        assert [r["result"] for r in results(wire)] == [
            "slow none",
            {"error": "Unknown tool: other"},
        ]

    def test_nobody_at_all(self) -> None:
        """Without tools and without a handler the model gets an error for each call."""
        wire, _ = with_tools()
        wire.server(round_of(("one", ""), ("two", "")))
        assert [r["result"]["error"] for r in results(wire)] == [
            "Unknown tool: one",
            "Unknown tool: two",
        ]

    def test_openai_dicts(self) -> None:
        """A tool that is only a dict is not run here."""
        wire, _ = with_tools({"type": "function", "function": {"name": "one"}})
        wire.server(round_of(("one", "")))
        assert results(wire)[0]["result"] == {"error": "Unknown tool: one"}

    @pytest.mark.parametrize("garbled", [{}, {"name": None}, {"function": 5, "name": "x"}])
    def test_garbled_calls(self, garbled: dict[str, Any]) -> None:
        """A tool call without a name or an id is answered as an error."""
        wire, _ = with_tools(slow)
        wire.server(round_of(tool_calls=[garbled]))
        assert "Unknown tool" in results(wire)[0]["result"]["error"]


def test_tools_of_skills() -> None:
    """Tools of every declared skill are executable, loaded or not, Skill or dict."""
    wire, _ = with_tools(
        skills=[
            Skill("orders", "…", tools=[lookup]),
            {"name": "more", "description": "…", "tools": [slow]},
            {"name": "none", "description": "…"},
        ]
    )
    wire.server(round_of(("lookup", '{"order": "1"}'), ("slow", "")))
    assert len(ran) == 2
