"""The path to user code: deliveries, subscriptions, and reports of failures."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from ...errors import CallEnded, ConfigurationError, PinecallError
from ...events import EventsGap, Item
from ...logs import Log
from ..wire.limits import KIND, KINDS
from ..wire.names import SIGNATURES
from ..wire.tally import Tally
from .callables import check_result
from .handlers import Delivery, Handler, Handlers, Revision, Source
from .inbox import Inbox, size_of
from .job import Job
from .usercode import as_reported, describe, is_a, shown, to_raise

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ..traces.recorder import Recorder
    from .front import Front

__all__ = ["Delivering", "Publisher", "Subscription"]

log = Log("handlers")


class Publisher(Protocol):
    """Where events go besides the handlers: the event streams' hub."""

    @property
    def active(self) -> bool: ...
    def publish(self, item: Item) -> None: ...


class Subscription:
    """One iterator's events, bounded: see :class:`~pinecall.core.kernel.inbox.Inbox`."""

    def __init__(
        self, runtime: Delivering, table: Handlers, inbox: Inbox[Item], handlers: list[Handler]
    ) -> None:
        """``handlers`` are those of ``table`` that feed the inbox."""
        self.runtime = runtime
        self.table = table
        self.inbox = inbox
        self.handlers = handlers

    def take(self) -> Item | None:
        """Return the next item, or None if there is none yet. A gap precedes what follows it."""
        self.runtime.front.check()
        with self.runtime.guard:
            missed = self.inbox.take_missed()
            if missed:
                return Item("events.gap", EventsGap(missed=missed))
            return self.inbox.get() if len(self.inbox) else None

    @property
    def over(self) -> bool:
        if not self.inbox.closed and self.runtime.ended:
            # It was created after the link was closed, and the link was not opened again.
            self.close()
        return self.inbox.closed and not len(self.inbox)

    def close(self) -> None:
        self.runtime.unsubscribe(self)


