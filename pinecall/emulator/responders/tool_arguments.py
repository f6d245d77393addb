"""Arguments for a tool, extracted from a text."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["arguments_for", "has_example", "spelled", "words_of"]

_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w])")
_QUOTED = re.compile(r"[\"“']([^\"”']+)[\"”']")
_EXAMPLE = re.compile(r"(?:like|such as|e\.g\.|for example)\s+[`'\"]?([^\s,;)`'\"]+)", re.I)


def spelled(name: str) -> str:
    """Split a name into words: ``lookupOrder`` and ``lookup_order`` become ``lookup order``."""
    return re.sub(r"[_\-.\s]+", " ", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)).strip().lower()


def words_of(text: str) -> set[str]:
    """The words of a text in lower case, without a plural ``s``."""
    return {
        w[:-1] if len(w) > 3 and w.endswith("s") else w for w in re.findall(r"\w+", text.lower())
    }


def has_example(schema: dict[str, Any], text: str) -> bool:
    """Whether the text has something shaped like an example of one of the parameters."""
    properties: dict[str, Any] = schema.get("properties") or {}
    return any(_like_the_example(_plain(p, schema), text) for p in properties.values())


def arguments_for(schema: dict[str, Any], text: str) -> dict[str, Any]:
    """Find values for the schema's properties in the text; required ones always get one."""
    properties: dict[str, Any] = schema.get("properties") or {}
    required = schema.get("required") or []
    numbers = [n.group() for n in _NUMBER.finditer(text)]
    quoted = _QUOTED.findall(text)
    found: dict[str, Any] = {}
    for name, property_ in properties.items():
        value = _value(name, _plain(property_, schema), text, numbers, quoted)
        if value is None and name in required:
            value = _last_resort(_plain(property_, schema), text)
        if value is not None:
            found[name] = value
    return found


def _plain(property_: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Resolve references and nullable unions of a property."""
    if "$ref" in property_:
        name = str(property_["$ref"]).rsplit("/", 1)[-1]
        return {**(schema.get("$defs") or {}).get(name, {}), **property_}
    for union in ("anyOf", "oneOf"):
        for member in property_.get(union, []):
            if member.get("type") != "null":
                return {
                    **_plain(member, schema),
                    **{k: v for k, v in property_.items() if k != union},
                }
    return property_


def _value(
    name: str, property_: dict[str, Any], text: str, numbers: list[str], quoted: list[str]
) -> Any:
    kind = property_.get("type")
    kind = next((k for k in kind if k != "null"), None) if isinstance(kind, list) else kind
    given = re.search(rf"\b{re.escape(name)}\s*[=:]\s*(\"[^\"]*\"|\S+)", text)
    if given:
        return _converted(given[1].strip('"').rstrip(".,;"), kind)
    if "const" in property_:
        return property_["const"]
    if "enum" in property_:
        return next(
            (e for e in property_["enum"] if re.search(rf"\b{re.escape(str(e))}\b", text, re.I)),
            None,
        )
    if kind in ("integer", "number"):
        whole = [n for n in numbers if kind == "number" or "." not in n]
        if not whole:
            return None
        numbers.remove(whole[0])
        return _converted(whole[0], kind)
    if kind == "boolean":
        word = re.search(r"\b(yes|true|no|false|not)\b", text, re.I)
        return None if word is None else word[1].lower() in ("yes", "true")
    if kind in ("string", None):
        shaped = _like_the_example(property_, text)
        if shaped:
            return shaped
        return quoted.pop(0) if quoted else None
    return None


def _like_the_example(property_: dict[str, Any], text: str) -> str | None:
    """Find something shaped like the description's example: letters for letters, digits for digits."""
    examples = [str(e) for e in property_.get("examples") or []]
    examples += _EXAMPLE.findall(str(property_.get("description", "")))
    patterns = [property_["pattern"].strip("^$")] if "pattern" in property_ else []
    for example in examples:
        shape = re.sub(r"\d+", "\0", re.sub(r"[A-Za-z]+", "\1", example.rstrip(".")))
        if "\0" in shape or not shape.isalpha():
            patterns.append(re.escape(shape).replace("\0", r"\d+").replace("\1", "[A-Za-z]+"))
    for pattern in patterns:
        try:
            match = re.search(rf"(?<!\w){pattern}(?!\w)", text)
        except re.error:
            continue
        if match:
            return match.group()
    return None


def _converted(text: str, kind: str | None) -> Any:
    try:
        if kind == "integer":
            return int(text)
        if kind == "number":
            value = float(text)
            return int(value) if value.is_integer() and "." not in text else value
    except ValueError:
        return text
    return text.lower() in ("true", "yes", "1") if kind == "boolean" else text


def _last_resort(property_: dict[str, Any], text: str) -> Any:
    if property_.get("enum"):
        return property_["enum"][0]
    empty = {"integer": 0, "number": 0, "boolean": False, "array": [], "object": {}}
    return empty.get(str(property_.get("type")), text.strip())
