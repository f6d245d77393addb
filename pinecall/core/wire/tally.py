"""Repeated warnings that a server can cause: some of a kind are logged, the rest counted."""

from __future__ import annotations

from ...logs import Log
from .limits import KIND, KINDS, WARNINGS

__all__ = ["Tally"]

log = Log("wire")

#: Seconds after which warnings of a kind are logged individually again.
_WINDOW = 60.0
#: The kind that stands for those beyond KINDS.
_OTHERS = "other kinds"


class Tally:
    """Counts warnings by kind; logs how many were left out, each minute and when the link ends."""

    def __init__(self) -> None:
        #: Kind → when its minute began, and how many warnings came in it.
        self._kinds: dict[str, tuple[float, int]] = {}

    def tells(self, kind: str, now: float) -> bool:
        """Count a warning of this kind; return whether to log it individually."""
        kind = kind[:KIND]
        if kind not in self._kinds and len(self._kinds) >= KINDS:
            kind = _OTHERS
        since, count = self._kinds.get(kind, (now, 0))
        if now - since >= _WINDOW:
            self._sum_up(kind, count)
            since, count = now, 0
        self._kinds[kind] = (since, count + 1)
        return count < WARNINGS

    def finish(self) -> None:
        """Log what was left out and start over: the connection is closed."""
        for kind, (_, count) in self._kinds.items():
            self._sum_up(kind, count)
        self._kinds.clear()

    @staticmethod
    def _sum_up(kind: str, count: int) -> None:
        if count > WARNINGS:
            log.warning("%d more warnings of the kind %s were left out", count - WARNINGS, kind)
