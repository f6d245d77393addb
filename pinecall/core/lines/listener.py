"""Waiting for a caller's keys or words on a line, and the result."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from attrs import frozen

from ...errors import ConfigurationError
from ..kernel.outcome import Outcome
from ..kernel.seconds import check_seconds
from ..model.call_state import CallState
from ..wire.limits import KEYS

if TYPE_CHECKING:
    from ...events import Turn

__all__ = ["Heard", "Listener"]


@frozen
class Heard:
    """The result of a ``listen``.

    by: ``keypad``, ``speech`` or ``timeout`` (also when the call ended)
    digit: the last key (the terminator, if that ended it)
    digits: all keys, without the terminator; on a timeout those pressed so far
    text, confidence: what was said
    """

    by: Literal["keypad", "speech", "timeout"]
    digit: str | None = None
    digits: str = ""
    text: str = ""
    confidence: float = 0.0


class Listener:
    def __init__(
        self,
        call: CallState,
        number: int,
        *,
        digits: int | None,
        terminator: str | None,
        speech: bool,
        timeout: float,
        on_done: Callable[[Listener], None],
    ) -> None:
        if digits is not None and (
            isinstance(digits, bool) or not isinstance(digits, int) or digits < 1
        ):
            raise ConfigurationError(f"listen: digits is how many keys, 1 or more, not {digits!r}")
        if terminator is not None and (not isinstance(terminator, str) or len(terminator) != 1):
            raise ConfigurationError(f"listen: terminator is one key like '#', not {terminator!r}")
        self.outcome: Outcome[Heard] = Outcome("listen()")
        self.outcome.on_abandon = self.give_up
        self._call = call
        self._count = digits
        self._terminator = terminator
        self._speech = speech
        self._timeout = check_seconds("listen: timeout", timeout, "seconds, more than 0")
        self._on_done = on_done
        self._timer = ("listen", call.id, number)
        self._keys = ""

    def start_clock(self) -> None:
        if not self.outcome.done:
            self._call._runtime.timers.set(self._timer, self._timeout, lambda _late: self.give_up())

    def key(self, digit: str) -> None:
        if self._terminator is not None and digit == self._terminator:
            self._done(Heard("keypad", digit, self._keys))
            return
        self._keys = (self._keys + digit)[:KEYS]
        if self._count is not None and len(self._keys) >= self._count:
            self._done(Heard("keypad", digit, self._keys))

    def spoken(self, turn: Turn) -> None:
        if self._speech:
            self._done(
                Heard("speech", digits=self._keys, text=turn.text, confidence=turn.confidence)
            )

    def give_up(self) -> None:
        self._done(Heard("timeout", self._keys[-1:] or None, self._keys))

    def _done(self, heard: Heard) -> None:
        self._call._runtime.timers.clear(self._timer)
        self._on_done(self)
        self.outcome.set(heard)
