"""The base that every part of the core uses: handlers, outgoing frames, timers, reports.

Parts are typed by this class. The rest of a client (its agents, calls and link) is in
:class:`~pinecall.core.lifecycle.Lifecycle`, which inherits from it: at run time they are one
object.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...errors import ConfigurationError
from ...events import Event, UnknownEvent
from ...logs import Log
from ..wire import codec
from ..wire.names import public_name
from .handlers import Source
from .outbox import Durable
from .proofs import Proofs
from .requests import Requests
from .sending import Sending

if TYPE_CHECKING:
    from .front import Front

__all__ = ["Runtime", "frame_event", "name_of"]

log = Log("wire")


class Runtime(Sending):
    """:class:`~pinecall.core.kernel.sending.Sending` with durable frames, and the requests that the
    server answers."""

    def __init__(
        self, front: Front, *, random: Callable[[], float], api_key: Callable[[], str]
    ) -> None:
        super().__init__(front, random=random, api_key=api_key)
        self.proofs = Proofs(self)
        self.requests = Requests(self, self.proofs)
        self.counts = {"received": 0, "malformed": 0, "unknown": 0, "dropped": 0}
        #: Characters said on the live calls.
        self.call_text = 0

    def send_durable(
        self,
        frame: dict[str, Any],
        *,
        now: bool,
        agent_id: str,
        call_id: str | None = None,
        request_id: str | None = None,
    ) -> None:
        """Send a frame that must not be lost silently: ``now``, or once its agent is registered."""
        event, text = str(frame["event"]), codec.encode(frame)
        durable = Durable(event, agent_id, call_id, text, request_id)
        if now:
            self.outbox.transmit(text, about=str(durable), frame=durable)
            self.proofs.sent(len(text))
        else:
            self.outbox.hold(durable)

    def hold_raw(self, frame: dict[str, Any], agent_id: str) -> None:
        """Hold a raw frame until its agent is registered; it is not kept beyond that."""
        text = codec.encode(frame)
        self.outbox.hold(Durable(str(frame["event"]), agent_id, None, text, kept=False))

    def send_held(self, agent_id: str) -> None:
        """Send what was held for an agent and its calls: it is registered (again)."""
        if self.outbox.send_held(agent_id):
            self.proofs.sent(0)

    def drop_held(self, owner_id: str, title: str) -> None:
        """Drop what was held for an agent or line that was removed (``title`` in messages)."""
        unsent = self.outbox.drop_agent(owner_id)
        if unsent:
            log.warning("%s is no more: %d frames that waited are not sent", title, unsent)

    def send_raw(self, frame: dict[str, Any]) -> None:
        """Send a raw frame of the program unchanged (``pc.send()``)."""
        self.require_up(frame_event(frame, "pc.send()"))
        self.transmit(frame)
        self.count_ping(frame)

    def count_ping(self, frame: dict[str, Any]) -> None:
        """Count a raw ping that was sent: its pong is as good a receipt as that of the SDK's
        own."""
        if frame["event"] == "ping":
            self.proofs.pinged()

    def discard_transmitted(self) -> None:
        """Discard what the former socket had not taken: there is a new one."""
        self.outbox.discard()
        self.proofs.begin()

    def look_whether_all_are_refused(self) -> None:
        """Check whether any agent or line is left to wait for, after a final refusal."""

    def line_destroyed(self, line: Source) -> None:
        """Note that the program gave a line back, registered or not."""

    def drop(self, event: Event, why: str) -> None:
        """Count a frame that concerns no one here, and log it at debug level."""
        self.counts["dropped"] += 1
        log.debug("dropped %.200s: %.200s", name_of(event), why)


def name_of(event: Event) -> str:
    """Return the event's name as handlers use it."""
    return event.name if isinstance(event, UnknownEvent) else public_name(event.EVENT)


def frame_event(frame: object, where: str) -> str:
    """Return the ``event`` of a raw frame; raise ConfigurationError, naming ``where``."""
    if not isinstance(frame, dict) or not isinstance(frame.get("event"), str):
        raise ConfigurationError(
            f"{where} takes a frame: a dict with an 'event', not {type(frame).__name__}"
        )
    return str(frame["event"])
