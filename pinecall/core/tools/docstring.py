"""Reads the descriptions of a function and its parameters from its docstring.

Three styles are read: Google (``Args:``), NumPy (``Parameters``, underlined) and reST
(``:param name:``). The text before the first section is the description.
"""

from __future__ import annotations

import inspect
import re

from attrs import field, frozen

__all__ = ["Docstring", "parse_docstring"]

_PARAMETERS = frozenset(
    {"args", "arguments", "params", "parameters", "other parameters", "attributes", "fields"}
    | {"keyword args", "keyword arguments"}
)
_OTHERS = frozenset(
    {"return", "returns", "yield", "yields", "receives", "raises", "raise", "warns", "example"}
    | {"examples", "note", "notes", "see also", "references", "warning", "warnings", "todo"}
)
_GOOGLE_ITEM = re.compile(r"\*{0,2}(\w+)\s*(?:\(.*?\))?\s*:(?:\s+(.*))?$")
#: A name with the beginning of its type: ``size (Literal["a",`` or ``size : Literal["a",``.
_TYPE = re.compile(r"\*{0,2}\w+\s*(?:\(|:\s*[\w.]+\[|:\s*\{)[^:]*$")
_NUMPY_ITEM = re.compile(r"(\*{0,2}\w+(?:\s*,\s*\*{0,2}\w+)*)\s*(?::.*)?$")
_REST_FIELD = re.compile(
    r":(param|parameter|arg|argument|key|keyword|type|returns?|rtype|raises?|except|exception"
    r"|yields?|ivar|var|cvar|vartype|meta)\b([^:]*):(?:\s+(.*))?$"
)
_REST_PARAMETER = frozenset({"param", "parameter", "arg", "argument", "key", "keyword"})


@frozen
class Docstring:
    """The parts of a docstring.

    description: the text before the first section, its line breaks kept; may be empty
    parameters: the text on one line, by parameter name
    """

    description: str = ""
    parameters: dict[str, str] = field(factory=dict)


def parse_docstring(text: str | None) -> Docstring:
    """Parse a docstring. Never raises: text in no known style is part of the description."""
    description: list[str] = []
    found: dict[str, list[str]] = {}
    for kind, lines in _sections(_cleaned(text or "").splitlines()):
        if kind == "text":
            description = lines
        elif kind == "google":
            _google(lines, found)
        elif kind == "numpy":
            _numpy(lines, found)
        elif kind == "rest":
            _rest(lines, found)
    parameters = {name: " ".join(filter(None, chunks)) for name, chunks in found.items()}
    return Docstring(
        "\n".join(description).strip(),
        {name: value for name, value in parameters.items() if value},
    )


def _cleaned(text: str) -> str:
    """Return the text without the indentation that its lines share."""
    first = text.partition("\n")[0].strip().lower()
    if first.endswith(":") and first[:-1] in _PARAMETERS | _OTHERS:
        # cleandoc() does not count the first line; what is below this one would lose its depth.
        text = f"\n{text}"
    return inspect.cleandoc(text)


def _sections(lines: list[str]) -> list[tuple[str, list[str]]]:
    sections: list[tuple[str, list[str]]] = [("text", [])]
    number = 0
    while number < len(lines):
        line = lines[number]
        kind, height = _header(lines, number)
        if kind:
            # A reST field has its text on its own line; the other headers have none.
            sections.append((kind, [line] if kind == "rest" else []))
        elif sections[-1][0] in ("google", "rest") and line[:1].strip():
            sections.append(("other", [line]))
        else:
            sections[-1][1].append(line)
        number += height
    return sections


def _header(lines: list[str], number: int) -> tuple[str, int]:
    """Return the kind of section that starts on a line ("" for none) and its header's lines."""
    line = lines[number]
    if not line or line[0].isspace():
        return "", 1
    if _REST_FIELD.match(line):
        return "rest", 1
    title = line.rstrip().lower()
    following = next((text for text in lines[number + 1 :] if text.strip()), "")
    if title.endswith(":") and following[:1].isspace():
        if title[:-1] in _PARAMETERS:
            return "google", 1
        if title[:-1] in _OTHERS:
            return "other", 1
    underline = lines[number + 1].strip() if number + 1 < len(lines) else ""
    if len(underline) >= 3 and set(underline) == {"-"}:
        return ("numpy" if title in _PARAMETERS else "other"), 2
    return "", 1


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _joined(lines: list[str]) -> list[str]:
    """Join each line with the following ones up to its closing bracket: a type may span several."""
    out: list[str] = []
    open_ = 0
    for line in filter(str.strip, lines):
        if open_ > 0:
            out[-1] += f" {line.strip()}"
            open_ += _balance(line)
        else:
            out.append(line)
            # Text is not a type: only the part next to the name, before its colon, may continue.
            begins = _TYPE.match(line.strip())
            open_ = max(0, _balance(line)) if begins else 0
    return out


def _balance(line: str) -> int:
    return sum(line.count(one) for one in "([{") - sum(line.count(one) for one in ")]}")


def _google(lines: list[str], found: dict[str, list[str]]) -> None:
    filled = _joined(lines)
    chunks: list[str] = []
    for line in filled:
        item = _GOOGLE_ITEM.match(line.strip()) if _depth(line) <= _depth(filled[0]) else None
        if item:
            chunks = found.setdefault(item[1], [])
            chunks.append(item[2] or "")
        else:
            chunks.append(line.strip())


def _numpy(lines: list[str], found: dict[str, list[str]]) -> None:
    names: list[str] = []
    for line in _joined(lines):
        item = None if _depth(line) else _NUMPY_ITEM.match(line)
        if item:
            names = [name.strip(" *") for name in item[1].split(",")]
        else:
            for name in names:
                found.setdefault(name, []).append(line.strip())


def _rest(lines: list[str], found: dict[str, list[str]]) -> None:
    start = _REST_FIELD.match(lines[0])
    words = start[2].split() if start else []
    if start and words and start[1] in _REST_PARAMETER:
        # ":param int age:" names the type first.
        chunks = found.setdefault(words[-1].lstrip("*"), [])
        chunks.extend([start[3] or "", *(line.strip() for line in lines[1:])])
