"""Exceptions of user code (handlers, tools, greetings, stores), and how they are reported.

An exception of theirs, whatever its class, becomes an error result, an ``error`` event and a log
line, and stops nothing else. Only KeyboardInterrupt ends the program; a cancellation that the event
loop itself requested ends its task.
"""

from __future__ import annotations

import functools
from typing import TypeGuard, TypeVar

from ...errors import PinecallError
from ..text.utf8 import valid

__all__ = ["as_reported", "describe", "error_text", "is_a", "shown", "text_of", "to_raise"]

E = TypeVar("E", bound=BaseException)

#: Characters of an exception's text that are kept.
MAX_TEXT = 2000


def is_a(exc: BaseException, kind: type[E]) -> TypeGuard[E]:
    """Check ``isinstance`` without reading ``exc.__class__``, which may fail."""
    return issubclass(type(exc), kind)


def text_of(exc: BaseException) -> str:
    """Return ``str(exc)``, 2,000 characters at most, even if that fails or is not valid UTF-8."""
    try:
        text = str(exc)
        return valid(text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…")
    except KeyboardInterrupt:
        raise
    except BaseException as failure:
        return f"(its text cannot be shown: {type(failure).__name__})"


def as_reported(
    exc: BaseException, text: str, agent_id: str | None, call_id: str | None
) -> PinecallError:
    """Return what the ``error`` handlers get: the exception itself if it is a working
    PinecallError, otherwise a new one with this text and the exception as its cause."""
    if is_a(exc, PinecallError):
        try:
            str(exc)
            # A subclass of the user's need not have called this class's constructor.
            exc.agent_id = getattr(exc, "agent_id", None) or agent_id
            exc.call_id = getattr(exc, "call_id", None) or call_id
        except KeyboardInterrupt:
            raise
        except BaseException:
            pass  # the exception is broken; the new one below can be read
        else:
            return exc
    error = PinecallError(text, "HANDLER_ERROR", agent_id=agent_id, call_id=call_id)
    error.__cause__ = exc
    return error


def to_raise(exc: BaseException) -> Exception:
    """Return what ``strict`` raises: the exception, unless a coroutine or the program would mistake
    it for its own."""
    if is_a(exc, Exception) and not (is_a(exc, StopIteration) or is_a(exc, StopAsyncIteration)):
        return exc
    error = PinecallError(f"a handler raised {shown(exc)}", "HANDLER_ERROR")
    error.__cause__ = exc
    return error


def shown(exc: BaseException) -> str:
    """Return the exception as ``ValueError: bad number``, for messages."""
    return f"{type(exc).__name__}: {text_of(exc)}"


def error_text(exc: BaseException) -> str:
    """Return an exception's text for the model: its message, and its name if that says nothing."""
    name, message = type(exc).__name__, text_of(exc)
    if not message.strip():
        return name
    # The text of a KeyError is only the key.
    return f"{name}: {message}" if type(exc).__str__ is KeyError.__str__ else message


def describe(function: object) -> str:
    """Return ``module.name`` of a function or a callable object, for messages."""
    try:
        while isinstance(function, functools.partial):
            function = function.func
        name = getattr(function, "__qualname__", None) or type(function).__qualname__
        return valid(f"{getattr(function, '__module__', None) or '?'}.{name}")
    except KeyboardInterrupt:
        raise
    except BaseException:  # a property of the user's object raised
        return type(function).__qualname__
