"""A value that arrives later; each front provides its own way to wait for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from ...errors import RequestTimeout

__all__ = ["Outcome", "settled", "too_late"]

T = TypeVar("T")


class Outcome(Generic[T]):
    """A result that is set once, to a value or an error; later attempts change nothing.

    A failure that no caller waits for is not logged. ``waiters`` are the fronts' callables, called
    when it settles; they only wake the waiting caller.
    """

    __slots__ = ("_error", "_value", "done", "on_abandon", "waiters", "what")

    def __init__(self, what: str = "") -> None:
        self.what = what
        self.done = False
        self.waiters: list[Callable[[], None]] = []
        #: Called when the last waiter gives up; withdraws the request where that is possible.
        self.on_abandon: Callable[[], None] | None = None
        self._value: T | None = None
        self._error: BaseException | None = None

    def set(self, value: T) -> None:
        if not self.done:
            self._value = value
            self._settle()

    def fail(self, error: BaseException) -> None:
        if not self.done:
            self._error = error
            self._settle()

    def _settle(self) -> None:
        self.done = True
        self.on_abandon = None
        waiters, self.waiters = self.waiters, []
        for wake in waiters:
            wake()

    @property
    def error(self) -> BaseException | None:
        return self._error

    def result(self) -> T:
        if self._error is not None:
            # One error object may be raised to many waiters: each starts its own traceback.
            raise self._error.with_traceback(None)
        return self._value  # type: ignore[return-value]

    def leave(self, wake: Callable[[], None]) -> None:
        """Remove a waiter that gave up (cancelled, timed out)."""
        if wake in self.waiters:
            self.waiters.remove(wake)
        if not self.done and not self.waiters and self.on_abandon is not None:
            self.on_abandon()


def too_late(outcome: Outcome[Any], timeout: float) -> RequestTimeout:
    """Return the error that a wait of ``timeout`` seconds raises."""
    return RequestTimeout(f"{outcome.what}: not within {timeout:g} s")


def settled(value: Any) -> Outcome[Any]:
    outcome: Outcome[Any] = Outcome()
    outcome.set(value)
    return outcome
