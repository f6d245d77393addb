"""The trace of a call, live and from data."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from pinecall.core.traces.call_trace import CallTraceBase
from pinecall.core.traces.facts import End, Facts
from pinecall.errors import PinecallError

from .script import GREETING, TABLE, came, made


def test_who_and_how() -> None:
    """Frames say who called whom; what the client knew fills in, the agent's own id comes first."""
    trace = made(*GREETING, agent_id="maraBot", from_="?", transport="webrtc")
    assert (trace.call_id, trace.agent_id) == ("CA1", "maraBot")
    assert (trace.from_, trace.to) == ("+34607827824", "+13186330963")
    assert (trace.direction, trace.transport) == ("inbound", "phone")
    known = made(agent_id="", from_="chat", to="mara", direction="outbound", transport="chat")
    assert (known.from_, known.to, known.agent_id) == ("chat", "mara", "")
    assert (known.direction, known.transport) == ("outbound", "chat")
    assert (made().direction, made().transport) == ("inbound", "unknown")
    assert made(*GREETING).agent_id == "mara"


def test_the_end_by_the_client() -> None:
    """The call's own figures count, where it has them."""
    end = End(at=7.0, reason="hangup", started_at=100.0, ended_at=107.5, duration=7.5)
    trace = made(came(6.9, "call.ended", reason="other", duration_seconds=1), end=end, began=99.0)
    assert (trace.reason, trace.duration) == ("hangup", 7.5)
    assert (trace.started_at, trace.ended_at) == (100.0, 107.5)


def test_the_end_by_the_frames() -> None:
    """Without them the frames say it."""
    trace = made(
        came(
            7.0, "call.ended", reason="hangup", duration_seconds=7.5, started_at=9.0, ended_at=16.5
        )
    )
    assert (trace.reason, trace.duration) == ("hangup", 7.5)
    assert (trace.started_at, trace.ended_at) == (9.0, 16.5)


def test_the_end_by_the_clock() -> None:
    """Without either they are reckoned from this machine's clock, if that is known."""
    trace = made(end=End(at=7.0, reason="connection_lost"), began=99.0)
    assert (trace.started_at, trace.duration, trace.ended_at) == (99.0, 7.0, 106.0)
    assert made(end=End(at=7.0)).ended_at == 0.0
    assert made(end=End(at=7.0)).reason == ""


def test_a_live_call() -> None:
    """Until the end there is none; what comes is there at once."""
    trace = CallTraceBase(Facts(call_id="CA1", agent_id="mara", began=99.0), threading.RLock())
    assert (trace.duration, trace.ended_at, trace.reason, trace.started_at) == (0.0, 0.0, "", 99.0)
    assert (trace.entries, trace.turns, trace.tools, trace.errors) == ((), (), (), ())
    assert repr(trace) == "<CallTraceBase CA1 of 'mara': 0 entries, 0.0 s, goes on>"
    trace._add(0.5, False, '{"event":"chat.message","text":"Hi"}')
    assert trace.turns[0].heard == "Hi"
    trace._add(1.5, True, '{"event":"llm.ready"}')
    trace._add(2.5, False, '{"event":"chat.response","text":"Hello"}')
    [turn] = trace.turns
    assert (turn.said, turn.wait) == ("Hello", 2.0)
    assert [(e.at, e.way, e.name) for e in trace.entries] == [
        (0.5, "in", "chat.message"),
        (1.5, "out", "llm.ready"),
        (2.5, "in", "chat.response"),
    ]
    assert repr(trace) == "<CallTraceBase CA1 of 'mara': 3 entries, 2.5 s, goes on>"
    trace._end = End(at=3.0)
    assert repr(trace) == "<CallTraceBase CA1 of 'mara': 3 entries, 3.0 s, ended>"


def test_entries_are_made_once() -> None:
    """An entry that was read stays the same object."""
    trace = CallTraceBase(Facts(call_id="CA1"))
    trace._add(0.5, False, '{"event":"ping"}')
    assert trace.entries[0] is trace.entries[0]


def test_the_same_from_data() -> None:
    """A trace that is made of another one's entries says the same."""
    live = CallTraceBase(Facts(call_id="CA1"))
    for entry in (*GREETING, *TABLE):
        live._kept.append(entry)
        live._ats.append(entry.at)
        live._ways.append(entry.way == "out")
    again = CallTraceBase._of(Facts(call_id="CA1"), live.entries, [(1.0, PinecallError("no"))])
    assert (again.entries, again.turns, again.tools) == (live.entries, live.turns, live.tools)
    assert [error.message for error in again.errors] == ["no"]


def test_its_text_is_one_line() -> None:
    """Whatever an id or a reason holds, a repr is one line."""
    trace = CallTraceBase._of(
        Facts(call_id="C\nA", agent_id="m\r\na"), (), end=End(at=1.0, reason="a\nb")
    )
    assert repr(trace) == r"<CallTraceBase C A of 'm\r\na': 0 entries, 1.0 s, a b>"


def test_redacting() -> None:
    """What is redacted is as if it had passed so, and the numbers of the call go."""

    def redacted(frame: dict[str, Any], call_id: str) -> str | None:
        assert call_id == "CA1"
        return (
            None if frame["event"] == "user.speaking" else '{"event":"chat.message","text":"***"}'
        )

    trace = made(*TABLE[:3], from_="+34607827824", to="+13186330963")
    trace._redact(redacted)
    assert [(entry.at, entry.name) for entry in trace.entries] == [
        (2.0, "chat.message"),
        (3.0, "chat.message"),
    ]
    assert [turn.heard for turn in trace.turns] == ["***", "***"]
    assert (trace.from_, trace.to) == ("", "")


@pytest.mark.parametrize("name", ["transcript", "rows"])
def test_for_people_and_tables(name: str) -> None:
    """Both are there for a call without any turn."""
    assert getattr(made(), name)() in ([], "call CA1 of an unknown agent: inbound unknown, ? → ?")
