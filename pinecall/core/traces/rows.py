"""The turns of a call as flat rows, for tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .turns import TraceTurn
from .waits import PARTS

__all__ = ["rows_of"]


def rows_of(call: Mapping[str, Any], turns: Iterable[TraceTurn]) -> list[dict[str, Any]]:
    """Return a row for each turn; ``call``: what stands in each of them."""
    return [{**call, **_row(turn)} for turn in turns]


def _row(turn: TraceTurn) -> dict[str, Any]:
    return {
        "turn": turn.index,
        "heard": turn.heard,
        "heard_from": turn.heard_from,
        "heard_to": turn.heard_to,
        "said": turn.said,
        "said_from": turn.said_from,
        "said_to": turn.said_to,
        "interrupted": turn.interrupted,
        "tools": ", ".join(tool.name for tool in turn.tools),
        "wait": turn.wait,
        **{f"wait_{part}": turn.parts.get(part) for part in PARTS},
    }
