"""Outgoing frames, and those that wait for the link.

Three classes of frames. **State** (agents, channels, config) is never queued here: the registry is
the source and writes it anew. **Durable** frames (tool results, hang-ups, changes of the prompt)
are held while their call's agent is not registered, and kept until the server has confirmed them:
see :meth:`Outbox.prove` and :meth:`Outbox.link_lost`. **Live** frames (speech, keys) make no sense
later, and raise :class:`~pinecall.NotConnected`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterable

from attrs import define, field

from ...errors import NotConnected

__all__ = ["Durable", "Lost", "Outbox"]

#: Durable frames held for one call (or for one agent itself).
MAX_HELD = 256
#: Bytes of durable frames held in total.
MAX_HELD_BYTES = 1 << 20
#: Bytes given to a socket that does not take them; also the bytes of durable frames that the server
#: has not confirmed.
MAX_UNSENT_BYTES = 4 << 20

#: Frames that do no harm if they come twice: the server knows a tool result by its tool_call_id, an
#: ended call is not hung up again, and the last prompt counts. ``history.set`` and
#: ``history.clear`` are not among them: the second time they would erase what was said since the
#: first.
REPEATABLE = frozenset(
    {"llm.tool_result", "call.hangup", "history.set_instructions", "history.set_vars"}
)


@define(eq=False)
class Durable:
    """A frame that must not be lost silently."""

    event: str
    agent_id: str
    call_id: str | None
    text: str
    request_id: str | None = None
    #: False for a raw frame, which is held until its agent is registered and is live from then on.
    kept: bool = True
    #: Its position among the durable frames given to the present connection.
    number: int = 0
    #: Whether it went to a socket at least once.
    written: bool = False

    @property
    def repeatable(self) -> bool:
        return self.event in REPEATABLE

    def __str__(self) -> str:
        whose = f"call {self.call_id}" if self.call_id else f"agent {self.agent_id!r}"
        return f"{self.event} of {whose}"


@define
class Lost:
    """The effect of a lost link on the frames given to it."""

    #: Written, not confirmed, and to be sent again.
    again: list[Durable] = field(factory=list)
    #: Written, not confirmed, and not to be sent again.
    unsure: list[Durable] = field(factory=list)
    #: The names of live frames that never left.
    live: list[str] = field(factory=list)


class Outbox:
    def __init__(self) -> None:
        #: Each text with its :class:`Durable`, or with its name if it is live.
        self._ready: deque[tuple[str, Durable | str | None]] = deque()
        self._ready_bytes = 0
        self._held: dict[str, deque[Durable]] = {}
        self._held_bytes = 0
        #: Given to the present connection and not confirmed yet, in order.
        self._unproven: deque[Durable] = deque()
        self._unproven_bytes = 0
        #: How many durable frames this connection was given: a ping that follows confirms them.
        self.number = 0
        self.sent = 0

    def transmit(self, text: str, *, about: str, frame: Durable | None = None) -> None:
        """Queue ``text`` for the socket. ``frame``: its record, if it is durable."""
        if self._ready_bytes + len(text) > MAX_UNSENT_BYTES and self._ready:
            raise NotConnected(
                f"{about}: the server has stopped reading and {self._ready_bytes} bytes wait to be "
                "sent; slow down, or wait for the connection to be given up",
                "SEND_BUFFER_FULL",
            )
        if frame is None:
            self._append(text, about)
            return
        if self._unproven_bytes + len(text) > MAX_UNSENT_BYTES and self._unproven:
            raise NotConnected(
                f"{about}: the server has not confirmed the last {self._unproven_bytes} bytes of "
                "what must not be lost; slow down, or wait for the connection to be given up",
                "SEND_BUFFER_FULL",
                agent_id=frame.agent_id,
                call_id=frame.call_id,
            )
        self._give(frame)

    def append(self, text: str) -> None:
        """Queue ``text`` regardless of what waits: its bound is elsewhere, as for the registry's
        state."""
        self._append(text, None)

    def _append(self, text: str, what: Durable | str | None) -> None:
        self._ready.append((text, what))
        self._ready_bytes += len(text)

    def _give(self, frame: Durable) -> None:
        self.number += 1
        frame.number = self.number
        self._unproven.append(frame)
        self._unproven_bytes += len(frame.text)
        self._append(frame.text, frame)

    def take(self) -> list[str]:
        """Return everything that may go to the socket now."""
        texts = []
        for text, what in self._ready:
            texts.append(text)
            if isinstance(what, Durable):
                what.written = True
        self._ready.clear()
        self._ready_bytes = 0
        self.sent += len(texts)
        return texts

    def discard(self) -> None:
        """Discard what was meant for the former socket: there is a new one."""
        self._ready.clear()
        self._ready_bytes = 0
        self._unproven.clear()
        self._unproven_bytes = 0
        self.number = 0

    def __len__(self) -> int:
        return len(self._ready)

    # -- what may not have arrived --------------------------------------------------------------

    @property
    def unproven(self) -> int:
        return len(self._unproven)

    @property
    def frames(self) -> list[Durable]:
        """The frames that the server has not confirmed."""
        return list(self._unproven)

    def prove(self, number: int) -> int:
        """Confirm the first ``number`` durable frames: the server reads in order and has answered
        what was sent after them. Return how many of them were unconfirmed."""
        unproven, count = self._unproven, 0
        while unproven and unproven[0].number <= number:
            self._unproven_bytes -= len(unproven.popleft().text)
            count += 1
        return count

    def link_lost(self, owners: Container[str]) -> Lost:
        """Hold again what never left and what may be repeated; return the rest.

        ``owners``: the ids of the present agents and lines; frames for others are not sent again.
        """
        lost = Lost(live=[what for _, what in self._ready if isinstance(what, str)])
        keep: dict[str, list[Durable]] = {}
        for frame in self._unproven:
            if frame.agent_id not in owners or (frame.written and not frame.repeatable):
                lost.unsure.append(frame)
                continue
            if frame.written:
                lost.again.append(frame)
            keep.setdefault(frame.agent_id, []).append(frame)
        for agent_id, frames in keep.items():
            # They are older than the frames held since.
            self._held.setdefault(agent_id, deque()).extendleft(reversed(frames))
            self._held_bytes += sum(len(frame.text) for frame in frames)
        self.discard()
        return lost

    # -- what waits for the link ----------------------------------------------------------------

    @property
    def held(self) -> int:
        return sum(len(queue) for queue in self._held.values())

    def hold(self, frame: Durable) -> None:
        queue = self._held.setdefault(frame.agent_id, deque())
        call_id = frame.call_id
        same = sum(1 for entry in queue if entry.call_id == call_id)
        if same >= MAX_HELD or self._held_bytes + len(frame.text) > MAX_HELD_BYTES:
            whose = f"call {call_id}" if call_id else f"agent {frame.agent_id!r}"
            raise NotConnected(
                f"{whose}: the link is down and the queue of what is to be sent later is full "
                f"({same} frames here, {self._held_bytes} bytes in all)",
                "SEND_QUEUE_FULL",
                agent_id=frame.agent_id,
                call_id=call_id,
            )
        queue.append(frame)
        self._held_bytes += len(frame.text)

    def send_held(self, agent_id: str) -> bool:
        """Queue, in order, what was held for an agent and its calls: it is registered (again).
        Ignores the limit on unsent bytes. Return whether there was anything."""
        frames = self._remove(self._held.pop(agent_id, ()))
        for frame in frames:
            if frame.kept:
                self._give(frame)
            else:
                self._append(frame.text, frame.event)
        return bool(frames)

    def drop_call(self, agent_id: str, call_id: str) -> int:
        """Drop the frames of a call that is over. Return how many were held."""
        self._forget(lambda frame: frame.call_id == call_id)
        return self._filter(agent_id, lambda frame: frame.call_id == call_id)

    def drop_request(self, agent_id: str, request_id: str) -> bool:
        """Drop a request that was answered or abandoned. Return whether it was still held."""
        self._forget(lambda frame: frame.request_id == request_id)
        return bool(self._filter(agent_id, lambda frame: frame.request_id == request_id))

    def held_request(self, agent_id: str, request_id: str) -> Durable | None:
        queue = self._held.get(agent_id, ())
        return next((frame for frame in queue if frame.request_id == request_id), None)

    def drop_agent(self, agent_id: str) -> int:
        """Drop the frames of an agent that was removed. Return how many were held."""
        return len(self._remove(self._held.pop(agent_id, ())))

    def _forget(self, unwanted: Callable[[Durable], bool]) -> None:
        """Forget the matching frames: they will not be sent again."""
        gone = [frame for frame in self._unproven if unwanted(frame)]
        for frame in gone:
            self._unproven.remove(frame)
            self._unproven_bytes -= len(frame.text)

    def _filter(self, agent_id: str, unwanted: Callable[[Durable], bool]) -> int:
        queue = self._held.get(agent_id)
        if not queue:
            return 0
        out = [frame for frame in queue if unwanted(frame)]
        for frame in self._remove(out):
            queue.remove(frame)
        if not queue:
            del self._held[agent_id]
        return len(out)

    def _remove(self, frames: Iterable[Durable]) -> list[Durable]:
        gone = list(frames)
        self._held_bytes -= sum(len(frame.text) for frame in gone)
        return gone
