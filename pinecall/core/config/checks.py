"""What each configuration value may be: one check per kind of field.

A check takes the place (whose configuration it is), the field's name and the value; it returns the
value in the form that is stored, or raises a ConfigurationError that names the field and the fix.
What it returns shares no dict or list with what the user passed in.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from attrs import frozen

from ...errors import ConfigurationError
from ..kernel.callables import check_function, why_it_never_runs
from ..kernel.seconds import check_unit, is_number
from ..text.spelling import camel, nearest

__all__ = [
    "Check",
    "Place",
    "anything",
    "filled",
    "flag",
    "function",
    "greeting",
    "known_keys",
    "mapping",
    "nearest",
    "number",
    "preparing",
    "renamed",
    "seconds",
    "secret",
    "session_limits",
    "skills",
    "store",
    "text",
    "text_or_texts",
    "texts",
    "tools",
]

Check = Callable[["Place", str, object], object]

_SESSION_LIMITS = (
    "max_duration_seconds",
    "idle_timeout_seconds",
    "idle_warning_seconds",
    "idle_grace_seconds",
)


@frozen
class Place:
    """Whose configuration is read: ``what`` opens every message, the ids go onto the error."""

    what: str
    agent_id: str | None = None
    call_id: str | None = None

    def error(self, message: str, code: str | None = None) -> ConfigurationError:
        return ConfigurationError(
            f"{self.what}: {message}", code, agent_id=self.agent_id, call_id=self.call_id
        )

    def wrong(self, field: str, want: str, value: object) -> ConfigurationError:
        # Only numbers are quoted back: any text may be a token that landed in the wrong field.
        number = f" {value!r}" if isinstance(value, (int, float)) else ""
        return self.error(f"{field} must be {want}, got {type(value).__name__}{number}")


def text(place: Place, field: str, value: object) -> str:
    if not isinstance(value, str):
        raise place.wrong(field, "a str", value)
    return value


def filled(place: Place, field: str, value: object) -> str:
    if not text(place, field, value).strip():
        raise place.error(f"{field} is empty; give it a value or leave it out")
    return str(value)


def secret(place: Place, field: str, value: object) -> str:
    """A filled str; unlike elsewhere, not even a number is quoted back."""
    if not isinstance(value, str) or not value.strip():
        raise place.error(f"{field} must be a str that is not empty (got {type(value).__name__})")
    return value


def flag(place: Place, field: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise place.wrong(field, "True or False", value)
    return value


def number(place: Place, field: str, value: object) -> float:
    if not is_number(value) or not 0 <= value < math.inf:
        raise place.wrong(field, "a number, 0 or more", value)
    return value


def seconds(place: Place, field: str, value: object) -> float:
    given = number(place, field, value)
    check_unit(f"{place.what}: {field}", given, agent_id=place.agent_id)
    return given


def texts(place: Place, field: str, value: object) -> list[str]:
    if not isinstance(value, (list, tuple)):
        raise place.wrong(field, "a list of str", value)
    return [filled(place, f"{field}[{i}]", item) for i, item in enumerate(value)]


def anything(place: Place, field: str, value: object) -> object:
    """Any JSON value, copied."""
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        raise place.error(f"{field} is {value!r}, which JSON cannot carry")
    if isinstance(value, Mapping):
        return mapping(place, field, value)
    if isinstance(value, (list, tuple)):
        return [anything(place, f"{field}[{i}]", item) for i, item in enumerate(value)]
    raise place.error(
        f"{field} is a {type(value).__name__}, which JSON cannot carry; give a str, a number,"
        " a bool, None, a list or a dict"
    )


def mapping(place: Place, field: str, value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise place.wrong(field, "a dict", value)
    copied: dict[str, Any] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise place.error(f"{field} has the key {key!r}; keys must be str")
        copied[key] = anything(place, f"{field}[{key!r}]", item)
    return copied


def text_or_texts(place: Place, field: str, value: object) -> str | list[str]:
    if isinstance(value, str):
        return value
    if not isinstance(value, (list, tuple)):
        raise place.wrong(field, "a str or a list of str", value)
    return texts(place, field, value)


def renamed(names: Mapping[str, str]) -> Check:
    """A dict whose keys in ``names`` are respelled; the rest pass as they are."""

    def check(place: Place, field: str, value: object) -> dict[str, Any]:
        given = mapping(place, field, value)
        return {names.get(key, key): item for key, item in given.items()}

    return check


def known_keys(place: Place, field: str, value: object, names: Iterable[str]) -> dict[str, Any]:
    """A dict with no other key than ``names`` (snake_case or camelCase), None left out."""
    spellings = {spelling: name for name in names for spelling in (name, camel(name))}
    out: dict[str, Any] = {}
    for key, item in mapping(place, field, value).items():
        name = spellings.get(key)
        if name is None:
            near = nearest(key, spellings)
            hint = f"did you mean {spellings[near]!r}?" if near else f"it takes {_list(names)}"
            raise place.error(f"{field} has no key {key!r}; {hint}")
        if name in out and out[name] != item:
            raise place.error(f"{field} has {name!r} twice, with different values")
        if item is not None:
            out[name] = item
    return out


def session_limits(place: Place, field: str, value: object) -> dict[str, Any]:
    given = known_keys(place, field, value, _SESSION_LIMITS)
    return {key: number(place, f"{field}[{key!r}]", item) for key, item in given.items()}


def preparing(place: Place, field: str, value: object) -> bool | dict[str, Any]:
    if isinstance(value, bool):
        return value
    if not isinstance(value, Mapping):
        raise place.wrong(field, "a bool or a dict with enabled and timeout_ms", value)
    given = known_keys(place, field, value, ("enabled", "timeout_ms"))
    if "enabled" in given:
        flag(place, f"{field}['enabled']", given["enabled"])
    if "timeout_ms" in given:
        number(place, f"{field}['timeout_ms']", given["timeout_ms"])
    return given


def greeting(place: Place, field: str, value: object) -> object:
    """A str, ``{text, add_to_history}``, ``{language: text}``, or a function (kept, never sent)."""
    if isinstance(value, str):
        return value
    if callable(value):
        return function(place, field, value, ["call"])
    if not isinstance(value, Mapping):
        raise place.wrong(field, "a str, {language: text}, {text, add_to_history} or a function",
                          value)  # fmt: skip
    if "text" in value:
        given = known_keys(place, field, value, ("text", "add_to_history"))
        given["text"] = text(place, f"{field}['text']", given.get("text"))
        if "add_to_history" in given:
            flag(place, f"{field}['add_to_history']", given["add_to_history"])
        return given
    if not value:
        raise place.error(f"{field} is an empty dict; give {{'en': 'Hello'}} or leave it out")
    return {
        key: text(place, f"{field}[{key!r}]", item)
        for key, item in mapping(place, field, value).items()
    }


def function(place: Place, field: str, value: object, arguments: Sequence[str]) -> object:
    """A function that can be called with ``arguments``, and of which something runs then."""
    try:
        check_function(field, value, arguments)
    except ConfigurationError as err:
        raise place.error(err.message) from None
    return value


def tools(place: Place, field: str, value: object) -> list[Any]:
    """A list of ``@tool`` functions (anything with ``to_wire()``) and function-calling dicts."""
    if not isinstance(value, (list, tuple)):
        raise place.wrong(field, "a list of tools", value)
    return _named(place, field, [_tool(place, f"{field}[{i}]", t) for i, t in enumerate(value)])


def skills(place: Place, field: str, value: object) -> list[Any]:
    """A list of ``Skill`` (anything with ``to_wire()``); a dict of its fields becomes one."""
    if not isinstance(value, (list, tuple)):
        raise place.wrong(field, "a list of skills", value)
    checked: list[Any] = []
    for i, item in enumerate(value):
        where = f"{field}[{i}]"
        if isinstance(item, Mapping):
            checked.append(_skill(place, where, item))
        elif _has_wire_form(item):
            checked.append(item)
        else:
            raise place.wrong(where, "a Skill or a dict with a name", item)
    return _named(place, field, checked)


def _skill(place: Place, where: str, item: Mapping[Any, Any]) -> object:
    from ..tools.skill import Skill

    filled(place, f"{where}['name']", item.get("name", ""))
    if "tools" in item:
        tools(place, f"{where}['tools']", item["tools"])
    try:
        return Skill.from_dict(item)
    except ConfigurationError as err:
        raise place.error(f"{where}: {err.message}") from None


def store(place: Place, field: str, value: object) -> object:
    if not callable(getattr(value, "save", None)):
        raise place.wrong(field, "an object with a save(record) method", value)
    for name in ("save", "find_by_contact"):
        method = getattr(value, name, None)
        # What find_by_contact yields is as good as a list.
        matters = name == "save" or inspect.isasyncgenfunction(method)
        if matters and (why := why_it_never_runs(method)):
            raise place.error(f"{field}.{name} {why}")
    return value


def _tool(place: Place, field: str, item: object) -> object:
    if isinstance(item, Mapping):
        bare = "type" not in item and "function" not in item
        if bare or (
            item.get("type") == "function" and not isinstance(item.get("function"), Mapping)
        ):
            raise place.error(
                f"{field} is a dict without a tool in it; give {{'type': 'function',"
                " 'function': {'name': …, 'parameters': …}} or a function decorated with @tool"
            )
        return mapping(place, field, item)
    if _has_wire_form(item):
        return item
    if callable(item):
        name = getattr(item, "__name__", type(item).__name__)
        raise place.error(f"{field} is the plain function {name}; decorate it with @tool")
    raise place.wrong(field, "a function decorated with @tool, or a dict", item)


def _has_wire_form(item: object) -> bool:
    return callable(getattr(item, "to_wire", None)) and not isinstance(item, type)


def _named(place: Place, field: str, items: list[Any]) -> list[Any]:
    from ..tools.tool import tool_name  # those who give none need not load it

    seen: set[str] = set()
    for item in items:
        name = tool_name(item)
        if name and name in seen:
            raise place.error(f"{field} has two entries named {name!r}; give each its own name")
        seen.add(name)
    return items


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
