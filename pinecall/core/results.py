"""What a tool's result looks like to the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

__all__ = ["encode_result", "error_result"]


def encode_result(value: object) -> Any:
    """What a tool returned, as JSON can carry it (``result`` of llm.tool_result).

    None, False, 0, ``""`` and empty lists stay what they are. attrs classes, dataclasses, enums,
    dates, decimals, UUIDs, sets and bytes (base64) take their JSON form; anything else, at any
    depth, is its ``str``. What JSON cannot carry at all (a list inside itself) is ``str`` whole.
    """
    try:
        result = msgspec.to_builtins(value, str_keys=True, enc_hook=_other)
        msgspec.json.encode(result)
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError):
        # Half a surrogate pair is in a Python string but in no UTF-8.
        return str(value).encode("utf-8", "replace").decode()
    return result


def _other(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else str(value)


def error_result(message: str) -> dict[str, str]:
    """The result that tells the model what went wrong."""
    return {"error": message}
