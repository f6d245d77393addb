"""Reads the arguments that a model gives a tool, and describes what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from ...errors import PinecallError
from ..text.jsontext import mend, write
from .repair import decode_meant
from .schema import takes_null
from .signature import Parameter

__all__ = ["ToolArgumentError", "name_and_arguments", "read_arguments"]

_PATH = re.compile(r"(.*) - at (?:`key` in )?`\$(.*)`", re.DOTALL)


class ToolArgumentError(PinecallError, ValueError):
    """A model's arguments do not fit the tool; the message is written for the model.

    problems: one text per wrong argument, ``"order_id: expected str, got int"``
    """

    default_code = "TOOL_ARGUMENT_ERROR"

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


def read_arguments(
    arguments: str | Mapping[str, Any] | None,
    parameters: Sequence[Parameter],
    readers: Mapping[str, msgspec.json.Decoder[Any]],
    schema: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the converted arguments by parameter; omitted ones with a default are omitted here.

    arguments: JSON text or an object; ``""`` and None are ``{}``
    readers, schema: the parameters' ``decoders`` and ``parameters_schema``

    Raises:
        ToolArgumentError: not a JSON object, or an argument is missing or of the wrong type.
    """
    given = _raw(arguments)
    problems: list[str] = []
    found: dict[str, Any] = {}
    for parameter in parameters:
        name = parameter.name
        if name not in given:
            if parameter.required:
                problems.append(f"{name}: missing")
            elif parameter.make is not None:
                found[name] = parameter.make()
            continue
        if (
            bytes(given[name]) == b"null"
            and not parameter.required
            and not takes_null(readers[name])
        ):
            # Omitted: the default is meant.
            if parameter.make is not None:
                found[name] = parameter.make()
            continue
        try:
            found[name] = decode_meant(readers[name], bytes(given[name]))
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            problems.append(_problem(name, error, schema["properties"][name]))
    if problems:
        raise ToolArgumentError(problems)
    return found


def _problem(name: str, error: Exception, schema: Mapping[str, Any]) -> str:
    text, path = str(error), ""
    located = _PATH.fullmatch(text)
    if located:
        # msgspec writes [...] for a dict's value, since it does not know the key.
        text, path = located[1], located[2].replace("[...]", ".*")
    text = text.replace("`", "")
    problem = f"{name}{path}: {text[:1].lower()}{text[1:]}"
    allowed = schema.get("enum")
    if allowed and not path:
        problem += f"; allowed: {', '.join(map(str, allowed))}"
    return problem


def _raw(arguments: str | Mapping[str, Any] | None) -> dict[str, msgspec.Raw]:
    if arguments is None or isinstance(arguments, str):
        text = (arguments or "").strip() or "{}"
    else:
        # Through JSON, so that an object is read exactly as its text would be.
        try:
            text = write(dict(arguments)).decode()
        except (msgspec.MsgspecError, TypeError, ValueError, RecursionError) as error:
            raise ToolArgumentError([f"arguments: not JSON ({error})"]) from None
    try:
        return _object(text)
    except ToolArgumentError:
        mended = mend(text)  # half a surrogate pair, or NaN
        if mended is None or mended == text:
            raise
        return _object(mended)


def _object(text: str) -> dict[str, msgspec.Raw]:
    try:
        return msgspec.json.decode(text, type=dict[str, msgspec.Raw] | None) or {}
    except msgspec.ValidationError:
        raise ToolArgumentError(["arguments: expected a JSON object"]) from None
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError) as error:
        raise ToolArgumentError([f"arguments: not JSON ({error})"]) from None


def name_and_arguments(tool_call: Mapping[str, Any]) -> tuple[str, Any]:
    """Return name and arguments (usually JSON text) of a tool call in either form of the wire."""
    inner = tool_call.get("function")
    source = inner if isinstance(inner, dict) else tool_call
    return str(tool_call.get("name") or source.get("name") or ""), source.get(
        "arguments", tool_call.get("arguments")
    )
