"""How two frames, or two traces, differ: told field by field."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from attrs import frozen

__all__ = ["Difference", "Names", "differences", "first_difference", "nearest_frame"]

#: Keys whose values are ids, which are new in each call.
IDS = {
    "call_id": "call", "session_id": "call", "message_id": "message", "msg_id": "round",
    "tool_call_id": "tool call", "id": "tool call", "request_id": "request",
    "cancelled_message_id": "message", "phone_number": "session",
}  # fmt: skip
#: Keys whose values say only when and where it was.
VOLATILE = frozenset({"seq", "ts", "timestamp", "started_at", "ended_at", "latency_ms", "lag_ms"})
#: Seconds by which a frame may come earlier or later than in the stored trace.
TOLERANCE = 0.005
#: Lines that a difference is told in.
SHOWN = 12


class Names:
    """Numbers ids in the order in which they appear, so that those of two calls can be compared."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def of(self, frame: Any) -> Any:
        """Return a frame with numbered ids and without the volatile keys."""
        if isinstance(frame, dict):
            return {
                key: self._name(IDS[key], value)
                if key in IDS and isinstance(value, str) and value
                else self.of(value)
                for key, value in frame.items()
                if key not in VOLATILE
            }
        if isinstance(frame, list):
            return [self.of(one) for one in frame]
        return frame

    def _name(self, kind: str, value: str) -> str:
        if value not in self._known:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._known[value] = f"<{kind} {self._counts[kind]}>"
        return self._known[value]


def differences(expected: Any, actual: Any, where: str = "") -> list[str]:
    """Return a line for each field that differs; empty when nothing does."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        found = []
        for key in [*expected, *(key for key in actual if key not in expected)]:
            path = f"{where}.{key}" if where else str(key)
            if key not in actual:
                found.append(f"{path}: missing; expected {_short(expected[key])}")
            elif key not in expected:
                found.append(f"{path}: not expected; it is {_short(actual[key])}")
            else:
                found += differences(expected[key], actual[key], path)
        return found
    if isinstance(expected, list) and isinstance(actual, list):
        found = []
        if len(expected) != len(actual):
            found.append(f"{where}: expected {len(expected)} entries, there are {len(actual)}")
        for at, (one, other) in enumerate(zip(expected, actual, strict=False)):
            found += differences(one, other, f"{where}[{at}]")
        return found
    if expected == actual and type(expected) is type(actual):
        return []
    if isinstance(expected, int | float) and isinstance(actual, int | float) and expected == actual:
        return (
            []
            if isinstance(expected, bool) is isinstance(actual, bool)
            else [_told(where, expected, actual)]
        )
    return [_told(where, expected, actual)]


def nearest_frame(frame: dict[str, Any], others: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the frame that differs from this one in the fewest fields; one of the same name if there
    is any."""
    known = list(others)
    same = [other for other in known if other.get("event") == frame.get("event")]
    return min(same or known, key=lambda other: len(differences(other, frame)), default=None)


@frozen
class Difference:
    """Where two traces part: the place of the entry, and lines that say how."""

    place: int
    lines: list[str]

    def __str__(self) -> str:
        shown = self.lines[:SHOWN]
        if len(self.lines) > SHOWN:
            shown.append(f"... and {len(self.lines) - SHOWN} more")
        return "\n".join(shown)


def first_difference(
    expected: Sequence[Any], actual: Sequence[Any], *, times: bool = True
) -> Difference | None:
    """Compare two lists of trace entries; return where they part, None if they do not.

    times: whether ``at`` counts too
    """
    ours, theirs = Names(), Names()
    for place in range(max(len(expected), len(actual))):
        if place >= len(expected) or place >= len(actual):
            break
        wanted, given = expected[place], actual[place]
        if (wanted.way, wanted.name) != (given.way, given.name):
            break
        found = differences(ours.of(wanted.frame), theirs.of(given.frame))
        if times and abs(given.at - wanted.at) > TOLERANCE:
            found.append(f"at: expected {wanted.at:.3f} s, it was {given.at:.3f} s")
        if found:
            head = f"{_entry(wanted)} is another one:"
            return Difference(place, [head, *(f"  {line}" for line in found)])
    else:
        return None
    missing, extra = list(expected[place:]), list(actual[place:])
    return Difference(place, _gap(*_until_they_meet(missing, extra), ours.of))


def _until_they_meet(missing: list[Any], extra: list[Any]) -> tuple[list[Any], list[Any]]:
    """Cut two lists that begin differently where they go on in the same way."""
    signs = [[f"{entry.way} {entry.name}" for entry in one] for one in (missing, extra)]
    matcher = difflib.SequenceMatcher(None, signs[0], signs[1], autojunk=False)
    for tag, _, end, _, other_end in matcher.get_opcodes():
        if tag != "equal":
            return missing[:end], extra[:other_end]
    return missing, extra


def _gap(missing: Sequence[Any], extra: Sequence[Any], named: Callable[[Any], Any]) -> list[str]:
    lines = [f"{_entry(entry)} did not come" for entry in missing]
    lines += [f"{_entry(entry)} was not expected" for entry in extra]
    if missing and extra:
        near = nearest_frame(missing[0].frame, [entry.frame for entry in extra])
        assert near is not None
        lines.append("the nearest to the first:")
        lines += [f"  {line}" for line in differences(named(missing[0].frame), named(near))]
    return lines


def _entry(entry: Any) -> str:
    return f"{entry.at:.3f} s {entry.way} {entry.name}"


def _told(where: str, expected: Any, actual: Any) -> str:
    return f"{where}: expected {_short(expected)}, it is {_short(actual)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 70 else text[:67] + "..."
