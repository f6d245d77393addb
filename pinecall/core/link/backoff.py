"""Pure functions for delays: reconnecting, and the retries of a conflicting registration."""

from __future__ import annotations

import math

from attrs import define

from ..config.options import ReconnectPolicy

__all__ = ["CONFLICT_BUDGET", "LEAST_DELAY", "ConflictEpisode", "reconnect_delay"]

#: Seconds that one conflict may last: twice the server's window for a stale connection (45 s).
CONFLICT_BUDGET = 90.0

#: The least seconds between tries once the server has answered: its hints must not make them spin.
LEAST_DELAY = 0.25

_FIRST = 5.0
_CAP = 60.0
_CAP_HOLDER_ALIVE = 600.0


#: The longest wait as a share of the outage so far. With an eighth, half of the clients are back
#: within 0.4 s of the end of a 10 s outage, but one time in five chance makes it more than 0.5 s. A
#: sixteenth leaves room for that; it costs a host that is down four attempts a second at first.
OUTAGE_SHARE = 1 / 16


def reconnect_delay(
    policy: ReconnectPolicy, attempt: int, random: float, outage: float | None = None
) -> float:
    """Return the seconds before reconnect ``attempt`` (from 1): exponential, with jitter.

    ``random`` in [0, 1) is the jitter; ``policy.jitter`` is the share of the delay that is random:
    1.0 is full jitter, 0.0 none. ``outage``: seconds since the link was lost, if the wait is to be
    at most a sixteenth of that (or ``policy.initial``), so that it adds little to the outage.
    """
    # 2.0 ** 1100 overflows a float; the ceiling is reached long before that.
    exponent = min(attempt - 1, 64)
    base = min(policy.maximum, policy.initial * policy.factor**exponent)
    if outage is not None:
        base = min(base, max(policy.initial, outage * OUTAGE_SHARE))
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
        """Return the seconds until the next try, or None when the budget is spent.

        ``retry_after`` and ``holder_alive`` are the frame's ``retry_after_s`` and ``holder_alive``;
        a dead holder starts the episode over. The last delay is cut to end with the budget; none is
        under ``LEAST_DELAY``.
        """
        if holder_alive is False:
            self.forgive(now)
        elif holder_alive:
            self.holder_alive = True
        left = self.started_at + CONFLICT_BUDGET - now
        if left < LEAST_DELAY:
            return None
        base = _FIRST * 2.0 ** min(self.attempt, 16)
        if retry_after is not None and not math.isnan(retry_after):
            base = retry_after
        capped = min(base, _CAP_HOLDER_ALIVE if self.holder_alive else _CAP)
        self.attempt += 1
        return min(max(capped * (0.85 + 0.3 * random), LEAST_DELAY), left)

    def forgive(self, now: float) -> None:
        """Start over with fast delays and a new budget: the holder is known to be dead."""
        self.attempt = 0
        self.holder_alive = False
        self.started_at = now
