"""What a connected client that has nothing to do costs."""

from __future__ import annotations

import asyncio
import resource
import threading
import time
from collections.abc import Callable
from functools import partial

import pinecall
import pinecall_sync

from . import mix
from .clients import KEY, PATIENCE
from .load import Server
from .report import Result, at_most, measured
from .running import Plan, run_async

__all__ = ["idle"]


class _Meter:
    """Context switches and CPU of all threads of this process, from its making on."""

    def __init__(self) -> None:
        self._switches = self._count()
        self._cpu = time.process_time()
        self._began = time.perf_counter()

    @staticmethod
    def _count() -> int:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return usage.ru_nvcsw + usage.ru_nivcsw

    def read(self) -> tuple[float, float]:
        """Wake-ups a second, and percent of one processor."""
        cpu = time.process_time() - self._cpu
        switches = self._count() - self._switches
        took = time.perf_counter() - self._began
        return switches / took, cpu / took * 100


async def _asyncio_front(server: Server, seconds: float) -> tuple[float, float]:
    async with pinecall.Pinecall(KEY, url=server.url) as pc:
        await pc.agent(mix.agent_id(0)).wait_ready(PATIENCE)
        await asyncio.sleep(0.2)
        meter = _Meter()
        await asyncio.sleep(seconds)
        return meter.read()


def _blocking_front(server: Server, seconds: float) -> tuple[float, float]:
    with pinecall_sync.Pinecall(KEY, url=server.url) as pc:
        pc.agent(mix.agent_id(0)).wait_ready(PATIENCE)
        never = threading.Event()
        never.wait(0.2)
        meter = _Meter()
        never.wait(seconds)
        return meter.read()


def idle(plan: Plan) -> list[Result]:
    seconds = 0.5 if plan.quick else 10.0
    rounds = 1 if plan.quick else 3
    fronts: dict[str, Callable[[Server], tuple[float, float]]] = {
        "asyncio": lambda server: run_async(partial(_asyncio_front, server, seconds)),
        "blocking": lambda server: _blocking_front(server, seconds),
    }
    results = []
    with Server() as server:
        for name, run in fronts.items():
            found = [run(server) for _ in range(rounds)]
            results += [
                measured(
                    "idle",
                    f"{name}, wake-ups",
                    "1/s",
                    [wakes for wakes, _ in found],
                    target=at_most(value=2.0, unit="1/s"),
                ),
                measured(
                    "idle",
                    f"{name}, CPU",
                    "%",
                    [cpu for _, cpu in found],
                    target=at_most(value=0.1, unit="%"),
                ),
            ]
    return results
