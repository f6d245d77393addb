"""Reads answers, in which a field of the wrong type counts as absent, and checks arguments."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ...errors import ApiError, ConfigurationError
from ..kernel.seconds import is_finite

__all__ = ["filled", "flag", "number", "optional", "positive", "refused", "rows", "text", "whole"]

T = TypeVar("T")


def text(row: Mapping[str, Any], *keys: str, default: str = "") -> str:
    """Return the value, as text, of the first key that holds a text or a number."""
    value = optional(row, *keys)
    return default if value is None else value


def optional(row: Mapping[str, Any], *keys: str) -> str | None:
    for key in keys:
        value = row.get(key)
        if isinstance(value, str):
            return value
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return str(value)
    return None


def number(row: Mapping[str, Any], key: str) -> float | None:
    value = row.get(key)
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return float(value) if is_finite(value) else None


def whole(row: Mapping[str, Any], key: str, default: int = 0) -> int:
    value = number(row, key)
    return default if value is None else int(value)


def flag(row: Mapping[str, Any], key: str) -> bool:
    return row.get(key) is True


def rows(value: Any, read: Callable[[dict[str, Any]], T]) -> list[T]:
    """Return the objects of a list, read; none if it is not a list."""
    return [read(row) for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def refused(what: str, body: Mapping[str, Any], status: int) -> None:
    """Raise ApiError for ``{"success": false}`` with a success status."""
    if body.get("success") is False:
        words = optional(body, "error", "message") or "the server says it did not succeed"
        raise ApiError(f"{what}: {words} (HTTP {status})", optional(body, "code"), status=status)


def filled(name: str, value: object) -> str:
    """Return an argument that is a non-empty text; else raise ConfigurationError."""
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"{name} is a non-empty str, not {value!r}")
    return value


def positive(name: str, value: object, *, whole: bool = False) -> Any:
    """Return an argument that is a number above 0; else raise ConfigurationError."""
    kinds = (int,) if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not 0 < value < math.inf:
        kind = "whole number" if whole else "number"
        raise ConfigurationError(f"{name} is a {kind} above 0, not {value!r}")
    return value
