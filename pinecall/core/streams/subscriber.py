"""One reader of the hub, with a bounded queue of frames to write."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any

from .chunk import Chunk
from .sse import PING, to_json

__all__ = ["Subscriber"]

#: Bytes returned at once; more stays in the queue, where it is shared with all readers.
PORTION = 64 << 10

# Beats (of the hub's clock) after which an idle stream is pinged, and a stalled one is cut.
_PING_AFTER = 3
_CUT_AFTER = 6


class Subscriber:
    """A reader: :meth:`take` or :meth:`take_texts` returns the data to write; ``wake`` is called,
    under the hub's guard and from any thread, when the queue is no longer empty.
    """

    # There may be thousands, each with an empty queue: no dict, and no deque, which reserves room
    # for 64.
    __slots__ = (
        "_bytes",
        "_guard",
        "_idle",
        "_most",
        "_most_bytes",
        "_pinged",
        "_queue",
        "_stuck",
        "agents",
        "missed",
        "reason",
        "session",
        "wake",
        "ws",
    )

    def __init__(
        self,
        guard: AbstractContextManager[Any],
        wake: Callable[[], None],
        *,
        agents: frozenset[str] | None,
        session: str = "",
        ws: bool = False,
        queue: int,
        queue_bytes: int,
        first: Iterable[Chunk] = (),
    ) -> None:
        self.agents = agents
        self.session = session
        self.ws = ws
        #: Why it is over: ``closed`` (by the hub), ``gone`` (by itself), ``slow``, ``ended`` (its
        #: only call); else empty.
        self.reason = ""
        self.missed = 0
        self.wake = wake
        self._guard = guard
        self._queue: list[Chunk] = list(first)
        self._bytes = sum(frame.size for frame in self._queue)
        # A long replay is not the reader's fault: the bounds apply to the frames after it.
        self._most = queue + len(self._queue)
        self._most_bytes = queue_bytes + self._bytes
        self._pinged = False
        self._idle = 0
        self._stuck = 0

    @property
    def over(self) -> bool:
        """Whether no more frames come; queued ones are still written, unless it was cut."""
        return bool(self.reason)

    @property
    def cut(self) -> bool:
        """Dropped for reading too slowly: abandon any write in progress."""
        return self.reason == "slow"

    @property
    def queued(self) -> int:
        return len(self._queue)

    # -- from the hub, under its guard -----------------------------------------------------------

    def put(self, frame: Chunk) -> bool:
        """Queue a frame; return False if the reader is too slow to be kept, or has gone."""
        if self.reason:
            return False
        if (frame.only_ws and not self.ws) or (self.session and frame.session != self.session):
            return True
        queue = self._queue
        if not queue:
            queue.append(frame)
            self._bytes = frame.size
            self.wake()
            return True
        if len(queue) >= self._most or self._bytes + frame.size > self._most_bytes:
            self._drop_interim()
            if len(queue) >= self._most or self._bytes + frame.size > self._most_bytes:
                if not frame.interim:
                    return False
                self.missed += 1
                return True
        queue.append(frame)
        self._bytes += frame.size
        return True

    def _drop_interim(self) -> None:
        kept = [frame for frame in self._queue if not frame.interim]
        self.missed += len(self._queue) - len(kept)
        self._queue[:] = kept
        self._bytes = sum(frame.size for frame in kept)

    def beat(self) -> bool:
        """Count one beat of the clock; return False if it has not read for too long."""
        if self._queue or self._pinged:
            self._stuck += 1
            return self._stuck < _CUT_AFTER
        self._idle += 1
        if self._idle >= _PING_AFTER:
            self._pinged = True
            self.wake()
        return True

    def end(self, reason: str) -> None:
        if not self.reason:
            self.reason = reason
            if reason not in ("closed", "ended"):
                self._queue.clear()
                self._bytes = 0
            self.wake()

    def abandon(self) -> None:
        """Mark the reader as gone; the hub notices at the next event."""
        self.reason = self.reason or "gone"

    # -- for the writer ----------------------------------------------------------------------------

    def take(self) -> bytes:
        """Return the next bytes to write, about 64 KiB at most; empty if there are none yet."""
        if not self._queue and not self._pinged:
            return b""
        with self._guard:
            frames = self._take()
            return frames[0].sse if len(frames) == 1 else b"".join([f.sse for f in frames]) or PING

    def take_texts(self) -> list[str]:
        """Return the same as JSON texts, one for each WebSocket message."""
        if not self._queue and not self._pinged:
            return []
        with self._guard:
            return [frame.text for frame in self._take()] or ['{"event":"ping"}']

    def _take(self) -> list[Chunk]:
        """Return the next frames; none if only a ping is due."""
        self._idle = self._stuck = 0
        self._pinged = False
        queue = self._queue
        if len(queue) == 1 and not self.missed:
            self._bytes = 0
            return [queue.pop()]
        frames: list[Chunk] = []
        if self.missed:
            data = {"event": "gap", "reason": "slow", "missed": self.missed}
            frames.append(Chunk("gap", to_json(data)))
            self.missed = 0
        count = size = 0
        for frame in queue:
            size += frame.size
            count += 1
            if size >= PORTION:
                break
        frames += queue[:count]
        del queue[:count]
        self._bytes -= size
        return frames
