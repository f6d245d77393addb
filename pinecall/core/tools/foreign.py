"""pydantic in the hints of a tool: its models, and its ``Field``. It is never imported here."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from attrs import evolve

from ...errors import ConfigurationError
from .signature import MISSING, Parameter, Signature

__all__ = ["decode_foreign", "is_model", "schema_of", "understood", "with_fields"]

#: The limits of annotated_types and pydantic that msgspec.Meta has too.
_CONSTRAINTS = {
    "gt": "gt",
    "ge": "ge",
    "lt": "lt",
    "le": "le",
    "multiple_of": "multiple_of",
    "min_length": "min_length",
    "max_length": "max_length",
    "pattern": "pattern",
}
_HINTS = ("title", "strict", "examples", "json_schema_extra")
#: Libraries whose objects have a meaning only to themselves.
_OTHERS = {"fastapi", "typer", "click", "pydantic", "marshmallow", "cyclopts", "starlette"}


def is_model(hint: object) -> bool:
    """Whether the hint is a pydantic model (version 2)."""
    return (
        isinstance(hint, type)
        and callable(getattr(hint, "model_validate", None))
        and callable(getattr(hint, "model_json_schema", None))
    )


def schema_of(hint: Any) -> dict[str, Any]:
    """Return a model's own schema, without references: msgspec's ``schema_hook``."""
    if not is_model(hint):
        raise NotImplementedError
    whole: dict[str, Any] = hint.model_json_schema()
    definitions = whole.pop("$defs", {})
    flat: dict[str, Any] = _flat(whole, definitions, ())
    return flat


def _flat(schema: Any, definitions: dict[str, Any], inside: tuple[str, ...]) -> Any:
    if isinstance(schema, list):
        return [_flat(item, definitions, inside) for item in schema]
    if not isinstance(schema, dict):
        return schema
    target = schema.get("$ref")
    if isinstance(target, str):
        name = target.rpartition("/")[2]
        if name in inside:
            raise ConfigurationError(
                f"the model {name} holds itself, which no tool's schema can say"
            )
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return {**_flat(definitions[name], definitions, (*inside, name)), **beside}
    return {
        key: _properties(value, definitions, inside)
        if key == "properties"
        else _flat(value, definitions, inside)
        for key, value in schema.items()
        if key != "title"
    }


def _properties(value: dict[str, Any], definitions: dict[str, Any], inside: tuple[str, ...]) -> Any:
    return {name: _flat(inner, definitions, inside) for name, inner in value.items()}


def decode_foreign(hint: Any, value: Any) -> Any:
    """Make a pydantic model of the LLM's arguments: msgspec's ``dec_hook``."""
    if not is_model(hint):
        raise NotImplementedError(f"{hint!r} has no JSON form")
    try:
        return hint.model_validate(value)
    except ValueError as exc:
        raise ValueError(_words(exc)) from None


def _words(exc: Any) -> str:
    try:
        found = [(".".join(map(str, one["loc"])), one["msg"]) for one in exc.errors()]
    except Exception:
        return str(exc)
    return "; ".join(f"{where}: {said}" if where else said for where, said in found)


def _is_field(value: object) -> bool:
    cls = type(value)
    return cls.__name__ == "FieldInfo" and cls.__module__.partition(".")[0] == "pydantic"


def read_field(parameter: Parameter, where: str) -> Parameter:
    """Return the parameter with the contents of the pydantic ``Field`` that is its default.

    Raises:
        ConfigurationError: a default that only another library understands.
    """
    default = parameter.default
    if default is MISSING:
        return parameter
    if _is_field(default):
        hint: Any = Annotated
        hint = hint[parameter.hint, default]
        return Parameter(parameter.name, hint, *_default(default))
    module = type(default).__module__.partition(".")[0]
    if module in _OTHERS and not is_model(type(default)):
        raise ConfigurationError(
            f"{where}: the default of {parameter.name} is a {type(default).__name__} of {module}, "
            "which means nothing here: give a plain default, and a description in the docstring"
        )
    return parameter


def with_fields(signature: Signature, where: str) -> Signature:
    """Return the signature with each parameter as returned by :func:`read_field`."""
    parameters = tuple(read_field(parameter, where) for parameter in signature.parameters)
    return evolve(signature, parameters=parameters)


def _default(field: Any) -> tuple[Any, Any]:
    """Return the default and its factory: the function itself would get the ``Field``."""
    factory = getattr(field, "default_factory", None)
    if factory is not None:
        return factory(), factory
    value = field.default
    if value is ... or type(value).__name__ == "PydanticUndefinedType":
        return MISSING, None
    return value, lambda: value


def understood(extra: Any, where: str) -> list[msgspec.Meta]:
    """Return the metadata of a type in ``Annotated`` in msgspec's terms.

    Raises:
        ConfigurationError: its meaning is not known here.
    """
    if isinstance(extra, msgspec.Meta):
        return [extra]
    text = extra if isinstance(extra, str) else getattr(extra, "documentation", None)
    if isinstance(text, str):  # the second form is PEP 727's Doc
        return [msgspec.Meta(description=text)]
    field: Any = extra
    if _is_field(field):
        if field.alias or field.validation_alias:
            raise ConfigurationError(
                f"{where}: a Field with an alias: the model gives arguments by the parameter's name"
            )
        found = [msgspec.Meta(description=field.description)] if field.description else []
        return found + [meta for one in field.metadata for meta in understood(one, where)]
    module = type(extra).__module__.partition(".")[0]
    if module in ("annotated_types", "pydantic"):
        inner = {**getattr(extra, "__dict__", {}), **_slots(extra)}
        given = {key: value for key, value in inner.items() if value is not None}
        if given and set(given) <= {*_CONSTRAINTS, *_HINTS}:
            known = {
                _CONSTRAINTS[key]: value for key, value in given.items() if key in _CONSTRAINTS
            }
            return [msgspec.Meta(**known)] if known else []
    raise ConfigurationError(
        f"{where}: {type(extra).__name__} in Annotated is not understood; give a description as a str, "
        "limits as msgspec.Meta(ge=…) or pydantic's Field(ge=…)"
    )


def _slots(extra: Any) -> dict[str, Any]:
    names = [*getattr(type(extra), "__dataclass_fields__", ()), *getattr(extra, "__slots__", ())]
    return {name: getattr(extra, name, None) for name in names if name in _CONSTRAINTS}
