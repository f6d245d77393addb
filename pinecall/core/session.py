"""The session: text in, text and deliveries out. Both fronts are a loop around one of these.

The way of an event: :meth:`Session.receive` decodes the text, finds whose it is, lets its effect
(:mod:`pinecall.core.effects`) bring the state up to date, and queues a delivery for the handlers.
The way of a verb: it appends a frame, here or in the registry, and calls :meth:`Session.wake`.

A front calls, under :attr:`Session.guard`: ``opened``, ``failed``, ``receive``, ``lost`` and
``tick`` as they happen; and after each of them, and whenever it was woken, in this order:
``outgoing()`` and send that, ``deliveries()`` and run those outside the guard, ``deadline(now)``
and call ``tick`` then. It opens or aborts its socket as ``link.phase`` and ``link.generation`` say.
``now`` is any clock that never goes back, in seconds.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from ..errors import (
    CallEnded,
    ConfigurationError,
    DisplacedError,
    NotConnected,
    PinecallError,
    ProtocolError,
)
from ..events import (
    Connected,
    Disconnected,
    ErrorFrame,
    Event,
    EventsGap,
    Item,
    UnknownEvent,
)
from ..options import ConfigOptions
from . import effects, wire
from .agent import AgentBase
from .call import CallBase
from .drain import Drain
from .handlers import Delivery, Handler, Handlers, Revision, describe
from .history import check_store
from .inbox import Inbox
from .jobs import Job
from .line import LineBase
from .link import Link, LinkSettings
from .names import public_name
from .outbox import Outbox
from .outcome import Outcome
from .ports import Front
from .registry import Registry
from .requests import Requests
from .timers import Timers

__all__ = ["Session", "Subscription"]

log = logging.getLogger("pinecall")

#: Characters of one message; a longer one is refused and reported.
MAX_MESSAGE = 4 << 20
#: Seconds that a call outlives the link.
DETACHED_FOR = 30.0
#: Malformed messages reported one by one for each connection; the rest are only counted.
MALFORMED_REPORTED = 10

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


class Subscription:
    """One iterator's events, bounded: see :class:`~pinecall.core.inbox.Inbox`."""

    def __init__(self, session: Session, table: Handlers, names: tuple[str, ...]) -> None:
        self.session = session
        self.table = table
        self.inbox: Inbox[Item] = Inbox()
        self.handlers = table.add_inbox(names, self.inbox)

    def take(self) -> Item | None:
        """The next item, or None if there is none now. A gap is told before what follows it."""
        with self.session.guard:
            missed = self.inbox.take_missed()
            if missed:
                return Item("events.gap", EventsGap(missed=missed))
            return self.inbox.get() if len(self.inbox) else None

    @property
    def over(self) -> bool:
        return self.inbox.closed and not len(self.inbox)

    def close(self) -> None:
        self.session.unsubscribe(self)


