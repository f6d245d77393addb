"""The event loop of a test: it runs only while the test waits, one turn at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["Loop", "from_outside", "stepping_aside"]


def _nothing() -> None:
    pass


class Loop(asyncio.SelectorEventLoop):
    """A loop whose turns can be run from inside one of its own callbacks.

    A test may call ``call.hears(…)`` without awaiting it, also in an ``async def``: the handlers
    and tools on the same loop must run meanwhile.
    """

    def __init__(self) -> None:
        super().__init__()
        #: Goes up whenever something gets on, to see whether code blocks the loop.
        self.beats = 0
        #: How many turns are being run, one inside the other.
        self.depth = 0
        #: How many functions run in the loop's executor.
        self.in_threads = 0
        #: Timers of the test itself, which no program waits for.
        self._own: set[asyncio.TimerHandle] = set()

    @property
    def has_ready(self) -> bool:
        """Whether callbacks wait for their turn."""
        return bool(self._ready)  # type: ignore[attr-defined]

    @property
    def expects(self) -> bool:
        """Whether something outside the test may still happen: a timer, a socket, a thread.

        Code that waits for none of these waits for the call.
        """
        if self.in_threads:
            return True
        timers = self._scheduled  # type: ignore[attr-defined]
        if any(not timer.cancelled() and timer not in self._own for timer in timers):
            return True
        # One is the loop's own pipe, which wakes it from other threads.
        return len(self._selector.get_map()) > 1  # type: ignore[attr-defined]

    def look_later(self, seconds: float, action: Callable[[], None]) -> None:
        """Call ``action`` after that many seconds, which counts as nothing to wait for."""

        def act() -> None:
            self._own.discard(timer)
            action()

        timer = self.call_later(seconds, act)
        self._own.add(timer)

    def turn(self, wait: float = 0.0) -> None:
        """Run what is ready; if nothing is, wait at most ``wait`` seconds for something outside."""
        timer = None
        if not self.has_ready:
            if wait:
                timer = self.call_later(wait, _nothing)  # cancelled below
            else:
                self.call_soon(_nothing)
        self._run_once()
        if timer is not None:
            timer.cancel()

    def _run_once(self) -> None:
        self.beats += 1
        self.depth += 1
        try:
            super()._run_once()  # type: ignore[misc]
        finally:
            self.depth -= 1

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Let turns be run from inside a callback: the turn that runs it finds as many callbacks left
        as it has counted."""
        counted = len(self._ready)  # type: ignore[attr-defined]
        try:
            yield
        finally:
            for _ in range(counted - len(self._ready)):  # type: ignore[attr-defined]
                self.call_soon(_nothing)

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> Any:
        future = super().run_in_executor(executor, func, *args)
        self.in_threads += 1
        future.add_done_callback(self._left_thread)
        return future

    def _left_thread(self, _future: object) -> None:
        self.in_threads -= 1


@contextmanager
def stepping_aside(loop: Loop) -> Iterator[None]:
    """Stand outside of the task that runs now, so that other tasks of its loop may take turns."""
    task = asyncio.current_task(loop)
    if task is not None:
        asyncio._leave_task(loop, task)
    try:
        with loop.inside():
            yield
    finally:
        if task is not None:
            asyncio._enter_task(loop, task)


@contextmanager
def from_outside() -> Iterator[None]:
    """Let another loop run in this thread: the test itself may run on a loop of its own."""
    outer = asyncio._get_running_loop()
    if outer is None:
        yield
        return
    task = asyncio.current_task()
    if task is not None:
        asyncio._leave_task(outer, task)
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(outer)
        if task is not None:
            asyncio._enter_task(outer, task)
