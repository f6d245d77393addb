"""How the benchmarks are run: rounds in which each contender has its turn."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from attrs import frozen

from .report import Result

__all__ = ["Benchmark", "Plan", "alternate", "run_async", "settled"]

T = TypeVar("T")


@frozen
class Plan:
    """``quick``: only see whether it works, in little time."""

    quick: bool = False

    @property
    def rounds(self) -> int:
        return 1 if self.quick else 5

    def of(self, full: int, quick: int) -> int:
        return quick if self.quick else full


Benchmark = Callable[[Plan], "list[Result]"]


def alternate(rounds: int, *contenders: Callable[[], T]) -> list[list[T]]:
    """``rounds`` figures of each contender. They take turns, and who begins changes: what else the
    machine does then is nobody's advantage."""
    found: list[list[T]] = [[] for _ in contenders]
    for number in range(rounds):
        order = range(len(contenders))
        for index in order if number % 2 == 0 else reversed(order):
            gc.collect()
            found[index].append(contenders[index]())
    return found


def run_async(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    return asyncio.run(main())


@contextmanager
def settled() -> Iterator[None]:
    """What is there now is not looked at by the garbage collector inside: it belongs to the
    benchmark, not to what is measured."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
