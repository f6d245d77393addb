"""Tool calls and their results, as the wire writes them."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.traces.tools import Tools

from .script import back, went


def run(arguments: Any, **more: Any) -> Any:
    tools = Tools()
    [one] = tools.asked({"tool_calls": [{"id": "t1", "arguments": arguments, **more}]}, 1.0)
    return one


def test_a_round() -> None:
    """A call has its arguments at once, its result and its end when the program answered."""
    tools = Tools()
    [one] = tools.asked(went(1.0).frame, 1.0)
    assert (one.name, one.arguments, one.result, one.ended) == ("find", {"party": 2}, None, None)
    tools.answered(back(1.5, result={"at": "20:30"}).frame, 1.5)
    shown = one.shown(3)
    assert (shown.result, shown.error) == ({"at": "20:30"}, None)
    assert (shown.started, shown.ended, shown.turn) == (1.0, 1.5, 3)


def test_repeats() -> None:
    """A repeated call is not another, and of two results the first counts."""
    tools = Tools()
    tools.asked(went(1.0).frame, 1.0)
    assert tools.asked(went(2.0).frame, 2.0) == []
    tools.answered(back(3.0, result=1).frame, 3.0)
    tools.answered(back(4.0, result=2).frame, 4.0)
    [one] = tools.runs
    assert (one.started, one.ended, one.result) == (1.0, 3.0, 1)


def test_a_round_of_several() -> None:
    """Parallel calls of a round run side by side and end together; later rounds are others."""
    tools = Tools()
    calls = [{"id": "a", "name": "one"}, {"id": "b", "name": "two"}]
    tools.asked({"msg_id": "m1", "tool_calls": calls}, 1.0)
    tools.asked({"msg_id": "m2", "tool_calls": [{"id": "c", "name": "one"}]}, 3.0)
    tools.answered(back(2.0, "a", "b").frame, 2.0)
    assert [(one.name, one.ended) for one in tools.runs] == [
        ("one", 2.0),
        ("two", 2.0),
        ("one", None),
    ]


def test_calls_without_an_id() -> None:
    """Without ids a call is known by its round and its place in it."""
    tools = Tools()
    frame = {"msg_id": "m1", "tool_calls": [{"name": "a"}, {"name": "b"}]}
    assert len(tools.asked(frame, 1.0)) == 2
    assert tools.asked(frame, 2.0) == []
    assert len(tools.asked({**frame, "msg_id": "m2"}, 3.0)) == 2


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ('{"a":1}', {"a": 1}),
        ("", {}),
        (None, {}),
        ({"a": 1}, {"a": 1}),
        ("[1]", "[1]"),
        ("{broken", "{broken"),
    ],
)
def test_arguments(given: Any, shown: Any) -> None:
    """Arguments are the object in the text, and the text itself where there is none in it."""
    assert run(given).arguments == shown


def test_the_form_of_openai() -> None:
    """Name and arguments may be under ``function``."""
    one = run(None, function={"name": "find", "arguments": '{"a":1}'})
    assert (one.name, one.arguments) == ("find", {"a": 1})


@pytest.mark.parametrize(
    ("result", "error"),
    [({"error": "no table"}, "no table"), ({"error": {"code": 5}}, "{'code': 5}")],
)
def test_errors(result: Any, error: str) -> None:
    """A result that is only an error is shown as the tool's error."""
    tools = Tools()
    tools.asked(went(1.0).frame, 1.0)
    tools.answered(back(2.0, result=result).frame, 2.0)
    assert (tools.runs[0].error, tools.runs[0].result) == (error, None)


def test_a_result_with_an_error_in_it() -> None:
    """A result that has more than an error is a result."""
    tools = Tools()
    tools.asked(went(1.0).frame, 1.0)
    tools.answered(back(2.0, result={"error": None, "rows": 3}).frame, 2.0)
    assert (tools.runs[0].error, tools.runs[0].result) == (None, {"error": None, "rows": 3})


@pytest.mark.parametrize("wrong", [None, 5, [7, None], [{"tool_call_id": "other"}], [[]]])
def test_nonsense(wrong: Any) -> None:
    """What is no list of calls or results is left alone."""
    tools = Tools()
    assert (
        tools.asked({"tool_calls": wrong if wrong != [{"tool_call_id": "other"}] else None}, 1.0)
        == []
    )
    tools.answered({"results": wrong}, 2.0)
    assert tools.runs == []
