"""Tasks that begin at once, and whether one was asked to stop."""

from __future__ import annotations

import asyncio
import contextvars
import sys
from collections.abc import Coroutine
from typing import Any

__all__ = ["asked_to_stop", "begin"]


class _Task(asyncio.Task[Any]):
    """A task that knows whether it was cancelled; Python 3.10 does not count that."""

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
    """Make a task and run its first step now, where Python can (from 3.12 on) and the loop has no task
    factory of its own; a coroutine that never waits is then never scheduled.

    ``context``: the context to run in, instead of a copy of the current one."""
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
    """Does the running task end because it was cancelled, or because its loop is gone?

    A CancelledError may also come from user code: from another task that was cancelled.
    """
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return True  # closed outside any loop, by the garbage collector
    if task is None:
        return True
    if not isinstance(exc, asyncio.CancelledError):
        return False
    if sys.version_info >= (3, 11):
        return task.cancelling() > 0
    return getattr(task, "asked", True)
