"""Waiting for the emulator: the only thing its two fronts do differently."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar, cast

__all__ = ["Waits"]

_D = TypeVar("_D")  # result of a method that finishes before it returns


class Waits(Generic[_D]):
    """Blocks; the asyncio front overrides it to return awaitables."""

    def _done(self) -> _D:
        """Return the result of a method that has finished."""
        return cast("_D", None)

    def _later(self, future: Future[Any], make: Callable[[Any], Any] | None = None) -> Any:
        """Return the future's value, or what ``make`` makes of it."""
        value = future.result()
        return value if make is None else make(value)
