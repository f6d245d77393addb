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

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError, NotConnected, PinecallError, ProtocolError
from ..events import Connected, ErrorFrame, Event, UnknownEvent
from ..logs import Log
from ..options import ConfigOptions
from . import effects, secrets, wire
from .agent import AgentBase, tools_of
from .callables import is_coroutine
from .chats import Chats
from .history import check_store
from .lifetime import Lifetime
from .limits import MALFORMED_REPORTED, MAX_MESSAGE
from .line import LineBase
from .link import Link, LinkSettings
from .names import public_name
from .outbox import Durable, Outbox
from .ports import Front
from .proofs import Proofs
from .registry import Registry
from .requests import Requests
from .timers import Timers
from .tracing import Tracing
from .usercode import describe

if TYPE_CHECKING:
    from .hub import Hub

__all__ = ["Session"]

log = Log("wire")

#: What ends a call makes it live no more, and nothing that waited for it is to be sent.
_ENDS = frozenset({"call.ended", "llm.chat.ended", "llm.chat.error", "whatsapp.session_ended"})

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


class Session(Lifetime):
    def __init__(
        self, settings: LinkSettings, front: Front, *, random: Callable[[], float]
    ) -> None:
        super().__init__(front)
        self.random = random
        self.now = 0.0
        self.timers = Timers()
        self.outbox = Outbox()
        self.proofs = Proofs(self)
        self.tracing = Tracing(settings.log_words)
        self.registry = Registry()
        self.requests = Requests(self)
        self.chats = Chats(self)
        self.link = Link(self, settings)
        self.counts = {"received": 0, "malformed": 0, "unknown": 0, "dropped": 0}
        self._malformed = 0
        #: Turns whose handlers have not finished, by what says that they have.
        self.preparing: set[Callable[..., None]] = set()

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
            try:
                action(self.now - due)
            except PinecallError as exc:  # there was no room for what it sends
                self.report(exc)
            except Exception as exc:  # the other deadlines, and the link, are to be kept
                self.report_failure(exc, "a timer of the SDK")

    def deadline(self, now: float) -> float | None:
        """When to call :meth:`tick` next; None: not before something else happens."""
        return self.timers.arm(now)

    def receive(self, text: str, now: float) -> None:
        """One message from the server. Never raises for what the server sent."""
        self.now = self.link.heard = now
        self.counts["received"] += 1
        if len(text) > MAX_MESSAGE:
            self._bad_message(
                f"{len(text)} characters, more than {MAX_MESSAGE}: {self.preview(text, 40)}"
            )
            return
        try:
            event = wire.decode(text, self._mended)
        except wire.Malformed as exc:
            self._bad_message(f"{exc}: {self.preview(text, 120)}")
            return
        if self.tracing.on:
            self.tracing.received(text)
        if not self.link.ready:
            self._before_ready(event)
            return
        call_id = getattr(event, "call_id", None) or getattr(event, "session_id", None)
        call = self.registry.calls.get(call_id) if call_id else None
        if call is not None:
            agent: AgentBase | LineBase | None = call.agent
        else:
            agent = self.registry.owner(getattr(event, "agent_id", None))
        try:
            if call is None:
                if call_id and agent is not None and type(event) in effects.SHOW_A_CALL:
                    call = effects.missed_call(self, event, agent, call_id)
            elif call.status == "detached" and _name(event) not in _ENDS:
                self.reattach(call)
            effect = effects.EFFECTS.get(type(event)) or effects.pass_on
            effect(self, event, agent, call)
        except PinecallError as exc:
            self.report(exc, agent=agent, call=call)
        except KeyboardInterrupt:
            raise
        except BaseException as exc:
            # Our own mistake, or an object of the user's; the frames that follow shall not pay for it.
            self.report_failure(exc, f"the SDK's own handling of {_name(event)}", agent, call)

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
        texts = self.outbox.take()
        if self.tracing.look():
            self.tracing.sent(texts)
        return texts

    # -- the link -------------------------------------------------------------------------------

    def link_up(self, event: Connected) -> None:
        self._malformed = 0
        self.preparing.clear()
        super().link_up(event)

    def _announce_down(self, reason: str) -> None:
        left_out = self._malformed - MALFORMED_REPORTED
        if left_out > 0:
            log.warning("%d more messages of that connection were no frames", left_out)
            self._malformed = 0
        super()._announce_down(reason)

    # -- sending --------------------------------------------------------------------------------

    def transmit(self, frame: dict[str, Any], *, state: bool = False) -> None:
        """To the socket, now. ``state``: what the registry holds anyway, and the bound is not for.

        Raises ConfigurationError for what is not JSON, NotConnected when the server takes nothing.
        """
        text = wire.encode(frame)
        if state:
            self.outbox.append(text)
        else:
            self.outbox.transmit(text, about=str(frame.get("event")))

    def send_durable(
        self,
        frame: dict[str, Any],
        *,
        now: bool,
        agent_id: str,
        call_id: str | None = None,
        request_id: str | None = None,
    ) -> None:
        """A frame that must not be lost in silence: to the socket ``now``, or else held until its
        agent is registered."""
        event, text = str(frame["event"]), wire.encode(frame)
        durable = Durable(event, agent_id, call_id, text, request_id)
        if now:
            self.outbox.transmit(text, about=str(durable), frame=durable)
            self.proofs.sent(len(text))
        else:
            self.outbox.hold(durable)

    def hold_raw(self, frame: dict[str, Any], agent_id: str) -> None:
        """A frame that waits for its agent's registration only."""
        text = wire.encode(frame)
        self.outbox.hold(Durable(str(frame["event"]), agent_id, None, text, kept=False))

    def send_held(self, agent_id: str) -> None:
        """The agent is registered (again): what was held for it and its calls goes."""
        if self.outbox.send_held(agent_id):
            self.proofs.sent(0)

    def drop_held(self, owner: AgentBase | LineBase) -> None:
        """It is no more: what waited for it is not sent."""
        unsent = self.outbox.drop_agent(owner.id)
        if unsent:
            log.warning("%s is no more: %d frames that waited are not sent", owner.title, unsent)

    def send_raw(self, frame: dict[str, Any]) -> None:
        """``pc.send()``: a frame as it is."""
        self.require_up(self.frame_event(frame, "pc.send()"))
        self.transmit(frame)
        self.count_ping(frame)

    def count_ping(self, frame: dict[str, Any]) -> None:
        """A raw frame: a ping of the program's is answered by a pong as ours are."""
        if frame["event"] == "ping":
            self.proofs.pinged()

    def require_up(self, what: str, agent_id: str | None = None) -> None:
        if not self.link.ready:
            raise NotConnected(
                f"{what}: not connected (the link is {self.state}); connect() first, or wait for "
                "'connected'",
                agent_id=agent_id,
            )

    def discard_transmitted(self) -> None:
        self.outbox.discard()
        self.proofs.begin()

    # -- what concerns nobody ------------------------------------------------------------------

    def _bad_message(self, what: str) -> None:
        self.counts["malformed"] += 1
        self._malformed += 1
        what = self.clean(what)
        if self._malformed <= MALFORMED_REPORTED:
            self.report(ProtocolError(f"the server sent something that is no frame: {what}"))
        else:
            log.debug("no frame: %s", what)

    def _mended(self, event: Event) -> None:
        self.report_once(
            f"{event.EVENT}: mended",
            ProtocolError(
                f"the server sent {_name(event)} with half a surrogate pair or a number that is not "
                "JSON; it is delivered with U+FFFD or None in its place"
            ),
        )

    def drop(self, event: Event, why: str) -> None:
        """A frame that concerns nobody here: counted, and told at debug level."""
        self.counts["dropped"] += 1
        log.debug("dropped %.200s: %.200s", _name(event), why)

    # -- for the web ----------------------------------------------------------------------------

    def open_hub(self) -> Hub:
        """Where event streams subscribe; from the first on, events are published there."""
        self.front.check()
        if self.hub is None:
            from .hub import Hub  # most programs have no streams, and start faster without

            self.hub = Hub(self.registry, self.guard, self.random)
            self.hub.check = self.front.check
            if self.ended:
                self.hub.close()
        return self.hub

    def local_agents(self, ids: Iterable[str]) -> list[AgentBase]:
        """Those of this client among ``ids``: tokens for them wait for their registration.

        Raises NotConnected when none can be registered, since nothing is connecting.
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
        """Whose call it is or lately was; where that is not known, all that it may be."""
        call = self.registry.calls.get(call_id)
        owner = call.agent if call is not None else self.registry.ended_owner(call_id)
        return [owner.id] if owner is not None else list(self.registry.agents)

    # -- odds and ends --------------------------------------------------------------------------

    def letters(self, count: int) -> str:
        return "".join(_LETTERS[int(self.random() * 36) % 36] for _ in range(count))

    def message_id(self) -> str:
        return "msg_" + self.letters(12)

    def clean(self, text: str) -> str:
        """The server's words without the secrets that it may have repeated."""
        try:
            secrets.keep(self.link.settings.api_key())
        except ConfigurationError:
            pass  # there is none, now
        return secrets.clean(text)

    def preview(self, text: str, limit: int) -> str:
        """The beginning of what the server sent, for an error."""
        self.clean("")  # the key is looked for, whatever it is now
        return wire.preview(text, limit)

    @staticmethod
    def frame_event(frame: object, where: str) -> str:
        if not isinstance(frame, dict) or not isinstance(frame.get("event"), str):
            raise ConfigurationError(
                f"{where} takes a frame: a dict with an 'event', not {type(frame).__name__}"
            )
        return str(frame["event"])

    def check_tools(self, options: ConfigOptions, agent_id: str) -> None:
        """Refuse coroutines where there is no event loop."""
        if self.front.coroutines:
            return
        check_store(getattr(options, "history", None), agent_id, coroutines=False)
        if is_coroutine(options.greeting):
            raise ConfigurationError(
                f"agent {agent_id!r}: the greeting {describe(options.greeting)} is an 'async def'; "
                "pinecall_sync runs plain functions: write 'def', or use the asyncio package pinecall",
                agent_id=agent_id,
            )
        for group in (options.tools or (), *map(tools_of, options.skills or ())):
            for tool in group:
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
            "requests": len(self.requests) + len(self.chats),
            "reconnects": self.link.reconnects,
            "state": self.state,
        }


def _name(event: Event) -> str:
    return event.name if isinstance(event, UnknownEvent) else public_name(event.EVENT)
