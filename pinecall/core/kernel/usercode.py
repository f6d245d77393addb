"""What handlers, tools, greetings and stores may raise, and how it is told.

Everything they raise is theirs, whatever its class: it becomes an error result, an ``error`` event
and a log line, and nothing else stops. Only KeyboardInterrupt ends the program; a cancellation
that the event loop itself asked for ends its task.
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
    """``isinstance`` without a look at ``exc.__class__``, which may fail."""
    return issubclass(type(exc), kind)


def text_of(exc: BaseException) -> str:
    """``str(exc)``, 2,000 characters at most, also where that fails or cannot be written as UTF-8."""
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
    """What the ``error`` handlers get: the exception itself where it is a PinecallError in working
    order, else one with this text that it is the cause of."""
    if is_a(exc, PinecallError):
        try:
            str(exc)
            # A class of the user's need not have called the constructor of this one.
            exc.agent_id = getattr(exc, "agent_id", None) or agent_id
            exc.call_id = getattr(exc, "call_id", None) or call_id
        except KeyboardInterrupt:
            raise
        except BaseException:
            pass  # the one that is made below can be read
        else:
            return exc
    error = PinecallError(text, "HANDLER_ERROR", agent_id=agent_id, call_id=call_id)
    error.__cause__ = exc
    return error


def to_raise(exc: BaseException) -> Exception:
    """What ``strict`` raises: the exception, unless a coroutine or the program would take it for its
    own."""
    if is_a(exc, Exception) and not (is_a(exc, StopIteration) or is_a(exc, StopAsyncIteration)):
        return exc
    error = PinecallError(f"a handler raised {shown(exc)}", "HANDLER_ERROR")
    error.__cause__ = exc
    return error


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
