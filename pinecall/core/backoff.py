"""Delays as pure functions: reconnecting, and the retries of a conflicting registration."""

from __future__ import annotations

from attrs import define

from ..options import ReconnectPolicy

__all__ = ["CONFLICT_BUDGET", "ConflictEpisode", "reconnect_delay"]

#: Seconds that one conflict may last: twice the server's window for a stale connection (45 s).
CONFLICT_BUDGET = 90.0

_FIRST = 5.0
_CAP = 60.0
_CAP_HOLDER_ALIVE = 600.0


def reconnect_delay(policy: ReconnectPolicy, attempt: int, random: float) -> float:
    """Seconds before reconnect ``attempt`` (from 1): exponential, with ``random`` in [0, 1) as jitter.

    ``policy.jitter`` is the share of the delay that is random: 1.0 is full jitter, 0.0 none.
    """
    # 2.0 ** 1100 overflows a float; long before that the ceiling is reached.
    exponent = min(attempt - 1, 64)
    base = min(policy.maximum, policy.initial * policy.factor**exponent)
    return base * (1.0 - policy.jitter + policy.jitter * random)


@define
class ConflictEpisode:
    """The retries of one agent's ``agent.create`` after ``AGENT_CONFLICT``."""

    started_at: float
    attempt: int = 0
    holder_alive: bool = False
    announced: bool = False

    def delay(
        self, now: float, *, retry_after: float | None, holder_alive: bool | None, random: float
    ) -> float | None:
        """Seconds until the next try, or None when the budget is spent.

        ``retry_after`` and ``holder_alive`` are the frame's ``retry_after_s`` and ``holder_alive``;
        a dead holder starts the episode over. The last delay is cut to land on the budget's end.
        """
        if holder_alive is False:
            self.forgive(now)
        elif holder_alive:
            self.holder_alive = True
        left = self.started_at + CONFLICT_BUDGET - now
        if left <= 0:
            return None
        base = retry_after if retry_after is not None else _FIRST * 2 ** min(self.attempt, 16)
        capped = min(max(base, 0.0), _CAP_HOLDER_ALIVE if self.holder_alive else _CAP)
        self.attempt += 1
        return min(capped * (0.85 + 0.3 * random), left)

    def forgive(self, now: float) -> None:
        """The holder is known to be dead: fast delays and a new budget."""
        self.attempt = 0
        self.holder_alive = False
        self.started_at = now
