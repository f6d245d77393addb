"""Tool calls: each runs once, each round is answered once, in the order of its calls."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.tools.rounds import ToolResult
from pinecall.core.wire.limits import LEDGER_ROUNDS
from pinecall.errors import ConfigurationError, RequestTimeout

from ..harness import Wire
from .asking import IDS, broken, final, hidden, lookup, ran, results, round_of, slow, with_tools


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    ran.clear()


def test_a_round() -> None:
    """All tools of a round run, and one frame has their results in the order of the calls."""
    wire, _ = with_tools(lookup, slow)
    wire.hold_jobs = True
    wire.server(round_of(("lookup", '{"order": "1"}'), ("slow", '{"order": "2"}')))
    wire.jobs.reverse()
    assert wire.sent() == []
    wire.run_jobs()
    assert ran == ["2", ("1", "CA1")]
    assert wire.sent() == [
        {
            "event": "llm.tool_result",
            "call_id": "CA1",
            "msg_id": "m1",
            "results": [
                {"tool_call_id": "t0", "result": {"order": "1"}},
                {"tool_call_id": "t1", "result": "slow 2"},
            ],
        }
    ]


def test_how_they_run() -> None:
    """A plain function may block, so it is for a thread; a coroutine function is awaited."""
    wire, _ = with_tools(lookup, slow)
    wire.hold_jobs = True
    wire.server(round_of(("lookup", '{"order": "1"}'), ("slow", "")))
    assert [(job.threaded, job.coroutine) for job in wire.jobs] == [(True, False), (False, True)]
    assert [job.label for job in wire.jobs] == ["tool lookup", "tool slow"]


def test_told_before_it_runs() -> None:
    """llm.tool_call reaches handlers before the tools run."""
    wire, call = with_tools(lookup)
    seen: list[Any] = []
    call._add_handler("llm.tool_call", lambda event, c: seen.append((len(ran), event.tool_calls)))
    wire.server(round_of(("lookup", '{"order": "1"}')))
    assert seen[0][0] == 0
    assert len(ran) == 1


def test_history_of_ephemeral_rounds() -> None:
    """A round of nothing but ephemeral tools leaves no trace in the conversation."""
    wire, call = with_tools(hidden)
    wire.server("user.message", **IDS, message_id="u1", text="Hi")
    wire.server(round_of(("hidden", ""), ("hidden", "")))
    assert [m["role"] for m in call.messages] == ["user"]


def test_errors_are_told() -> None:
    """A tool that raises is an error for the handlers too, with the cause."""
    wire, call = with_tools(broken)
    told = wire.listen("error", on=call.agent)
    wire.server(round_of(("broken", "")))
    error = told[0][1]
    assert (error.code, error.call_id, error.agent_id) == ("HANDLER_ERROR", "CA1", "mara")
    assert isinstance(error.__cause__, KeyError)
    assert "tool broken" in error.message


def test_wrong_arguments_are_told() -> None:
    """A model's wrong arguments are an error for the handlers, in which the tool and the call are
    named."""
    wire, call = with_tools(lookup)
    told = wire.listen("error", on=call.agent)
    wire.server(round_of(("lookup", "{}")))
    ((_, error),) = told
    assert (error.code, error.call_id, error.agent_id) == ("TOOL_ARGUMENT_ERROR", "CA1", "mara")
    assert error.message == "tool lookup, call CA1 of agent 'mara': order: missing"


def test_unknown_tools_are_told() -> None:
    """A tool that is not declared is an error for the model, and for the handlers."""
    wire, call = with_tools(slow)
    told = wire.listen("error", on=call.agent)
    wire.server(round_of(("other", ""), ("slow", "")))
    assert [one["result"] for one in results(wire)] == [
        {"error": "Unknown tool: other"},
        "slow none",
    ]
    ((_, error),) = told
    assert (error.code, error.call_id, error.agent_id) == ("UNKNOWN_TOOL", "CA1", "mara")
    assert "the model called 'other': Unknown tool: other" in error.message


class TestOnce:
    def test_repeated_while_running(self) -> None:
        """A repeat of a round that runs starts nothing and sends nothing."""
        wire, call = with_tools(slow)
        wire.hold_jobs = True
        told = wire.listen("llm.tool_call", on=call)
        wire.server(round_of(("slow", "")))
        wire.server(round_of(("slow", "")))
        assert len(wire.jobs) == len(told) == 1
        assert wire.sent() == []

    def test_repeated_when_done(self) -> None:
        """A repeat of a round that is done sends the same results again, and runs nothing."""
        wire, call = with_tools(slow)
        wire.server(round_of(("slow", "")))
        first = wire.sent()
        wire.server(round_of(("slow", "")))
        wire.server(round_of(tool_calls=[]))
        assert wire.sent() == first * 2
        assert len(ran) == 1
        assert len(call.messages) == 2

    def test_after_a_reconnect(self) -> None:
        """A round repeated on the next connection is answered from what was stored."""
        wire, _ = with_tools(slow)
        wire.hold_jobs = True
        wire.server(round_of(("slow", "")))
        wire.lost()
        wire.run_jobs()
        assert wire.sent() == []
        wire.reconnect()
        wire.sent()
        wire.server("agent.resumed", agent_id="mara")
        assert len(results(wire)) == 1
        wire.server(round_of(("slow", "")))
        assert len(results(wire)) == 1
        assert len(ran) == 1

    def test_same_id_on_two_calls(self) -> None:
        """The same round id on two calls runs on both."""
        wire, _ = with_tools(slow)
        wire.call(call_id="CA2")
        wire.server(round_of(("slow", "")))
        wire.server({**round_of(("slow", "")), "call_id": "CA2"})
        assert len(ran) == 2

    def test_two_rounds(self) -> None:
        """Two rounds of one call are two rounds."""
        wire, _ = with_tools(slow)
        wire.server(round_of(("slow", "")))
        wire.server(round_of(("slow", ""), msg_id="m2"))
        assert [frame["msg_id"] for frame in wire.sent()] == ["m1", "m2"]

    @pytest.mark.parametrize("call_id", ["chat-1", "wa-1"])
    def test_every_channel(self, call_id: str) -> None:
        """A chat's round, and a WhatsApp session's, run once, too."""
        wire = Wire()
        wire.agent(tools=[slow])
        frame = {**round_of(("slow", "")), "call_id": call_id}
        wire.server(frame)
        wire.server(frame)
        assert len(ran) == 1
        assert wire.sent_events() == ["llm.tool_result", "llm.tool_result"]

    def test_by_hand(self) -> None:
        """A handler that answers by hand is asked once; a repeat gets what it has answered."""
        wire, call = with_tools()
        told = wire.listen("llm.tool_call", on=call)
        frame = round_of(("one", ""), ("two", ""))
        wire.server(frame)
        wire.server(frame)
        assert wire.sent() == []
        first, second = ToolResult("t0", 1), ToolResult("t1", 2, no_followup=True)
        call.tool_result("m1", [first])
        call.tool_result("m1", [second])
        assert len(wire.sent()) == 2
        wire.server(frame)
        assert results(wire) == [first.to_wire(), second.to_wire()]
        assert len(told) == 1

    def test_released_with_the_call(self) -> None:
        """What is remembered of rounds goes with the call."""
        wire, call = with_tools(slow)
        wire.server(round_of(("slow", "")))
        wire.server("call.ended", **IDS)
        assert not call._ledger
        assert call._conversation.ids() == {}


class TestTimeAndEnd:
    def test_timeout(self) -> None:
        """A tool that takes too long is an error for the model and stopped; the others are kept."""
        wire, call = with_tools(final, slow)
        wire.hold_jobs = True
        told = wire.listen("error")
        wire.server(round_of(("final", ""), ("slow", "")))
        hanging, quick = wire.jobs
        stopped: list[bool] = []
        hanging.stop = lambda: stopped.append(True)
        wire.run_job(quick)
        wire.at(4.9)
        assert wire.sent() == []
        wire.at(5)
        first, second = results(wire)
        assert "no answer within 5 s" in first["result"]["error"]
        assert second["result"] == "slow none"
        assert stopped == [True]
        assert hanging.over
        assert isinstance(told[0][1], RequestTimeout)
        assert told[0][1].code == "TOOL_TIMEOUT"
        assert call._ledger

    def test_late_result(self) -> None:
        """A result that comes after the timeout changes nothing, nor does a late error."""
        wire, _ = with_tools(final)
        wire.hold_jobs = True
        told = wire.listen("error")
        wire.server(round_of(("final", "")))
        wire.at(5)
        wire.sent()
        wire.jobs[0].finished("late")
        wire.jobs[0].failed(ValueError("late"))
        wire.settle()
        assert wire.sent() == []
        assert len(told) == 1

    def test_end_of_the_call(self) -> None:
        """A tool that still runs when the call ends is stopped, and nothing is sent."""
        wire, _ = with_tools(slow, final)
        wire.hold_jobs = True
        told = wire.listen("error")
        wire.server(round_of(("slow", ""), ("final", "")))
        running, done = wire.jobs
        stopped: list[bool] = []
        running.stop = lambda: stopped.append(True)
        wire.run_job(done)
        wire.server("call.ended", **IDS)
        assert stopped == [True]
        running.finished("late")
        running.failed(ValueError("late"))
        wire.settle()
        assert wire.sent() == []
        assert told == []
        wire.at(20)
        assert wire.sent() == []

    def test_cancelled_before_it_ran(self) -> None:
        """A job that was cancelled before a front took it is marked as over."""
        wire, _ = with_tools(slow)
        wire.hold_jobs = True
        wire.server(round_of(("slow", "")))
        (job,) = wire.jobs
        assert not job.over
        wire.server("call.ended", **IDS)
        assert job.over
        wire.run_jobs()
        assert ran == []
        assert wire.sent() == []

    def test_results_that_find_no_room(self) -> None:
        """A result that can no longer be queued is reported, not raised at the tool."""
        wire, call = with_tools(slow)
        wire.hold_jobs = True
        wire.server(round_of(("slow", "")))
        told = wire.listen("error")
        wire.lost()
        for _ in range(256):
            call.forward("+15558675309")
        wire.run_jobs()
        assert told[0][1].code == "SEND_QUEUE_FULL"


class TestByHand:
    def test_history(self) -> None:
        """Results given by hand enter the conversation like a tool's, once."""
        wire, call = with_tools()
        wire.listen("llm.tool_call", on=call)
        wire.server(round_of(("one", ""), ("two", "")))
        call.tool_result("m1", [ToolResult("t0", {"ok": 1}), ToolResult("t1", ephemeral=True)])
        call.tool_result("m1", [ToolResult("t0", {"ok": 1})])
        assert [m["role"] for m in call.messages] == ["assistant", "tool"]
        assert call.messages[1] == {"role": "tool", "tool_call_id": "t0", "content": '{"ok":1}'}

    def test_history_of_ephemeral_rounds(self) -> None:
        """A round whose results by hand are all ephemeral leaves no trace, once it is complete."""
        wire, call = with_tools()
        wire.listen("llm.tool_call", on=call)
        wire.server(round_of(("one", ""), ("two", "")))
        call.tool_result("m1", [ToolResult("t0", ephemeral=True)])
        assert len(call.messages) == 1
        call.tool_result("m1", [ToolResult("t1", ephemeral=True)])
        assert call.messages == []

    def test_after_the_call(self) -> None:
        """A round that a handler has not answered when the call ends is forgotten with it."""
        wire, call = with_tools()
        wire.listen("llm.tool_call", on=call)
        wire.server(round_of(("one", "")))
        wire.server("call.ended", **IDS)
        assert not call._ledger
        assert wire.sent() == []

    def test_forms(self) -> None:
        """Results are ToolResults or dicts of their fields; flags go out only when true."""
        wire = Wire()
        wire.call().tool_result(
            "m1",
            [
                ToolResult("t0"),
                {"tool_call_id": "t1", "result": False, "ephemeral": True, "no_followup": False},
            ],
        )
        assert results(wire) == [
            {"tool_call_id": "t0", "result": None},
            {"tool_call_id": "t1", "result": False, "ephemeral": True},
        ]

    @pytest.mark.parametrize(
        ("bad", "words"),
        [
            (ToolResult("t0"), "takes a list"),
            ({"tool_call_id": "t0"}, "takes a list"),
            ("done", "takes a list"),
            (5, "takes a list"),
            (["x"], "a tool result is a ToolResult or a dict"),
            ([{"result": 1}], "a tool result is a ToolResult or a dict"),
            ([{"tool_call_id": "t0", "noFollowup": True}], "noFollowup"),
        ],
    )
    def test_bad_forms(self, bad: Any, words: str) -> None:
        """Anything else is refused with the right form in the message."""
        with pytest.raises(ConfigurationError, match=words):
            Wire().call().tool_result("m1", bad)

    def test_bad_round(self) -> None:
        """The round is named by its msg_id, a text."""
        with pytest.raises(ConfigurationError, match=r"the msg_id of the llm\.tool_call, not int"):
            Wire().call().tool_result(5, [])  # type: ignore[arg-type]


