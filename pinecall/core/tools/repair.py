"""Arguments as models write them: a value whose meaning is beyond doubt is converted.

A model writes ``4.0`` for an int, ``"4"`` for a number, ``14:30`` for a time. The decoder reports
where a value does not fit and what it expects there; that value is rewritten, and the whole is
decoded again. An ambiguous value is left, and refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

__all__ = ["decode_meant"]

#: Values of one argument that are rewritten at most.
_TRIES = 200
_ERROR = re.compile(r"(.*?)(?: - at (?:`key` in )?`\$(.*)`)?", re.DOTALL)
_EXPECTED = re.compile(r"Expected `([^`]*)`, got `([^`]*)`")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|(\[\.\.\.\])")
_INTEGER = re.compile(r"[+-]?\d{1,18}(?:\.0*)?")
_FLOAT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
_TIME = re.compile(
    r"(\d{1,2}):(\d\d)(?::(\d\d(?:\.\d+)?))?\s*(?:([ap])\.?m\.?)?\s*(Z|[+-]\d\d:?\d\d)?", re.I
)
_DATETIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ]\s*(.+)", re.I)
_MIDNIGHT = re.compile(r"(\d{4}-\d\d-\d\d)[T ]00:00(?::00(?:\.0+)?)?Z?", re.I)

#: The meaning is not beyond doubt.
_DOUBT: Any = object()
#: The value is meant to be omitted.
_LEFT_OUT: Any = object()


def decode_meant(decoder: msgspec.json.Decoder[Any], raw: bytes) -> Any:
    """Return the decoded JSON; raise the ``decoder``'s ValidationError if no meaning fits."""
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as exc:
        error = exc
    whole = [msgspec.json.decode(raw)]  # in a list, so that the value itself can be replaced
    for _ in range(_TRIES):
        if not _repair(whole, str(error)):
            break
        try:
            return decoder.decode(msgspec.json.encode(whole[0]))
        except msgspec.ValidationError as exc:
            error = exc
    raise error


def _repair(whole: list[Any], message: str) -> bool:
    """Rewrite the value that the error is about; return False if that is impossible."""
    found = _ERROR.fullmatch(message)
    text, path = (found[1], found[2] or "") if found else (message, "")
    holders: list[tuple[Any, Any]] = [(whole, 0)]
    for key, index, every in _STEP.findall(path):
        inner = [holder[at] for holder, at in holders]
        if every:
            holders = [(one, at) for one in inner if isinstance(one, dict) for at in one]
        else:
            holders = [(one, key or int(index)) for one in inner if _has(one, key or int(index))]
    changed = False
    for holder, at in holders:
        meant = _meant(holder[at], text)
        if meant is _LEFT_OUT and isinstance(holder, dict) and len(holders) == 1:
            del holder[at]
            return True
        if meant is not _DOUBT and meant is not _LEFT_OUT:
            holder[at] = meant
            changed = True
    return changed


def _has(holder: Any, at: str | int) -> bool:
    return at in holder if isinstance(holder, dict) else isinstance(at, int) and at < len(holder)


def _meant(value: Any, text: str) -> Any:
    expected = _EXPECTED.search(text)
    kinds = set(expected[1].split(" | ")) if expected else set()
    if value is None:
        return _LEFT_OUT if kinds else _DOUBT  # if there is a default, it is meant
    if isinstance(value, bool):
        return _DOUBT
    if isinstance(value, float) and "int" in kinds and value.is_integer():
        return int(value)
    if isinstance(value, str):
        return _from_text(value.strip(), kinds, text)
    return _DOUBT


def _from_text(value: str, kinds: set[str], text: str) -> Any:
    if "int" in kinds and _INTEGER.fullmatch(value):
        return int(value.partition(".")[0])
    if "float" in kinds and _FLOAT.fullmatch(value):
        return float(value)
    if "bool" in kinds and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if "null" in kinds and value.lower() == "null":
        return None
    for kind, opening in (("array", "["), ("object", "{")):
        if kind in kinds and value.startswith(opening):
            try:
                return msgspec.json.decode(value)
            except msgspec.DecodeError:
                return _DOUBT
    for word, read in _DATES.items():
        if text.startswith(f"Invalid RFC3339 encoded {word}"):
            return read(value)
    return _DOUBT


def _time(value: str) -> Any:
    """Convert ``14:30`` and ``2:30 pm`` to ``14:30:00``."""
    found = _TIME.fullmatch(value)
    if found is None:
        return _DOUBT
    hour, minute, second, half, zone = found.groups()
    hours = int(hour)
    if half:
        if not 1 <= hours <= 12:
            return _DOUBT
        hours = hours % 12 + (12 if half.lower() == "p" else 0)
    if zone and zone.upper() != "Z" and ":" not in zone:
        zone = f"{zone[:3]}:{zone[3:]}"
    meant = f"{hours:02d}:{minute}:{second or '00'}{zone or ''}"
    return _DOUBT if meant == value else meant


def _datetime(value: str) -> Any:
    """Accept a space instead of the ``T``, and no seconds; a date alone is not a datetime."""
    found = _DATETIME.fullmatch(value)
    if found is None:
        return _DOUBT
    time = _time(found[2])
    meant = f"{found[1]}T{found[2] if time is _DOUBT else time}"
    return _DOUBT if meant == value else meant


def _date(value: str) -> Any:
    """Accept a date followed by midnight."""
    found = _MIDNIGHT.fullmatch(value)
    return found[1] if found else _DOUBT


_DATES: dict[str, Callable[[str], Any]] = {"datetime": _datetime, "date": _date, "time": _time}
