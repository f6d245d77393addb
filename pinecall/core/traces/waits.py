"""What a caller waited for, as parts that add up."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

__all__ = ["PARTS", "split"]

#: The parts of a wait, in the order of their names in a table.
PARTS: tuple[str, ...] = ("end_of_turn", "model", "tools", "voice", "other")

Span = tuple[float, float | None]


def split(
    begin: float,
    end: float,
    *,
    over: float,
    tools: Iterable[Span] = (),
    other: Iterable[Span] = (),
    ready: float | None = None,
) -> dict[str, float]:
    """Divide the time from ``begin`` (the caller fell silent) to ``end`` (the agent is heard).

    ``end_of_turn`` is until ``over``, when the platform took the turn for ended; of the rest,
    ``tools`` is while a tool ran, ``other`` while the program prepared the turn or the call was on
    hold, ``voice`` from ``ready``, when the platform had the text, and ``model`` what remains. Each
    moment is counted once, so the parts add up to the whole.
    """
    parts = dict.fromkeys(PARTS, 0.0)
    tools, other = _within(begin, end, tools), _within(begin, end, other)
    ready = end if ready is None else ready
    edges = {begin, end, *(edge for span in (*tools, *other) for edge in span)}
    edges.update(edge for edge in (over, ready) if begin < edge < end)
    for start, stop in pairwise(sorted(edges)):
        if start < over:
            part = "end_of_turn"
        elif _covers(tools, start):
            part = "tools"
        elif _covers(other, start):
            part = "other"
        else:
            part = "voice" if start >= ready else "model"
        parts[part] += stop - start
    return parts


def _within(begin: float, end: float, spans: Iterable[Span]) -> list[tuple[float, float]]:
    cut = [(max(start, begin), end if stop is None else min(stop, end)) for start, stop in spans]
    return [(start, stop) for start, stop in cut if start < stop]


def _covers(spans: list[tuple[float, float]], moment: float) -> bool:
    return any(start <= moment < stop for start, stop in spans)
