"""The SDK's loggers, one for each area: ``pinecall.link``, ``pinecall.agents``, ``pinecall.handlers`` …

A filter or a handler that the application hangs on them is user code: what it raises is shown on
stderr, as :mod:`logging` shows what goes wrong while a record is written, and stops nothing else.
"""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Any

__all__ = ["Log"]


class Log:
    """``Log("link")`` writes to the logger ``pinecall.link``. Only KeyboardInterrupt gets out."""

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

    def error(self, text: str, *args: object, exc_info: Any = None) -> None:
        self._write(logging.ERROR, text, args, exc_info)

    def _write(self, level: int, text: str, args: tuple[object, ...], exc_info: Any = None) -> None:
        try:
            self._logger.log(level, text, *args, exc_info=exc_info, stacklevel=3)
        except KeyboardInterrupt:
            raise
        except BaseException as exc:
            _show(exc)


def _show(exc: BaseException) -> None:
    if not logging.raiseExceptions or sys.stderr is None:
        return
    try:
        lines = traceback.format_exception(type(exc), exc, exc.__traceback__)
        sys.stderr.write("".join(["--- Logging error in pinecall ---\n", *lines]))
    except KeyboardInterrupt:
        raise
    except BaseException:
        pass  # stderr is closed, or the exception cannot be shown: there is nowhere left to say it
