"""How a front waits for the emulator: the one thing that its two fronts do differently."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar, cast

__all__ = ["Waits"]

_D = TypeVar("_D")  # what a method gives that is through when it returns


class Waits(Generic[_D]):
    """Here it blocks. The asyncio front gives something to await instead."""

    def _done(self) -> _D:
        """For a method that is through when it returns."""
        return cast("_D", None)

    def _later(self, future: Future[Any], make: Callable[[Any], Any] | None = None) -> Any:
        """The future's value, or what ``make`` makes of it."""
        value = future.result()
        return value if make is None else make(value)
