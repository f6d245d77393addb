"""Checks of user functions: whether they can run, and whether their result is unfinished work."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

from ...errors import ConfigurationError
from .usercode import describe

__all__ = [
    "Function",
    "check_function",
    "check_result",
    "is_coroutine",
    "same",
    "why_it_never_runs",
]

Function = Callable[..., Any]


def check_function(
    where: str, function: object, arguments: Sequence[str], *, coroutines: bool = True
) -> None:
    """Check that ``function`` can be called with these arguments and that a call runs its body.

    where: begins the message
    coroutines: there is an event loop to run them

    Raises ConfigurationError, which shows the right signature.
    """
    wanted = f"def handler({', '.join(arguments)})"
    if not callable(function):
        raise ConfigurationError(
            f"{where} wants a function {wanted}, not {type(function).__name__}"
            + ("; pass the function itself, without calling it" if _is_called(function) else "")
        )
    where = f"{where}: {describe(function)}"
    if why := why_it_never_runs(function):
        raise ConfigurationError(f"{where} {why}; write {wanted}")
    if not coroutines and is_coroutine(function):
        raise ConfigurationError(
            f"{where} is an 'async def', and pinecall_sync runs plain functions; write 'def' instead "
            "of 'async def', or use the asyncio package pinecall"
        )
    try:
        signature = inspect.signature(function)
    except Exception:
        return  # a builtin without a signature
    try:
        signature.bind(*arguments)
    except TypeError:
        raise ConfigurationError(
            f"{where} takes {signature}, but it is called with ({', '.join(arguments)}); "
            f"write {wanted}"
        ) from None


def check_result(result: object, *, coroutines: bool) -> None:
    """Refuse a result that nothing would run: a generator, or an awaitable without an event loop.

    Raises ConfigurationError.
    """
    kind = ""
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        kind = "a generator"
    elif not coroutines and inspect.isawaitable(result):
        kind = "an awaitable"
        if inspect.iscoroutine(result):
            result.close()
    if kind:
        raise ConfigurationError(
            f"it returned {kind}, which nothing runs; do the work in the function itself"
        )


def why_it_never_runs(function: object) -> str:
    """Return why a call of the function would run none of its code; empty if it would."""
    if isinstance(function, type):
        if any("__call__" in base.__dict__ for base in function.__mro__):
            return "is a class: a call only makes an object of it; pass such an object"
        return ""
    if any(map(_is_generator, _forms(function))):
        return "has a 'yield' in it: a call only makes a generator, and nothing of it runs"
    return ""


def is_coroutine(function: object) -> bool:
    """Whether a call returns a coroutine."""
    if not callable(function):
        return False  # called for every agent's greeting, and inspect is slow
    return any(map(inspect.iscoroutinefunction, _forms(function)))


def same(one: object, other: object) -> bool:
    """Compare with ``==``; False if the comparison fails."""
    try:
        return one is other or bool(one == other)
    except KeyboardInterrupt:
        raise
    except BaseException:
        return False


def _forms(function: object) -> tuple[object, ...]:
    """Return the function that a call ends in, and ``__call__`` if it is a callable object."""
    while (inner := _inner(function)) is not None:
        function = inner
    if isinstance(function, type):
        return (function,)
    return (function, getattr(function, "__call__", None))  # noqa: B004 - the object's own


def _inner(function: object) -> object:
    """Return the function that a known kind of wrapper calls; otherwise None."""
    if isinstance(function, functools.partial):
        return function.func
    if isinstance(function, staticmethod):
        return function.__func__
    cached = isinstance(function, functools._lru_cache_wrapper)
    # @contextmanager: only ``with`` runs the decorated function.
    managed = isinstance(function, FunctionType) and _file(function) == contextlib.__file__
    return getattr(function, "__wrapped__", None) if cached or managed else None


def _file(function: FunctionType) -> str:
    return function.__code__.co_filename


def _is_generator(function: object) -> bool:
    if inspect.isasyncgenfunction(function):
        return True
    if not inspect.isgeneratorfunction(function):
        return False
    code = getattr(function, "__code__", None)
    # @types.coroutine makes a generator function that can be awaited.
    return code is None or not code.co_flags & inspect.CO_ITERABLE_COROUTINE


def _is_called(value: object) -> bool:
    return inspect.isawaitable(value) or inspect.isgenerator(value) or inspect.isasyncgen(value)
