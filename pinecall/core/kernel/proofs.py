"""What proves that durable frames have arrived: the server reads in order, so its answer to anything
is its receipt for all that was sent before.

A ping follows durable frames within a second, and its pong is their receipt; so is the answer to a
question. The keepalive's pings count as well.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from ...logs import Log

if TYPE_CHECKING:
    from .sending import Sending

__all__ = ["Proofs"]

log = Log("link")

#: Seconds after a durable frame in which its proof is asked for, so that a burst needs one ping.
ASK_AFTER = 1.0
#: Bytes of durable frames after which it is asked for at once.
ASK_AT_BYTES = 256 << 10
#: Seconds after a ping in which a server that has never answered one, but is heard, has got it: what
#: it was sent must not pile up here for ever.
HELD_FOR = 40.0


class Proofs:
    def __init__(self, sending: Sending) -> None:
        self._sending = sending
        #: For each ping under way: how many durable frames went before it, and when.
        self._pings: deque[tuple[int, float]] = deque()
        self._bytes = 0
        #: The server knows ``ping``.
        self._answered = False
        self._told = False

    def begin(self) -> None:
        """The connection is gone, or a new one is made: nothing is under way."""
        self._sending.timers.clear("proof")
        self._pings.clear()
        self._bytes = 0

    def sent(self, size: int) -> None:
        """A durable frame was given to the connection."""
        self._bytes += size
        if self._bytes > ASK_AT_BYTES:
            self.ping()
        elif "proof" not in self._sending.timers:
            self._sending.timers.set("proof", ASK_AFTER, self._ask)

    def _ask(self, _late: float) -> None:
        # Whatever waits already: one a second at most.
        self._sending.outbox.append('{"event":"ping"}')
        self.pinged()

    def ping(self) -> None:
        self._sending.timers.clear("proof")
        self._ask(0.0)

    def pinged(self) -> None:
        """A ping was given to the connection, by us or by the program."""
        sending = self._sending
        self._bytes = 0
        heard = sending.heard
        while self._pings and not self._answered and heard - self._pings[0][1] >= HELD_FOR:
            assumed = sending.outbox.prove(self._pings.popleft()[0])
            if assumed and not self._told:
                self._told = True
                log.warning(
                    "the server does not answer pings: what it was sent counts as arrived when it is "
                    "heard %g s later",
                    HELD_FOR,
                )
        self._pings.append((sending.outbox.number, sending.now))

    def pong(self) -> None:
        self._answered = True
        if self._pings:
            self.prove(self._pings.popleft()[0])

    def prove(self, number: int) -> None:
        """There is an answer to what was sent after that many durable frames."""
        self._sending.outbox.prove(number)
        self.settle()

    def settle(self) -> None:
        """With nothing left to prove there is nothing to ask."""
        if not self._sending.outbox.unproven:
            self._sending.timers.clear("proof")
