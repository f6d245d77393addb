"""The form of a tool's result for the model."""

from __future__ import annotations

from collections import deque
from collections.abc import ItemsView, Iterator, KeysView, Mapping, Set, ValuesView
from itertools import islice
from typing import Any

import msgspec

from ...errors import ConfigurationError
from ..text.jsontext import valid_json

__all__ = ["encode_result", "error_result"]

#: Items of an iterator that are read at most: one without an end would never be answered.
MOST_ITEMS = 10_000


def encode_result(value: object) -> Any:
    """Return a tool's result in a JSON form (``result`` of llm.tool_result).

    None, False, 0, ``""`` and empty lists stay what they are. attrs classes, dataclasses, pydantic
    models, enums, dates, decimals, UUIDs, sets and bytes (base64) take their JSON form; views,
    ranges, deques and iterators become lists, and an object with a ``__str__`` is its text.

    Raises:
        ConfigurationError: a part of it has no such form; names its type.
    """
    try:
        result = msgspec.to_builtins(value, str_keys=True, enc_hook=_other)
        try:
            msgspec.json.encode(result)
        except UnicodeError:
            result = valid_json(result)
    except ConfigurationError:
        raise
    except RecursionError:
        raise ConfigurationError(
            f"the result, a {type(value).__name__}, holds itself or is nested too deeply for JSON"
        ) from None
    except (msgspec.MsgspecError, TypeError, ValueError) as exc:
        raise ConfigurationError(
            f"the result, a {type(value).__name__}, cannot be sent to the model: {exc}"
        ) from None
    return result


def _other(value: Any) -> object:
    """Convert an object that msgspec does not know, at any depth of the result."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (KeysView, ValuesView, ItemsView, Set, range, deque, Iterator)):
        items = list(islice(value, MOST_ITEMS + 1))
        if len(items) > MOST_ITEMS:
            raise ConfigurationError(
                f"the result holds a {type(value).__name__} of more than {MOST_ITEMS} items; return "
                "what the model needs of it"
            )
        return items
    cls = type(value)
    # pydantic and numpy, without importing them.
    if callable(getattr(cls, "model_dump", None)):
        return value.model_dump(mode="json")
    if hasattr(cls, "dtype") and callable(getattr(cls, "tolist", None)):
        return value.tolist()
    if getattr(cls, "__str__", None) is not object.__str__:
        return str(value)
    what = f"the class {value.__name__}" if isinstance(value, type) else f"a {cls.__name__}"
    raise ConfigurationError(
        f"the result holds {what}, which has no JSON form; return text, numbers, lists, "
        "dicts, a dataclass or a pydantic model"
    )


def error_result(message: str) -> dict[str, str]:
    """Return the result that describes an error to the model."""
    return {"error": message}
