"""JSON Schemas and decoders of a tool's parameters, both by msgspec from the type hints."""

from __future__ import annotations

import datetime
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Union

import msgspec

from ...errors import ConfigurationError
from .docstring import parse_docstring
from .foreign import decode_foreign, schema_of, understood
from .portable import in_order, portable
from .signature import Parameter

__all__ = ["decoders", "parameters_schema", "takes_null"]

_REF = "#/$defs/"
_FORMATS = {datetime.datetime: "date-time", datetime.date: "date", datetime.time: "time"}


def decoders(parameters: Sequence[Parameter], where: str) -> dict[str, msgspec.json.Decoder[Any]]:
    """Return one decoder for each parameter, by name.

    Raises:
        ConfigurationError: no JSON can be converted to a hint; names the parameter and the type.
    """
    found: dict[str, msgspec.json.Decoder[Any]] = {}
    for parameter in parameters:
        hint = _prepared(parameter.hint, f"{where}: the type hint of {parameter.name}")
        try:
            msgspec.json.schema(hint, schema_hook=schema_of)
            decoder = msgspec.json.Decoder(hint, dec_hook=decode_foreign)
            if parameter.default is None and not takes_null(decoder):
                decoder = msgspec.json.Decoder(Union[hint, None], dec_hook=decode_foreign)  # noqa: UP007
        except ConfigurationError as error:
            raise ConfigurationError(f"{where}: {parameter.name}: {error.message}") from None
        except Exception as error:
            raise _unsupported(parameter, where, error) from None
        found[parameter.name] = decoder
    return found


def parameters_schema(
    parameters: Sequence[Parameter],
    readers: Mapping[str, msgspec.json.Decoder[Any]],
    described: Mapping[str, str],
) -> dict[str, Any]:
    """Return the schema of the object that holds the arguments, without references.

    A parameter is required unless it has a default. Only a type that contains itself keeps its
    ``$defs``.

    readers: the parameters' ``decoders``
    described: the texts of the function's docstring, by parameter; an Annotated text wins
    """
    hints = [readers[parameter.name].type for parameter in parameters]
    schemas, components = msgspec.json.schema_components(
        hints, schema_hook=schema_of, ref_template=_REF + "{name}"
    )
    # The written hints come first: a Union returns the first of two Literals that differ only in
    # the order of their members.
    orders = in_order([*(parameter.hint for parameter in parameters), *hints])
    for component in components.values():
        _tidy(component)
    kept: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    for parameter, schema in zip(parameters, schemas, strict=True):
        flat = portable(_inlined(schema, components, kept), orders)
        if parameter.name in described and "description" not in schema:
            flat["description"] = described[parameter.name]
        if not parameter.required:
            _set_default(flat, parameter.default)
        properties[parameter.name] = flat
    result: dict[str, Any] = {
        "type": "object",
        "properties": properties,
        "required": [parameter.name for parameter in parameters if parameter.required],
    }
    if kept:
        result["$defs"] = {name: portable(inner, orders) for name, inner in kept.items()}
    return result


def takes_null(decoder: msgspec.json.Decoder[Any]) -> bool:
    try:
        decoder.decode(b"null")
    except msgspec.MsgspecError:
        return False
    return True


def _unsupported(parameter: Parameter, where: str, error: Exception) -> ConfigurationError:
    hint = parameter.hint
    plain = isinstance(hint, type) and typing.get_origin(hint) is None
    shown = hint.__qualname__ if plain else str(hint)
    reason = str(error).strip().splitlines()[-1]
    return ConfigurationError(
        f"{where}: the type hint of {parameter.name}, {shown}, has no JSON form ({reason}); use "
        "str, int, float, bool, list, dict, Literal, Enum, a dataclass, an attrs class, a "
        "TypedDict or a NamedTuple"
    )


def _prepared(hint: Any, where: str) -> Any:
    """Return the hint, with the parts that msgspec does not know put in its terms."""
    if hint is object:
        return Any
    if isinstance(hint, type) and hint in _FORMATS:
        # msgspec names the format only if a time zone is required, and then refuses "10:00".
        return Annotated[hint, msgspec.Meta(extra_json_schema={"format": _FORMATS[hint]})]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        inner = _prepared(arguments[0], where)
        for extra in arguments[1:]:
            for meta in understood(extra, where):
                inner = Annotated[inner, meta]
        return inner
    if origin is typing.Literal:
        return _by_type(arguments)
    parts = tuple(one if one is Ellipsis else _prepared(one, where) for one in arguments)
    if origin in (Union, types.UnionType):
        return Union[parts]  # noqa: UP007
    if origin in (list, set, frozenset, tuple, dict) and parts:
        container: Any = origin
        return container[parts]
    return hint


def _by_type(members: tuple[Any, ...]) -> Any:
    """Return a Literal per member type: older versions of msgspec cannot compare mixed ones."""
    groups: dict[type, list[Any]] = {}
    for member in members:
        groups.setdefault(type(member), []).append(member)
    groups.pop(type(None), None)
    literal: Any = typing.Literal
    typed = [literal[tuple(group)] for group in groups.values()]
    if None in members:
        typed.append(None)
    return Union[tuple(typed)]  # noqa: UP007


def _tidy(component: dict[str, Any]) -> None:
    """Drop the class name, and distribute a class's docstring over its properties."""
    component.pop("title", None)
    doc = parse_docstring(component.pop("description", None))
    for name, said in doc.parameters.items():
        if name in component.get("properties", {}):
            component["properties"][name].setdefault("description", said)
    if doc.description:
        component["description"] = doc.description


def _set_default(schema: dict[str, Any], default: Any) -> None:
    try:
        schema["default"] = msgspec.to_builtins(default, str_keys=True)
    except (TypeError, ValueError):
        # A sentinel: it has a meaning for the function, not for the model.
        return


def _references(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return set().union(*map(_references, schema))
    if not isinstance(schema, dict):
        return set()
    target = schema.get("$ref")
    own = {target.removeprefix(_REF)} if isinstance(target, str) else set()
    return own.union(*map(_references, schema.values()))


def _contains_itself(name: str, components: Mapping[str, Any]) -> bool:
    seen: set[str] = set()
    todo = _references(components[name])
    while todo:
        seen |= todo
        todo = set().union(*(_references(components[other]) for other in todo)) - seen
    return name in seen


def _inlined(schema: Any, components: Mapping[str, Any], kept: dict[str, Any]) -> Any:
    """Return the schema with references replaced; recursive types are collected in ``kept``."""
    if isinstance(schema, list):
        return [_inlined(item, components, kept) for item in schema]
    if not isinstance(schema, dict):
        return schema
    target = schema.get("$ref")
    if not isinstance(target, str):
        return {key: _inlined(value, components, kept) for key, value in schema.items()}
    name = target.removeprefix(_REF)
    if not _contains_itself(name, components):
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return {**_inlined(components[name], components, kept), **beside}
    if name not in kept:
        kept[name] = {}
        kept[name] = _inlined(components[name], components, kept)
    return dict(schema)
