"""The engine: text in, text and deliveries out. Both fronts are a loop around one of these.

The path of an event: :meth:`Engine.receive` decodes the text, finds its agent and call, lets its
effect (:mod:`pinecall.core.effects`) update the state, and queues a delivery for the handlers. The
path of a verb: it appends a frame, here or in the registry, and calls ``wake()``.

A front calls, under ``guard``, ``opened``, ``failed``, ``receive``, ``lost`` and ``tick`` as these
happen. After each of them, and whenever it was woken, it does the following, in this order: send
``outgoing()``, run ``deliveries()`` outside the guard, and call ``tick`` at ``deadline(now)``. It
opens or aborts its socket according to ``link.phase`` and ``link.generation``. ``now`` is any clock
that never goes back, in seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from ..errors import NotConnected, PinecallError, ProtocolError
from ..events import Connected, ErrorFrame, Event
from ..logs import Log
from . import effects
from .agents.agent import AgentBase
from .kernel.runtime import name_of
from .lifecycle import Lifecycle, Makers
from .link.link import LinkSettings
from .model.owner import Owner
from .wire import codec
from .wire.limits import MALFORMED_REPORTED, MAX_MESSAGE
from .wire.tracing import Tracing

if TYPE_CHECKING:
    from .streams.hub import Hub
    from .traces.call_trace import CallTraceBase
    from .traces.facts import Facts
    from .traces.recorder import Recorder

__all__ = ["Engine"]

log = Log("wire")

#: Events that end a call: they must not re-attach a detached one, nor send what waited for it.
_ENDS = frozenset({"call.ended", "llm.chat.ended", "llm.chat.error", "whatsapp.session_ended"})


class Engine(Lifecycle):
    """The core of one client. At run time its :class:`~pinecall.core.kernel.runtime.Runtime` and its
    :class:`~pinecall.core.lifecycle.Lifecycle` are this one object."""

    def __init__(
        self, settings: LinkSettings, makers: Makers, *, random: Callable[[], float]
    ) -> None:
        super().__init__(settings, makers, random=random)
        self.tracing = Tracing(settings.log_words)
        self._malformed = 0

    # -- facts, from the front ------------------------------------------------------------------

    def opened(self, generation: int, now: float) -> None:
        self.now = self.heard = now
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
            try:
                action(self.now - due)
            except PinecallError as exc:  # no room for the frames it sends
                self.report(exc)
            except Exception as exc:  # the other deadlines, and the link, must still be served
                self.report_failure(exc, "a timer of the SDK")

    def deadline(self, now: float) -> float | None:
        """Return when to call :meth:`tick` next; None: not before something else happens."""
        return self.timers.arm(now)

    def receive(self, text: str, now: float) -> None:
        """Handle one message from the server. Never raises because of its content."""
        self.now = self.heard = now
        self.counts["received"] += 1
        if len(text) > MAX_MESSAGE:
            self._bad_message(
                f"{len(text)} characters, more than {MAX_MESSAGE}: {self.preview(text, 40)}"
            )
            return
        try:
            event = codec.decode(text, self._mended)
        except codec.Malformed as exc:
            self._bad_message(f"{exc}: {self.preview(text, 120)}")
            return
        if self.tracing.on:
            self._trace(event, text)
        if not self.link.ready:
            self._before_ready(event)
            return
        call_id = getattr(event, "call_id", None) or getattr(event, "session_id", None)
        call = self.registry.calls.get(call_id) if call_id else None
        if call is not None:
            agent: Owner | None = call.agent
        else:
            agent = self.registry.owner(getattr(event, "agent_id", None))
        try:
            if call is None:
                if call_id and agent is not None and type(event) in effects.SHOW_A_CALL:
                    call = effects.missed_call(self, event, agent, call_id)
            elif call.status == "detached" and name_of(event) not in _ENDS:
                self.reattach(call)
            effect = effects.EFFECTS.get(type(event)) or effects.pass_on
            effect(self, event, agent, call)
        except PinecallError as exc:
            self.report(exc, agent=agent, call=call)
        except KeyboardInterrupt:
            raise
        except BaseException as exc:
            # A bug here, or an object of the user's, must not affect the frames that follow.
            self.report_failure(exc, f"the SDK's own handling of {name_of(event)}", agent, call)

    def receive_other(self, what: str, now: float) -> None:
        """Handle a message that is not text; ``what`` describes it."""
        self.now = self.heard = now
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
        texts = self.outbox.take()
        if self.tracing.look():
            if self.tracing.lines:
                self.tracing.sent(texts)
            if self.recorder is not None and texts:
                self.recorder.sent(texts, self.front.now())
        return texts

    # -- traces ---------------------------------------------------------------------------------

    def record(
        self, make: Callable[[Facts, AbstractContextManager[Any]], CallTraceBase]
    ) -> Recorder[Any]:
        """Return the recorder of the calls' traces; the first time, begin with the calls that are
        there."""
        if self.recorder is None:
            from .traces.recorder import Recorder

            self.recorder = Recorder(make, self.guard, self._report_of_trace)
            self.tracing.kept = self.tracing.on = True
            for call in self.registry.calls.values():
                self.recorder.begin(call, self.front.now(), self.front.epoch())
        return self.recorder

    def _trace(self, event: Event, text: str) -> None:
        if self.tracing.lines:
            self.tracing.received(text)
        if self.recorder is not None:
            call_id = getattr(event, "call_id", None) or getattr(event, "session_id", None)
            if call_id:
                self.recorder.received(call_id, text, self.now)

    def _report_of_trace(self, error: PinecallError, call_id: str) -> None:
        call = self.registry.calls.get(call_id)
        self.report(error, agent=call.agent if call is not None else None, call=call)

    # -- the link -------------------------------------------------------------------------------

    def link_up(self, event: Connected) -> None:
        self._malformed = 0
        super().link_up(event)

    def _announce_down(self, reason: str) -> None:
        left_out = self._malformed - MALFORMED_REPORTED
        if left_out > 0:
            log.warning("%d more messages of that connection were not valid frames", left_out)
            self._malformed = 0
        super()._announce_down(reason)

    # -- frames that concern no one here --------------------------------------------------------

    def _bad_message(self, what: str) -> None:
        self.counts["malformed"] += 1
        self._malformed += 1
        what = self.clean(what)
        if self._malformed <= MALFORMED_REPORTED:
            self.report(
                ProtocolError(f"the server sent a message that is not a valid frame: {what}")
            )
        else:
            log.debug("not a valid frame: %s", what)

    def _mended(self, event: Event) -> None:
        self.report_once(
            f"{event.EVENT}: mended",
            ProtocolError(
                f"the server sent {name_of(event)} with half a surrogate pair or a number that is not "
                "JSON; it is delivered with U+FFFD or None in its place"
            ),
        )

    # -- for the web ----------------------------------------------------------------------------

    def open_hub(self) -> Hub:
        """Return the event streams' hub; events are published there from the first call on."""
        self.front.check()
        if self.hub is None:
            from .streams.hub import Hub

            self.hub = self.publisher = Hub(self.registry, self.guard, self.random)
            self.hub.check = self.front.check
            if self.ended:
                self.hub.close()
        return self.hub

    def local_agents(self, ids: Iterable[str]) -> list[AgentBase]:
        """Return this client's agents among ``ids``: tokens for them wait for their registration.

        Raises NotConnected if none can be registered, since nothing is connecting.
        """
        owners = [self.registry.owner(one) for one in ids]
        agents = [owner for owner in owners if isinstance(owner, AgentBase)]
        if agents and self.state in ("idle", "closed"):
            raise NotConnected(
                f"create_token: agent {agents[0].id!r} is not registered (the link is {self.state}); "
                "connect() first",
                agent_id=agents[0].id,
            )
        return agents

    def agents_of_call(self, call_id: str) -> list[str]:
        """Return the agent of a call, live or recent; if unknown, all agents it may belong to."""
        call = self.registry.calls.get(call_id)
        owner = call.agent if call is not None else self.registry.ended_owner(call_id)
        return [owner.id] if owner is not None else list(self.registry.agents)

    def stats(self) -> dict[str, Any]:
        """Return counters since the client was created; ``held`` frames wait for the link."""
        return {
            **self.counts,
            "sent": self.outbox.sent,
            "unsent": len(self.outbox),
            "held": self.outbox.held,
            "agents": len(self.registry.agents),
            "lines": len(self.registry.lines),
            "calls": len(self.registry.calls),
            "requests": len(self.requests) + len(self.chats),
            "reconnects": self.link.reconnects,
            "state": self.state,
        }
