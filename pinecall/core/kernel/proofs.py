"""Receipts for durable frames: the server reads in order, so its answer to anything confirms
everything sent before.

A ping follows durable frames within a second, and its pong is their receipt; so is the answer to a
request. The keepalive's pings count as well.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from ...logs import Log

if TYPE_CHECKING:
    from .sending import Sending

__all__ = ["Proofs"]

log = Log("link")

#: Seconds after a durable frame until a receipt is requested, so that a burst needs one ping.
ASK_AFTER = 1.0
#: Bytes of durable frames after which a receipt is requested at once.
ASK_AT_BYTES = 256 << 10
#: Seconds after a ping until a server that answers no pings, but is heard, counts as having got it:
#: unconfirmed frames must not pile up forever.
HELD_FOR = 40.0


class Proofs:
    def __init__(self, sending: Sending) -> None:
        self._sending = sending
        #: For each ping in flight: how many durable frames were sent before it, and when.
        self._pings: deque[tuple[int, float]] = deque()
        self._bytes = 0
        #: Whether the server supports ``ping``.
        self._answered = False
        self._told = False

    def begin(self) -> None:
        """Start over: the connection is gone, or there is a new one; no ping is in flight."""
        self._sending.timers.clear("proof")
        self._pings.clear()
        self._bytes = 0

    def sent(self, size: int) -> None:
        """Note that a durable frame was given to the connection."""
        self._bytes += size
        if self._bytes > ASK_AT_BYTES:
            self.ping()
        elif "proof" not in self._sending.timers:
            self._sending.timers.set("proof", ASK_AFTER, self._ask)

    def _ask(self, _late: float) -> None:
        # Regardless of what waits already: it is one ping a second at most.
        self._sending.outbox.append('{"event":"ping"}')
        self.pinged()

    def ping(self) -> None:
        self._sending.timers.clear("proof")
        self._ask(0.0)

    def pinged(self) -> None:
        """Note that a ping was given to the connection, by the SDK or by the program."""
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
        """Confirm the first ``number`` durable frames: what was sent after them was answered."""
        self._sending.outbox.prove(number)
        self.settle()

    def settle(self) -> None:
        """Stop asking for receipts if nothing is unconfirmed."""
        if not self._sending.outbox.unproven:
            self._sending.timers.clear("proof")
