"""User code whose result the core needs: a tool, a greeting function, a store, a line's extension.

The core decides what runs; a front runs it beside the handlers' lanes and reports the result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import define

from .handlers import Source

__all__ = ["Job", "title_of"]


def title_of(owner: object) -> str:
    """Return the name of a call (with its agent), an agent, a line or the client, for messages."""
    title = getattr(owner, "_title", "the client")
    agent = getattr(owner, "agent", None)
    return f"{title} of {agent._title}" if agent is not None else str(title)


@define(eq=False)
class Job:
    """Run ``function()``; then call ``finished(result)`` or ``failed(error)``, once.

    coroutine: ``function()`` returns an awaitable (asyncio front only)
    threaded: it may block, so the asyncio front runs it in a thread
    stop: set by the front; stops the run where that is possible
    """

    label: str
    function: Callable[[], Any]
    finished: Callable[[Any], None]
    failed: Callable[[BaseException], None]
    agent: Source | None = None
    call: Source | None = None
    coroutine: bool = False
    threaded: bool = False
    stop: Callable[[], None] | None = None
    over: bool = False

    def cancel(self) -> None:
        """Stop the job: its result is not needed any more."""
        self.over = True
        stop, self.stop = self.stop, None
        if stop is not None:
            stop()
