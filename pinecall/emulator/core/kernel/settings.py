"""The emulator's timers and limits, as numbers that a test can change."""

from __future__ import annotations

from attrs import define

__all__ = ["Settings"]


@define(kw_only=True)
class Settings:
    """Timers and limits of the server; times are seconds.

    ``pace`` scales speech: 1.0 is a person's speed, 0.0 is at once. It does not scale the server's own
    timers (barrier, ringing, idle).
    """

    pace: float = 0.0
    ids: str = "plain"
    seed: int = 0
    org_id: str = "org_1"
    capacity: int | None = None
    credits: float | None = None
    numbers: frozenset[str] | None = None

    words_per_second: float = 2.5
    latency: float = 0.6
    ring_delay: float = 1.0

    ping_interval: float = 20.0
    stale_after: float = 45.0
    resume_window: float = 30.0
    conflict_retry: float = 5.0
    auth_timeout: float = 10.0
    ringing_timeout: float = 5.0
    interrupt_patience: float = 2.0
    barrier_legacy: float = 0.15
    barrier_opted: float = 1.5
    barrier_longest: float = 5.0
    tool_timeout: float = 60.0
    max_duration: float = 600.0
    idle_timeout: float = 60.0
    idle_warning: float = 15.0
    idle_grace: float = 10.0
    dial_rings: float = 30.0
    credits_grace: float = 5.0
    whatsapp_idle: float = 7200.0
    whatsapp_window: float = 86400.0
    bridge_turns: int = 6
    tool_rounds: int = 8
    token_lifetime: float = 60.0
