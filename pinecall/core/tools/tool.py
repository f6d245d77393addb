"""Functions that a model can call: ``@tool``, their arguments and their results."""

from __future__ import annotations

import copy
import inspect
import re
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

import attrs
import msgspec

from ...errors import ConfigurationError
from ..kernel.callables import is_coroutine, why_it_never_runs
from ..kernel.seconds import check_seconds
from .arguments import ToolArgumentError, read_arguments
from .docstring import parse_docstring
from .foreign import with_fields
from .results import encode_result, error_result
from .schema import decoders, parameters_schema
from .signature import Signature, caller_names, read_signature

__all__ = [
    "Tool",
    "ToolArgumentError",
    "as_tools",
    "encode_result",
    "error_result",
    "tool",
    "tool_name",
    "wire_tool",
]

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@attrs.frozen(kw_only=True, eq=False)
class Tool(Generic[P, R_co]):
    """A function that a model can call, made by ``tool``. Calling it calls the function itself.

    function: the function as it was decorated
    name: the name that the model uses
    description: the text that the model reads; empty for a function without a docstring
    parameters: JSON Schema of the arguments, an object
    ephemeral: whether the round is kept out of the history (``ephemeral`` of ``llm.tool_result``)
    no_followup: whether the model is silent about the result (``no_followup`` of
        ``llm.tool_result``)
    timeout: seconds that the function may take
    is_async: whether it is a coroutine function
    """

    function: Callable[P, R_co]
    name: str
    description: str
    parameters: dict[str, Any] = attrs.field(repr=False)
    ephemeral: bool = False
    no_followup: bool = False
    timeout: float = 30.0
    is_async: bool = False
    _signature: Signature = attrs.field(alias="signature", repr=False)
    _decoders: dict[str, msgspec.json.Decoder[Any]] = attrs.field(alias="decoders", repr=False)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        return self.function(*args, **kwargs)

    @property
    def __wrapped__(self) -> Callable[P, R_co]:
        """The function, for ``inspect``."""
        return self.function

    @overload
    def __get__(self, instance: None, owner: type, /) -> Tool[P, R_co]: ...
    @overload
    def __get__(
        self: Tool[Concatenate[Any, Q], R], instance: object, owner: type | None = None, /
    ) -> Tool[Q, R]: ...
    def __get__(self, instance: object, owner: type | None = None, /) -> Any:
        bind = getattr(self.function, "__get__", None)
        if instance is None or bind is None or not self._signature.needs_instance:
            return self
        signature = attrs.evolve(self._signature, needs_instance=False)
        return attrs.evolve(self, function=bind(instance, owner), signature=signature)

    def to_wire(self) -> dict[str, Any]:
        """Return the entry in ``tools`` of ``agent.create``: ``{"type": "function", "function":
        {…}}``.

        Raises:
            ConfigurationError: a method taken from its class instead of from an object.
        """
        self._check_bound()
        return {
            "type": "function",
            "function": {
                "name": self.name,
                "description": self.description,
                "parameters": copy.deepcopy(self.parameters),
            },
        }

    def bind(
        self, arguments: str | Mapping[str, Any] | None, call: object = None
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the ``(args, kwargs)`` to call the function with.

        Args:
            arguments: the ``arguments`` of a tool call (``llm.tool_call``): JSON text or an object;
                ``""`` and None count as ``{}``. Keys without a parameter are left out.
            call: the value of the parameters that take the call.

        Raises:
            ToolArgumentError: the arguments are not a JSON object, or one is missing or of the wrong
                type; the message names every wrong argument.
            ConfigurationError: a method taken from its class instead of from an object.
        """
        self._check_bound()
        kwargs = read_arguments(
            arguments, self._signature.parameters, self._decoders, self.parameters
        )
        kwargs.update(dict.fromkeys(self._signature.call_names, call))
        return (), kwargs

    def invoke(self, arguments: str | Mapping[str, Any] | None, call: object = None) -> R_co:
        """Call the function with a model's arguments; a coroutine function returns its coroutine.

        Raises:
            ToolArgumentError, ConfigurationError: as for ``bind``; also the function's exceptions.
        """
        args, kwargs = self.bind(arguments, call)
        function: Callable[..., R_co] = self.function
        return function(*args, **kwargs)

    def answer(self, arguments: str | Mapping[str, Any] | None, call: object = None) -> Any:
        """Call the function as ``invoke`` does; the result as JSON can carry it.

        A coroutine function gives an awaitable of that. Raises what ``invoke`` raises.
        """
        value = self.invoke(arguments, call)
        return _answer(value) if inspect.isawaitable(value) else encode_result(value)

    def _check_bound(self) -> None:
        if self._signature.needs_instance:
            raise ConfigurationError(
                f"tool {self.name!r} is a method: pass it from an object (thing.{self.name}), "
                "not from its class"
            )


async def _answer(value: Awaitable[Any]) -> Any:
    return encode_result(await value)


@overload
def tool(
    function: Callable[P, R],
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    ephemeral: bool = False,
    no_followup: bool = False,
    timeout: float = 30.0,
) -> Tool[P, R]: ...
@overload
def tool(
    function: None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    ephemeral: bool = False,
    no_followup: bool = False,
    timeout: float = 30.0,
) -> Callable[[Callable[P, R]], Tool[P, R]]: ...
def tool(
    function: Any = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    ephemeral: bool = False,
    no_followup: bool = False,
    timeout: float = 30.0,
) -> Any:
    """Turn a function into a tool that a model can call: ``@tool`` or ``@tool(name=…)``.

    The schema comes from the type hints, the texts from the docstring (Google, NumPy or reST) and
    from ``Annotated[str, "text"]``. A parameter named ``call``, or hinted as a ``Call``, gets the
    call and is not in the schema.

    Args:
        name: 1 to 64 letters, digits, ``_`` or ``-``; the function's own name by default
        description: the docstring's text before its first section by default
        ephemeral: whether the round is kept out of the history
        no_followup: whether the model is silent about the result
        timeout: seconds that the function may take

    Raises:
        ConfigurationError: the function, a parameter of it or an argument of ``tool`` cannot be used;
            the message says which, and what to do.
    """
    options: dict[str, Any] = {"ephemeral": ephemeral, "no_followup": no_followup}
    if function is not None:
        scope = caller_names(sys._getframe(1))
        return _make(function, name, description, timeout, scope, options)

    def decorate(decorated: Callable[P, R]) -> Tool[P, R]:
        scope = caller_names(sys._getframe(1))
        return _make(decorated, name, description, timeout, scope, options)

    return decorate


def _make(
    function: Any,
    name: str | None,
    description: str | None,
    timeout: float,
    scope: dict[str, Any],
    options: dict[str, Any],
) -> Tool[Any, Any]:
    if isinstance(function, staticmethod):
        function = function.__func__
    name = _checked_name(function, name)
    where = f"tool {name!r}"
    _check_function(function, where)
    timeout = check_seconds(f"{where}: timeout", timeout, "a number of seconds above 0")
    for option, value in options.items():
        if not isinstance(value, bool):
            raise ConfigurationError(f"{where}: {option} is True or False, not {value!r}")
    if description is not None and not isinstance(description, str):
        raise ConfigurationError(f"{where}: description is a str, not {description!r}")
    doc = parse_docstring(_doc(function))
    signature = with_fields(read_signature(function, where, scope), where)
    readers = decoders(signature.parameters, where)
    return Tool(
        function=function,
        name=name,
        description=doc.description if description is None else description,
        parameters=parameters_schema(signature.parameters, readers, doc.parameters),
        timeout=timeout,
        is_async=is_coroutine(function),
        signature=signature,
        decoders=readers,
        **options,
    )


def _checked_name(function: Any, name: str | None) -> str:
    if isinstance(function, str):
        raise ConfigurationError(f"@tool takes the name as a keyword: @tool(name={function!r})")
    if isinstance(function, Tool):
        raise ConfigurationError(f"tool {function.name!r} is a tool already: decorate it once")
    target = function
    while name is None:
        name = getattr(target, "__name__", None)
        if name is None:
            target = getattr(target, "func", type(target))
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"a tool's name is 1 to 64 letters, digits, '_' or '-', not {name!r}: "
            'give one with @tool(name="…")'
        )
    return name


def _check_function(function: Any, where: str) -> None:
    problem = ""
    if isinstance(function, classmethod):
        problem = "a classmethod cannot be decorated: pass tool(TheClass.method) instead"
    elif isinstance(function, type):
        problem = "a class is not a tool: decorate a function that makes the object"
    elif not callable(function):
        problem = f"@tool decorates a function, not {type(function).__name__}"
    elif why_it_never_runs(function):
        problem = "a tool returns its result: collect what it yields in a list"
    if problem:
        raise ConfigurationError(f"{where}: {problem}")


def _doc(function: Any) -> str | None:
    while hasattr(function, "func") and hasattr(function, "keywords"):
        function = function.func
    own: str | None = function.__doc__
    if inspect.isroutine(function):
        return own
    return type(function).__call__.__doc__ or own


def tool_name(entry: object) -> str:
    """The name of a tool, a skill or a dict of one; ``""`` where there is none."""
    if isinstance(entry, Mapping):
        inner = entry.get("function")
        name = (inner if isinstance(inner, Mapping) else entry).get("name")
    else:
        name = getattr(entry, "name", "")
    return name if isinstance(name, str) else ""


def wire_tool(entry: Tool[Any, Any] | Mapping[str, Any]) -> dict[str, Any]:
    """Return the wire form of a tool; a dict is copied. Raises the same as ``Tool.to_wire``."""
    return dict(entry) if isinstance(entry, Mapping) else entry.to_wire()


def as_tools(value: object, where: str) -> tuple[Tool[Any, Any] | Mapping[str, Any], ...]:
    """Return the checked entries of ``tools=``: tools and OpenAI tool dicts, each name once.

    Raises:
        ConfigurationError: an entry cannot be used; the message begins with ``where`` and says which
            one, and what to do.
    """
    if isinstance(value, (str, bytes, Mapping, Tool)) or not isinstance(value, Iterable):
        raise ConfigurationError(f"{where}: tools is a list of tools, not {type(value).__name__}")
    entries = tuple(value)
    names: set[str] = set()
    for entry in entries:
        if isinstance(entry, Tool):
            entry._check_bound()
        elif isinstance(entry, Mapping):
            if entry.get("type") != "function" or not tool_name(entry):
                raise ConfigurationError(
                    f"{where}: a tool given as a dict has the form "
                    '{"type": "function", "function": {"name": …}}; '
                    f"this one has the keys {', '.join(map(str, entry)) or '(none)'}"
                )
        elif callable(entry):
            shown = getattr(entry, "__name__", type(entry).__name__)
            raise ConfigurationError(f"{where}: {shown} is not a tool: decorate it with @tool")
        else:
            raise ConfigurationError(
                f"{where}: a tool is a function decorated with @tool or a dict, "
                f"not {type(entry).__name__}"
            )
        name = tool_name(entry)
        if name in names:
            raise ConfigurationError(f"{where}: two tools are named {name!r}: rename one")
        names.add(name)
    return entries
