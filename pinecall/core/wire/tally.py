"""Warnings that a server can bring about without end: the first of a kind are told, the rest counted."""

from __future__ import annotations

from ...logs import Log
from .limits import KIND, KINDS, WARNINGS

__all__ = ["Tally"]

log = Log("wire")

#: Seconds after which a kind is told one by one again.
_WINDOW = 60.0
#: What is beyond KINDS.
_OTHERS = "other kinds"


class Tally:
    """Counts by kind; how many were left out is told when the minute, or the connection, is over."""

    def __init__(self) -> None:
        #: Kind → when its minute began, and how many came in it.
        self._kinds: dict[str, tuple[float, int]] = {}

    def tells(self, kind: str, now: float) -> bool:
        """One more of this kind: is it to be told by itself?"""
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
        """The connection is over: tell what was left out, and begin anew."""
        for kind, (_, count) in self._kinds.items():
            self._sum_up(kind, count)
        self._kinds.clear()

    @staticmethod
    def _sum_up(kind: str, count: int) -> None:
        if count > WARNINGS:
            log.warning("%d more warnings of the kind %s were left out", count - WARNINGS, kind)
