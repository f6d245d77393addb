"""All readers of one client's events: each event is encoded once, and its bytes are shared.

Ids are ``epoch-seq``. The last events are kept, so that a browser that reconnects with the id of
the last one it saw resumes there; if that is no longer kept, it gets a ``gap``, and the live calls
again, like a new one.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from ..wire.limits import READER, READER_BYTES, RING, RING_BYTES
from .browser_events import NAMES, payload_of
from .call_stream import CallStream
from .chunk import Chunk
from .duplicates import Repeats
from .replay import Ring
from .snapshot import Roster, Snapshot
from .sse import to_json
from .subscriber import Subscriber

if TYPE_CHECKING:
    from ...events import Item
    from ..calls.call import CallBase

__all__ = ["BEAT", "Hub"]

#: Seconds between two beats of :meth:`Hub.tick`; an idle stream is pinged every third.
BEAT = 5.0


class Hub:
    """The hub. ``guard`` is held around every access; ``random`` returns numbers from 0 to 1."""

    def __init__(
        self,
        roster: Roster,
        guard: AbstractContextManager[Any],
        random: Callable[[], float],
        *,
        kept: int = RING,
        kept_bytes: int = RING_BYTES,
        queue: int = READER,
        queue_bytes: int = READER_BYTES,
    ) -> None:
        self.guard = guard
        self.ring = Ring(f"{int(random() * (1 << 48)):012x}", kept, kept_bytes)
        #: Whether there may be a reader. Before the first one, and once all have gone for longer
        #: than the kept events reach back, publishing does nothing.
        self.active = False
        self.closed = False
        self.published = self.cut = self.unwritable = 0
        self._snapshot = Snapshot(roster)
        self._random = random
        self._queue = queue
        self._queue_bytes = queue_bytes
        self._left_at = 0
        self._all: dict[Subscriber, None] = {}
        self._by_agent: dict[str, dict[Subscriber, None]] = {}
        #: Every reader, with the call's stream if it reads only that.
        self._subscribers: dict[Subscriber, CallStream | None] = {}
        self._repeats = Repeats()
        self._call_streams: weakref.WeakKeyDictionary[CallBase, CallStream] = (
            weakref.WeakKeyDictionary()
        )
        self._watched = 0
        self._due = 0.0
        #: Raises in a forked child of the process that connected, where nothing is ever published.
        self.check: Callable[[], None] = lambda: None
        #: A front's own state for all readers of the hub.
        self.shared: dict[Any, Any] = {}

    # -- events in -------------------------------------------------------------------------------

    def publish(self, item: Item) -> None:
        """Send an event to all readers that it concerns. Never raises, never waits."""
        if not self.active:
            return
        call = item.call
        if call is not None:
            self._snapshot.forget(call.id)
            if call._over:
                self._repeats.forget(call.id)
        name = NAMES.get(item.name)
        if name is None:
            return
        try:
            data = payload_of(item)
            if data is None:
                return
            call_id = str(data.get("callId"))
            if self._snapshot.is_live(call_id) and self._repeats.has(call_id, item.name, data):
                return
            json = to_json(data)
            if self._watched and call is not None:
                self._publish_call(call, item)
        except (AttributeError, TypeError, ValueError):
            self.unwritable += 1
            return
        agent = item.agent.id if item.agent is not None else ""
        self.published += 1
        frame = Chunk(
            name,
            json,
            id=self.ring.next_id(),
            agent=agent,
            session=data.get("callId") or data.get("sessionId") or "",
            only_ws=item.name == "llm.tool_call",
        )
        self.ring.add(frame)
        if not self._subscribers and self.ring.forgotten > self._left_at:
            self._sleep()
        slow = [one for one in self._all if not one.put(frame)]
        if agent in self._by_agent:
            slow += [one for one in self._by_agent[agent] if not one.put(frame)]
        for one in slow:
            self._cut(one)

    def _publish_call(self, call: CallBase, item: Item) -> None:
        stream = self._call_streams.get(call)
        if stream is None:
            return
        for one in stream.publish(call, item):
            self._cut(one)
        if call._over:
            for one in list(stream.readers):
                one.end("ended")
                self.unsubscribe(one)

    def _sleep(self) -> None:
        self.active = False
        self.ring.clear()
        for stream in self._call_streams.values():
            stream.ring.clear()
        self._repeats.clear()
        self._snapshot.clear()

    # -- readers ---------------------------------------------------------------------------------

    def subscribe(
        self,
        wake: Callable[[], None],
        *,
        agents: frozenset[str] | None = None,
        last_event_id: str = "",
        of_agent: str = "",
        call: CallBase | None = None,
        greeting: str | None = None,
        session: str = "",
        ws: bool = False,
    ) -> Subscriber:
        """Add and return a new reader. ``of_agent``: the stream of that agent alone; ``session``:
        of one call; ``call``: the one that :mod:`~pinecall.core.streams.call_stream` describes.
        """
        self.check()
        if of_agent:
            agents = frozenset([of_agent])
        with self.guard:
            self.active = True
            stream = None
            if call is None:
                first = self._first(agents, last_event_id, of_agent, session, ws)
            else:
                agents = frozenset()
                stream = self._stream_of(call)
                first = stream.first(call, last_event_id, greeting, self._retry())
            reader = Subscriber(
                self.guard,
                wake,
                agents=agents,
                session=session,
                ws=ws,
                queue=self._queue,
                queue_bytes=self._queue_bytes,
                first=first,
            )
            if self.closed or (call is not None and call._over):
                reader.end("closed" if self.closed else "ended")
                return reader
            self._subscribers[reader] = stream
            if stream is not None:
                stream.readers[reader] = None
            elif agents is None:
                self._all[reader] = None
            else:
                for agent in agents:
                    self._by_agent.setdefault(agent, {})[reader] = None
            return reader

    def _stream_of(self, call: CallBase) -> CallStream:
        stream = self._call_streams.get(call)
        if stream is None:
            self._watched += 1
            stream = self._call_streams[call] = CallStream(f"{self.epoch}.{self._watched}")
        return stream

    def is_complete(self, call: CallBase | None, last_event_id: str) -> bool:
        """Whether a reader of this call's stream has received everything, and no more can come."""
        with self.guard:
            stream = None if call is None else self._call_streams.get(call)
            return call is not None and stream is not None and stream.complete(call, last_event_id)

    def _retry(self) -> int:
        return 2500 + int(2000 * self._random())

    def _first(
        self, agents: frozenset[str] | None, last_id: str, of_agent: str, session: str, ws: bool
    ) -> list[Chunk]:
        """Return a reader's first frames: it is connected, and the events it missed or, if those
        are unknown, the live calls.

        The last of a new reader's frames has the current id, those before it an id older than any
        event: if the connection breaks in between, everything is sent again.
        """
        ring = self.ring
        cursor, reason = ring.cursor(last_id, agents)
        about: dict[str, Any] = {"event": "connected"} if ws else {}
        if of_agent:
            about["agent"] = of_agent
        else:
            about["agents"] = self._snapshot.agents(agents)
        parts = [("connected", to_json(about))]
        replay: list[Chunk] = []
        if cursor:
            replay = [
                frame
                for frame in ring.after(cursor)
                if (agents is None or frame.agent in agents)
                and (ws or not frame.only_ws)
                and (not session or frame.session == session)
            ]
        else:
            if reason:
                parts.append(("gap", to_json({"event": "gap", "reason": reason})))
            parts += self._snapshot.calls(agents, session)
            cursor = ring.number
        return ring.opening(parts, cursor, self._retry()) + replay

    def unsubscribe(self, reader: Subscriber) -> None:
        """Remove a reader; do nothing if it is not here."""
        with self.guard:
            if reader not in self._subscribers:
                return
            reader.end("gone")
            stream = self._subscribers.pop(reader)
            self._all.pop(reader, None)
            if stream is not None:
                stream.readers.pop(reader, None)
            for agent in reader.agents or ():
                readers = self._by_agent[agent]
                readers.pop(reader, None)
                if not readers:
                    del self._by_agent[agent]
            if not self._subscribers:
                self._left_at = self.ring.number

    def _cut(self, reader: Subscriber) -> None:
        if not reader.over:
            self.cut += 1
            reader.end("slow")
        self.unsubscribe(reader)

    @property
    def epoch(self) -> str:
        """The prefix of every id of this process."""
        return self.ring.epoch

    @property
    def subscribers(self) -> int:
        return len(self._subscribers)

    # -- time and the end ------------------------------------------------------------------------

    def tick(self, now: float) -> float:
        """Ping readers idle for 15 s, drop those stalled for 30 s; return when to call it again.
        ``now`` is the time of any monotonic clock, in seconds.
        """
        if now >= self._due:
            with self.guard:
                self._due = now + BEAT
                for reader in [one for one in self._subscribers if not one.beat()]:
                    self._cut(reader)
        return self._due

    def end_streams(self) -> None:
        """End every stream after its queued events: the server is about to stop."""
        with self.guard:
            for reader in list(self._subscribers):
                reader.end("closed")
                self.unsubscribe(reader)

    def close(self) -> None:
        """End streams as :meth:`end_streams` does; new ones end at once, until :meth:`reopen`."""
        self.closed = True
        self.end_streams()

    def reopen(self) -> None:
        self.closed = False
