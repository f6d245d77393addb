"""Limits of a voice call: its longest duration, and its longest silence."""

from __future__ import annotations

from collections.abc import Callable

from ..kernel.timeline import Timer
from ..sessions.session import Session

__all__ = ["Limits"]


class Limits:
    """Runs the duration and idle timers; speech of the caller resets idling, the bot's suspends it."""

    def __init__(self, call: Session) -> None:
        self._call = call
        self._timeline = call.world.timeline
        self._longest: Timer | None = None
        self._idle: Timer | None = None
        self._since = 0.0
        self._stage = 0
        self._bot_from: float | None = None
        self._running = False

    def begin(self) -> None:
        """Start the timers; after a hand-over, with the new owner's limits."""
        self.stop()
        self._running = True
        longest = self._seconds("max_duration")
        if longest > 0:
            self._longest = self._timeline.after(longest, lambda: self._over("max_duration"))
        self.heard()

    def heard(self) -> None:
        """Reset the idle timer: the caller spoke, or pressed a key."""
        self._since = self._timeline.now
        self._stage = 0
        self._arm()

    def bot_speaks(self) -> None:
        """Suspend the idle timer."""
        self._bot_from = self._timeline.now
        self._cancel_idle()

    def bot_silent(self) -> None:
        """Resume the idle timer where it stood."""
        if self._bot_from is not None:
            self._since += self._timeline.now - max(self._bot_from, self._since)
            self._bot_from = None
        self._arm()

    def stop(self) -> None:
        """Stop the timers."""
        self._running = False
        self._cancel_idle()
        if self._longest is not None:
            self._longest.cancel()
            self._longest = None

    def _seconds(self, name: str) -> float:
        limits = self._call.config("session_limits") or {}
        return float(limits.get(name + "_seconds", getattr(self._call.world.settings, name)))

    def _stages(self) -> list[tuple[float, Callable[[], None]]]:
        timeout, warning = self._seconds("idle_timeout"), self._seconds("idle_warning")
        grace = self._seconds("idle_grace")
        stages: list[tuple[float, Callable[[], None]]] = []
        if 0 < warning < timeout:
            stages.append((timeout - warning, lambda: self._warn(warning)))
        stages.append((timeout, lambda: self._warn(grace)))
        stages.append((timeout + grace, lambda: self._over("idle_timeout")))
        return stages

    def _arm(self) -> None:
        self._cancel_idle()
        stages = self._stages()
        if not self._running or self._bot_from is not None or self._seconds("idle_timeout") <= 0:
            return
        if self._stage < len(stages):
            seconds, action = stages[self._stage]
            self._idle = self._timeline.after(
                self._since + seconds - self._timeline.now, lambda: self._due(action)
            )

    def _due(self, action: Callable[[], None]) -> None:
        self._stage += 1
        action()
        self._arm()

    def _cancel_idle(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def _warn(self, left: float) -> None:
        self._call.emit(
            "session.idle_warning",
            remaining_seconds=left,
            idle_timeout_seconds=self._seconds("idle_timeout"),
        )

    def _over(self, reason: str) -> None:
        self._call.emit("session.timeout", session_id=self._call.id, reason=reason)
        self._call.end(reason)
