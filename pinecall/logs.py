"""The SDK's loggers, one for each area: ``pinecall.link``, ``pinecall.agents``, ``pinecall.handlers`` …

A filter or handler that the application adds to them is user code: its exceptions go to stderr,
as :mod:`logging` does for an error while a record is written, and stops nothing else.
"""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Any

from .core.text.secrets import clean

__all__ = ["Log"]


class Log:
    """Writes to the logger ``pinecall.<area>``. Only KeyboardInterrupt gets out."""

    __slots__ = ("_logger",)

    def __init__(self, area: str) -> None:
        self._logger = logging.getLogger(f"pinecall.{area}")

    def enabled(self, level: int) -> bool:
        return self._logger.isEnabledFor(level)

    def debug(self, text: str, *args: object) -> None:
        self._write(logging.DEBUG, text, args)

    def info(self, text: str, *args: object) -> None:
        self._write(logging.INFO, text, args)

    def warning(self, text: str, *args: object) -> None:
        self._write(logging.WARNING, text, args)

    def error(
        self,
        text: str,
        *args: object,
        exc: BaseException | None = None,
    ) -> None:
        """Log an error; with ``exc``, its traceback follows, without secrets like all output."""
        self._write(logging.ERROR, text, args, exc)

    def _write(
        self,
        level: int,
        text: str,
        args: tuple[object, ...],
        exc: BaseException | None = None,
    ) -> None:
        logger = self._logger
        try:
            if not logger.isEnabledFor(level):
                return
            args = tuple(a if isinstance(a, (int, float)) else clean(str(a)) for a in args)
            if exc is None:
                logger.log(level, text, *args, stacklevel=3)
            else:
                file, line, function, _stack = logger.findCaller(stacklevel=3)
                record = logger.makeRecord(
                    logger.name, level, file, line, text, args, _exc_info(exc), function
                )
                # Formatters take this for the traceback.
                record.exc_text = clean(
                    "".join(traceback.format_exception(*_exc_info(exc)))
                ).rstrip()
                logger.handle(record)
        except KeyboardInterrupt:
            raise
        except BaseException as failure:
            _show(failure)


def _exc_info(exc: BaseException) -> Any:
    return type(exc), exc, exc.__traceback__


def _show(exc: BaseException) -> None:
    if not logging.raiseExceptions or sys.stderr is None:
        return
    try:
        lines = traceback.format_exception(*_exc_info(exc))
        sys.stderr.write(clean("".join(["--- Logging error in pinecall ---\n", *lines])))
    except KeyboardInterrupt:
        raise
    except BaseException:
        pass  # stderr is closed, or the exception has no text: there is nowhere left to report it
