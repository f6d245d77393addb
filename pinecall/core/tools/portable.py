"""JSON Schemas that the model APIs accept: OpenAI's, in its strict mode too, and Gemini's.

They require a ``type`` beside each ``enum`` and ``items`` in each array, and support neither
``prefixItems`` nor ``discriminator``. A recursive type (``$defs``; Gemini refuses it) and a dict
with arbitrary keys (strict mode refuses it) have no other form, and are left unchanged.
"""

from __future__ import annotations

import enum
import typing
from typing import Any

__all__ = ["in_order", "portable"]

Orders = dict[frozenset[tuple[type, Any]], list[Any]]

_TYPES = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"))
_UNKNOWN = {"discriminator", "contentEncoding", "uniqueItems"}


def portable(schema: Any, orders: Orders) -> Any:
    """Return the schema in the form that all accept; ``orders`` are those of :func:`in_order`."""
    if isinstance(schema, list):
        return [portable(item, orders) for item in schema]
    if not isinstance(schema, dict):
        return schema
    out = {key: _inner(key, value, orders) for key, value in schema.items() if key not in _UNKNOWN}
    if schema.get("contentEncoding") == "base64":
        out.setdefault("description", "base64")
    if "enum" in out and "type" not in out:
        out.update(_enum(out.pop("enum"), orders))
    if out.get("type") == "array":
        _array(out)
    return out


def _inner(key: str, value: Any, orders: Orders) -> Any:
    if key in ("properties", "$defs") and isinstance(value, dict):
        return {name: portable(inner, orders) for name, inner in value.items()}
    return value if key in ("enum", "default", "examples", "required") else portable(value, orders)


def _enum(values: list[Any], orders: Orders) -> dict[str, Any]:
    """Return the members in declaration order, with their type; ``anyOf`` for several types."""
    values = orders.get(frozenset((type(value), value) for value in values), values)
    groups: dict[str, list[Any]] = {}
    for value in values:
        kind = next((name for cls, name in _TYPES if isinstance(value, cls)), "null")
        groups.setdefault(kind, []).append(value)
    typed: list[dict[str, Any]] = [
        {"type": "null"} if kind == "null" else {"type": kind, "enum": members}
        for kind, members in groups.items()
    ]
    return typed[0] if len(typed) == 1 else {"anyOf": typed}


def _array(out: dict[str, Any]) -> None:
    places = out.pop("prefixItems", None)
    if places:
        different: list[Any] = []
        for place in places:
            if place not in different:
                different.append(place)
        out["items"] = different[0] if len(different) == 1 else {"anyOf": different}
    if out.get("items") in (None, {}, True, False):
        # Any type: an array without items is refused, and so are items without a type.
        out["items"] = {"anyOf": [{"type": name} for name in ("string", "number", "boolean")]}


def in_order(hints: typing.Iterable[Any]) -> Orders:
    """Return the members of each Literal and Enum in the hints in declaration order: msgspec sorts
    them. If two have the same members, the first counts.
    """
    orders: Orders = {}
    #: By id, and kept alive: a freed hint's id would be reused by the next.
    seen: dict[int, Any] = {}
    todo = list(hints)[::-1]
    while todo:
        hint = todo.pop()
        if id(hint) in seen:
            continue
        seen[id(hint)] = hint
        members: list[Any] = []
        if typing.get_origin(hint) is typing.Literal:
            members = [
                one.value if isinstance(one, enum.Enum) else one for one in typing.get_args(hint)
            ]
        elif isinstance(hint, type) and issubclass(hint, enum.Enum):
            members = [one.value for one in hint]
        else:
            todo += [*typing.get_args(hint), *_fields(hint)]
        try:
            orders.setdefault(frozenset((type(one), one) for one in members), members)
        except TypeError:
            continue  # an Enum whose values cannot be compared has no JSON form either
    return orders


def _fields(hint: Any) -> list[Any]:
    """Return the hints of a class's fields: dataclasses, attrs classes, TypedDicts, NamedTuples."""
    if not isinstance(hint, type) or not getattr(hint, "__annotations__", None):
        return []
    try:
        return list(typing.get_type_hints(hint, include_extras=True).values())
    except Exception:  # names that are not visible here; msgspec reports what is wrong with them
        return []
