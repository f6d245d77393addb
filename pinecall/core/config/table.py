"""How the options classes name their keys, and how a configuration is read by them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, cast

import attrs

from ..text.spelling import camel, nearest
from .checks import Check, Place

__all__ = ["HINTS", "Option", "Table", "checked_by", "read", "table_of"]

_OPTION = "pinecall.option"


@attrs.frozen
class Option:
    """One key of a configuration: its check, and its key on the wire."""

    check: Check
    wire: str


def checked_by(check: Check, wire: str = "") -> dict[str, tuple[Check, str]]:
    """The metadata of a field of an options class: a key that users write, under the field's name.

    wire: its key on the wire, where that is another one
    """
    return {_OPTION: (check, wire)}


class Table(dict[str, Option]):
    """The keys of one place, in the order of the wire."""

    @functools.cached_property
    def spellings(self) -> dict[str, str]:
        """The ways of writing each key: Python's, and the platform's."""
        found = {written: name for name in self for written in (name, camel(name))}
        for name, each in self.items():
            found.setdefault(each.wire, name)
        return found


def table_of(options: type) -> Table:
    """The fields of an options class that :func:`checked_by` marks, inherited ones first."""
    table = Table()
    for field in attrs.fields(cast("Any", options)):
        if _OPTION in field.metadata:
            check, wire = field.metadata[_OPTION]
            table[field.name] = Option(check, wire or field.name)
    return table


_DERIVED = "is not configurable: the server derives it from stt; remove it"
#: Keys of other times and other methods, and what to do instead.
HINTS: dict[str, str] = {
    "model": "is an option of deploy(); here it is llm, like llm='openai/gpt-4.1-mini'",
    "channels": "is an option of deploy(); here it is phone_number, or use add_channel()",
    "instructions": "is called prompt",
    "system_prompt": "is called prompt",
    "phones": "is called phone_numbers",
    "turn_detection": _DERIVED,
    "turnDetection": _DERIVED,
    "vad": _DERIVED,
    "history_save": "is called history, an object with a save(record) method",
    "historySave": "is called history, an object with a save(record) method",
}


def read(
    place: Place,
    table: Table,
    *sources: object,
    hints: Mapping[str, str] = HINTS,
    code: str | None = None,
) -> dict[str, Any]:
    """The sources (attrs instances, dicts, None) as one dict of checked values, later ones winning.

    Keys come out in their Python spelling; a value of None counts as not given.

    Raises:
        ConfigurationError: a key that ``table`` does not have (with the nearest one that it has, or
            the text ``hints`` holds for it, under ``code``), one key in two spellings with two
            values, or a value its check refuses.
    """
    values: dict[str, object] = {}
    for source in sources:
        if source is not None:
            values.update(_fold(place, table, source, hints, code))
    return {name: table[name].check(place, name, value) for name, value in values.items()}


def _fold(
    place: Place,
    table: Table,
    source: object,
    hints: Mapping[str, str],
    code: str | None,
) -> dict[str, object]:
    given = _mapping(place, source)
    spellings = table.spellings
    out: dict[str, object] = {}
    for key, value in given.items():
        name = spellings.get(key)
        if name is None:
            raise _unknown(place, key, spellings, hints, code)
        if value is None:
            continue
        if name in out and out[name] != value:
            if name == "session_limits":
                # The platform's own rule for this one key: the camelCase spelling wins.
                value = given["sessionLimits"]
            else:
                raise place.error(f"{name} is given twice, with different values; keep one")
        out[name] = value
    return out


def _mapping(place: Place, source: object) -> Mapping[Any, object]:
    if isinstance(source, Mapping):
        return source
    if not isinstance(source, type) and attrs.has(type(source)):
        fields = attrs.fields(cast("Any", type(source)))
        values = ((field.name, getattr(source, field.name)) for field in fields)
        return {name: value for name, value in values if value is not None}
    raise place.wrong("config", "an options object or a dict (or use keywords)", source)


def _unknown(
    place: Place,
    key: object,
    spellings: Mapping[str, str],
    hints: Mapping[str, str],
    code: str | None,
) -> Exception:
    if not isinstance(key, str):
        return place.error(f"option names must be str, got {type(key).__name__}")
    if key in hints:
        return place.error(f"{key} {hints[key]}", code)
    near = nearest(key, spellings)
    if near is not None:
        return place.error(f"there is no option {key!r}; did you mean {spellings[near]!r}?")
    known = ", ".join(sorted(set(spellings.values())))
    return place.error(f"there is no option {key!r}; there are {known}")
