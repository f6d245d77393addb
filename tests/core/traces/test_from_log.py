"""The platform's call log as a trace: the same turns and tools, as far as the log holds them."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from pinecall import ConfigurationError
from pinecall._shared.traces import CallTrace
from pinecall.core.rest.call_log import LogEntry
from pinecall.core.traces.from_log import read_log


def log(*entries: tuple[str, dict[str, Any]], call: str | None = "CA1") -> list[dict[str, Any]]:
    """Entries half a second apart."""
    return [
        {"seq": at, "ts": 1000.0 + at / 2, "call": call, "agent": "mara", "type": kind,
         "ephemeral": False, "data": data}
        for at, (kind, data) in enumerate(entries, 1)
    ]  # fmt: skip


STARTED = ("call.started", {"direction": "inbound", "from": "+34", "to": "+1", "channel": "phone"})
ENDED = ("call.ended", {"reason": "hangup", "duration": 9.5})


def frames(*entries: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [entry.frame for entry in read_log(log(*entries))[1]]


def test_a_phone_call() -> None:
    """What was said becomes the events of a phone call, with ids and times."""
    made = frames(
        ("call.ringing", {"from": "+34", "to": "+1", "direction": "inbound"}),
        STARTED,
        ("user.speaking", {"active": True}),
        ("user.message", {"id": "u1", "text": "a tab", "final": False}),
        ("user.message", {"id": "u1", "text": "a table", "final": True}),
        ("turn.end", {"turn": 1, "latency": {}}),
        ("bot.speaking", {"id": "b1", "text": "At nine."}),
        ("bot.word", {"id": "b1", "w": "At"}),
        ("bot.interrupted", {"id": "b1", "at_word": 1}),
        ("bot.finished", {"id": "b1"}),
        ("skill.loaded", {"skill": "x", "by": "model"}),
        ("docs.sources", {"sources": []}),
        ENDED,
        ("call.summary", {"reason": "hangup"}),
    )
    assert [frame["event"] for frame in made] == [
        "call.ringing", "call.started", "user.message", "turn.end", "bot.speaking", "bot.word",
        "bot.interrupted", "bot.finished", "skill.loaded", "call.ended",
    ]  # fmt: skip
    assert {frame["call_id"] for frame in made} == {"CA1"}
    assert {frame["agent_id"] for frame in made} == {"mara"}
    assert made[1]["transport"] == "phone"
    assert made[3] == {
        "event": "turn.end", "agent_id": "mara", "call_id": "CA1", "message_id": "u1",
        "text": "a table", "turn_id": 1, "ts": 1003.0,
    }  # fmt: skip


def test_rounds_of_tools() -> None:
    """Tools that were called together are one round: one frame each way."""
    _, entries = read_log(
        log(
            STARTED,
            ("tool.call", {"id": "t1", "name": "a", "args": {"x": 1}}),
            ("tool.call", {"id": "t2", "name": "b", "args": "{}"}),
            ("tool.result", {"id": "t1", "name": "a", "result": 1}),
            ("tool.result", {"id": "t2", "name": "b", "result": 2}),
            ("tool.call", {"id": "t3", "name": "a", "args": {}}),
        )
    )
    rounds = [(entry.way, entry.frame) for entry in entries if entry.name.startswith("llm.")]
    assert [way for way, _ in rounds] == ["in", "out", "in"]
    assert rounds[0][1]["tool_calls"] == [
        {"id": "t1", "name": "a", "arguments": {"x": 1}},
        {"id": "t2", "name": "b", "arguments": "{}"},
    ]
    assert rounds[1][1] == {
        "event": "llm.tool_result", "call_id": "CA1", "msg_id": rounds[0][1]["msg_id"],
        "results": [{"tool_call_id": "t1", "result": 1}, {"tool_call_id": "t2", "result": 2}],
    }  # fmt: skip
    assert rounds[2][1]["msg_id"] != rounds[0][1]["msg_id"]
    assert [entry.at for entry in entries] == [0.0, 1.0, 2.0, 2.5]


def test_results_at_the_end() -> None:
    """Results that nothing follows are there too."""
    made = frames(STARTED, ("tool.result", {"id": "t1", "name": "a", "result": 1}))
    assert made[-1]["results"] == [{"tool_call_id": "t1", "result": 1}]


@pytest.mark.parametrize(
    ("channel", "names"),
    [
        ("chat", ["llm.chat.started", "chat.message", "chat.response", "llm.chat.ended"]),
        ("whatsapp", ["whatsapp.session_started", "whatsapp.message", "whatsapp.response",
                      "whatsapp.session_ended"]),
    ],
)  # fmt: skip
def test_written_channels(channel: str, names: list[str]) -> None:
    """A chat or WhatsApp session has the events of its channel."""
    made = frames(
        ("call.started", {"channel": channel, "from": "49151", "metadata": {"a": 1}}),
        ("user.message", {"id": "u1", "text": "hello", "final": True}),
        ("bot.speaking", {"id": "b1", "text": "Hello."}),
        ("bot.finished", {"id": "b1"}),
        ENDED,
    )
    assert [frame["event"] for frame in made] == names
    key = "session_id" if channel == "whatsapp" else "call_id"
    assert {frame[key] for frame in made} == {"CA1"}


def test_entries_of_any_kind() -> None:
    """Objects and dicts are read alike, in any order, each seq once; what is no entry is skipped."""
    known = log(STARTED, ("user.message", {"id": "u1", "text": "a table", "final": True}), ENDED)
    objects = [LogEntry(**entry) for entry in known]
    control = evolve(objects[-1], type="log.caught_up", data={"seq": 3})
    broken = [{**known[0], "seq": "1"}, {**known[0], "ts": None}, {**known[0], "type": 1},
              {**known[0], "agent": None}, {**known[0], "data": []}, "nothing"]  # fmt: skip
    one = read_log(objects)
    other = read_log([*broken, control, *reversed(known), known[0]])
    assert one == other
    assert one[0].source == "log"


@pytest.mark.parametrize(
    "entries",
    [[], log(STARTED, call=None), [*log(STARTED), *log(("x", {}), ENDED, call="CA2")]],
    ids=["none", "of an agent", "of two calls"],
)
def test_not_one_call(entries: list[dict[str, Any]]) -> None:
    """The log of an agent, or of several calls, is refused."""
    with pytest.raises(ConfigurationError, match="takes the log of one call"):
        read_log(entries)


def test_a_trace(tmp_path: Any) -> None:
    """The trace has turns, tools and an end, and says where it comes from when it is saved."""
    trace = CallTrace.from_log(
        log(STARTED, ("user.message", {"id": "u1", "text": "a table", "final": True}),
            ("turn.end", {"turn": 1}), ("tool.call", {"id": "t1", "name": "a", "args": {}}),
            ("tool.result", {"id": "t1", "name": "a", "result": 1}),
            ("bot.speaking", {"id": "b1", "text": "At nine."}), ("bot.finished", {"id": "b1"}), ENDED)
    )  # fmt: skip
    assert [turn.heard for turn in trace.turns] == ["a table"]
    assert trace.tools[0].result == 1
    assert trace.reason == "hangup"
    assert trace.duration == 9.5
    trace.save(tmp_path / "x.jsonl")
    (again,) = CallTrace.load(tmp_path / "x.jsonl")
    assert again.entries == trace.entries
    assert again._facts == trace._facts
