"""The link: connecting, authenticating, staying alive, reconnecting. One state machine.

=============== =================================== ==========================================
phase           the front's part                    what ends it
=============== =================================== ==========================================
IDLE            nothing                             ``connect()`` → OPENING
OPENING         open a socket                       ``opened`` → AUTHENTICATING, ``failed``
AUTHENTICATING  carry text                          ``connected`` → READY, an ``error`` frame,
                                                    a close, or the timer → as ``failed``
READY           carry text                          ``lost``, silence → BACKOFF or CLOSED
BACKOFF         nothing                             the timer → OPENING
CLOSED          close the socket                    ``connect()`` → OPENING
=============== =================================== ==========================================

``failed``: a failure that may pass is retried after a growing delay (BACKOFF): until
``connect_timeout`` for a first connection, forever (or for ``max_attempts``) afterwards. A failure
that will not pass ends in IDLE (a first connection) or CLOSED. Once connected to this server, only
a refused key counts as that: what a proxy answers during a restart must not end a service for
good. Each socket has a generation, and events of a former one are ignored. A front opens a socket
when the phase is OPENING, and aborts the one it has whenever ``generation`` is no longer that
socket's.
"""

from __future__ import annotations

import enum
from typing import Protocol

from ...errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectError,
    DisplacedError,
    NotConnected,
    PinecallError,
)
from ...events import Connected, ErrorFrame, Reconnecting
from ...logs import Log
from ..kernel.outcome import Outcome, settled
from ..kernel.runtime import Runtime
from ..text import secrets
from .attempt import Failure, LinkSettings, closed_early
from .backoff import LEAST_DELAY, reconnect_delay

__all__ = ["Failure", "Link", "LinkSettings", "Phase", "Watcher"]

log = Log("link")

#: Seconds after which a connection counts as stable, which resets the backoff.
STABLE_AFTER = 5.0
#: Seconds of silence beyond the ping interval after which the peer is dead.
SILENCE_MARGIN = 10.0
#: A timer that fires this late (seconds) means that this process was blocked, not the peer.
LATE = 1.0


class Phase(enum.Enum):
    IDLE = "idle"
    OPENING = "opening"
    AUTHENTICATING = "authenticating"
    READY = "ready"
    BACKOFF = "backoff"
    CLOSED = "closed"


class Watcher(Protocol):
    """The object notified of changes of the link."""

    def link_up(self, event: Connected) -> None: ...
    def link_down(self, reason: str) -> None:
        """Called when the link was up and is lost."""
        ...

    def link_over(self, reason: str, error: PinecallError | None) -> None:
        """Called when the link will not come back by itself; ``error`` says why."""
        ...


