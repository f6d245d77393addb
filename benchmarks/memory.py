"""What an agent, an idle call and a transcript hold, beside the same data in plain dicts."""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import Callable
from typing import Any

from pinecall.core.calls.call import CallBase

from . import mix
from .core import World
from .registering import OPTIONS
from .report import Result, at_most, measured
from .running import Plan

__all__ = ["held", "memory"]

KIB = 1024


def held(make: Callable[[], Any], count: int) -> float:
    """Bytes for each of ``count`` things that ``make()`` keeps alive."""
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        kept = make()
        gc.collect()
        held = tracemalloc.get_traced_memory()[0] - before
        del kept
    finally:
        tracemalloc.stop()
    return held / count


def _agents(count: int) -> World:
    world = World(0)
    for number in range(count):
        world.add_agent(number)
    return world


def _agent_dicts(count: int) -> dict[str, Any]:
    made = {}
    for number in range(count):
        agent_id = mix.agent_id(number)
        made[agent_id] = {"id": agent_id, "config": dict(OPTIONS), "channels": {}, "calls": {}}
    return made


def _call_dicts(count: int) -> dict[str, Any]:
    return {
        mix.call_id(number): {**json.loads(mix.call_started(number)), "messages": []}
        for number in range(count)
    }


def _message(number: int) -> str:
    frame = {
        "event": "user.message",
        "agent_id": mix.agent_id(0),
        "call_id": mix.call_id(0),
        "message_id": f"{number:08x}",
        "text": f"This is what the caller said, number {number}, in one sentence of usual length.",
    }
    return mix.text_of(frame)


def _talk(world: World, count: int) -> CallBase:
    for number in range(count):
        world.hear(_message(number))
    return world.engine.registry.calls[mix.call_id(0)]


def _message_dicts(count: int) -> list[dict[str, str]]:
    frames = [json.loads(_message(number)) for number in range(count)]
    return [
        {"id": frame["message_id"], "role": "user", "content": frame["text"]} for frame in frames
    ]


def memory(plan: Plan) -> list[Result]:
    """The memory allocator is asked, not the system: it tells the same each time."""
    count = plan.of(2_000, 100)
    held(lambda: _agents(10), 10)

    def calls() -> float:
        world = World(count, calls=0)

        def start() -> None:
            for number in range(count):
                world.hear(mix.call_started(number))

        return held(start, count)

    def transcript() -> float:
        world = World(1)
        return held(lambda: _talk(world, count), count) * 1000

    return [
        measured(
            "memory",
            "registered agent",
            "KiB",
            [held(lambda: _agents(count), count) / KIB],
            [held(lambda: _agent_dicts(count), count) / KIB],
            against="plain dicts",
            target=at_most(2.0, value=6.0, unit="KiB"),
        ),
        measured(
            "memory",
            "idle call",
            "KiB",
            [calls() / KIB],
            [held(lambda: _call_dicts(count), count) / KIB],
            against="plain dicts",
            target=at_most(2.0, value=5.0, unit="KiB"),
        ),
        measured(
            "memory",
            "1,000 transcript messages",
            "KiB",
            [transcript() / KIB],
            [held(lambda: _message_dicts(count), count) * 1000 / KIB],
            against="plain dicts",
            target=at_most(2.0),
        ),
    ]
