"""A wait divided into parts that add up."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from pinecall.core.traces.waits import PARTS, split

TIMES = st.floats(-10, 1000, allow_nan=False)
SPANS = st.lists(st.tuples(TIMES, st.none() | TIMES), max_size=5)


def rounded(parts: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 6) for name, value in parts.items() if value}


def test_all_parts() -> None:
    """Each moment counts for what was going on then."""
    parts = split(1.0, 3.0, over=1.2, tools=[(1.5, 1.8), (1.6, 1.9)], other=[(1.2, 1.3)], ready=2.5)
    assert tuple(parts) == PARTS
    assert rounded(parts) == {
        "end_of_turn": 0.2, "model": 0.8, "tools": 0.4, "voice": 0.5, "other": 0.1,
    }  # fmt: skip


def test_what_counts_where_several_are_going_on() -> None:
    """The end of the turn comes before tools, tools before preparing, preparing before the voice."""
    everything = [(0.0, None)]
    assert rounded(split(0, 1, over=1, tools=everything, other=everything, ready=0)) == {
        "end_of_turn": 1
    }
    assert rounded(split(0, 1, over=0, tools=everything, other=everything, ready=0)) == {"tools": 1}
    assert rounded(split(0, 1, over=0, other=everything, ready=0)) == {"other": 1}
    assert rounded(split(0, 1, over=0, ready=0)) == {"voice": 1}
    assert rounded(split(0, 1, over=0)) == {"model": 1}


def test_no_time() -> None:
    """An agent that was heard at once made nobody wait."""
    assert split(2.0, 2.0, over=2.0) == dict.fromkeys(PARTS, 0.0)


@given(TIMES, st.floats(0, 1000), TIMES, SPANS, SPANS, st.none() | TIMES)
def test_the_parts_add_up(
    begin: float, wait: float, over: float, tools: list, other: list, ready: float | None
) -> None:
    """Whatever happened when, the parts are the whole and none is negative."""
    parts = split(begin, begin + wait, over=over, tools=tools, other=other, ready=ready)
    assert math.isclose(sum(parts.values()), (begin + wait) - begin, abs_tol=1e-6)
    assert all(value >= 0 for value in parts.values())
