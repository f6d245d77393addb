"""What was measured, as a table, as JSON, and beside an earlier JSON."""

from __future__ import annotations

import datetime
import json
import os
import platform
from collections.abc import Callable, Iterable, Sequence
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

from attrs import asdict, frozen

__all__ = ["Result", "Target", "as_json", "at_least", "at_most", "compare", "measured", "table"]


@frozen
class Target:
    """``text`` as people read it; ``holds(value, ratio)``."""

    text: str
    holds: Callable[[float, float | None], bool]


def at_least(ratio: float) -> Target:
    return Target(f">= {ratio:g} x", lambda _, found: found is not None and found >= ratio)


def at_most(ratio: float | None = None, *, value: float | None = None, unit: str = "") -> Target:
    """Of the baseline, of the value itself, or both."""
    parts = [] if ratio is None else [f"<= {ratio:g} x"]
    if value is not None:
        parts.append(f"<= {value:g} {unit}".rstrip())

    def holds(found: float, found_ratio: float | None) -> bool:
        right = ratio is None or (found_ratio is not None and found_ratio <= ratio)
        return right and (value is None or found <= value)

    return Target(", ".join(parts), holds)


@frozen(kw_only=True)
class Result:
    """One line of the table. ``met`` is None where nothing is judged; ``samples`` are those that
    ``value`` is the median of."""

    benchmark: str
    what: str
    unit: str
    value: float
    baseline: float | None = None
    against: str = ""
    ratio: float | None = None
    target: str = ""
    met: bool | None = None
    samples: tuple[float, ...] = ()
    note: str = ""


def measured(
    benchmark: str,
    what: str,
    unit: str,
    ours: Sequence[float],
    bare: Sequence[float] = (),
    *,
    against: str = "",
    target: Target | None = None,
    note: str = "",
) -> Result:
    """Medians; the ratio is that of the pairs, so that a busy moment spoils only its own."""
    value = median(ours)
    ratio = median(a / b for a, b in zip(ours, bare, strict=True)) if bare else None
    return Result(
        benchmark=benchmark,
        what=what,
        unit=unit,
        value=value,
        baseline=median(bare) if bare else None,
        against=against,
        ratio=ratio,
        target=target.text if target else "",
        met=target.holds(value, ratio) if target else None,
        samples=tuple(ours),
        note=note,
    )


# -- for people ---------------------------------------------------------------------------------


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def _aligned(rows: Sequence[tuple[str, ...]], left: set[int]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def table(results: Iterable[Result]) -> str:
    rows = [("what", "value", "unit", "baseline", "ratio", "target", "met", "beside")]
    notes = []
    for result in results:
        met = "" if result.met is None else "yes" if result.met else "NO"
        rows.append(
            (
                f"{result.benchmark}: {result.what}",
                _number(result.value),
                result.unit,
                _number(result.baseline),
                "-" if result.ratio is None else f"{result.ratio:.2f} x",
                result.target,
                met,
                result.against,
            )
        )
        if result.note:
            notes.append(f"{result.benchmark}: {result.what}: {result.note}")
    return "\n".join([_aligned(rows, {0, 2, 5, 7}), *notes])


# -- for machines -------------------------------------------------------------------------------


def _versions() -> dict[str, str]:
    found = {}
    for name in [
        "pinecall-sdk",
        "attrs",
        "msgspec",
        "websockets",
        "websocket-client",
        "httpx",
        "starlette",
        "uvicorn",
        "sse-starlette",
    ]:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else platform.processor()


def as_json(results: Sequence[Result], *, quick: bool) -> dict[str, Any]:
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "quick": quick,
        "machine": {
            "system": platform.platform(),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "load": os.getloadavg()[0],
        },
        "python": platform.python_version(),
        "versions": _versions(),
        "results": [asdict(result) for result in results],
    }


def compare(results: Iterable[Result], path: Path) -> str:
    """Each value, and each ratio to its baseline, beside those of an earlier run.

    On another machine only the ratios to the baselines say something.
    """
    before = json.loads(path.read_text(encoding="utf-8"))
    known = {(entry["benchmark"], entry["what"]): entry for entry in before["results"]}
    rows = [("what", "unit", "then", "now", "now/then", "ratio then", "ratio now")]
    for result in results:
        entry = known.get((result.benchmark, result.what))
        if entry is None:
            continue
        then = entry["value"]
        rows.append(
            (
                f"{result.benchmark}: {result.what}",
                result.unit,
                _number(then),
                _number(result.value),
                f"{result.value / then:.2f} x" if then else "-",
                _number(entry["ratio"]),
                _number(result.ratio),
            )
        )
    where = f"{path.name}: {before['date']}, {before['machine']['processor']}, "
    return where + f"Python {before['python']}\n" + _aligned(rows, {0, 1})
