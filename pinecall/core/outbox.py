"""What is on its way out, and what waits for the link.

Three classes of frames. **State** (agents, channels, config) is never queued here: the registry is
the truth and writes it anew. **Durable** frames (tool results, hang-ups, changes of the prompt) are
held while their call's agent is not registered, and sent once. **Live** frames (speech, keys) make
no sense later, and raise :class:`~pinecall.NotConnected`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from attrs import define

from ..errors import NotConnected

__all__ = ["Outbox"]

#: Durable frames held for one call (or for one agent itself).
MAX_HELD = 256
#: Bytes of durable frames held in all.
MAX_HELD_BYTES = 1 << 20
#: Bytes handed to a socket that does not take them.
MAX_UNSENT_BYTES = 4 << 20


@define(eq=False)
class _Held:
    agent_id: str
    call_id: str | None
    text: str
    request_id: str | None


class Outbox:
    def __init__(self) -> None:
        self._ready: deque[str] = deque()
        self._ready_bytes = 0
        self._held: dict[str, deque[_Held]] = {}
        self._held_bytes = 0
        self.sent = 0

    def transmit(self, text: str, *, about: str) -> None:
        if self._ready_bytes + len(text) > MAX_UNSENT_BYTES and self._ready:
            raise NotConnected(
                f"{about}: the server has stopped reading and {self._ready_bytes} bytes wait to be "
                "sent; slow down, or wait for the connection to be given up",
                "SEND_BUFFER_FULL",
            )
        self.append(text)

    def append(self, text: str) -> None:
        """Whatever waits already: for what had its bound elsewhere, as the registry's state and
        what was held."""
        self._ready.append(text)
        self._ready_bytes += len(text)

    def take(self) -> list[str]:
        """Everything that may go to the socket now."""
        texts = list(self._ready)
        self._ready.clear()
        self._ready_bytes = 0
        self.sent += len(texts)
        return texts

    def discard(self) -> None:
        """A new socket: what was meant for the former one is gone."""
        self._ready.clear()
        self._ready_bytes = 0

    def __len__(self) -> int:
        return len(self._ready)

    @property
    def held(self) -> int:
        return sum(len(queue) for queue in self._held.values())

    def hold(
        self, text: str, *, agent_id: str, call_id: str | None, request_id: str | None = None
    ) -> None:
        queue = self._held.setdefault(agent_id, deque())
        same = sum(1 for entry in queue if entry.call_id == call_id)
        if same >= MAX_HELD or self._held_bytes + len(text) > MAX_HELD_BYTES:
            whose = f"call {call_id}" if call_id else f"agent {agent_id!r}"
            raise NotConnected(
                f"{whose}: the link is down and the queue of what is to be sent later is full "
                f"({same} frames here, {self._held_bytes} bytes in all)",
                "SEND_QUEUE_FULL",
                agent_id=agent_id,
                call_id=call_id,
            )
        queue.append(_Held(agent_id, call_id, text, request_id))
        self._held_bytes += len(text)

    def send_held(self, agent_id: str) -> None:
        """The agent is registered (again): what was held for it and its calls goes, in order."""
        for entry in self._remove(self._held.pop(agent_id, ())):
            self.append(entry.text)

    def drop_call(self, agent_id: str, call_id: str) -> int:
        """The call is over: its frames are not wanted any more. How many there were."""
        return self._filter(agent_id, lambda entry: entry.call_id == call_id)

    def drop_request(self, agent_id: str, request_id: str) -> bool:
        """Nobody waits for this answer any more; True if the question was still here."""
        return bool(self._filter(agent_id, lambda entry: entry.request_id == request_id))

    def is_held(self, agent_id: str, request_id: str) -> bool:
        return any(entry.request_id == request_id for entry in self._held.get(agent_id, ()))

    def drop_agent(self, agent_id: str) -> int:
        return len(self._remove(self._held.pop(agent_id, ())))

    def _filter(self, agent_id: str, unwanted: object) -> int:
        queue = self._held.get(agent_id)
        if not queue:
            return 0
        assert callable(unwanted)
        out = [entry for entry in queue if unwanted(entry)]
        for entry in self._remove(out):
            queue.remove(entry)
        if not queue:
            del self._held[agent_id]
        return len(out)

    def _remove(self, entries: Iterable[_Held]) -> list[_Held]:
        gone = list(entries)
        self._held_bytes -= sum(len(entry.text) for entry in gone)
        return gone
