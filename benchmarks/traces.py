"""What the traces of calls cost for each event: nothing while they are off, and little when on."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from pinecall._shared.traces import keep_traces
from pinecall.traces import latency

from . import mix
from .core import World, listening, loads
from .memory import held
from .report import Result, at_most, measured
from .running import Plan, alternate, settled

__all__ = ["traces"]


class _Recorded:
    """Engines that keep traces: each round begins with empty ones."""

    def __init__(self, texts: Sequence[str], path: Path | None = None) -> None:
        self._texts = texts
        self._path = path

    def run(self) -> float:
        world = listening(10)
        keep_traces(world.engine, 100, self._path, None)
        took = world.run(self._texts)
        world.engine.disconnect()
        return took


def _kept(texts: Sequence[str]) -> World:
    world = World(10)
    keep_traces(world.engine, 100, None, None)
    for text in texts:
        # As a transport hands it over: a text that nobody else has.
        world.engine.receive(text.encode().decode(), 1.0)
        world.engine.deliveries()
    return world


def _reading(texts: Sequence[str]) -> float:
    """Milliseconds until the turns of ten calls are there, the first time they are asked for."""
    recorder = _kept(texts).engine.recorder
    assert recorder is not None
    with settled():
        began = time.process_time()
        for trace in recorder.traces.values():
            latency(trace)
        return (time.process_time() - began) * 1e3


def traces(plan: Plan) -> list[Result]:
    texts = list(mix.events(plan.of(50_000, 2_000)))
    some = texts[: plan.of(10_000, 2_000)]
    world = listening(10)
    with tempfile.TemporaryDirectory() as folder:
        off, on, written, bare = alternate(
            plan.rounds,
            lambda: world.run(texts),
            _Recorded(texts).run,
            _Recorded(texts, Path(folder) / "calls.jsonl").run,
            lambda: loads(texts),
        )
    length = sum(len(text) for text in some) / len(some)
    held(lambda: _kept(some[:100]), 100)
    return [
        measured(
            "traces",
            "CPU per event, none kept",
            "us",
            off,
            bare,
            against="json.loads of the same text",
            target=at_most(1.5),
        ),
        measured(
            "traces",
            "CPU added per event, kept",
            "us",
            [more - less for more, less in zip(on, off, strict=True)],
            target=at_most(value=3.0, unit="us"),
        ),
        measured(
            "traces",
            "CPU added per event, kept and written",
            "us",
            [more - less for more, less in zip(written, off, strict=True)],
        ),
        measured(
            "traces",
            "memory per event",
            "bytes",
            [held(lambda: _kept(some), len(some))],
            [length],
            against="characters of the frame",
            target=at_most(value=400, unit="bytes"),
        ),
        measured(
            "traces",
            f"reading the turns of ten calls of {len(some) // 10} events each, the first time",
            "ms",
            [_reading(some) for _ in range(plan.rounds)],
        ),
    ]
