"""JSON: read tolerantly, and always written so that any reader accepts it.

A server in another language may send half a surrogate pair (a text cut in the middle of an emoji),
or NaN, which are not valid JSON. The text around them is read all the same: U+FFFD replaces the
half, None the number. What is written here holds neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from .utf8 import valid

__all__ = ["mend", "read", "valid_json", "write"]

_encode = msgspec.json.Encoder().encode


def read(data: str | bytes) -> Any:
    """Return the value; raise ValueError, or msgspec's DecodeError, for invalid JSON even so."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError):
        mended = mend(data if isinstance(data, str) else bytes(data).decode("utf-8", "replace"))
        if mended is None:
            raise
        return msgspec.json.decode(mended)


def mend(text: str) -> str | None:
    """Return the text as valid JSON; None if even a tolerant reader cannot read it."""
    import json  # hardly any program needs it

    try:
        value = json.loads(text.lstrip("\ufeff"), parse_constant=_nothing, parse_float=_finite)
        return _encode(valid_json(value)).decode()
    except (ValueError, RecursionError, msgspec.MsgspecError, OverflowError):
        return None


def write(value: Any) -> bytes:
    """Return compact JSON in UTF-8; raise TypeError or ValueError if it cannot be JSON."""
    try:
        return _encode(value)
    except UnicodeEncodeError:
        return _encode(valid_json(msgspec.to_builtins(value, str_keys=True)))


def valid_json(value: Any) -> Any:
    """Return the value with every text in it, keys included, as valid UTF-8."""
    if isinstance(value, str):
        return valid(value)
    if isinstance(value, Mapping):
        return {
            valid(key) if isinstance(key, str) else key: valid_json(item)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [valid_json(item) for item in value]
    return value


def _nothing(_constant: str) -> None:
    """Replace NaN, Infinity and -Infinity by None."""


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if abs(number) != float("inf") else None