class TestLedger:
    """Decided by call and tool_call_id: each runs once, and is answered wherever it is asked for."""

    def test_a_known_id_in_another_round(self) -> None:
        """Its stored result is the answer, under the message id that asks."""
        wire, call = with_tools(slow)
        wire.server(round_of(("slow", "")))
        wire.server(round_of(("slow", ""), msg_id="m2"))
        first, second = wire.sent()
        assert (first["msg_id"], second["msg_id"]) == ("m1", "m2")
        assert first["results"] == second["results"]
        assert len(ran) == 1
        assert [m["role"] for m in call.messages] == ["assistant", "tool"]

    def test_a_new_id_in_a_known_round(self) -> None:
        """A new id runs though its message id is known."""
        wire, _ = with_tools(slow)
        wire.server(round_of(("slow", "")))
        calls = [{"id": "t9", "name": "slow", "arguments": '{"order": "9"}'}]
        wire.server(round_of(tool_calls=calls))
        assert [frame["results"][0]["tool_call_id"] for frame in wire.sent()] == ["t0", "t9"]
        assert ran == ["none", "9"]

    def test_one_id_several_times_in_a_round(self) -> None:
        """It runs once, and each of its places is answered."""
        wire, _ = with_tools(slow)
        calls = [{"id": "t0", "name": "slow", "arguments": ""}] * 3
        wire.server(round_of(tool_calls=calls))
        assert results(wire) == [{"tool_call_id": "t0", "result": "slow none"}] * 3
        assert len(ran) == 1

    def test_asked_again_while_it_runs(self) -> None:
        """A round that shares a running call is answered when that is done."""
        wire, _ = with_tools(slow)
        wire.hold_jobs = True
        wire.server(round_of(("slow", "")))
        both = [
            {"id": "t0", "name": "slow", "arguments": ""},
            {"id": "t1", "name": "slow", "arguments": ""},
        ]
        wire.server(round_of(tool_calls=both, msg_id="m2"))
        assert len(wire.jobs) == 2 and wire.sent() == []
        wire.run_jobs()
        assert [(frame["msg_id"], len(frame["results"])) for frame in wire.sent()] == [
            ("m1", 1),
            ("m2", 2),
        ]

    def test_without_a_message_id(self) -> None:
        """Rounds without a message id are distinguished by the ids in them; without any they cannot
        be."""
        wire, _ = with_tools(slow)
        for number in (1, 2, 2):
            calls = [{"id": f"t{number}", "name": "slow", "arguments": f'{{"order": "{number}"}}'}]
            wire.server({**round_of(tool_calls=calls), "msg_id": None})
        assert ran == ["1", "2"]
        assert len(wire.sent()) == 3
        for _ in range(2):
            calls = [{"name": "slow", "arguments": '{"order": "x"}'}]
            wire.server({**round_of(tool_calls=calls), "msg_id": None})
        assert ran == ["1", "2", "x", "x"]
        assert len(wire.sent()) == 2

    def test_by_hand(self) -> None:
        """A handler is asked for new ids only; what it has answered once answers the others."""
        wire, call = with_tools()
        told = wire.listen("llm.tool_call", on=call)
        one, two = ({"id": f"t{n}", "name": "x", "arguments": ""} for n in (1, 2))
        wire.server(round_of(tool_calls=[one]))
        call.tool_result("m1", [ToolResult("t1", "first")])
        wire.sent()
        wire.server(round_of(tool_calls=[one, two], msg_id="m2"))
        wire.server(round_of(tool_calls=[one], msg_id="m3"))
        assert [event.tool_calls for _, event, _ in told] == [[one], [two]]
        assert [(f["msg_id"], f["results"]) for f in wire.sent()] == [
            ("m2", [{"tool_call_id": "t1", "result": "first"}]),
            ("m3", [{"tool_call_id": "t1", "result": "first"}]),
        ]
        call.tool_result("m2", [ToolResult("t2", "second")])
        assert [m["role"] for m in call.messages] == ["assistant", "tool"] * 2

    def test_by_hand_for_a_round_of_tools(self) -> None:
        """A result by hand for a round whose tools run here changes nothing but what is sent."""
        wire, call = with_tools(slow)
        wire.server(round_of(("slow", "")))
        wire.sent()
        call.tool_result("m1", [ToolResult("t0", "by hand")])
        wire.server(round_of(("slow", "")))
        assert [f["results"][0]["result"] for f in wire.sent()] == ["by hand", "slow none"]

    def test_the_oldest_are_forgotten(self) -> None:
        """A call remembers a bounded number of answered rounds, and never forgets one that runs."""
        wire, call = with_tools(slow)
        for number in range(LEDGER_ROUNDS + 1):
            calls = [{"id": f"t{number}", "name": "slow", "arguments": ""}]
            wire.server(round_of(tool_calls=calls, msg_id=f"m{number}"))
        assert len(call._ledger.rounds) == len(call._ledger.runs) == LEDGER_ROUNDS
        assert "t0" not in call._ledger.runs
        wire.hold_jobs = True
        for number in range(LEDGER_ROUNDS + 1):
            calls = [{"id": f"r{number}", "name": "slow", "arguments": ""}]
            wire.server(round_of(tool_calls=calls, msg_id=f"r{number}"))
        assert len(call._ledger.rounds) == LEDGER_ROUNDS + 1

    def test_long_ids(self) -> None:
        """What the ids take is bounded too; an id that another round has stays known."""
        wire, call = with_tools(slow)
        for number in range(4):
            calls = [{"id": f"{n}" * 200, "name": "slow", "arguments": ""} for n in range(9)]
            wire.server(round_of(tool_calls=calls * 60, msg_id=f"m{number}"))
        assert len(call._ledger.rounds) < 4
        assert set(call._ledger.runs) == {f"{n}" * 200 for n in range(9)}
