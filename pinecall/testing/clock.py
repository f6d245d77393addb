"""The call's time: the fixture ``clock``."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from .arguments import check_seconds

if TYPE_CHECKING:
    from .ground import Ground

__all__ = ["Clock"]


class Clock:
    """The time that the platform and the client go by.

    By default it is virtual: it stands still while the program works, and jumps ahead when the test
    waits. A ``sleep`` in the program's own code takes its real time, and none of the call's.
    """

    def __init__(self, stage: Ground) -> None:
        self._stage = stage
        self._began = stage.world.now

    @property
    def virtual(self) -> bool:
        """Whether time is virtual; ``@pytest.mark.pinecall(clock="real")`` makes it real."""
        return bool(self._stage.world.virtual)

    @property
    def now(self) -> float:
        """Seconds since the test began."""
        return float(self._stage.world.now - self._began)

    @property
    def date(self) -> datetime:
        """The date and time in the call, UTC."""
        return datetime.fromtimestamp(self._stage.world.now, timezone.utc)

    def advance(self, seconds: float) -> None:
        """Let that much time pass: speech, limits, timeouts and reconnects happen on the way."""
        __tracebackhide__ = True
        check_seconds(f"clock.advance({seconds!r})", "seconds", seconds)
        self._stage.advance(float(seconds))

    def __repr__(self) -> str:
        return f"<clock: {self.now:.3f} s, {'virtual' if self.virtual else 'real'}>"
