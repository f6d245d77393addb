"""Results that are there already, and may be awaited all the same: one text for both kinds of test."""

from __future__ import annotations

from collections.abc import Generator
from math import isfinite
from typing import Any, TypeVar

__all__ = ["Awaitable", "Text", "awaitable", "is_number"]

T = TypeVar("T")


class Awaitable:
    """An object that gives itself when it is awaited."""

    def __await__(self: T) -> Generator[Any, None, T]:
        yield from ()
        return self


class Text(str, Awaitable):
    """What was heard: a ``str`` that an ``async def`` test may await."""

    __slots__ = ()


class _Frame(dict[str, Any], Awaitable):
    pass


class _Nothing(Awaitable):
    def __await__(self) -> Generator[Any, None, None]:  # type: ignore[override]
        yield from ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "None"


def awaitable(value: Any) -> Any:
    """Return the value, so that it may be awaited where it is a text, a frame or None."""
    if value is None:
        return _Nothing()
    if type(value) is str:
        return Text(value)
    return _Frame(value) if type(value) is dict else value


def is_number(value: Any) -> bool:
    """Whether it is a finite number; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