class Delivering:
    """The half of a :class:`~pinecall.core.kernel.runtime.Runtime` that faces the handlers."""

    def __init__(self, front: Front) -> None:
        self.front = front
        #: The time of the event being handled, in seconds of the front's clock.
        self.now = 0.0
        self.guard: AbstractContextManager[Any] = front.guard
        self.wake: Callable[[], None] = front.wake
        self.revision = Revision()
        self.handlers = self.new_handlers("pc")
        self.publisher: Publisher | None = None
        self._deliveries: list[Delivery | Job] = []
        self._subscriptions: list[Subscription] = []
        self._reported: set[str] = set()
        self.tally = Tally()
        self._failure: BaseException | None = None
        #: The traces of calls, once ``pc.traces()`` asked for them.
        self.recorder: Recorder[Any] | None = None

    @property
    def ended(self) -> bool:
        """Whether the link is closed, or lost for good; ``connect()`` opens another."""
        raise NotImplementedError

    def clean(self, text: str) -> str:
        """Return ``text`` without any secrets it contains."""
        raise NotImplementedError

    def deliveries(self) -> list[Delivery | Job]:
        taken, self._deliveries = self._deliveries, []
        return taken

    # -- handing on -----------------------------------------------------------------------------

    def emit(
        self,
        name: str,
        args: tuple[Any, ...],
        *,
        event: Any = None,
        agent: Source | None = None,
        call: Source | None = None,
        answers: str | None = None,
        done: Callable[[], None] | None = None,
        after: Source | None = None,
        only_items: bool = False,
        climb: bool = True,
    ) -> None:
        """Hand an event to the handlers of the call, then of the agent, then of the client.

        ``only_items``: only to handlers of ``*`` and iterators; without ``climb``, not to the
        client's.
        """
        own = call._own_handlers if call is not None else None
        if own:
            found = own.get(name) + self._chain(name, agent)[0]
            functions: list[Handler] | tuple[Handler, ...] = [h for h in found if h.inbox is None]
            inboxes: Any = [h for h in found if h.inbox is not None]
            passing: Any = [h for h in found if h.once]
        else:
            functions, inboxes, passing = self._chain(name, agent)[1:]
        if only_items:
            functions = [h for h in functions if h.takes_item]
            passing = [h for h in passing if h.takes_item]
        if not climb:
            functions, inboxes, passing = (
                [h for h in some if h.owner is not self.handlers]
                for some in (functions, inboxes, passing)
            )
        if self.publisher is not None and self.publisher.active:
            self.publisher.publish(Item(name, event, agent, call))
        if inboxes:
            item = Item(name, event, agent, call)
            size = size_of(event)
            for handler in inboxes:
                handler.inbox.put(name, call or agent, item, size)
        if passing:
            for handler in passing:
                handler.owner.discard(handler)
        if functions:
            self._deliveries.append(
                Delivery(name, args, tuple(functions), event, agent, call, answers, done, after)
            )
        elif done is not None:
            done()

    def _chain(self, name: str, agent: Source | None) -> tuple[Any, ...]:
        """Return the agent's and the client's handlers of an event, combined once per change.

        Agents without handlers share the client's: with many agents, an event stays cheap.
        """
        own = agent._own_handlers if agent is not None else None
        chains = (own or self.handlers).chains
        if chains.revision != self.revision.number:
            chains.clear(self.revision.number)
        try:
            return chains.known[name]
        except KeyError:
            pass
        if name not in SIGNATURES:
            # Names that only the server knows reach "*" alone; they are unlimited, so not cached.
            name = "*"
            if name in chains.known:
                return chains.known[name]
        found = (list(own.get(name)) if own else []) + self.handlers.get(name)
        chain = (
            found,
            tuple(h for h in found if h.inbox is None),
            tuple(h for h in found if h.inbox is not None),
            tuple(h for h in found if h.once),
        )
        chains.known[name] = chain
        return chain

    def has_handlers(self, name: str, agent: Source | None) -> bool:
        """Whether there is a handler for ``name`` itself (not just for everything)."""
        return any(handler.name == name for handler in self._chain(name, agent)[0])

    def emit_client(self, name: str, args: tuple[Any, ...], event: Any) -> None:
        self.emit(name, args, event=event)

    def run(self, job: Job) -> None:
        self._deliveries.append(job)

    # -- handlers and iterators -----------------------------------------------------------------

    def new_handlers(self, owner: str) -> Handlers:
        return Handlers(self.revision, coroutines=self.front.coroutines, owner=owner)

    def subscribe(self, table: Handlers, names: tuple[str, ...]) -> Subscription:
        """Return a subscription, from now until it or the link is closed."""
        self.front.check()
        with self.guard:
            inbox: Inbox[Item] = Inbox()
            subscription = Subscription(self, table, inbox, table.add_inbox(names, inbox))
            self._subscriptions.append(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        with self.guard:
            subscription.inbox.close()
            for handler in subscription.handlers:
                subscription.table.discard(handler)
            if subscription in self._subscriptions:
                self._subscriptions.remove(subscription)

    def unsubscribe_all(self, table: Handlers) -> None:
        """End the iterators of ``table``: it will produce no more events."""
        for subscription in [one for one in self._subscriptions if one.table is table]:
            self.unsubscribe(subscription)

    # -- what went wrong ------------------------------------------------------------------------

    def report(
        self,
        error: PinecallError,
        *,
        agent: Source | None = None,
        call: Source | None = None,
    ) -> None:
        """Call the ``error`` handlers of the agent (or line) concerned, and the client's."""
        error.args = (error.message,)
        kind = f"{error.code} of agent {agent.id!r}" if agent is not None else error.code
        write = log.warning if self.tally.tells(kind, self.now) else log.debug
        write("%.2000s", error.message)
        self._fire(error, agent, call)

    def report_once(self, kind: str, error: PinecallError) -> None:
        kind = kind[:KIND]
        if kind not in self._reported and len(self._reported) < KINDS:
            self._reported.add(kind)
            self.report(error)

    def report_failure(
        self,
        exc: BaseException,
        where: str,
        agent: Source | None = None,
        call: Source | None = None,
    ) -> None:
        """Report an exception of user code: log the traceback once and fire ``error`` with it."""
        about = f"{where}" + (f", call {call.id}" if call else "")
        about += f", agent {agent.id!r}" if agent else ""
        log.error("%s raised", about, exc=exc)
        error = as_reported(
            exc,
            self.clean(f"{about} raised {shown(exc)}"),
            agent.id if agent else None,
            call.id if call else None,
        )
        self._fire(error, agent, call)

    def _fire(self, error: PinecallError, agent: Source | None, call: Source | None) -> None:
        recorder, call_id = self.recorder, call.id if call is not None else error.call_id
        if recorder is not None and call_id and call_id in recorder.traces:
            recorder.failed(call_id, error, self.front.now())
        self.emit("error", (error,), event=error, agent=agent, call=call)

    def handler_failed(self, exc: BaseException, handler: Handler, delivery: Delivery) -> None:
        """Report that a handler raised; the next handlers run all the same."""
        with self.guard:
            self._handler_failed(exc, handler, delivery)
        self.wake()

    def handler_gave(self, result: object, handler: Handler, delivery: Delivery) -> None:
        """Check what a handler returned: work that nothing would run is reported as an error."""
        try:
            check_result(result, coroutines=self.front.coroutines)
        except ConfigurationError as exc:
            self.handler_failed(exc, handler, delivery)

    def _handler_failed(self, exc: BaseException, handler: Handler, delivery: Delivery) -> None:
        call = delivery.call
        if is_a(exc, CallEnded) and call is not None and exc.call_id == call.id:
            log.debug("the handler for %s ended with its call", delivery.name)
            return
        if self._failure is None:  # not its truth value: a user's exception may be false or raise
            self._failure = exc
        if delivery.name == "error":
            log.error(
                "the error handler %s raised",
                describe(handler.function),
                exc=exc,
            )
            return
        where = f"the handler {describe(handler.function)} for {delivery.name}"
        self.report_failure(exc, where, delivery.agent, call)

    def take_failure(self) -> Exception | None:
        """Return and reset the first exception raised by a handler, for ``strict``."""
        failure, self._failure = self._failure, None
        return None if failure is None else to_raise(failure)

    def job_finished(self, job: Job, result: Any) -> None:
        """Take a job's result; one that cannot be sent makes the job fail."""
        with self.guard:
            try:
                job.finished(result)
            except PinecallError as refused:  # the result is valid, but cannot be queued
                self.report(refused, agent=job.agent, call=job.call)
            except KeyboardInterrupt:
                raise
            except BaseException as exc:
                self._job_failed(job, exc)
        self.wake()

    def job_failed(self, job: Job, exc: BaseException) -> None:
        """Take the exception that a job raised, of any class."""
        with self.guard:
            self._job_failed(job, exc)
        self.wake()

    def _job_failed(self, job: Job, exc: BaseException) -> None:
        try:
            job.failed(exc)
        except PinecallError as refused:
            self.report(refused, agent=job.agent, call=job.call)
        except Exception as mistake:
            self.report_failure(mistake, job.label, job.agent, job.call)

    def delivered(self, done: Callable[[], None]) -> None:
        """Call ``done``: all handlers of the delivery have run."""
        with self.guard:
            done()
        self.wake()

    def report_gap(self, source: object, missed: int) -> None:
        """Report that events were left out because a consumer of ``source`` (call, agent) lags."""
        agent = getattr(source, "agent", None)  # a call has this attribute, an agent does not
        call: Any = source if agent is not None else None
        gap = EventsGap(missed=missed)
        with self.guard:
            write = log.warning if self.tally.tells("events.gap", self.now) else log.debug
            write("handlers are behind: %d events were left out", missed)
            self.emit("events.gap", (gap, call), event=gap, agent=agent, call=call)
        self.wake()
