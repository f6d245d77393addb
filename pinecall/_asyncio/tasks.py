"""Tasks that start at once, and why a task was cancelled."""

from __future__ import annotations

import asyncio
import contextvars
import sys
from collections.abc import Coroutine
from typing import Any

__all__ = ["asked_to_stop", "begin"]


class _Task(asyncio.Task[Any]):
    """A task of Python 3.10, which does not count cancellations."""

    asked = False

    def cancel(self, msg: Any = None) -> bool:
        self.asked = True
        return super().cancel(msg)


def begin(
    loop: asyncio.AbstractEventLoop,
    coroutine: Coroutine[Any, Any, Any],
    context: contextvars.Context | None = None,
    *,
    eager: bool = True,
) -> asyncio.Task[Any]:
    """Start a task; its first step runs now if Python can do it (from 3.12 on) and the loop has no
    task factory. A coroutine that never waits is then never scheduled. ``context``: the context to
    run in, instead of a copy of the current one.
    """
    if loop.get_task_factory() is None:
        if sys.version_info >= (3, 12):
            return asyncio.Task(coroutine, loop=loop, context=context, eager_start=eager)
        if sys.version_info < (3, 11):
            return _in(context, lambda: _Task(coroutine, loop=loop))
    return _in(context, lambda: loop.create_task(coroutine))


def _in(context: contextvars.Context | None, make: Any) -> asyncio.Task[Any]:
    task: asyncio.Task[Any] = make() if context is None else context.run(make)
    return task


def asked_to_stop(exc: BaseException) -> bool:
    """Whether the running task ends because it was cancelled or because its loop is gone.

    A CancelledError may also be user code's own: the result of another task, which was cancelled.
    """
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return True  # closed from outside of any loop, by the garbage collector
    if task is None:
        return True
    if not isinstance(exc, asyncio.CancelledError):
        return False
    if sys.version_info >= (3, 11):
        return task.cancelling() > 0
    return getattr(task, "asked", True)