class Session:
    def __init__(
        self, settings: LinkSettings, front: Front, *, random: Callable[[], float]
    ) -> None:
        self.front = front
        self.guard = front.guard
        self.wake = front.wake
        self.random = random
        self.now = 0.0
        self.timers = Timers()
        self.outbox = Outbox()
        self.registry = Registry()
        self.requests = Requests(self)
        self.revision = Revision()
        self.handlers = self.new_handlers("pc")
        self.link = Link(self, settings)
        self.org_id: str | None = None
        self.counts = {"received": 0, "malformed": 0, "unknown": 0, "dropped": 0}
        self._deliveries: list[Delivery | Job] = []
        self._subscriptions: list[Subscription] = []
        self._over: Outcome[None] | None = None
        self._reported: set[str] = set()
        self._malformed = 0
        self._failure: Exception | None = None
        self.drain: Drain | None = None

    @property
    def state(self) -> str:
        return self.link.state

    # -- facts, from the front ------------------------------------------------------------------

    def opened(self, generation: int, now: float) -> None:
        self.now = self.link.heard = now
        self.link.opened(generation)

    def failed(self, generation: int, failure: Any, now: float) -> None:
        self.now = now
        self.link.failed(generation, failure)

    def lost(self, generation: int, code: int | None, reason: str, now: float) -> None:
        self.now = now
        self.link.lost(generation, code, reason)

    def tick(self, now: float) -> None:
        self.now = max(now, self.now)
        for action, due in self.timers.expired(self.now):
            action(self.now - due)

    def deadline(self, now: float) -> float | None:
        """When to call :meth:`tick` next; None: not before something else happens."""
        return self.timers.arm(now)

    def receive(self, text: str, now: float) -> None:
        """One message from the server. Never raises for what the server sent."""
        self.now = self.link.heard = now
        self.counts["received"] += 1
        if len(text) > MAX_MESSAGE:
            self._bad_message(f"{len(text)} characters, more than {MAX_MESSAGE}: {text[:40]!r}…")
            return
        try:
            event = wire.decode(text)
        except wire.Malformed as exc:
            self._bad_message(f"{exc}: {wire.preview(text)}")
            return
        if not self.link.ready:
            self._before_ready(event)
            return
        call_id = getattr(event, "call_id", None)
        call = self.registry.calls.get(call_id) if call_id else None
        if call is not None:
            agent: AgentBase | LineBase | None = call.agent
            if call.status == "detached":
                self._reattach(call)
        else:
            agent = self.registry.owner(getattr(event, "agent_id", None))
        effect = effects.EFFECTS.get(type(event))
        if effect is not None:
            effect(self, event, agent, call)
        else:
            effects.pass_on(self, event, agent, call)

    def receive_other(self, what: str, now: float) -> None:
        """A message that is no text: ``what`` says what it was."""
        self.now = self.link.heard = now
        self._bad_message(what)

    def _before_ready(self, event: Event) -> None:
        if isinstance(event, Connected):
            self.link.connected(event)
        elif isinstance(event, ErrorFrame):
            self.link.refused(event)
        elif event.EVENT == "ping":
            self.transmit({"event": "pong"})

    # -- what the front takes -------------------------------------------------------------------

    def outgoing(self) -> list[str]:
        return self.outbox.take()

    def deliveries(self) -> list[Delivery | Job]:
        taken, self._deliveries = self._deliveries, []
        return taken

    # -- connecting and closing -----------------------------------------------------------------

    def connect(self) -> Outcome[None]:
        return self.link.connect()

    def disconnect(self, reason: str = "client_disconnect") -> None:
        """Ends everything at once; the front then flushes and closes the socket."""
        if self.link.disconnect(reason):
            self._unregister_all()
            self.requests.fail_all(reason)
            self.end_calls(reason)
            self._announce_down(reason)
        self._closed()

    def link_up(self, event: Connected) -> None:
        self.org_id = event.org_id
        self._malformed = 0
        self.emit_client("connected", (), event)
        for agent in self.registry.agents.values():
            agent.registration.create()
        for line in self.registry.lines.values():
            line.registration.create()

    def link_down(self, reason: str) -> None:
        """The link was up and is not. What is in flight fails; calls wait for the link."""
        self._unregister_all()
        self.requests.fail_all(reason)
        for call in list(self.registry.calls.values()):
            self._detach(call)
        self._announce_down(reason)

    def link_over(self, reason: str, error: PinecallError | None) -> None:
        """It will not come back by itself: ``error`` says why."""
        self.end_calls(reason)
        if error is not None:
            for owner in self._owners():
                owner.registration.over(error)
                if isinstance(error, DisplacedError):
                    self.emit("error", (error,), event=error, agent=owner, climb=False)
            self.report(error)
        self._closed(error)

    def _announce_down(self, reason: str) -> None:
        self.emit_client("disconnected", (reason,), Disconnected(reason=reason))

    def _owners(self) -> list[AgentBase | LineBase]:
        return [*self.registry.agents.values(), *self.registry.lines.values()]

    def _unregister_all(self) -> None:
        for owner in self._owners():
            owner.registration.link_lost()
        for agent in self.registry.agents.values():
            if agent.has_dials:
                agent.dials.fail_all("connection_lost")

    def _detach(self, call: CallBase) -> None:
        if call.status == "dialing":
            self.end_call(call, "connection_lost")
            return
        if call.status != "detached":
            call.detach()
            self.timers.set(
                ("detached", call.id),
                DETACHED_FOR,
                lambda _late: self.end_call(call, "connection_lost"),
            )

    def _reattach(self, call: CallBase) -> None:
        call.status = "active"
        self.timers.clear(("detached", call.id))
        log.info("pinecall: call %s of agent %r goes on", call.id, call.agent.id)
        for text in self.outbox.release(call.agent.id):
            self.outbox.transmit(text, about=call.id)

    def end_calls(self, reason: str) -> None:
        for call in list(self.registry.calls.values()):
            self.end_call(call, reason)

    # -- calls ----------------------------------------------------------------------------------

    def start_call(self, call: CallBase) -> None:
        self.registry.add_call(call)

    def end_call(self, call: CallBase, reason: str, event: Any = None) -> None:
        """The one way a call ends: settle, tell its handlers, forget it."""
        if call.over:
            return
        call.finish(reason)
        self.registry.remove_call(call)
        agent = call.agent
        agent.call_ended(call)
        if call.announced:
            self.emit("call.ended", (call, reason), event=event, agent=agent, call=call)
        call.release_handlers()

    # -- sending --------------------------------------------------------------------------------

    def transmit(self, frame: dict[str, Any]) -> None:
        """To the socket, now. Raises ConfigurationError for what is not JSON."""
        self.outbox.transmit(wire.encode(frame), about=str(frame.get("event")))

    def hold(
        self, frame: dict[str, Any], *, agent_id: str, call_id: str | None, request_id: str | None
    ) -> None:
        text = wire.encode(frame)
        self.outbox.hold(text, agent_id=agent_id, call_id=call_id, request_id=request_id)

    def send_raw(self, frame: dict[str, Any]) -> None:
        """``pc.send()``: a frame as it is."""
        self.require_up(self.frame_event(frame, "pc.send()"))
        self.transmit(frame)

    def require_up(self, what: str, agent_id: str | None = None) -> None:
        if not self.link.ready:
            raise NotConnected(
                f"{what}: not connected (the link is {self.state}); connect() first, or wait for "
                "'connected'",
                agent_id=agent_id,
            )

    def discard_transmitted(self) -> None:
        self.outbox.discard()

    # -- delivering -----------------------------------------------------------------------------

    def emit(
        self,
        name: str,
        args: tuple[Any, ...],
        *,
        event: Any = None,
        agent: AgentBase | LineBase | None = None,
        call: CallBase | None = None,
        answers: str | None = None,
        done: Callable[[], None] | None = None,
        only_items: bool = False,
        climb: bool = True,
    ) -> None:
        """Hand an event to the handlers of the call, then of the agent, then of the client."""
        own = call.own_handlers if call is not None else None
        if own:
            found = own.get(name) + self._chain(name, agent)[0]
            functions: list[Handler] | tuple[Handler, ...] = [h for h in found if h.inbox is None]
            inboxes: Any = [h for h in found if h.inbox is not None]
            passing: Any = [h for h in found if h.once]
        else:
            functions, inboxes, passing = self._chain(name, agent)[1:]
        if inboxes:
            item = Item(name, event, agent, call)
            for handler in inboxes:
                handler.inbox.put(name, call or agent, item)
        if passing:
            for handler in passing:
                handler.owner.discard(handler)
        if not climb:
            functions = [h for h in functions if h.owner is not self.handlers]
        if only_items:
            functions = [handler for handler in functions if handler.takes_item]
        if functions:
            self._deliveries.append(
                Delivery(name, args, tuple(functions), event, agent, call, answers, done)
            )
        elif done is not None:
            done()

    def _chain(self, name: str, agent: AgentBase | LineBase | None) -> tuple[Any, ...]:
        """The agent's and the client's handlers of an event: put together once per change."""
        chains = agent.chains if agent is not None else self.handlers.chains
        if chains.revision != self.revision.number:
            chains.clear(self.revision.number)
        try:
            return chains.known[name]
        except KeyError:
            pass
        found = (
            list(agent.own_handlers.get(name)) if agent is not None and agent.own_handlers else []
        )
        found += self.handlers.get(name)
        chain = (
            found,
            tuple(h for h in found if h.inbox is None),
            tuple(h for h in found if h.inbox is not None),
            tuple(h for h in found if h.once),
        )
        chains.known[name] = chain
        return chain

    def has_handlers(self, name: str, agent: AgentBase | LineBase | None) -> bool:
        """Does anybody listen for ``name`` itself (not just for everything)?"""
        return any(handler.name == name for handler in self._chain(name, agent)[0])

    def emit_client(self, name: str, args: tuple[Any, ...], event: Any) -> None:
        self.emit(name, args, event=event)

    def run(self, job: Job) -> None:
        self._deliveries.append(job)

    def report(
        self,
        error: PinecallError,
        *,
        agent: AgentBase | LineBase | None = None,
        call: CallBase | None = None,
    ) -> None:
        """To the ``error`` handlers of the agent (or line) it concerns and of the client."""
        error.args = (error.message,)
        log.warning("pinecall: %s", error.message)
        self.emit("error", (error,), event=error, agent=agent, call=call)

    def report_failure(
        self,
        exc: BaseException,
        where: str,
        agent: AgentBase | LineBase | None = None,
        call: CallBase | None = None,
    ) -> None:
        """User code raised: the traceback is logged once, and ``error`` fires with it."""
        about = f"{where}" + (f", call {call.id}" if call else "")
        about += f", agent {agent.id!r}" if agent else ""
        log.error("pinecall: %s raised", about, exc_info=(type(exc), exc, exc.__traceback__))
        if isinstance(exc, PinecallError):
            error = exc
        else:
            error = PinecallError(
                f"{about} raised {type(exc).__name__}: {exc}",
                "HANDLER_ERROR",
                agent_id=agent.id if agent else None,
                call_id=call.id if call else None,
            )
            error.__cause__ = exc
        self.emit("error", (error,), event=error, agent=agent, call=call)

    def handler_failed(self, exc: Exception, handler: Handler, delivery: Delivery) -> None:
        """The front ran a handler and it raised; the next handlers run all the same."""
        call = delivery.call
        if isinstance(exc, CallEnded) and call is not None and exc.call_id == call.id:
            log.debug("pinecall: the handler for %s ended with its call", delivery.name)
            return
        self._failure = self._failure or exc
        if delivery.name == "error":
            log.error("pinecall: an error handler raised", exc_info=exc)
            return
        where = f"the handler {describe(handler.function)} for {delivery.name}"
        self.report_failure(exc, where, delivery.agent, call)

    def take_failure(self) -> Exception | None:
        """The first exception of a handler since the last time, for ``strict``."""
        failure, self._failure = self._failure, None
        return failure

    def settle_job(self, tell: Callable[[Any], None], what: Any) -> None:
        """What came of a job; the result may be one that cannot be sent."""
        try:
            tell(what)
        except PinecallError as exc:
            self.report(exc)

    def report_gap(self, source: object, missed: int) -> None:
        """A consumer of ``source`` (a call, an agent) was so far behind that events were merged."""
        call = source if isinstance(source, CallBase) else None
        agent = call.agent if call is not None else None
        log.warning("pinecall: handlers are behind: %d interim events were left out", missed)
        gap = EventsGap(missed=missed)
        self.emit("events.gap", (gap, call), event=gap, agent=agent, call=call)

    def report_once(self, kind: str, error: PinecallError) -> None:
        if kind not in self._reported:
            self._reported.add(kind)
            self.report(error)

    def _bad_message(self, what: str) -> None:
        self.counts["malformed"] += 1
        self._malformed += 1
        what = self.clean(what)
        if self._malformed <= MALFORMED_REPORTED:
            self.report(ProtocolError(f"the server sent something that is no frame: {what}"))
        else:
            log.debug("pinecall: no frame: %s", what)

    def drop(self, event: Event, why: str) -> None:
        """A frame that concerns nobody here: counted, and told at debug level."""
        self.counts["dropped"] += 1
        log.debug("pinecall: dropped %s: %s", _name(event), why)

    # -- handlers -------------------------------------------------------------------------------

    def new_handlers(self, owner: str) -> Handlers:
        return Handlers(self.revision, coroutines=self.front.coroutines, owner=owner)

    def subscribe(self, table: Handlers, names: tuple[str, ...]) -> Subscription:
        """Events as an iterator takes them: from now on, until it is closed or the link is."""
        with self.guard:
            subscription = Subscription(self, table, names)
            self._subscriptions.append(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        with self.guard:
            subscription.inbox.close()
            for handler in subscription.handlers:
                subscription.table.discard(handler)
            if subscription in self._subscriptions:
                self._subscriptions.remove(subscription)

    def when_over(self) -> Outcome[None]:
        """Settles when the link is closed for good: set by ``disconnect``, failed by what else."""
        if self._over is None:
            self._over = Outcome("the end of the connection")
            if self.link.state in ("idle", "closed"):
                self._over.set(None)
        return self._over

    def _closed(self, error: PinecallError | None = None) -> None:
        for subscription in list(self._subscriptions):
            self.unsubscribe(subscription)
        self.timers.clear_all()
        drain, self.drain = self.drain, None
        if drain is not None:
            drain.finish()
        over, self._over = self._over, None
        if over is not None:
            if error is None:
                over.set(None)
            else:
                over.fail(error)

    # -- odds and ends --------------------------------------------------------------------------

    def letters(self, count: int) -> str:
        return "".join(_LETTERS[int(self.random() * 36) % 36] for _ in range(count))

    def message_id(self) -> str:
        return "msg_" + self.letters(12)

    def clean(self, text: str) -> str:
        """The server's words without the key, should it have repeated it."""
        try:
            key = self.link.settings.api_key()
        except ConfigurationError:
            key = ""
        return wire.redact(text.replace(key, "***") if len(key) > 3 else text)

    @staticmethod
    def frame_event(frame: object, where: str) -> str:
        if not isinstance(frame, dict) or not isinstance(frame.get("event"), str):
            raise ConfigurationError(
                f"{where} takes a frame: a dict with an 'event', not {type(frame).__name__}"
            )
        return str(frame["event"])

    def check_tools(self, options: ConfigOptions, agent_id: str) -> None:
        """Refuse coroutine tools where there is no event loop to run them."""
        if self.front.coroutines:
            return
        check_store(getattr(options, "history", None), agent_id, coroutines=False)
        skills = [getattr(skill, "tools", ()) for skill in options.skills or ()]
        for tool in [*(options.tools or ()), *(tool for group in skills for tool in group)]:
            if getattr(tool, "is_async", False):
                raise ConfigurationError(
                    f"agent {agent_id!r}: the tool {tool.name!r} is an 'async def'; pinecall_sync "
                    "runs plain functions: write 'def', or use the asyncio package pinecall",
                    agent_id=agent_id,
                )

    def stats(self) -> dict[str, Any]:
        """Counters since the client was made; ``held`` frames wait for the link."""
        return {
            **self.counts,
            "sent": self.outbox.sent,
            "unsent": len(self.outbox),
            "held": self.outbox.held,
            "agents": len(self.registry.agents),
            "lines": len(self.registry.lines),
            "calls": len(self.registry.calls),
            "requests": len(self.requests),
            "reconnects": self.link.reconnects,
            "state": self.state,
        }


def _name(event: Event) -> str:
    return event.name if isinstance(event, UnknownEvent) else public_name(event.EVENT)
