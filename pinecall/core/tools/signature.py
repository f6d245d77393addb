"""Reads a tool's parameters from its function: names, hints, defaults, which take the call."""

from __future__ import annotations

import functools
import inspect
import re
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from attrs import frozen

from ...errors import ConfigurationError

__all__ = ["MISSING", "Parameter", "Signature", "caller_names", "read_signature"]

#: Stands for "no default", since None is a default.
MISSING: Any = inspect.Parameter.empty

_CALL_CLASSES = frozenset({"Call", "LineCall", "CallBase"})
_UNION_WORDS = frozenset({"Optional", "Union", "None", "ForwardRef"})
_UNIONS = (typing.Union, types.UnionType)
_FIXES = {
    inspect.Parameter.VAR_POSITIONAL: ("*", "take one parameter with a list: {name}: list[str]"),
    inspect.Parameter.VAR_KEYWORD: ("**", "name each parameter, or take a dict: {name}: dict"),
    inspect.Parameter.POSITIONAL_ONLY: ("", "it is positional-only: remove the '/' after it"),
}


@frozen
class Parameter:
    """One argument that the model gives; ``default`` is ``MISSING`` if it is required.

    make: returns the default if the function has none itself
    """

    name: str
    hint: Any
    default: Any = MISSING
    make: Callable[[], Any] | None = None

    @property
    def required(self) -> bool:
        return self.default is MISSING


@frozen
class Signature:
    """A tool's parameters.

    parameters: what the model gives, in the order of the function
    call_names: the parameters that take the call
    needs_instance: the function is a method as written in its class, not one of an object
    """

    parameters: tuple[Parameter, ...]
    call_names: tuple[str, ...]
    needs_instance: bool


def read_signature(
    function: Callable[..., Any], where: str, local_names: Mapping[str, Any]
) -> Signature:
    """Read a function's parameters; ``local_names`` are those its string hints may use.

    Raises:
        ConfigurationError: a parameter cannot be given by name, or its hint cannot be resolved;
            the message starts with ``where`` and names the parameter.
    """
    try:
        found = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError) as error:
        raise ConfigurationError(
            f"{where}: its parameters cannot be read ({error}); wrap it in a function of your own"
        ) from None
    needs_instance = _is_method(function, found)
    fixed = _fixed_names(function)
    parameters: list[Parameter] = []
    call_names: list[str] = []
    inner = _inner(function)
    for parameter in found[1:] if needs_instance else found:
        name = parameter.name
        if name in fixed:
            continue
        if parameter.kind in _FIXES:
            stars, fix = _FIXES[parameter.kind]
            raise ConfigurationError(
                f"{where}: a model cannot fill the parameter {stars}{name}; "
                + fix.format(name=name)
            )
        if name == "call" or _names_a_call(parameter.annotation):
            call_names.append(name)
            continue
        hint = _resolve(parameter, inner, where, local_names)
        if _is_call(hint):
            call_names.append(name)
        else:
            parameters.append(Parameter(name, hint, parameter.default))
    return Signature(tuple(parameters), tuple(call_names), needs_instance)


def caller_names(frame: types.FrameType | None) -> dict[str, Any]:
    """Return the local names visible where a function is decorated, inner scopes first.

    A string hint may name a class that is defined inside a function; only the frames of that
    function know it.
    """
    names: dict[str, Any] = {}
    module = frame.f_globals if frame else None
    while frame is not None and frame.f_globals is module:
        if frame.f_locals is not module:
            names = {**frame.f_locals, **names}
        frame = frame.f_back
    return names


def _is_method(function: Callable[..., Any], found: list[inspect.Parameter]) -> bool:
    if not isinstance(function, types.FunctionType) or not found:
        return False
    scope = function.__qualname__.rpartition(".")[0]
    return bool(scope) and not scope.endswith("<locals>") and found[0].name in ("self", "cls")


def _fixed_names(function: Callable[..., Any]) -> set[str]:
    return set(function.keywords) if isinstance(function, functools.partial) else set()


def _inner(function: Any) -> Any:
    """Return the Python function whose globals the string hints refer to."""
    while True:
        if isinstance(function, functools.partial):
            function = function.func
        elif inspect.ismethod(function):
            function = function.__func__
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        elif not inspect.isroutine(function) and not isinstance(function, type):
            function = type(function).__call__
        else:
            return function


def _names_a_call(annotation: object) -> bool:
    # Read as text, since a name imported under TYPE_CHECKING does not exist at run time.
    if not isinstance(annotation, str):
        return False
    words = {word.rpartition(".")[2] for word in re.findall(r"[\w.]+", annotation)} - _UNION_WORDS
    return bool(words) and words <= _CALL_CLASSES and not re.search(r"[({:]", annotation)


def _is_call(hint: object) -> bool:
    if typing.get_origin(hint) is Annotated:
        return _is_call(typing.get_args(hint)[0])
    if typing.get_origin(hint) in _UNIONS:
        members = [member for member in typing.get_args(hint) if member is not type(None)]
        return bool(members) and all(_is_call(member) for member in members)
    return isinstance(hint, type) and any(base.__name__ in _CALL_CLASSES for base in hint.__mro__)


def _resolve(
    parameter: inspect.Parameter, function: Any, where: str, local_names: Mapping[str, Any]
) -> Any:
    annotation = parameter.annotation
    if annotation is MISSING:
        return Any
    closure = {}
    if isinstance(function, types.FunctionType) and function.__closure__:
        for name, cell in zip(function.__code__.co_freevars, function.__closure__, strict=True):
            try:
                closure[name] = cell.cell_contents
            except ValueError:
                continue
    holder = types.SimpleNamespace(__annotations__={parameter.name: annotation})
    try:
        hints = typing.get_type_hints(
            holder,
            getattr(function, "__globals__", {}),
            {**local_names, **closure},
            include_extras=True,
        )
    except Exception as error:
        # An Optional["Call"] under TYPE_CHECKING is an object whose inner name does not resolve.
        text = re.sub(r"ForwardRef\('([\w.]+)'.*?\)", r"\1", str(annotation))
        if _names_a_call(text):
            return type("Call", (), {})
        raise ConfigurationError(
            f"{where}: the type hint of {parameter.name}, {annotation!r}, cannot be resolved "
            f"({error}); import it outside 'if TYPE_CHECKING' or define it before the tool"
        ) from None
    return hints[parameter.name]
