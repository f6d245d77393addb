"""A connection in memory between a client and the server: two queues, and what can go wrong."""

from __future__ import annotations

from collections import deque
from typing import Any, Protocol

from pinecall.emulator.core import Close

__all__ = ["Link"]


class Around(Protocol):
    """The world that the two ends are in."""

    now: float
    latency: float

    def exchange(self) -> None: ...
    def hung_up(self, link: Any, /) -> None: ...
    def forget(self, link: Any, /) -> None: ...


class Link:
    """Both ends of one connection. For the client's driver it is the socket, for the server the sink.

    ``delay`` is the time in seconds that each message takes, either way. A ``silent`` link loses
    everything and tells neither end, like a cable that was pulled.
    """

    may_write = True
    wants_write = False

    def __init__(self, world: Around, driver: Any, generation: int) -> None:
        self.world = world
        self.driver = driver
        self.generation = generation
        self.id = 0
        self.delay = world.latency
        self.silent = False
        self.open = True
        self.close_code: int | None = None
        self.close_reason = ""
        #: When each message arrives, and the message.
        self.to_server: deque[tuple[float, str]] = deque()
        self.to_client: deque[tuple[float, str | bytes | Close]] = deque()

    # -- the client's end -----------------------------------------------------------------------

    def write(self, texts: list[str]) -> None:
        """Send messages to the server."""
        if self.open and not self.silent:
            due = self.world.now + self.delay
            self.to_server.extend((due, text) for text in texts)

    def abort(self) -> None:
        """Drop the connection from the client's side."""
        if self.open:
            self.open = False
            self.to_client.clear()
            self.world.hung_up(self)

    def say_goodbye(self, texts: list[str]) -> bool:
        """Send the rest and close; return whether the server has confirmed it."""
        self.write(texts)
        heard = self.open and not self.silent
        if heard:
            self.delay = 0.0
            self.to_server = deque((self.world.now, text) for _, text in self.to_server)
            self.world.exchange()
            self.close_code = 1000
        self.abort()
        return heard

    # -- the server's end -----------------------------------------------------------------------

    def push(self, item: str | bytes | Close) -> None:
        """Send a message to the client, or close the connection."""
        if self.open and not self.silent:
            self.to_client.append((self.world.now + self.delay, item))

    # -- in between -----------------------------------------------------------------------------

    def due(self) -> float | None:
        """Return when the next message arrives."""
        heads = [queue[0][0] for queue in (self.to_server, self.to_client) if queue]
        return min(heads) if heads else None

    def arrived_at_server(self, now: float) -> list[str]:
        """Take the messages that have reached the server."""
        queue, taken = self.to_server, []
        while queue and queue[0][0] <= now:
            taken.append(queue.popleft()[1])
        return taken

    def deliver(self, now: float) -> bool:
        """Hand the client what has reached it. Returns whether there was anything."""
        queue = self.to_client
        if not queue or queue[0][0] > now:
            return False
        texts: list[str] = []
        while queue and queue[0][0] <= now:
            item = queue.popleft()[1]
            if isinstance(item, str):
                texts.append(item)
                continue
            if texts:
                self.driver.texts(texts)
                texts = []
            if isinstance(item, bytes):
                self.driver.other("a binary message")
            else:
                self._closed(item)
                return True
        if texts:
            self.driver.texts(texts)
        return True

    def _closed(self, close: Close) -> None:
        self.open = False
        cut = close.code == 1006
        self.close_code = None if cut else close.code
        self.close_reason = close.reason
        self.to_client.clear()
        self.world.forget(self)
        self.driver.link_closed(self)
