"""Traces as JSON Lines: one object a line, of one call or of many side by side.

::

    {"trace": 1, "call": "CA1", "agent": "mara", "from": "+34…", …}     the version, and who
    {"call": "CA1", "at": 0.0, "way": "in", "frame": {"event": "call.started", …}}
    {"call": "CA1", "at": 1.2, "error": {"class": "PinecallError", "message": …}}
    {"call": "CA1", "at": 62.1, "end": {"reason": "hangup", …}}

A file may be cut off anywhere: what is left of its last line is left out. A program that goes on
with such a file says so first (``{"trace": 1, "after_cut": true}``), so that the torn line is not taken
for damage.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec
from attrs import asdict, define, evolve, field

from ...errors import ConfigurationError, PinecallError
from ..text.jsontext import read, write
from ..text.secrets import clean, clean_value
from . import errors
from .call_trace import CallTraceBase
from .entry import TraceEntry, without_secrets
from .facts import End, Facts, number

__all__ = [
    "VERSION",
    "end_line",
    "entry_line",
    "error_line",
    "head_line",
    "lines_of",
    "mark_line",
    "read_lines",
]

VERSION = 1

T = TypeVar("T", bound=CallTraceBase)

_check = msgspec.json.Decoder(msgspec.Raw).decode
#: The facts of a head, by their names in the file.
_FACTS = {
    "call": "call_id",
    "agent": "agent_id",
    "from": "from_",
    "to": "to",
    "direction": "direction",
    "transport": "transport",
    "began": "began",
    "source": "source",
}


# -- writing ----------------------------------------------------------------------------------------


def head_line(facts: Facts, *, again: bool = False) -> str:
    """Return the line that begins a trace. ``again``: the trace is there already and goes on, with
    another agent."""
    said = {key: getattr(facts, name) for key, name in _FACTS.items()}
    if not facts.source:
        del said["source"]
    return _line({"trace": VERSION, **said, **({"again": True} if again else {})})


def mark_line() -> str:
    """Return the line that says that the one before it was cut off."""
    return _line({"trace": VERSION, "after_cut": True})


def entry_line(call_id: str, at: float, out: bool, text: str) -> str:
    """Return the line of a frame that passed, without secrets."""
    way = "out" if out else "in"
    return f'{{"call":{_json(call_id)},"at":{at:.6f},"way":"{way}","frame":{_frame(text)}}}\n'


def error_line(call_id: str, at: float, error: PinecallError) -> str:
    return _line({"call": call_id, "at": round(at, 6), "error": errors.as_data(error)})


def end_line(call_id: str, end: End) -> str:
    said = asdict(end)
    return _line({"call": call_id, "at": round(said.pop("at"), 6), "end": said})


def lines_of(trace: CallTraceBase) -> Iterator[str]:
    """Return the lines of a whole trace."""
    call_id = trace.call_id
    yield head_line(trace._facts)
    for entry in trace.entries:
        text = write(entry.frame).decode()
        yield entry_line(call_id, entry.at, entry.way == "out", text)
    for at, error in list(trace._errors):
        yield error_line(call_id, at, error)
    if trace._end is not None:
        yield end_line(call_id, trace._end)


def _line(said: dict[str, Any]) -> str:
    return write(clean_value(said)).decode() + "\n"


def _json(text: str) -> str:
    return write(clean(text)).decode()


def _frame(text: str) -> str:
    """Return the text as it passed where that is one line of valid JSON without secrets."""
    if clean(text) == text and "\n" not in text and "\r" not in text:
        try:
            _check(text)
        except (msgspec.DecodeError, UnicodeError):
            pass
        else:
            return text
    return write(without_secrets(read(text))).decode()


# -- reading ----------------------------------------------------------------------------------------


@define(eq=False)
class _Found:
    """A trace in the making."""

    facts: Facts
    entries: list[TraceEntry] = field(factory=list)
    errors: list[tuple[float, PinecallError]] = field(factory=list)
    end: End | None = None


def read_lines(data: bytes, name: str, cls: type[T]) -> list[T]:
    """Return the traces in a file, in the order in which they began. ``name`` is for messages.

    Raises ConfigurationError if it is not a file of traces, is of another version, or is damaged
    elsewhere than at its end.
    """
    found: list[_Found] = []
    open_: dict[str, _Found] = {}
    lines = data.split(b"\n")
    torn = 0
    for place, line in enumerate(lines, 1):
        if not line.strip():
            continue
        said = _said(line)
        if said is None:
            if place == len(lines):
                break  # the file was cut off here
            if torn:
                raise _damaged(name, torn, open_)
            torn = place
            continue
        if torn and not said.get("after_cut"):
            raise _damaged(name, torn, open_)
        torn = 0
        if "trace" in said:
            _begin(said, found, open_, f"{name}, line {place}")
        elif said.get("call") in open_:
            _add(open_[said["call"]], said, place, name)
        elif not open_:
            raise _no_trace(name)
        else:
            raise ConfigurationError(
                f"{name}, line {place}: the beginning of the trace of call {said.get('call')!r:.80} "
                "is missing"
            )
    if torn:
        raise _damaged(name, torn, open_)
    return [cls._of(one.facts, one.entries, one.errors, one.end) for one in found]


def _said(line: bytes) -> dict[str, Any] | None:
    """Return the object in a line; None for anything else."""
    try:
        said = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _begin(said: dict[str, Any], found: list[_Found], open_: dict[str, _Found], where: str) -> None:
    if said["trace"] != VERSION:
        raise ConfigurationError(
            f"{where}: a trace of version {said['trace']!r:.20}, and this SDK reads version "
            f"{VERSION}; read it with the SDK that wrote it"
        )
    call_id = said.get("call")
    if said.get("after_cut"):
        return
    if not isinstance(call_id, str):
        raise ConfigurationError(f"{where}: a trace without the id of its call")
    texts = {
        name: value
        for key, name in _FACTS.items()
        if isinstance(value := said.get(key), str) and name != "began"
    }
    facts = Facts(**texts, began=number(said.get("began")) or 0.0)
    if said.get("again") and call_id in open_:
        known = open_[call_id]
        known.facts = evolve(known.facts, agent_id=facts.agent_id)
        known.end = None
        return
    open_[call_id] = _Found(facts)
    found.append(open_[call_id])


def _add(found: _Found, said: dict[str, Any], place: int, name: str) -> None:
    at, frame, error, end = (said.get(key) for key in ("at", "frame", "error", "end"))
    at = number(at)
    if at is not None and isinstance(frame, dict) and said.get("way") in ("in", "out"):
        found.entries.append(TraceEntry(at, said["way"], str(frame.get("event", "")), frame))
    elif at is not None and isinstance(error, dict):
        found.errors.append((at, errors.from_data(error)))
    elif at is not None and isinstance(end, dict):
        figures = {
            key: number(end.get(key)) or 0.0 for key in ("started_at", "ended_at", "duration")
        }
        found.end = End(at=at, reason=str(end.get("reason", "")), **figures)
    else:
        raise ConfigurationError(f"{name}, line {place}: not a line of a trace")


def _damaged(name: str, place: int, open_: dict[str, _Found]) -> ConfigurationError:
    if not open_:
        return _no_trace(name)
    return ConfigurationError(
        f"{name}, line {place}: the file is damaged here; only its end may be cut off"
    )


def _no_trace(name: str) -> ConfigurationError:
    return ConfigurationError(
        f"{name}: not a file of traces; those are written by trace.save() and pc.traces(path=…)"
    )
