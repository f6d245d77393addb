"""Differences between frames and traces are told field by field."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.traces.entry import TraceEntry
from pinecall.testing.replays.comparing import Names, differences, first_difference, nearest_frame


def entries(*frames: dict[str, Any]) -> list[TraceEntry]:
    """Entries a second apart; a frame with ``results`` is the program's."""
    return [
        TraceEntry(float(at), "out" if "results" in frame else "in", frame["event"], frame)
        for at, frame in enumerate(frames)
    ]


START = {"event": "call.started", "call_id": "CA1", "ts": 1.0}
SAID = {"event": "user.message", "call_id": "CA1", "message_id": "m1", "text": "hello"}
END = {"event": "call.ended", "call_id": "CA1", "reason": "hangup"}


@pytest.mark.parametrize(
    ("expected", "actual", "lines"),
    [
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": 1}, {"a": True}, ["a: expected 1, it is True"]),
        ({"a": "x"}, {"a": "y"}, ["a: expected 'x', it is 'y'"]),
        ({"a": 1}, {}, ["a: missing; expected 1"]),
        ({}, {"a": None}, ["a: not expected; it is None"]),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, ["a[1].b: expected 2, it is 3"]),
        ({"a": [1]}, {"a": [1, 2]}, ["a: expected 1 entries, there are 2"]),
        ({"a": {"b": 1}}, {"a": [1]}, ["a: expected {'b': 1}, it is [1]"]),
    ],
)
def test_fields(expected: Any, actual: Any, lines: list[str]) -> None:
    """Each field that differs has a line with its path."""
    assert differences(expected, actual) == lines


def test_ids_do_not_count() -> None:
    """Ids are compared by their order of appearance, times and sequence numbers not at all."""
    others = [{**frame, "call_id": "CA2", "ts": 9.0, "seq": 4} for frame in (START, SAID, END)]
    others[1]["message_id"] = "m9"
    assert first_difference(entries(START, SAID, END), entries(*others)) is None


def test_an_id_that_is_another() -> None:
    """An id that repeats in one trace, and not in the other, is a difference."""
    again = {**SAID, "message_id": "m2"}
    found = first_difference(entries(SAID, SAID), entries(SAID, again))
    assert found is not None
    assert "message_id: expected '<message 1>', it is '<message 2>'" in str(found)


def test_another_field() -> None:
    """The first entry that is another one is told, with its fields."""
    found = first_difference(
        entries(START, SAID, END), entries(START, {**SAID, "text": "bye"}, END)
    )
    assert found is not None
    assert found.place == 1
    assert str(found).splitlines() == [
        "1.000 s in user.message is another one:",
        "  text: expected 'hello', it is 'bye'",
    ]


def test_missing_and_extra() -> None:
    """An entry that did not come, or came besides, is told."""
    missing = first_difference(entries(START, SAID, END), entries(START, END), times=False)
    extra = first_difference(entries(START, END), entries(START, SAID, END), times=False)
    assert str(missing) == "1.000 s in user.message did not come"
    assert str(extra) == "1.000 s in user.message was not expected"


def test_another_frame() -> None:
    """A frame in another's place is compared with the nearest."""
    other = {"event": "chat.message", "call_id": "CA1", "message_id": "m1", "text": "hello"}
    found = first_difference(entries(START, SAID, END), entries(START, other, END))
    assert found is not None
    assert "the nearest to the first:" in str(found)
    assert "event: expected 'user.message', it is 'chat.message'" in str(found)


def test_the_end_is_missing() -> None:
    """A trace that stops earlier lacks its last entries."""
    found = first_difference(entries(START, SAID, END), entries(START))
    assert found is not None
    assert len(found.lines) == 2


def test_times() -> None:
    """An entry at another time is a difference, unless times do not count."""
    late = [
        TraceEntry(entry.at + 0.2, entry.way, entry.name, entry.frame) for entry in entries(START)
    ]
    found = first_difference(entries(START), late)
    assert found is not None
    assert "at: expected 0.000 s, it was 0.200 s" in str(found)
    assert first_difference(entries(START), late, times=False) is None


def test_many_lines_are_cut() -> None:
    """A difference of many fields is told in a few lines."""
    wide = {**START, **{f"k{number}": number for number in range(50)}}
    assert "... and 39 more" in str(first_difference(entries(START), entries(wide)))


def test_the_nearest_frame() -> None:
    """The nearest frame is one of the same name, with the fewest differences."""
    near = {**SAID, "text": "hello!"}
    assert nearest_frame(SAID, [END, {"event": "user.message"}, near]) is near
    assert nearest_frame(SAID, []) is None


def test_names_inside() -> None:
    """Ids inside of lists and objects are named too."""
    named = Names().of(
        {"tool_calls": [{"id": "t1", "name": "x"}], "results": [{"tool_call_id": "t1"}]}
    )
    assert named == {
        "tool_calls": [{"id": "<tool call 1>", "name": "x"}],
        "results": [{"tool_call_id": "<tool call 1>"}],
    }
