"""What both worlds are: a loop for the program, the test's coroutine on it, and what is left of it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, TypeVar

from .hanging import ProgramHangs, place
from .loop import Loop, from_outside
from .watchdog import watch

__all__ = ["World"]

T = TypeVar("T")

#: Seconds in which a thread ends that was told to.
GRACE = 0.5
#: Turns of the loop in which a task ends that was told to.
TURNS = 10


class World:
    """A test's loop, in the thread of the test."""

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self.drivers: list[Any] = []
        self.loop = Loop()
        self.thread = threading.get_ident()
        self._unwatch = watch(self.loop, patience)
        self._threads = set(threading.enumerate())

    def run(self, until: Callable[[], bool], limit: float) -> bool:
        """Let the call go on until a condition is met, or the clock is at ``limit``.

        Returns whether the condition was met. Raises ProgramHangs.
        """
        if asyncio._get_running_loop() is self.loop:
            return self._drive(until, limit)
        return self.call(self._driven(until, limit))

    async def _driven(self, until: Callable[[], bool], limit: float) -> bool:
        return self._drive(until, limit)

    def _drive(self, until: Callable[[], bool], limit: float) -> bool:
        """Do that, while the loop runs."""
        raise NotImplementedError

    def call(self, awaitable: Awaitable[T]) -> T:
        """Run a coroutine on the test's loop, from outside of it; the call goes on meanwhile."""
        __tracebackhide__ = True
        with from_outside():
            return self.loop.run_until_complete(awaitable)

    def run_test(self, coroutine: Coroutine[Any, Any, T], what: str = "the test") -> T:
        """Run an ``async def`` test, or fixture, on the loop. ProgramHangs is raised in it if it does
        not get on."""
        __tracebackhide__ = True
        steps = _Steps(coroutine)
        task: asyncio.Task[T] = self.loop.create_task(steps.run(), name=what)
        seen, since = 0, time.monotonic()

        def look() -> None:
            nonlocal seen, since
            if task.done():
                return
            if steps.count != seen:
                seen, since = steps.count, time.monotonic()
            elif time.monotonic() - since >= self.patience:
                since = time.monotonic()
                why = f"{what} has waited {self.patience:g} s {place(coroutine)}"
                steps.hangs = ProgramHangs(self, why)
                task.cancel()
            self.loop.look_later(self.patience / 4, look)

        self.loop.look_later(self.patience / 4, look)
        if asyncio._get_running_loop() is self.loop:
            # A fixture that an ``async def`` test asks for while it runs.
            self.run(task.done, float("inf"))
            return task.result()
        return self.call(task)

    def leaks(self) -> list[str]:
        """Name what still runs after every client was closed, and end what can be ended."""
        for _ in range(TURNS):
            self.call(asyncio.sleep(0))
        tasks = [task for task in asyncio.all_tasks(self.loop) if not task.done()]
        left = [f"the task {_task(task)}" for task in tasks]
        for task in tasks:
            task.cancel()
        if tasks:
            self.call(asyncio.wait(tasks, timeout=GRACE))
        return left + [f"the thread {_thread(one)}" for one in self._threads_left()]

    def _threads_left(self) -> list[threading.Thread]:
        by = time.monotonic() + GRACE
        left = []
        for thread in threading.enumerate():
            if thread in self._threads or not _counts(thread):
                continue
            thread.join(max(0.0, by - time.monotonic()))
            if thread.is_alive():
                left.append(thread)
        return left

    def close(self) -> None:
        """Free what the test has used."""
        self._unwatch()
        self.call(self.loop.shutdown_asyncgens())
        self.call(self.loop.shutdown_default_executor())
        self.loop.close()


class _Steps:
    """Runs a coroutine and counts how often it gets on."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self.count = 0
        #: What is raised in the coroutine instead of the cancellation that comes next.
        self.hangs: BaseException | None = None
        self._coroutine = coroutine

    async def run(self) -> Any:
        __tracebackhide__ = True
        return await self

    def __await__(self) -> Generator[Any, Any, Any]:
        __tracebackhide__ = True
        go_on: Any = self._coroutine.send
        given: Any = None
        while True:
            self.count += 1
            try:
                waits_for = go_on(given)
            except StopIteration as end:
                return end.value
            try:
                given = yield waits_for
                go_on = self._coroutine.send
            except GeneratorExit:
                self._coroutine.close()
                raise
            except BaseException as exc:
                hangs, self.hangs = self.hangs, None
                go_on, given = self._coroutine.throw, hangs or exc


def _task(task: asyncio.Task[Any]) -> str:
    coroutine: Any = task.get_coro()
    name = getattr(coroutine, "__qualname__", repr(coroutine))
    return f"{task.get_name()!r} ({name} {place(coroutine)})"


def _thread(thread: threading.Thread) -> str:
    target = getattr(getattr(thread, "_target", None), "__qualname__", None)
    return f"{thread.name!r}" + (f" ({target})" if target else "")


def _counts(thread: threading.Thread) -> bool:
    """Whether a thread is somebody's work: not one that a pool keeps for later."""
    target = getattr(thread, "_target", None)
    return getattr(target, "__module__", None) != "concurrent.futures.thread"
