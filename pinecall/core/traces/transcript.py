"""A call as a person reads it: who said what, when, and for what the caller waited."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from ...errors import PinecallError
from ..text.jsontext import write
from .tools import TraceTool
from .turns import TraceTurn

__all__ = ["transcript_of"]

#: Characters of a tool's arguments, or of its result.
SHOWN = 80

# What callers, models and tools say goes to a terminal: nothing in it may move the cursor.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")

Line = tuple[float, str]


def transcript_of(
    title: str,
    turns: Sequence[TraceTurn],
    tools: Iterable[TraceTool],
    errors: Iterable[tuple[float, PinecallError]],
    end: tuple[float, str] | None,
) -> str:
    """Return the text. ``end``: when and why the call ended, if it did."""
    lines: list[Line] = []
    for turn in turns:
        lines += _turn(turn)
    for tool in tools:
        lines.append((tool.started, f"        · {_tool(tool)}"))
    lines += [(at, f"error   {error.message}") for at, error in errors]
    # Sorting is stable: what happened at one moment stays in its order.
    shown = [f"{at:7.1f}  {_plain(text)}" for at, text in sorted(lines, key=lambda line: line[0])]
    if end is not None:
        shown.append(f"{end[0]:7.1f}  ended   {_plain(end[1])}")
    return "\n".join([_plain(title), *shown])


def _turn(turn: TraceTurn) -> list[Line]:
    heard_at = _first(turn.heard_from, turn.heard_to, turn.said_from)
    lines = [(heard_at, f"caller  {turn.heard}")] if turn.heard else []
    if turn.said or turn.said_from is not None:
        said = turn.said or "…"
        cut = " –" if turn.interrupted else ""
        lines.append((_first(turn.said_from, heard_at), f"agent   {said}{cut}{_wait(turn)}"))
    return lines


def _wait(turn: TraceTurn) -> str:
    if turn.wait is None:
        return ""
    parts = [
        f"{name.replace('_', ' ')} {seconds:.2f}"
        for name, seconds in turn.parts.items()
        if seconds >= 0.005
    ]
    return f"  ({turn.wait:.2f} s" + (f": {', '.join(parts)})" if parts else ")")


def _tool(tool: TraceTool) -> str:
    if isinstance(tool.arguments, dict):
        given = ", ".join(f"{name}={_short(value)}" for name, value in tool.arguments.items())
    else:
        given = _short(tool.arguments)
    if tool.ended is None:
        return f"{tool.name}({given}) … no result"
    result = f"error: {tool.error}" if tool.error is not None else _short(tool.result)
    return f"{tool.name}({given}) → {result}  ({tool.ended - tool.started:.2f} s)"


def _short(value: Any) -> str:
    text = write(value).decode()
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def _plain(text: str) -> str:
    return _CONTROL.sub(" ", text)


def _first(*times: float | None) -> float:
    return next((time for time in times if time is not None), 0.0)
