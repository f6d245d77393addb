"""What handlers, tools, greetings and stores may raise, and how it is told.

Everything they raise is theirs, whatever its class: it becomes an error result, an ``error`` event
and a log line, and nothing else stops. Only KeyboardInterrupt ends the program; a cancellation
that the event loop itself asked for ends its task.
"""

from __future__ import annotations

import functools
import inspect

from .text import valid

__all__ = ["describe", "error_text", "shown", "text_of", "unrun"]


def text_of(exc: BaseException) -> str:
    """``str(exc)``, also where that fails or cannot be written as UTF-8."""
    try:
        return valid(str(exc))
    except KeyboardInterrupt:
        raise
    except BaseException as failure:
        return f"(its text cannot be shown: {type(failure).__name__})"


def shown(exc: BaseException) -> str:
    """``ValueError: bad number``, for messages."""
    return f"{type(exc).__name__}: {text_of(exc)}"


def error_text(exc: BaseException) -> str:
    """What the model reads of an exception: its message, and its name where that says nothing."""
    name, message = type(exc).__name__, text_of(exc)
    if not message.strip():
        return name
    # A KeyError's own text is the key and nothing more.
    return f"{name}: {message}" if type(exc).__str__ is KeyError.__str__ else message


def describe(function: object) -> str:
    """``module.name`` of a function or a callable object, for messages."""
    try:
        while isinstance(function, functools.partial):
            function = function.func
        name = getattr(function, "__qualname__", None) or type(function).__qualname__
        return valid(f"{getattr(function, '__module__', None) or '?'}.{name}")
    except KeyboardInterrupt:
        raise
    except BaseException:  # a property of the user's object
        return type(function).__qualname__


def unrun(result: object) -> str:
    """What is wrong with a handler's result: work that it made and that nobody does. Else empty."""
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        return "it returned a generator, which nothing runs: write the handler without 'yield'"
    if inspect.iscoroutine(result):
        result.close()
        return "it returned a coroutine, and there is no event loop here to run it: write 'def'"
    return ""
