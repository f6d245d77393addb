"""The effects of gaining and losing the link: on agents, calls, requests and waiting callers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, cast

from ..errors import DisplacedError, NotConnected, PinecallError, ProtocolError
from ..events import Connected, Disconnected
from ..logs import Log
from .agents.agent import AgentBase
from .calls.call import CallBase
from .calls.chat_requests import Chats
from .calls.whatsapp import WhatsAppSessionBase
from .drain import Drain
from .kernel.front import Front
from .kernel.handlers import Source
from .kernel.inbox import size_of
from .kernel.outbox import Durable
from .kernel.outcome import Outcome
from .kernel.runtime import Runtime
from .lines.line import LineBase
from .lines.line_call import LineCallBase
from .link.link import Link, LinkSettings
from .model.registry import Registry
from .wire.limits import CALL_STARTS, LIVE_CALLS, MAX_ID

if TYPE_CHECKING:
    from .streams.hub import Hub

__all__ = ["Lifecycle", "Makers"]

log = Log("calls")

#: Frames that each connection sends anew.
_LINKS_OWN = frozenset({"connect", "ping", "pong"})

#: Seconds that a call outlives the link.
DETACHED_FOR = 30.0
#: Seconds from the refusal of the last agent until waiting ends.
REFUSED_FOR = 1.0


class Makers(Front, Protocol):
    """A front with its classes: it makes the objects that users hold."""

    @property
    def make_agent(self) -> Callable[[Runtime, str], AgentBase]: ...

    @property
    def make_line(self) -> Callable[[Runtime, str], LineBase]: ...

    @property
    def make_call(self) -> Callable[..., CallBase]:
        """``make_call(runtime, owner, call_id, **facts)``."""
        ...

    @property
    def make_line_call(self) -> Callable[..., LineCallBase]: ...

    @property
    def make_whatsapp_session(self) -> Callable[[CallBase, str | None], WhatsAppSessionBase]: ...


class Lifecycle(Runtime):
    """The :class:`~pinecall.core.kernel.runtime.Runtime` of a whole client, in which its agents,
    calls and link begin and end."""

    def __init__(
        self, settings: LinkSettings, makers: Makers, *, random: Callable[[], float]
    ) -> None:
        super().__init__(makers, random=random, api_key=settings.api_key)
        self.makers = makers
        self.registry: Registry[AgentBase, LineBase, CallBase] = Registry()
        self.chats = Chats(self)
        self.link = Link(self, settings, watcher=self)
        self.org_id: str | None = None
        self.drain: Drain | None = None
        self.hub: Hub | None = None
        #: Turns whose handlers have not finished, as the callables that report it.
        self.preparing: set[Callable[..., None]] = set()
        self._over: Outcome[None] | None = None
        #: What ended the last link for good, until the next connect().
        self._ended_by: PinecallError | None = None
        #: Frames that the server may not have received when ``disconnect()`` was called.
        self._closing: list[Durable] = []
        #: Characters of the frames that began the live calls.
        self.call_starts = 0

    @property
    def ready(self) -> bool:
        return self.link.ready

    @property
    def state(self) -> str:
        return self.link.state

    def connect(self) -> Outcome[None]:
        if self.hub is not None:
            self.hub.reopen()
        if self.recorder is not None:
            self.recorder.reopen()
        self._ended_by = None
        return self.link.connect()

    def disconnect(self, reason: str = "client_disconnect") -> None:
        """End everything at once; the front then flushes and closes the socket."""
        self._closing = self.outbox.frames
        if self.link.disconnect(reason):
            self._end_drain()
            self._unregister_all()
            self._fail_questions(reason, asked_for=True)
            self.end_calls(reason)
            self._announce_down(reason)
        self._closed()

    def socket_closed(self, *, clean: bool) -> None:
        """Note that the front has closed its socket for ``disconnect()``. ``clean``: the server
        sent a close frame too, so it has read everything."""
        closing, self._closing = self._closing, []
        if closing and not clean:
            log.warning(
                "the server did not confirm the end of the connection; what may not have arrived: %s",
                ", ".join(map(str, closing[:10])) + (" …" if len(closing) > 10 else ""),
            )

    def link_up(self, event: Connected) -> None:
        self.org_id = event.org_id
        self.preparing.clear()
        self.emit_client("connected", (), event)
        for agent in self.registry.agents.values():
            agent._registration.create()
        for line in self.registry.lines.values():
            line._registration.create()

    def link_down(self, reason: str) -> None:
        """Fail what is in flight: the link was up and is lost. Calls wait for the link."""
        self._unregister_all()
        self._keep_durable()
        self._fail_questions(reason)
        for call in list(self.registry.calls.values()):
            self._detach(call)
        self._announce_down(reason)

    def _keep_durable(self) -> None:
        """Keep the frames given to the link for the next one, or report their loss."""
        self.proofs.begin()
        lost = self.outbox.link_lost({owner.id for owner in self._owners()})
        live = [name for name in lost.live if name not in _LINKS_OWN]
        if live:
            log.warning(
                "the link was lost before these frames left, and they make no sense later: %s",
                ", ".join(f"{live.count(name)} x {name}" for name in dict.fromkeys(live)),
            )
        if lost.again:
            log.info(
                "%d frames that may not have arrived are sent again after the registration",
                len(lost.again),
            )
        for frame in lost.unsure:
            if frame.request_id is None:  # otherwise the caller that asked gets the error
                error = NotConnected(
                    f"{frame}: the link was lost before the server confirmed it; it may not have "
                    "arrived, and is not sent again, since it may have",
                    "NOT_CONFIRMED",
                    agent_id=frame.agent_id,
                    call_id=frame.call_id,
                )
                agent = self.registry.owner(frame.agent_id)
                call = self.registry.calls.get(frame.call_id or "")
                self.report(error, agent=agent, call=call)

    def link_over(self, reason: str, error: PinecallError | None) -> None:
        """End what waits for the link: it will not come back by itself; ``error`` says why."""
        self._end_drain()
        self.end_calls(reason)
        if error is not None:
            for owner in self._owners():
                owner._registration.over(error)
                if isinstance(error, DisplacedError):
                    self.emit("error", (error,), event=error, agent=owner, climb=False)
            self.report(error)
        self._closed(error)

    def when_over(self) -> Outcome[None]:
        """Return the outcome of the link's end: set by ``disconnect``, failed by any other cause;
        also failed by the refusal of the last agent, if no other can be registered."""
        if self._over is not None:
            return self._over
        over: Outcome[None] = Outcome("the end of the connection")
        if self._ended_by is not None:  # before the caller of connect() had its turn
            over.fail(self._ended_by)
        elif self.link.state in ("idle", "closed"):
            over.set(None)
        else:
            self._over = over
            self.look_whether_all_are_refused()
        return over

    def look_whether_all_are_refused(self) -> None:
        """Check a moment later: the program's ``error`` handlers may ask again."""
        if self._over is not None and not self._over.done:
            self.timers.set("refused", REFUSED_FOR, self._all_refused)
            self.wake()

    def _all_refused(self, _late: float) -> None:
        owners, over = self._owners(), self._over
        if over is None or not owners or self.registry.calls:
            return
        if all(owner._registration.over_for_good for owner in owners):
            error = owners[0]._registration.error
            assert error is not None
            self._over = None
            over.fail(error)

    # -- leaving --------------------------------------------------------------------------------

    def begin_drain(self, timeout: float) -> Drain:
        """Take no new calls and let the present ones finish. A second drain returns the first, with
        its timeout."""
        if self.drain is not None:
            return self.drain
        drain = self.drain = Drain(
            self.timers,
            calls=lambda: self.registry.calls,
            unsent=lambda: self.outbox.held,
            done=self._is_drained,
        )
        drain.outcome.waiters.append(self._drained)
        for agent in self.registry.agents.values():
            agent._stop_taking_calls()
        drain.begin(timeout)
        return drain

    def _drained(self) -> None:
        self.drain = None

    def _is_drained(self) -> bool:
        if self.link.state in ("idle", "closed"):
            return True
        return not self.registry.calls and not self.outbox.held and not len(self.chats)

    def _end_drain(self) -> None:
        """Finish the drain before its calls are ended: they count as cut, not finished."""
        if self.drain is not None:
            self.drain.finish()

    def _closed(self, error: PinecallError | None = None) -> None:
        for subscription in list(self._subscriptions):
            self.unsubscribe(subscription)
        for owner in self._owners():
            owner._registration.link_closed()
        self.timers.clear_all()
        self._end_drain()
        if self.recorder is not None:
            self.recorder.close()
        if self.outbox.held:
            log.warning(
                "the link is closed; %d frames wait for the next connect()", self.outbox.held
            )
        self._ended_by = error or self._ended_by
        over, self._over = self._over, None
        if over is not None:
            if error is None:
                over.set(None)
            else:
                over.fail(error)

    def _fail_questions(self, reason: str, *, asked_for: bool = False) -> None:
        """Fail all requests. ``asked_for``: by ``disconnect()``, which ends their calls as well."""
        self.requests.fail_all(reason, report=not asked_for)
        self.chats.fail_all(reason)

    def _announce_down(self, reason: str) -> None:
        self.tally.finish()
        self.emit_client("disconnected", (reason,), Disconnected(reason=reason))

    def _owners(self) -> list[AgentBase | LineBase]:
        return [*self.registry.agents.values(), *self.registry.lines.values()]

    def _unregister_all(self) -> None:
        for owner in self._owners():
            owner._registration.link_lost()
        for agent in self.registry.agents.values():
            if agent._has_dials:
                agent._dials.fail_all("connection_lost")

    def _detach(self, call: CallBase) -> None:
        if call.status == "dialing":
            self.end_call(call, "connection_lost")
            return
        if call.status != "detached":
            call._detach()
            self.timers.set(
                ("detached", call.id),
                DETACHED_FOR,
                lambda _late: self.end_call(call, "connection_lost"),
            )

    def reattach(self, call: CallBase) -> None:
        """Re-attach a call of the former link: the server has sent an event for it."""
        call._reattach()
        self.timers.clear(("detached", call.id))
        log.info("call %s of agent %r goes on", call.id, call.agent.id)
        self.send_held(call.agent.id)

    # -- agents and lines -----------------------------------------------------------------------

    def remove_agent(self, agent: AgentBase) -> None:
        """End its calls and forget the agent."""
        for call in list(agent._live_calls.values()):
            self.end_call(call, "agent_removed")
        agent._removed_by_program()
        self.registry.remove_agent(agent)
        self.look_whether_all_are_refused()

    def line_destroyed(self, line: Source) -> None:
        line = cast("LineBase", line)
        if line.registered:
            self.registry.leaving[line.number] = line
        self.registry.remove_line(line)

    # -- calls ----------------------------------------------------------------------------------

    def end_calls(self, reason: str) -> None:
        for call in list(self.registry.calls.values()):
            self.end_call(call, reason)

    def start_call(self, call: CallBase, event: Any = None) -> None:
        """Add a call that ``event`` began. Raises the error to report if the tables are full."""
        if len(call.id) > MAX_ID:
            raise ProtocolError(
                f"agent {call.agent.id!r}: a call with an id of {len(call.id)} characters, more than "
                f"{MAX_ID}, is refused: {call.id[:40]!r}…",
                agent_id=call.agent.id,
            )
        if len(self.registry.calls) >= LIVE_CALLS:
            raise _too_many(call, f"{LIVE_CALLS} calls are live here already")
        self.weigh(call, event)
        self.registry.add_call(call)
        if self.recorder is not None:
            self.recorder.begin(call, self.now, self.front.epoch())

    def weigh(self, call: CallBase, event: Any) -> None:
        """Count what the call is to hold of ``event``. Raises if that is too much."""
        size = size_of(event)
        if self.call_starts + size - call._start_size > CALL_STARTS:
            raise _too_many(call, "the live calls hold too much metadata already")
        self.call_starts += size - call._start_size
        call._start_size = size

    def end_call(self, call: CallBase, reason: str, event: Any = None) -> None:
        """End a call, the only way to do so: settle, call its handlers, forget it."""
        if call._over:
            return
        call._finish(reason)
        if self.recorder is not None:
            self.recorder.end(call, self.now)
        self.registry.remove_call(call)
        self.call_starts -= call._start_size
        call._start_size = 0
        agent = call.agent
        agent._call_ended(call)
        if call._announced:
            self.emit("call.ended", (call, reason), event=event, agent=agent, call=call)
        call._release_handlers()
        if not self.registry.calls:
            self.look_whether_all_are_refused()


def _too_many(call: CallBase, why: str) -> PinecallError:
    return PinecallError(
        f"agent {call.agent.id!r}: call {call.id} is not taken: {why}",
        "TOO_MANY_CALLS",
        agent_id=call.agent.id,
        call_id=call.id,
    )
