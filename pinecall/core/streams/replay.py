"""The last events by number: a browser that reconnects resumes from them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from .chunk import Chunk

__all__ = ["Ring"]


class Ring:
    """The last frames, at most ``kept`` and ``kept_bytes``. Ids are ``epoch-number``."""

    def __init__(self, epoch: str, kept: int, kept_bytes: int) -> None:
        self.epoch = epoch
        # Number 0 belongs to no event: it is older than any.
        self.number = self._floor = 1
        self._frames: deque[Chunk] = deque()
        self._kept = kept
        self._kept_bytes = kept_bytes
        self._bytes = 0
        #: The number of the last frame that is no longer kept, for each agent and overall.
        self._forgotten: dict[str, int] = {}
        self.forgotten = 0

    def id(self, number: int) -> str:
        return f"{self.epoch}-{number}"

    def next_id(self) -> str:
        """Return the id of the frame that will be added next."""
        self.number += 1
        return self.id(self.number)

    def add(self, frame: Chunk) -> None:
        frames = self._frames
        frames.append(frame)
        self._bytes += frame.size
        while len(frames) > self._kept or self._bytes > self._kept_bytes:
            old = frames.popleft()
            self._bytes -= old.size
            self.forgotten = self._forgotten[old.agent] = self.number - len(frames)

    def clear(self) -> None:
        # One number is skipped, so that a reader that reconnects gets a gap.
        self.number += 1
        self._floor = self.number
        self._frames.clear()
        self._bytes = 0
        self._forgotten.clear()

    def cursor(self, last_id: str, agents: Iterable[str] | None = None) -> tuple[int, str]:
        """Return the number of the last event seen; or 0 and why the id, if any, is useless."""
        epoch, _, text = last_id.rpartition("-")
        if not last_id or last_id == self.id(0):
            return 0, ""
        if epoch != self.epoch or not (text.isascii() and text.isdigit()) or len(text) > 18:
            return 0, "restarted"
        number = int(text)
        if agents is None:
            forgotten = self.forgotten
        else:
            forgotten = max((self._forgotten.get(agent, 0) for agent in agents), default=0)
        if not max(self._floor, forgotten) <= number <= self.number:
            return 0, "expired"
        return number, ""

    def after(self, number: int) -> Iterator[Chunk]:
        seen = max(0, number - (self.number - len(self._frames)))
        return islice(self._frames, seen, None)

    def opening(self, parts: Sequence[tuple[str, bytes]], number: int, retry: int) -> list[Chunk]:
        """Return a reader's first frames, up to ``number``. All but the last have the id of a new
        reader: if the connection breaks in between, everything is sent again.
        """
        last = len(parts) - 1
        return [
            Chunk(
                name,
                json,
                id=self.id(0 if index < last else number),
                retry=0 if index else retry,
            )
            for index, (name, json) in enumerate(parts)
        ]
