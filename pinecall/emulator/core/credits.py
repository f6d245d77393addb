"""The organisation's credit: once it is gone, calls are refused and live ones end soon."""

from __future__ import annotations

from .sessions.live import Sessions
from .voice.call import VoiceCall
from .world import World

__all__ = ["change"]


def change(world: World, sessions: Sessions, left: float | None) -> None:
    """Set the credit; at 0 each live call gets ``credits.exhausted`` and ends after the grace period."""
    world.settings.credits = left
    if left is None or left > 0:
        return
    for session in sessions.all():
        if isinstance(session, VoiceCall) and session.answered:
            session.emit("credits.exhausted")
            world.later(
                world.settings.credits_grace,
                lambda s=session: s.end("credits_exhausted"),  # type: ignore[misc]
            )
