"""Everybody who watches one client: each event is encoded once, and its bytes are shared.

Ids are ``epoch-seq``. The last events are kept, so that a browser that comes back with the id of
the last one it saw goes on from there; when that is out of reach it is told (``gap``), and shown
the live calls again, as a new one is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError
from .snapshot import Roster, Snapshot
from .sse import NAMES, payload_of, to_json
from .subscriber import Frame, Subscriber

if TYPE_CHECKING:
    from ..events import Item

__all__ = ["BEAT", "Hub", "agent_filter"]

#: Seconds between two beats of :meth:`Hub.tick`; an idle stream is pinged every third.
BEAT = 5.0
#: Sent-again frames are known by their message; so many for each call.
_MESSAGES_REMEMBERED = 256

_REPEATABLE = frozenset(
    {"bot.finished", "bot.interrupted", "eager.turn", "message.confirmed", "user.message"}
)


def agent_filter(agents: str | Iterable[str] | None) -> frozenset[str] | None:
    """None: all agents, later ones too. An empty list is nobody, never everybody."""
    if agents is None:
        return None
    ids = frozenset([agents] if isinstance(agents, str) else agents)
    for one in ids:
        if not isinstance(one, str):
            raise ConfigurationError(
                f"stream(agents=…): an agent's id is a str, not {type(one).__name__}; "
                "write agents=[agent.id]"
            )
    return ids


class Hub:
    """``guard`` is held around every access; ``random`` gives numbers from 0 to 1."""

    def __init__(
        self,
        roster: Roster,
        guard: AbstractContextManager[Any],
        random: Callable[[], float],
        *,
        kept: int = 2000,
        kept_bytes: int = 2 << 20,
        queue: int = 1000,
        queue_bytes: int = 512 << 10,
    ) -> None:
        self.guard = guard
        self.epoch = f"{int(random() * (1 << 48)):012x}"
        #: Is there anybody to publish for? Until the first reader, and when none has come back for
        #: as long as the memory reaches, publishing is nothing.
        self.active = False
        self.closed = False
        self.published = self.cut = self.unwritable = 0
        self._snapshot = Snapshot(roster)
        self._random = random
        self._kept = kept
        self._kept_bytes = kept_bytes
        self._queue = queue
        self._queue_bytes = queue_bytes
        # Number 0 is no event's: it is older than anything.
        self._seq = self._floor = 1
        self._ring: deque[Frame] = deque()
        self._ring_bytes = 0
        self._forgotten: dict[str, int] = {}
        self._forgotten_last = 0
        self._left_at = 0
        self._all: dict[Subscriber, None] = {}
        self._by_agent: dict[str, dict[Subscriber, None]] = {}
        self._subscribers: dict[Subscriber, None] = {}
        self._seen: dict[str, dict[tuple[str, str, str], None]] = {}
        self._due = 0.0

    # -- events in -------------------------------------------------------------------------------

    def publish(self, item: Item) -> None:
        """An event for everybody it concerns. Never raises, never waits."""
        if not self.active:
            return
        call = item.call
        if call is not None:
            self._snapshot.forget(call.id)
        name = NAMES.get(item.name)
        if name is None:
            return
        try:
            data = payload_of(item)
            if data is None or self._is_repeat(item.name, data):
                return
            json = to_json(data)
        except (AttributeError, TypeError, ValueError):
            self.unwritable += 1
            return
        agent = item.agent.id if item.agent is not None else ""
        self._seq += 1
        self.published += 1
        frame = Frame(
            name,
            json,
            id=f"{self.epoch}-{self._seq}",
            agent=agent,
            session=data.get("callId") or data.get("sessionId") or "",
            only_ws=item.name == "llm.tool_call",
        )
        self._keep(frame)
        slow = [one for one in self._all if not one.put(frame)]
        if agent in self._by_agent:
            slow += [one for one in self._by_agent[agent] if not one.put(frame)]
        for one in slow:
            self._cut(one)
        if item.name == "call.ended" and call is not None:
            self._seen.pop(call.id, None)

    def _is_repeat(self, name: str, data: dict[str, Any]) -> bool:
        message = data.get("messageId")
        call = str(data.get("callId"))
        if name not in _REPEATABLE or not message or not self._snapshot.is_live(call):
            return False
        key = (name, message, data.get("text") or "")
        seen = self._seen.setdefault(call, {})
        if key in seen:
            return True
        seen[key] = None
        if len(seen) > _MESSAGES_REMEMBERED:
            del seen[next(iter(seen))]
        return False

    def _keep(self, frame: Frame) -> None:
        ring = self._ring
        ring.append(frame)
        self._ring_bytes += frame.size
        while len(ring) > self._kept or self._ring_bytes > self._kept_bytes:
            old = ring.popleft()
            self._ring_bytes -= old.size
            self._forgotten_last = self._forgotten[old.agent] = self._seq - len(ring)
        if not self._subscribers and self._forgotten_last > self._left_at:
            self._sleep()

    def _sleep(self) -> None:
        self.active = False
        # One number is left out, so that whoever comes back is told of a gap.
        self._seq += 1
        self._floor = self._seq
        self._ring.clear()
        self._ring_bytes = 0
        self._forgotten.clear()
        self._seen.clear()
        self._snapshot.clear()

    # -- readers ---------------------------------------------------------------------------------

    def subscribe(
        self,
        wake: Callable[[], None],
        *,
        agents: frozenset[str] | None = None,
        last_event_id: str = "",
        of_agent: str = "",
        session: str = "",
        ws: bool = False,
    ) -> Subscriber:
        """A new reader. ``of_agent``: the stream of that agent alone; ``session``: of one call."""
        if of_agent:
            agents = frozenset([of_agent])
        with self.guard:
            self.active = True
            reader = Subscriber(
                self.guard,
                wake,
                agents=agents,
                session=session,
                ws=ws,
                queue=self._queue,
                queue_bytes=self._queue_bytes,
                first=self._first(agents, last_event_id, of_agent, session, ws),
            )
            if self.closed:
                reader.end("closed")
                return reader
            self._subscribers[reader] = None
            if agents is None:
                self._all[reader] = None
            else:
                for agent in agents:
                    self._by_agent.setdefault(agent, {})[reader] = None
            return reader

    def _first(
        self, agents: frozenset[str] | None, last_id: str, of_agent: str, session: str, ws: bool
    ) -> list[Frame]:
        """What a reader is told before anything happens: it is connected, and what it missed or,
        where that is unknown, what there is.

        The last of a new reader's frames carries the present id, those before it one that is older
        than anything: torn off in between, it is shown everything again.
        """
        cursor, reason = self._cursor(last_id, agents)
        about: dict[str, Any] = {"event": "connected"} if ws else {}
        if of_agent:
            about["agent"] = of_agent
        else:
            about["agents"] = self._snapshot.agents(agents)
        parts = [("connected", to_json(about))]
        replay: list[Frame] = []
        if cursor:
            unseen = max(0, cursor - (self._seq - len(self._ring)))
            replay = [
                frame
                for frame in islice(self._ring, unseen, None)
                if (agents is None or frame.agent in agents)
                and (ws or not frame.only_ws)
                and (not session or frame.session == session)
            ]
        else:
            if reason:
                parts.append(("gap", to_json({"event": "gap", "reason": reason})))
            parts += self._snapshot.calls(agents, session)
            cursor = self._seq
        retry = 2500 + int(2000 * self._random())
        last = len(parts) - 1
        frames = [
            Frame(
                name,
                json,
                id=f"{self.epoch}-{cursor if index == last else 0}",
                retry=0 if index else retry,
            )
            for index, (name, json) in enumerate(parts)
        ]
        return frames + replay

    def _cursor(self, last_id: str, agents: frozenset[str] | None) -> tuple[int, str]:
        """The number of the last event seen; or 0 and, if there was an id, why it is of no use."""
        epoch, _, number = last_id.rpartition("-")
        if not last_id or last_id == f"{self.epoch}-0":
            return 0, ""
        if epoch != self.epoch or not (number.isascii() and number.isdigit()) or len(number) > 18:
            return 0, "restarted"
        cursor = int(number)
        if agents is None:
            forgotten = self._forgotten_last
        else:
            forgotten = max((self._forgotten.get(agent, 0) for agent in agents), default=0)
        if not max(self._floor, forgotten) <= cursor <= self._seq:
            return 0, "expired"
        return cursor, ""

    def unsubscribe(self, reader: Subscriber) -> None:
        """It has gone, or was never there."""
        with self.guard:
            if reader not in self._subscribers:
                return
            reader.end("gone")
            del self._subscribers[reader]
            self._all.pop(reader, None)
            for agent in reader.agents or ():
                readers = self._by_agent[agent]
                readers.pop(reader, None)
                if not readers:
                    del self._by_agent[agent]
            if not self._subscribers:
                self._left_at = self._seq

    def _cut(self, reader: Subscriber) -> None:
        if not reader.over:
            self.cut += 1
            reader.end("slow")
        self.unsubscribe(reader)

    @property
    def subscribers(self) -> int:
        return len(self._subscribers)

    # -- time and the end ------------------------------------------------------------------------

    def tick(self, now: float) -> float:
        """Ping who was told nothing for 15 s, cut who has not read for 30 s; when to be called
        next. ``now`` is any clock in seconds that never goes back."""
        if now >= self._due:
            with self.guard:
                self._due = now + BEAT
                for reader in [one for one in self._subscribers if not one.beat()]:
                    self._cut(reader)
        return self._due

    def end_streams(self) -> None:
        """Every stream ends, after what is queued: the server is about to stop."""
        with self.guard:
            for reader in list(self._subscribers):
                reader.end("closed")
                self.unsubscribe(reader)

    def close(self) -> None:
        """As :meth:`end_streams`; streams opened from now on end at once, until :meth:`reopen`."""
        self.closed = True
        self.end_streams()

    def reopen(self) -> None:
        self.closed = False