class Link:
    """The state machine above, for one client."""

    def __init__(self, runtime: Runtime, settings: LinkSettings, watcher: Watcher) -> None:
        self.settings = settings
        self.timers = runtime.timers
        self._runtime = runtime
        self._watcher = watcher
        self.phase = Phase.IDLE
        self.generation = 0
        self.attempts = 0
        self.reconnects = 0
        self.close_reason = ""
        self._was_up = False
        self._extended = False
        self._delay = 0.0
        #: When the link was lost; None if it was never up.
        self._lost_at: float | None = None
        #: How often the host has accepted and dropped a connection since then.
        self._drops = 0
        #: How far the current attempt has come, set by the front: ``tcp`` or ``handshake``.
        self.stage = "tcp"
        self._connecting: Outcome[None] | None = None
        self._last_failure: Failure | None = None

    @property
    def ready(self) -> bool:
        return self.phase is Phase.READY

    @property
    def state(self) -> str:
        if self.phase is Phase.READY:
            return "connected"
        if self.phase in (Phase.IDLE, Phase.CLOSED):
            return str(self.phase.value)
        return "reconnecting" if self._was_up else "connecting"

    # -- what the user asks ---------------------------------------------------------------------

    def connect(self) -> Outcome[None]:
        if self.phase is Phase.READY:
            return settled(None)
        if self._connecting is None:
            self._connecting = Outcome("connect()")
            self.timers.set("connect", self.settings.connect_timeout, self._connect_deadline)
            if self.phase in (Phase.IDLE, Phase.CLOSED):
                self._was_up = False
                self.attempts = self._drops = 0
                self._lost_at = None
                self._last_failure = None
                self._open()
        return self._connecting

    def disconnect(self, reason: str) -> bool:
        """Close for good; return False if there was nothing to close."""
        was = self.phase
        if was in (Phase.IDLE, Phase.CLOSED):
            return False
        self._stop(Phase.CLOSED, reason)
        log.info("disconnected: %s", reason)
        self._settle(NotConnected("disconnect() was called while connecting"))
        return True

    # -- what the front reports -----------------------------------------------------------------

    def opened(self, generation: int) -> None:
        if generation != self.generation or self.phase is not Phase.OPENING:
            return
        try:
            key = self.settings.api_key()
        except ConfigurationError as exc:
            # Not "authentication": the server has refused nothing.
            self._attempt_failed(Failure("handshake", exc.message, False, exc.code, exc))
            return
        secrets.keep(key)
        self.phase = Phase.AUTHENTICATING
        self.timers.clear("open")
        self._runtime.transmit({"event": "connect", "api_key": key})
        self.timers.set("auth", self.settings.connect_timeout, self._auth_deadline)

    def failed(self, generation: int, failure: Failure) -> None:
        """Handle a socket that could not be opened."""
        if generation == self.generation and self.phase in (Phase.OPENING, Phase.AUTHENTICATING):
            self._attempt_failed(failure)

    def lost(self, generation: int, code: int | None, reason: str) -> None:
        """Handle the loss of the socket. ``code`` is None if there was no close frame."""
        if generation != self.generation:
            return
        waiting = self.phase is Phase.AUTHENTICATING
        if not waiting and self.phase is not Phase.READY:
            return
        if code == 4001 or "isplaced" in reason:
            self._displaced(self._runtime.clean(reason) or "connection_lost")
        elif waiting:
            self._attempt_failed(closed_early(code, self._runtime.clean(reason)))
        else:
            self._down(self._runtime.clean(reason) or "connection_lost")

    # -- what the server says -------------------------------------------------------------------

    def connected(self, event: Connected) -> None:
        if self.phase is not Phase.AUTHENTICATING:
            return
        log.info("connected to %s", self._url())
        self.phase = Phase.READY
        self._was_up = True
        self.timers.clear("auth")
        self.timers.set("stable", STABLE_AFTER, self._stable)
        self._last_failure = None
        self._keepalive()
        self._settle(None)
        self._watcher.link_up(event)

    def refused(self, event: ErrorFrame) -> None:
        """Handle an ``error`` frame before ``connected``."""
        if self.phase is not Phase.AUTHENTICATING:
            return
        code = self._runtime.clean(event.code or "INVALID_KEY")
        text = self._runtime.clean(event.error or event.message or "no reason given")
        if code == "SERVER_AT_CAPACITY" or text.startswith("SERVER_AT_CAPACITY"):
            used = f" ({event.used} of {event.limit} slots in use)" if event.limit else ""
            self._attempt_failed(Failure("capacity", text + used, code="SERVER_AT_CAPACITY"))
        else:
            self._attempt_failed(Failure("authentication", text, retryable=False, code=code))

    # -- time -----------------------------------------------------------------------------------

    def _open_deadline(self, _late: float) -> None:
        self._attempt_failed(self._silence())

    def _silence(self) -> Failure:
        phase = "authentication" if self.phase is Phase.AUTHENTICATING else self.stage
        said = {
            "tcp": "the host did not answer",
            "handshake": "the host accepted the connection and then said nothing",
            "authentication": "the server accepted the connection and sent no 'connected'",
        }[phase]
        return Failure(phase, said, code="CONNECTION_TIMEOUT")

    def _auth_deadline(self, _late: float) -> None:
        self._attempt_failed(self._silence())

    def _stable(self, _late: float) -> None:
        self.attempts = self._drops = 0

    def _ping(self, _late: float) -> None:
        self._runtime.proofs.ping()
        self.timers.set("ping", self.settings.ping_interval or 0.0, self._ping)

    def _keepalive(self) -> None:
        interval = self.settings.ping_interval
        if interval is not None:
            self._extended = False
            self.timers.set("ping", interval, self._ping)
            self.timers.set("alive", interval + SILENCE_MARGIN, self._check_alive)

    def _check_alive(self, late: float) -> None:
        limit = (self.settings.ping_interval or 0.0) + SILENCE_MARGIN
        silent = self._runtime.now - self._runtime.heard
        if silent < limit:
            self._extended = False
            self.timers.set("alive", limit - silent, self._check_alive)
        elif late > LATE and not self._extended:
            # Frames may be waiting in the socket, unread because the process was blocked.
            self._extended = True
            log.warning(
                "this process was blocked for %.1f s; giving the server %g s more to be "
                "heard before the connection counts as dead",
                late,
                SILENCE_MARGIN,
            )
            self.timers.set("alive", SILENCE_MARGIN, self._check_alive)
        else:
            log.warning("nothing heard from the server for %.1f s; reconnecting", silent)
            self._down("connection_lost")

    # -- transitions ----------------------------------------------------------------------------

    def _backoff_over(self, _late: float) -> None:
        self._open()

    def _open(self) -> None:
        self.generation += 1
        self.phase = Phase.OPENING
        self.stage = "tcp"
        self.timers.set("open", self.settings.connect_timeout, self._open_deadline)
        log.debug("connecting to %s, attempt %d", self._url(), self.attempts + 1)
        self._runtime.discard_transmitted()
        if self._was_up:
            self.reconnects += 1
            event = Reconnecting(attempt=self.attempts, delay=self._delay)
            self._runtime.emit_client("reconnecting", (self.attempts,), event)

    def _attempt_failed(self, failure: Failure) -> None:
        self.generation += 1
        self.timers.clear("open")
        self.timers.clear("auth")
        self._last_failure = failure
        if failure.is_final(known=self._was_up) or not self._may_retry():
            error = self._error(failure)
            first = not self._was_up
            self._stop(Phase.IDLE if first else Phase.CLOSED, failure.message)
            self._settle(error)
            if not first:
                self._watcher.link_over("connection_lost", error)
            return
        if not failure.retryable:
            log.warning(
                "reconnecting failed (%s): %s; trying again",
                failure.phase,
                failure.message,
            )
        self._back_off(failure.dropped)
        if failure.phase == "capacity" and self._delay < LEAST_DELAY:
            self._wait(LEAST_DELAY)

    def _may_retry(self) -> bool:
        policy = self.settings.reconnect
        if policy is None:
            return False
        return policy.max_attempts is None or self.attempts < policy.max_attempts

    def _back_off(self, dropped: bool) -> None:
        """Wait before the next attempt. ``dropped``: the host is there and drops connections; it is
        spared more than an absent host, which attempts cost nothing."""
        policy = self.settings.reconnect
        assert policy is not None
        self.attempts += 1
        self.phase = Phase.BACKOFF
        attempt, outage = self.attempts, None
        # A limited number of attempts must not be used up within seconds.
        if self._lost_at is not None and policy.max_attempts is None:
            if dropped:
                self._drops += 1
                attempt = self._drops + 1
            else:
                outage = self._runtime.now - self._lost_at
        self._wait(reconnect_delay(policy, attempt, self._runtime.random(), outage))

    def _wait(self, delay: float) -> None:
        self._delay = delay
        self.timers.set("backoff", delay, self._backoff_over)

    def _down(self, reason: str) -> None:
        """Handle the loss of a link that was up."""
        log.info("the connection is gone: %s", reason)
        self.generation += 1
        for key in ("ping", "alive", "stable"):
            self.timers.clear(key)
        if not self._may_retry():
            self._stop(Phase.CLOSED, reason)
            self._watcher.link_down(reason)
            self._watcher.link_over(reason, None)
        else:
            # Lost again before it was stable: the host accepts connections and drops them.
            again = self.attempts > 0
            if not again:
                self._lost_at = self._runtime.now
            self._back_off(again)
            self._watcher.link_down(reason)

    def _displaced(self, reason: str) -> None:
        """Stop: another connection took over, and the two must not alternate."""
        was_ready = self.phase is Phase.READY
        self._stop(Phase.CLOSED if self._was_up else Phase.IDLE, reason)
        error = DisplacedError(
            f"another process took this connection's agents over ({reason}); it will not "
            "reconnect by itself: stop the other process, then connect() again"
        )
        self._settle(error)
        if was_ready:
            self._watcher.link_down(reason)
        if self._was_up:
            self._watcher.link_over("displaced", error)

    def _stop(self, phase: Phase, reason: str) -> None:
        self.generation += 1
        self.phase = phase
        self.close_reason = reason
        for key in ("open", "auth", "backoff", "stable", "ping", "alive"):
            self.timers.clear(key)

    def _settle(self, error: BaseException | None) -> None:
        outcome, self._connecting = self._connecting, None
        self.timers.clear("connect")
        if outcome is not None:
            if error is None:
                outcome.set(None)
            else:
                outcome.fail(error)

    def _connect_deadline(self, _late: float) -> None:
        failure = self._last_failure or self._silence()
        error = self._error(failure, deadline=True)
        if not self._was_up:
            self._stop(Phase.IDLE, failure.message)
        self._settle(error)

    def _url(self) -> str:
        try:
            # The query may contain a token.
            return self.settings.url().partition("?")[0]
        except ConfigurationError:
            return "the server"

    def _error(self, failure: Failure, *, deadline: bool = False) -> PinecallError:
        if failure.refusal:
            return AuthenticationError(
                f"the server refused the API key: {failure.message} ({failure.code}); check the "
                "api_key argument or PINECALL_API_KEY",
                failure.code,
            )
        attempts = self.attempts + (0 if self.phase is Phase.BACKOFF else 1)
        tries = f" after {attempts} attempts" if attempts > 1 else ""
        within = f" within {self.settings.connect_timeout:g} s" if deadline else ""
        error = ConnectError(
            f"could not connect to {self._url()}{within}{tries} ({failure.phase}): "
            f"{failure.message}",
            failure.code,
            phase=failure.phase,
            attempts=attempts,
            retryable=failure.retryable,
        )
        error.__cause__ = failure.cause
        return error
