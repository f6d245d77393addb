"""What every part of the core works with: handlers to call, frames to send, timers, reports.

Parts are typed by this class. What a client is beyond it, its agents and calls and its link, is in
:class:`~pinecall.core.lifecycle.Lifecycle`, which inherits it: at run time all of them are one
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
    """:class:`~pinecall.core.kernel.sending.Sending` with the frames that must not be lost, and the
    questions that the server answers."""

    def __init__(
        self, front: Front, *, random: Callable[[], float], api_key: Callable[[], str]
    ) -> None:
        super().__init__(front, random=random, api_key=api_key)
        self.proofs = Proofs(self)
        self.requests = Requests(self, self.proofs)
        self.counts = {"received": 0, "malformed": 0, "unknown": 0, "dropped": 0}
        #: Characters of what was said on the live calls.
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
        """A frame that must not be lost in silence: to the socket ``now``, or else held until its
        agent is registered."""
        event, text = str(frame["event"]), codec.encode(frame)
        durable = Durable(event, agent_id, call_id, text, request_id)
        if now:
            self.outbox.transmit(text, about=str(durable), frame=durable)
            self.proofs.sent(len(text))
        else:
            self.outbox.hold(durable)

    def hold_raw(self, frame: dict[str, Any], agent_id: str) -> None:
        """A frame that waits for its agent's registration only."""
        text = codec.encode(frame)
        self.outbox.hold(Durable(str(frame["event"]), agent_id, None, text, kept=False))

    def send_held(self, agent_id: str) -> None:
        """The agent is registered (again): what was held for it and its calls goes."""
        if self.outbox.send_held(agent_id):
            self.proofs.sent(0)

    def drop_held(self, owner_id: str, title: str) -> None:
        """An agent or line (``title`` in messages) is no more: what waited for it is not sent."""
        unsent = self.outbox.drop_agent(owner_id)
        if unsent:
            log.warning("%s is no more: %d frames that waited are not sent", title, unsent)

    def send_raw(self, frame: dict[str, Any]) -> None:
        """Send a frame of the program's as it is (``pc.send()``)."""
        self.require_up(frame_event(frame, "pc.send()"))
        self.transmit(frame)
        self.count_ping(frame)

    def count_ping(self, frame: dict[str, Any]) -> None:
        """A raw frame was sent: the pong that answers a ping of the program's proves as much as one
        that answers ours."""
        if frame["event"] == "ping":
            self.proofs.pinged()

    def discard_transmitted(self) -> None:
        """A new socket: what the former one had not taken is gone."""
        self.outbox.discard()
        self.proofs.begin()

    def look_whether_all_are_refused(self) -> None:
        """A name was refused for good: is there any left that is worth waiting for?"""

    def line_destroyed(self, line: Source) -> None:
        """The program gives a line back; it is still registered if it was."""

    def drop(self, event: Event, why: str) -> None:
        """Count a frame that concerns nobody here, and log it at debug level."""
        self.counts["dropped"] += 1
        log.debug("dropped %.200s: %.200s", name_of(event), why)


def name_of(event: Event) -> str:
    """The event's name as handlers use it."""
    return event.name if isinstance(event, UnknownEvent) else public_name(event.EVENT)


def frame_event(frame: object, where: str) -> str:
    """The ``event`` of a raw frame; raises ConfigurationError, which names ``where``."""
    if not isinstance(frame, dict) or not isinstance(frame.get("event"), str):
        raise ConfigurationError(
            f"{where} takes a frame: a dict with an 'event', not {type(frame).__name__}"
        )
    return str(frame["event"])
