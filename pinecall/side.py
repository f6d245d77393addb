"""What the other WebSockets of both fronts (call log, live transcription) have in common."""

from __future__ import annotations

__all__ = ["ANSWER", "QUIET", "SideClosed"]

#: Seconds of silence after which we ask, and seconds for the answer.
QUIET, ANSWER = 20.0, 10.0


class SideClosed(Exception):
    """The connection is over. ``code`` is 1006 where there was no closing handshake."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason or f"close code {code}")
        self.code = code
        self.reason = reason
