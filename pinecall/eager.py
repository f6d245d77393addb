"""Tasks that begin at once."""

from __future__ import annotations

import asyncio
import contextvars
import sys
from collections.abc import Coroutine
from typing import Any

__all__ = ["begin"]


def begin(
    loop: asyncio.AbstractEventLoop,
    coroutine: Coroutine[Any, Any, Any],
    context: contextvars.Context | None = None,
) -> asyncio.Task[Any]:
    """A task whose first step is done now, where Python can (from 3.12 on) and the loop has no task
    factory of its own; what never waits is then never scheduled. ``context``: the one to run in,
    instead of a copy of the present one."""
    if sys.version_info >= (3, 12) and loop.get_task_factory() is None:
        return asyncio.Task(coroutine, loop=loop, context=context, eager_start=True)
    if context is None:
        return loop.create_task(coroutine)
    return context.run(loop.create_task, coroutine)
