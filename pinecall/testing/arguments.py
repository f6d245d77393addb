"""What a test passes to the verbs, checked where it stands."""

from __future__ import annotations

import re
from typing import Any

from .values import is_number

__all__ = ["check_expected", "check_mapping", "check_seconds", "check_text"]


def check_text(what: str, value: Any, *, empty: bool = False) -> None:
    """Raise TypeError unless it is a text, and ValueError if there is nothing in it."""
    __tracebackhide__ = True
    if not isinstance(value, str):
        raise TypeError(f"{what}: a text, not {_kind(value)}")
    if not empty and not value.strip():
        raise ValueError(f"{what}: the text is empty")


def check_seconds(what: str, name: str, value: Any, *, optional: bool = False) -> None:
    """Raise TypeError unless it is a number of seconds, and ValueError if it is negative."""
    __tracebackhide__ = True
    if optional and value is None:
        return
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError(f"{what}: {name}={value!r} is no number of seconds")
    if not is_number(value) or value < 0:
        raise ValueError(f"{what}: {name}={value!r}, seconds, 0 or more")


def check_expected(what: str, value: Any) -> None:
    """Raise TypeError unless it is something that a text can be compared with."""
    __tracebackhide__ = True
    if not (value is None or isinstance(value, str | re.Pattern) or callable(value)):
        raise TypeError(
            f"{what}: a part of the reply, a compiled pattern, a function of the reply, or nothing "
            f"for any reply; not {_kind(value)}"
        )


def check_mapping(what: str, name: str, value: Any) -> None:
    """Raise TypeError unless it is a dict with texts as keys, or None."""
    __tracebackhide__ = True
    if value is None:
        return
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise TypeError(f"{what}: {name} is a dict with texts as keys, not {value!r}")


def _kind(value: Any) -> str:
    return "None" if value is None else type(value).__name__
