"""Waits over many calls."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from pinecall.core.traces.call_trace import CallTraceBase
from pinecall.core.traces.latency import Latency, Percentiles, latency
from pinecall.errors import ConfigurationError

from .script import GREETING, TABLE, came, made


def chat(*waits: float) -> CallTraceBase:
    entries = []
    for at, wait in enumerate(waits):
        entries.append(came(at * 10.0, "chat.message", text="Hi"))
        entries.append(came(at * 10.0 + wait, "chat.response", text="Hello"))
    return made(*entries)


def test_percentiles() -> None:
    """Half, 90 % and 99 % of the waits of all calls were no longer than that."""
    found = latency([chat(*(n / 100 for n in range(50))), chat(*(n / 100 for n in range(50, 101)))])
    assert (found.calls, found.turns) == (2, 101)
    assert found.wait.p50 == pytest.approx(0.5)
    assert found.wait.p90 == pytest.approx(0.9)
    assert found.wait.p99 == pytest.approx(0.99)
    assert found.model.p50 == pytest.approx(0.5)
    assert found.voice == Percentiles(0.0, 0.0, 0.0)


def test_between_two_values() -> None:
    """Of few values a percentile is between the two next to it; of one it is that one."""
    assert latency(chat(1.0, 2.0)).wait.p50 == pytest.approx(1.5)
    assert latency(chat(1.0)).wait == Percentiles(1.0, 1.0, 1.0)


def test_what_it_takes() -> None:
    """A mapping, a list, any iterable or one trace; turns without a wait do not count."""
    trace = made(*GREETING, *TABLE)
    assert latency({"CA1": trace}) == latency([trace]) == latency(iter([trace])) == latency(trace)
    assert latency(trace).turns == 1


def test_no_traces() -> None:
    """Without any wait the table is there and empty."""
    assert latency([]) == latency({}) == Latency()
    assert latency(made(*GREETING)) == Latency(calls=1)
    assert str(Latency()).splitlines()[:2] == [
        "seconds            p50     p90     p99",
        "wait                 –       –       –",
    ]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (None, "not NoneType"),
        ("calls.jsonl", "not str"),
        (b"x", "not bytes"),
        (5, "not int"),
        ([None], "is a NoneType: a call's is call.trace, which is None until pc.traces()"),
        ({"CA1": "x"}, "is a str"),
    ],
)
def test_wrong_types(wrong: Any, says: str) -> None:
    """What is no trace is named, with what to give instead."""
    with pytest.raises(ConfigurationError) as raised:
        latency(wrong)
    assert says in str(raised.value)


class Cells(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_in_a_notebook() -> None:
    """The HTML is the same table, without a script; the text stands beside it."""
    found = latency(made(*GREETING, *TABLE))
    bundle = found._repr_mimebundle_(include=None, exclude=None)
    assert bundle == {"text/plain": str(found), "text/html": found._repr_html_()}
    cells = Cells()
    cells.feed(bundle["text/html"])
    assert set(cells.tags) == {"table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert cells.texts[:9] == [
        "1 turns of 1 calls", "seconds", "p50", "p90", "p99", "wait", "1.200", "1.200", "1.200",
    ]  # fmt: skip
    words = " ".join(cells.texts[1:]).split()
    assert words == " ".join(str(found).splitlines()[:-1]).split()
