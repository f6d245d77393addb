"""The organisation's credit: when it is gone, calls are refused and live ones end soon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .voice import VoiceCall

if TYPE_CHECKING:
    from .server import Server

__all__ = ["change"]


def change(server: Server, left: float | None) -> None:
    """Set what is left; at 0 every live call gets ``credits.exhausted`` and ends after the grace."""
    server.settings.credits = left
    if left is None or left > 0:
        return
    for session in list(server.sessions.values()):
        if isinstance(session, VoiceCall) and session.answered:
            session.emit("credits.exhausted")
            server.later(
                server.settings.credits_grace,
                lambda s=session: s.end("credits_exhausted"),  # type: ignore[misc]
            )
