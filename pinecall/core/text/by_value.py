"""Equality and hash of attrs classes, written once.

Made by attrs for each of a hundred classes, they would take a good part of the time that the first
connection takes.
"""

from __future__ import annotations

from typing import Any

import attrs

__all__ = ["ByValue"]


class ByValue:
    """Equal are two of one class whose fields are. For ``@frozen(eq=False)``."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash((type(self), self._values()))

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, f.name) for f in attrs.fields(type(self)))  # type: ignore[arg-type]
