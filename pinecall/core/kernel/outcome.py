"""A value that arrives later, known to the core; a front turns waiting for it into its own kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from ...errors import RequestTimeout

__all__ = ["Outcome", "settled", "too_late"]

T = TypeVar("T")


class Outcome(Generic[T]):
    """Settled once, with a value or an error; later attempts change nothing.

    Nothing is logged about a failure that nobody waits for. ``waiters`` are the fronts' callables,
    called when it settles; they only wake somebody.
    """

    __slots__ = ("_error", "_value", "done", "on_abandon", "waiters", "what")

    def __init__(self, what: str = "") -> None:
        self.what = what
        self.done = False
        self.waiters: list[Callable[[], None]] = []
        #: Called when the last waiter gives up: takes the question back where that is possible.
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
            # One error object may be raised to many waiters: each starts a traceback of its own.
            raise self._error.with_traceback(None)
        return self._value  # type: ignore[return-value]

    def leave(self, wake: Callable[[], None]) -> None:
        """A waiter gave up (cancelled, timed out)."""
        if wake in self.waiters:
            self.waiters.remove(wake)
        if not self.done and not self.waiters and self.on_abandon is not None:
            self.on_abandon()


def too_late(outcome: Outcome[Any], timeout: float) -> RequestTimeout:
    """What a wait of ``timeout`` seconds raises."""
    return RequestTimeout(f"{outcome.what}: not within {timeout:g} s")


def settled(value: Any) -> Outcome[Any]:
    outcome: Outcome[Any] = Outcome()
    outcome.set(value)
    return outcome
