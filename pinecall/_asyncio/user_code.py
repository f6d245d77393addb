"""How the asyncio front runs user code: plain handlers on the loop, coroutines as tasks, and plain
tools in threads."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context, copy_context
from functools import partial
from typing import TYPE_CHECKING, Any

from .._shared.handling import context_of, context_of_job, interrupt_main, start
from .._shared.pool import Pool
from ..core.kernel.handlers import Delivery, Handler
from ..core.kernel.job import Job, title_of
from ..core.kernel.usercode import describe
from ..core.wire.limits import HANDLERS
from ..logs import Log
from .tasks import asked_to_stop, begin

if TYPE_CHECKING:
    from ..core.engine import Engine

__all__ = ["UserCode"]

log = Log("handlers")

#: Seconds that a plain handler may take before the log names it: it blocks the loop.
SLOW_HANDLER = 0.25
#: How many plain tools, stores and the like may run at once, each in a thread. They do not use the
#: loop's executor: it resolves names too, and must not wait for user code that hangs.
THREADS = 16


class UserCode:
    """Runs an engine's deliveries and jobs, and reports their results and failures to it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        #: The client's loop, and the context of connect(): handlers see the variables set there.
        self.loop: asyncio.AbstractEventLoop | None = None
        self.context: Context | None = None
        self.tasks: set[asyncio.Task[Any]] = set()
        self.threads = Pool("tools", THREADS)

    @property
    def _loop(self) -> asyncio.AbstractEventLoop:
        assert self.loop is not None
        return self.loop

    def deliver(self) -> None:
        """Begin everything that the engine wants run, and what follows from that at once."""
        engine = self.engine
        while True:
            with engine.guard:
                deliveries = engine.deliveries()
            if not deliveries:
                return
            for delivery in deliveries:
                if isinstance(delivery, Delivery):
                    self._deliver(delivery)
                else:
                    self._start(delivery)

    def _deliver(self, delivery: Delivery) -> None:
        if delivery.done is None:
            for handler in delivery.handlers:
                self._run(handler, delivery)
        else:
            self._deliver_and_report(delivery, delivery.done)

    def _deliver_and_report(self, delivery: Delivery, done: Callable[[], None]) -> None:
        tasks = [self._run(handler, delivery) for handler in delivery.handlers]
        pending = {task for task in tasks if task is not None}

        def finished(task: asyncio.Task[Any] | None = None) -> None:
            pending.discard(task)
            if not pending:
                self.engine.delivered(done)

        if not pending:
            finished()
        for task in list(pending):
            task.add_done_callback(finished)

    def _run(self, handler: Handler, delivery: Delivery) -> asyncio.Task[Any] | None:
        if handler.coroutine and len(self.tasks) >= HANDLERS:
            if delivery.name != "events.gap":
                self.engine.report_gap(delivery.subject, 1)
            return None
        context = context_of(handler, delivery, self.context)
        started = time.perf_counter()
        task, advice = None, "make it 'async def', or move the work to a thread"
        result: Any = None
        try:
            result = context.run(start, handler, delivery)
            if result is not None:
                if inspect.isawaitable(result):
                    finish = self._finish(result, handler, delivery)
                    # Begun at once, as a plain function would begin.
                    task = begin(self._loop, finish, context)
                    self._keep(task, handler.function, delivery.subject)
                    advice = "move the work to a thread"
                else:
                    self.engine.handler_gave(result, handler, delivery)
        except KeyboardInterrupt:
            raise
        except BaseException as exc:
            if inspect.iscoroutine(result):
                result.close()  # the loop's task factory failed
            context.run(self.engine.handler_failed, exc, handler, delivery)
            return None
        took = time.perf_counter() - started
        if took > SLOW_HANDLER:
            log.warning(
                "the handler %s for %s took %.2f s and held up the event loop; %s",
                describe(handler.function),
                delivery.name,
                took,
                advice,
            )
        return None if task is None or task.done() else task

    async def _finish(self, result: Awaitable[Any], handler: Handler, delivery: Delivery) -> None:
        try:
            await result
        except KeyboardInterrupt:
            raise
        except BaseException as exc:
            if asked_to_stop(exc):
                raise
            self.engine.handler_failed(exc, handler, delivery)

    def _start(self, job: Job) -> None:
        if not job.over:
            loop = self._loop
            task = begin(loop, self._job(job), context_of_job(job, self.context), eager=False)
            self._keep(task, job.label, job.call or job.agent)

            def stop() -> None:
                # It may be called in a tool's thread that removes its agent.
                with suppress(RuntimeError):
                    loop.call_soon_threadsafe(task.cancel)

            job.stop = stop

    async def _job(self, job: Job) -> None:
        try:
            if job.threaded:
                result = await self._in_thread(job.function)
            else:
                result = job.function()
            if inspect.isawaitable(result):
                result = await result
        except KeyboardInterrupt:
            raise
        except BaseException as exc:
            stopped = asked_to_stop(exc)
            if not job.over:
                failure = RuntimeError(f"{job.label} was cancelled") if stopped else exc
                self.engine.job_failed(job, failure)
            if stopped:
                raise
        else:
            self.engine.job_finished(job, result)

    async def _in_thread(self, function: Callable[[], Any]) -> Any:
        """Run in a thread. A future of the loop's executor could not carry every exception."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()
        result: Any = None
        failure: BaseException | None = None

        def end() -> None:
            if not ended.done():
                ended.set_result(None)

        def run() -> None:
            nonlocal result, failure
            try:
                result = function()
            except BaseException as exc:
                interrupt_main(exc)
                failure = exc
            try:
                loop.call_soon_threadsafe(end)
            except RuntimeError:
                pass  # the loop was closed meanwhile: nothing waits any more

        self.threads.submit(partial(copy_context().run, run))
        await ended
        if failure is not None:
            raise failure
        return result

    def begin(self, coroutine: Any, what: str) -> None:
        """Run a coroutine of the SDK itself."""
        self._keep(begin(self._loop, coroutine, eager=False), what, None)

    def _keep(self, task: asyncio.Task[Any], what: Any, whose: object) -> None:
        """Keep a task until it is done. ``whose``: the call or agent it belongs to."""
        if not task.done():
            name = what if isinstance(what, str) else describe(what)
            task.set_name(f"pinecall {name} of {title_of(whose)}")
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
