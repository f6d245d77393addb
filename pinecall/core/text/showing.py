"""The ``repr`` of public objects: without secrets, and never raising."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .secrets import clean

__all__ = ["shows"]

S = TypeVar("S")


def shows(text: Callable[[S], str]) -> Callable[[S], str]:
    """Decorate a ``__repr__``: ids may be anything a server sends, and a traceback with locals
    shows objects whose constructor failed half-way."""

    def __repr__(self: S) -> str:
        try:
            return clean(text(self))
        except AttributeError:
            return f"<{type(self).__name__}: not made>"

    __repr__.__wrapped__ = text  # type: ignore[attr-defined]
    return __repr__
