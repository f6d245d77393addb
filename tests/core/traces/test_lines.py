"""Traces as JSON Lines, there and back, and what is left of a file that was cut off."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import evolve

from pinecall.core.text import secrets
from pinecall.core.traces import lines
from pinecall.core.traces.call_trace import CallTraceBase
from pinecall.core.traces.facts import End, Facts
from pinecall.errors import ConfigurationError, PinecallError

from .script import GREETING, TABLE, came, made

FACTS = Facts(
    call_id="CA1",
    agent_id="mara",
    from_="+34",
    to="+1",
    direction="inbound",
    transport="phone",
    began=9.5,
)


def read(*parts: str | bytes) -> list[CallTraceBase]:
    data = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    return lines.read_lines(data, "calls.jsonl", CallTraceBase)


def sample() -> CallTraceBase:
    end = End(at=62.1, reason="hangup", started_at=9.0, ended_at=71.2, duration=62.2)
    errors = [(1.7, PinecallError("no 💥", "HANDLER_ERROR", agent_id="mara", call_id="CA1"))]
    said = came(6.0, "user.message", turn_id=2, message_id="u2", text="¿Y mañana? 💬")
    return CallTraceBase._of(FACTS, [*GREETING, *TABLE, said], errors, end)


def same(one: CallTraceBase, other: CallTraceBase) -> bool:
    def facts(trace: CallTraceBase) -> list[Any]:
        names = ["call_id", "agent_id", "from_", "to", "direction", "transport", "started_at",
                 "ended_at", "duration", "reason", "entries", "turns", "tools"]  # fmt: skip
        errors = [(error.message, error.code) for error in trace.errors]
        return [*(getattr(trace, name) for name in names), errors, trace.transcript()]

    return facts(one) == facts(other)


def entry(at: float = 1.0, text: str = '{"event":"ping"}', call_id: str = "CA1") -> str:
    return lines.entry_line(call_id, at, False, text)


def test_there_and_back() -> None:
    """A trace that was written and read is the same, to its last word."""
    [again] = read(*lines.lines_of(sample()))
    assert same(again, sample())
    [live] = read(*lines.lines_of(made(*GREETING, agent_id="mara")))
    assert same(live, made(*GREETING, agent_id="mara"))


def test_where_a_trace_is_from() -> None:
    """A trace that was not recorded by a client says so in its head, and is read with it."""
    trace = CallTraceBase._of(evolve(FACTS, source="log"), GREETING)
    [again] = read(*lines.lines_of(trace))
    assert (again._facts, sample()._facts.source) == (trace._facts, "")
    assert "source" not in json.loads(lines.head_line(FACTS))


def test_each_line_is_json() -> None:
    """Each line is an object of its own that any reader takes, and names its call."""
    for line in lines.lines_of(sample()):
        assert line.endswith("\n") and "\n" not in line[:-1]
        assert json.loads(line)["call"] == "CA1"


@pytest.mark.parametrize(
    "text",
    [
        '{"event":"x",\n "text": "a"}',
        '{"event":"x",\r "text": "a"}',
        '{"event":"x","text":"a","n":NaN}',
        '{"event":"x","text":"a","half":"\\ud83d"}',
        '{"event":"x","text":"a","half":"\ud83d"}',
    ],
)
def test_frames_that_are_not_quite_json(text: str) -> None:
    """What a server wrote over several lines, or not quite as JSON, is one line of JSON."""
    line = entry(text=text)
    assert line.count("\n") == 1 and line.isprintable() is False
    assert json.loads(line)["frame"]["text"] == "a"
    [trace] = read(lines.head_line(FACTS), line)
    assert trace.entries[0].frame["text"] == "a"


def test_secrets() -> None:
    """No secret is written, whatever line it would be in; tokens of speech are."""
    secrets.keep("pk_live_of_a_file")
    error = PinecallError("no")
    error.message = "pk_live_of_a_file is refused"
    text = '{"event":"x","a":"pk_live_of_a_file","api_key":"hush"}'
    spoken = '{"event":"bot.reply.stream","token":"Hel","a":"pk_live_of_a_file"}'
    written = "".join(
        [
            lines.head_line(evolve(FACTS, from_="pk_live_of_a_file")),
            entry(text=text, call_id="pk_live_of_a_file"),
            entry(text=spoken),
            lines.error_line("CA1", 1.0, error),
            lines.end_line("CA1", End(at=1.0, reason="pk_live_of_a_file")),
        ]
    )
    assert "pk_live_of_a_file" not in written and "hush" not in written
    assert '"token":"Hel"' in written


def test_calls_side_by_side() -> None:
    """The lines of several calls may alternate; the traces are in the order of their beginnings."""
    first, second = read(
        lines.head_line(FACTS),
        lines.head_line(evolve(FACTS, call_id="CA2")),
        entry(1.0, call_id="CA2"),
        entry(2.0),
        "\n",
        entry(3.0, call_id="CA2"),
    )
    assert [e.at for e in first.entries] == [2.0]
    assert [e.at for e in second.entries] == [1.0, 3.0]


def test_one_id_twice() -> None:
    """Another beginning of the same call is another trace, unless it goes on with the one before."""
    head = lines.head_line(FACTS)
    first, second = read(head, entry(1.0), lines.end_line("CA1", End(at=2.0)), head, entry(3.0))
    assert ([e.at for e in first.entries], [e.at for e in second.entries]) == ([1.0], [3.0])
    routed = lines.end_line("CA1", End(at=2.0, reason="routed"))
    again = lines.head_line(evolve(FACTS, agent_id="ventas"), again=True)
    [trace] = read(head, entry(1.0), routed, again, entry(3.0))
    assert (trace.agent_id, trace.reason, len(trace.entries)) == ("ventas", "", 2)
    [alone] = read(again)
    assert alone.agent_id == "ventas"


def test_cut_off_anywhere() -> None:
    """A file cut at any byte gives what was whole of it, and never an error."""
    whole = "".join(lines.lines_of(sample())).encode()
    complete = sample().entries
    for cut in range(len(whole) + 1):
        traces = read(whole[:cut])
        rows = whole[:cut].count(b"\n")
        if not traces:
            assert rows == 0
            continue
        [trace] = traces
        kept = trace.entries
        assert kept == complete[: len(kept)]
        assert len(kept) >= min(rows - 1, len(complete))
    assert same(read(whole)[0], sample())


def test_going_on_after_a_cut() -> None:
    """A program that goes on with such a file says so, and the torn line is left out."""
    head, torn = lines.head_line(FACTS), entry(2.0)[:-9]
    first, second = read(head, entry(1.0), torn, "\n", lines.mark_line(), head, entry(3.0))
    assert ([e.at for e in first.entries], [e.at for e in second.entries]) == ([1.0], [3.0])
    assert read(head[:-9], "\n", lines.mark_line()) == []


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (lines.head_line(FACTS).replace('"trace":1', '"trace":2'),
         "calls.jsonl, line 1: a trace of version 2, and this SDK reads version 1"),
        ('{"trace":null}\n', "line 1: a trace of version None"),
        ('{"trace":1}\n', "line 1: a trace without the id of its call"),
        (lines.head_line(FACTS) + "garbage\n" + entry(), "line 2: the file is damaged here"),
        (lines.head_line(FACTS) + "garbage\n", "line 2: the file is damaged here"),
        (lines.head_line(FACTS) + "garbage\n[]\n" + lines.mark_line(), "line 2: the file is damaged"),
        (lines.head_line(FACTS) + '{"call":"CA1","at":1}\n', "line 2: not a line of a trace"),
        (lines.head_line(FACTS) + '{"call":"CA1","at":"x","frame":{}}\n', "line 2: not a line"),
        (lines.head_line(FACTS) + '{"call":"CA1","at":1,"way":"up","frame":{}}\n', "line 2: not a line"),
        (lines.head_line(FACTS) + entry(call_id="CA2"), "line 2: the beginning of the trace of call 'CA2'"),
        ('{"name":"package"}\n', "calls.jsonl: not a file of traces"),
        ("hello\nworld\n", "calls.jsonl: not a file of traces"),
        ("hello\n", "calls.jsonl: not a file of traces"),
        (b"\x00\xff\n\x00", "calls.jsonl: not a file of traces"),
        (lines.head_line(FACTS) + "[" * 100_000 + "\n" + entry(), "line 2: the file is damaged here"),
    ],
)  # fmt: skip
def test_what_is_refused(data: str | bytes, says: str) -> None:
    """Another version, damage elsewhere than at the end and other files are told, with the line."""
    with pytest.raises(ConfigurationError) as raised:
        read(data)
    assert says in str(raised.value)


def test_figures_of_other_types() -> None:
    """A figure that is none counts as missing."""
    head = '{"trace":1,"call":"CA1","from":5,"began":"x"}\n'
    [trace] = read(head, '{"call":"CA1","at":2,"end":{"duration":"x"}}\n')
    assert (trace.from_, trace.started_at, trace.duration) == ("", 0.0, 2.0)


def test_nothing() -> None:
    """An empty file has no traces."""
    assert read("") == read("\n\n") == []
