"""How long callers waited, over many calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from attrs import field, frozen

from ...errors import ConfigurationError
from .call_trace import CallTraceBase
from .waits import PARTS

__all__ = ["Latency", "Percentiles", "latency"]

_NAMES = ("wait", *PARTS)


@frozen
class Percentiles:
    """Seconds that half, 90 % and 99 % of the waits did not exceed; between two measured values, the
    point between them. None without any."""

    p50: float | None = None
    p90: float | None = None
    p99: float | None = None


@frozen(kw_only=True)
class Latency:
    """The waits of many calls, and what they consisted of: see :class:`TraceTurn`.

    calls: calls that were looked at
    turns: turns with a wait in them
    wait: from the end of the caller's speech to the agent's first sound
    end_of_turn, model, tools, voice, other: the parts of it. Each has its own percentiles, over all
        of these turns, so those of the parts do not add up to those of the wait

    Its text is a table, and so is its HTML in a notebook.
    """

    calls: int = 0
    turns: int = 0
    wait: Percentiles = field(factory=Percentiles)
    end_of_turn: Percentiles = field(factory=Percentiles)
    model: Percentiles = field(factory=Percentiles)
    tools: Percentiles = field(factory=Percentiles)
    voice: Percentiles = field(factory=Percentiles)
    other: Percentiles = field(factory=Percentiles)

    def __str__(self) -> str:
        lines = [f"{'seconds':<14}{'p50':>8}{'p90':>8}{'p99':>8}"]
        for name, figures in self._table():
            lines.append(f"{name:<14}" + "".join(f"{figure:>8}" for figure in figures))
        return "\n".join([*lines, self._caption()])

    def _repr_html_(self) -> str:
        heads = "".join(f"<th>{name}</th>" for name in ("seconds", "p50", "p90", "p99"))
        rows = "".join(
            f"<tr><th>{escape(name)}</th>{''.join(f'<td>{figure}</td>' for figure in figures)}</tr>"
            for name, figures in self._table()
        )
        return (
            f"<table><caption>{escape(self._caption())}</caption>"
            f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
        )

    def _repr_mimebundle_(self, **_asked: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._repr_html_()}

    def _caption(self) -> str:
        return f"{self.turns} turns of {self.calls} calls"

    def _table(self) -> Iterable[tuple[str, list[str]]]:
        for name in _NAMES:
            found: Percentiles = getattr(self, name)
            figures = (found.p50, found.p90, found.p99)
            yield name.replace("_", " "), ["–" if f is None else f"{f:.3f}" for f in figures]


def latency(
    traces: CallTraceBase | Iterable[CallTraceBase] | Mapping[str, CallTraceBase],
) -> Latency:
    """Return how long callers waited, over many calls.

    ``traces``: ``pc.traces()``, a list like that of ``CallTrace.load()``, or one trace. Turns without
    a wait (greetings, turns without an answer) do not count; without any the table is empty.
    """
    calls = _checked(traces)
    turns = [turn for trace in calls for turn in trace.turns if turn.wait is not None]
    waits = [turn.wait for turn in turns if turn.wait is not None]
    parts = {part: _percentiles([turn.parts[part] for turn in turns]) for part in PARTS}
    return Latency(calls=len(calls), turns=len(turns), wait=_percentiles(waits), **parts)


def _checked(traces: Any) -> list[CallTraceBase]:
    if isinstance(traces, CallTraceBase):
        return [traces]
    if isinstance(traces, Mapping):
        traces = list(traces.values())
    if isinstance(traces, (str, bytes)) or not isinstance(traces, Iterable):
        raise ConfigurationError(
            f"latency() takes traces: pc.traces(), CallTrace.load(path), not {type(traces).__name__}"
        )
    calls = list(traces)
    for one in calls:
        if not isinstance(one, CallTraceBase):
            raise ConfigurationError(
                f"latency() takes traces, and one of these is a {type(one).__name__}: a call's is "
                "call.trace, which is None until pc.traces() was called"
            )
    return calls


def _percentiles(values: list[float]) -> Percentiles:
    ordered = sorted(values)
    return Percentiles(*(_percentile(ordered, share) for share in (0.5, 0.9, 0.99)))


def _percentile(ordered: list[float], share: float) -> float | None:
    if not ordered:
        return None
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
