"""The link: connecting, authenticating, staying alive, reconnecting, closing."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.kernel.outcome import Outcome
from pinecall.core.link.link import Failure, Phase
from pinecall.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectError,
    DisplacedError,
    NotConnected,
    PinecallError,
)
from pinecall.options import ReconnectPolicy

from ..harness import Wire

REFUSED = Failure("tcp", "connection refused")


def raised(outcome: Outcome[None], kind: type[BaseException]) -> Any:
    with pytest.raises(kind) as caught:
        outcome.result()
    return caught.value


class TestConnecting:
    def test_connected_resolves_it(self) -> None:
        """connect() is settled by the connected frame, not by the open socket."""
        wire = Wire()
        outcome = wire.connect()
        wire.opened()
        assert not outcome.done
        wire.server("connected", org_id="org_1")
        assert outcome.result() is None
        assert (wire.pc.connected, wire.pc.state, wire.engine.org_id) == (
            True,
            "connected",
            "org_1",
        )

    def test_connect_twice(self) -> None:
        """A second connect() gets the outcome of the first, and opens nothing."""
        wire = Wire()
        first = wire.connect()
        assert wire.connect() is first
        assert wire.link.generation == 1
        wire.opened()
        wire.server("connected")
        assert wire.connect().done
        assert wire.link.generation == 1

    def test_authenticated_changes_nothing(self) -> None:
        """authenticated is accepted before and after connected, and has no effect."""
        wire = Wire()
        outcome = wire.connect()
        wire.opened()
        wire.server("authenticated")
        assert not outcome.done
        wire.server("connected")
        wire.server("authenticated")
        wire.server("connected")
        assert wire.pc.connected
        assert wire.sent_events() == ["connect"]

    def test_silent_server(self) -> None:
        """Without connected within connect_timeout, connect() fails and the socket is given up."""
        wire = Wire()
        outcome = wire.connect()
        wire.opened()
        generation = wire.link.generation
        wire.at(9.5)
        assert not outcome.done
        wire.at(10)
        error = raised(outcome, ConnectError)
        assert error.code == "CONNECTION_TIMEOUT"
        assert error.phase == "authentication"
        assert wire.link.generation > generation
        assert wire.pc.state == "idle"

    def test_refused_key(self) -> None:
        """An error frame before connected fails connect() at once, with the server's words."""
        wire = Wire()
        outcome = wire.connect()
        wire.opened()
        wire.server("error", code="INVALID_KEY", error="Invalid API key")
        error = raised(outcome, AuthenticationError)
        assert error.code == "INVALID_KEY"
        assert "Invalid API key" in error.message
        assert wire.pc.state == "idle"

    def test_error_after_the_refusal(self) -> None:
        """A second error frame of a socket already given up changes nothing."""
        wire = Wire()
        outcome = wire.connect()
        wire.opened()
        wire.server("error", code="SERVER_AT_CAPACITY", error="full")
        generation, attempts = wire.link.generation, wire.link.attempts
        wire.server("error", code="SERVER_AT_CAPACITY", error="full")
        assert (wire.link.generation, wire.link.attempts) == (generation, attempts)
        assert not outcome.done

    @pytest.mark.parametrize(
        "frame",
        [
            {"code": "SERVER_AT_CAPACITY", "error": "full", "used": 5, "limit": 5},
            {"code": "X", "error": "SERVER_AT_CAPACITY: full"},
        ],
    )
    def test_capacity_is_tried_again(self, frame: dict[str, Any]) -> None:
        """A server without a free slot is asked again until the deadline, which then names it."""
        wire = Wire()
        outcome = wire.connect()
        wire.opened()
        wire.server({"event": "error", **frame})
        assert not outcome.done
        wire.at(0.5)
        assert wire.link.phase is Phase.OPENING
        wire.failed(Failure("capacity", "full", code="SERVER_AT_CAPACITY"))
        wire.at(1.5)
        wire.opened()
        wire.server("error", code="SERVER_AT_CAPACITY", error="full", used=5, limit=5)
        wire.at(10)
        error = raised(outcome, ConnectError)
        assert (error.phase, error.code) == ("capacity", "SERVER_AT_CAPACITY")
        assert "5 of 5" in error.message

    def test_closed_before_connected(self) -> None:
        """A close before connected that will not pass fails connect() at once, with its reason."""
        wire = Wire()
        outcome = wire.connect()
        wire.opened()
        wire.lost(1000, "go away")
        assert "go away" in raised(outcome, ConnectError).message

    def test_displaced_before_connected(self) -> None:
        """A first connection that is closed as displaced fails connect() with that."""
        wire = Wire()
        outcome = wire.connect()
        wire.opened()
        wire.lost(4001, "Displaced by another process")
        raised(outcome, DisplacedError)
        wire.at(1000)
        assert wire.pc.state == "idle"

    def test_refused_connection_is_tried_again(self) -> None:
        """What may pass is tried again until the deadline; the error counts and names the cause."""
        wire = Wire()
        outcome = wire.connect()
        cause = OSError("refused")
        while not outcome.done:
            if wire.link.phase is Phase.OPENING:
                wire.failed(Failure("tcp", "connection refused", cause=cause))
            due = wire.engine.deadline(wire.now)
            assert due is not None
            wire.at(due)
        assert wire.now == 10
        error = raised(outcome, ConnectError)
        assert (error.phase, error.attempts, error.retryable) == ("tcp", 5, True)
        assert "connection refused" in error.message
        assert error.__cause__ is cause

    def test_what_will_not_pass(self) -> None:
        """A failure that will not pass ends connect() at once."""
        wire = Wire()
        outcome = wire.connect()
        wire.failed(Failure("tls", "bad certificate", retryable=False))
        error = raised(outcome, ConnectError)
        assert (error.phase, error.attempts, error.retryable) == ("tls", 1, False)
        assert "attempts" not in error.message

    def test_abandoned_sockets(self) -> None:
        """What comes of a socket that was given up never touches the present one."""
        wire = Wire()
        wire.connect()
        old = wire.link.generation
        wire.failed(REFUSED)
        wire.at(0.5)
        wire.opened(generation=old)
        assert wire.link.phase is Phase.OPENING
        wire.failed(REFUSED, generation=old)
        wire.lost(1006, generation=old)
        assert wire.link.phase is Phase.OPENING
        wire.opened()
        wire.opened()
        wire.server("connected")
        wire.lost(4001, "Displaced", generation=old)
        wire.failed(REFUSED)
        assert wire.pc.connected

    def test_loss_of_a_socket_not_open(self) -> None:
        """A loss reported for a socket that never opened waits for its failure."""
        wire = Wire()
        wire.connect()
        wire.lost(1006)
        assert wire.link.phase is Phase.OPENING

    def test_key_gone_when_the_socket_opens(self) -> None:
        """A key that is unset while the socket opens: nothing is sent, and no server is blamed."""
        wire = Wire()
        outcome = wire.connect()
        wire.key = ""
        wire.opened()
        error = raised(outcome, ConnectError)
        assert (error.code, error.phase, error.retryable) == ("MISSING_KEY", "handshake", False)
        assert wire.sent() == []
        assert wire.pc.state == "idle"

    def test_url_gone_when_the_attempt_fails(self) -> None:
        """An attempt that fails because of a bad URL is reported without the URL."""
        wire = Wire(reconnect=None)
        outcome = wire.connect()
        wire.url = ""
        wire.failed(Failure("handshake", "no URL", retryable=False))
        assert "could not connect to the server (handshake): no URL" in str(
            raised(outcome, ConnectError)
        )

    def test_connected_without_a_socket(self) -> None:
        """A connected frame means nothing while the socket is still being opened."""
        wire = Wire()
        outcome = wire.connect()
        wire.server("connected")
        assert not outcome.done
        assert wire.link.phase is Phase.OPENING


class TestDisconnecting:
    def test_disconnect(self) -> None:
        """disconnect() closes for good: disconnected fires once, nothing is registered, calls end."""
        wire = Wire()
        mara = wire.agent()
        call = wire.call(mara)
        line = wire.pc.line("+12186633772")
        wire.server("line.created", number=line.number)
        told = wire.listen("disconnected", "call.ended")
        wire.engine.disconnect()
        wire.settle()
        wire.engine.disconnect()
        wire.settle()
        assert told == [
            ("call.ended", call, "client_disconnect"),
            ("disconnected", "client_disconnect"),
        ]
        assert (mara.registered, line.registered) == (False, False)
        assert (call.status, wire.pc.state) == ("ended", "closed")
        wire.at(1000)
        assert wire.link.phase is Phase.CLOSED
        assert len(wire.engine.timers) == 0

    def test_disconnect_while_connecting(self) -> None:
        """disconnect() wins over a connect() under way, which fails."""
        wire = Wire()
        outcome = wire.connect()
        wire.opened()
        wire.engine.disconnect()
        raised(outcome, NotConnected)
        wire.server("connected")
        wire.at(100)
        assert wire.link.phase is Phase.CLOSED

    def test_disconnect_between_attempts(self) -> None:
        """disconnect() between two attempts ends the reconnecting and the calls that wait for it."""
        wire = Wire()
        call = wire.call()
        wire.lost()
        wire.engine.disconnect()
        wire.at(100)
        assert wire.link.phase is Phase.CLOSED
        assert (call.status, call.reason) == ("ended", "client_disconnect")

    def test_disconnect_when_idle(self) -> None:
        """disconnect() without a connection does nothing, and says nothing."""
        wire = Wire()
        told = wire.listen("disconnected")
        wire.engine.disconnect()
        wire.settle()
        assert told == []
        assert wire.pc.state == "idle"

    def test_connect_after_disconnect(self) -> None:
        """connect() after disconnect() opens a new connection and registers everything again."""
        wire = Wire()
        wire.agent()
        wire.engine.disconnect()
        outcome = wire.connect()
        wire.opened()
        wire.server("connected")
        assert outcome.result() is None
        assert wire.sent_events() == ["connect", "agent.create"]


class TestKeepalive:
    def test_ping_every_interval(self) -> None:
        """A ping goes out every ping_interval while the server is heard."""
        wire = Wire().up()
        times = []
        for second in range(1, 121):
            wire.at(second)
            times += [second for event in wire.sent_events() if event == "ping"]
            wire.server("pong")
        assert times == [30, 60, 90, 120]

    def test_no_keepalive(self) -> None:
        """With ping_interval None there are no pings, and silence does not end the connection."""
        wire = Wire(ping_interval=None).up()
        wire.at(100_000)
        assert wire.sent() == []
        assert wire.pc.connected

    def test_silence_is_death(self) -> None:
        """Nothing heard for the interval and 10 s: the connection is dead, and tried again."""
        wire = Wire().up()
        told = wire.listen("disconnected")
        generation = wire.link.generation
        wire.at(39)
        assert wire.pc.connected
        wire.at(40)
        assert not wire.pc.connected
        assert told == [("disconnected", "connection_lost")]
        assert wire.link.generation > generation
        wire.at(41)
        assert wire.link.phase is Phase.OPENING

    def test_we_were_blocked(self) -> None:
        """When this process was late itself, the server gets 10 s more, once."""
        wire = Wire().up()
        wire.blocked(60)
        assert wire.pc.connected
        wire.after(9)
        assert wire.pc.connected
        wire.after(1)
        assert not wire.pc.connected


class TestReconnecting:
    def test_unexpected_close(self) -> None:
        """An unexpected close fires disconnected with the close reason."""
        wire = Wire().up()
        told = wire.listen("disconnected")
        wire.lost(1012, "service restart")
        assert told == [("disconnected", "service restart")]
        assert wire.pc.state == "reconnecting"

    def test_empty_reason(self) -> None:
        """A close without a reason reads connection_lost."""
        wire = Wire().up()
        told = wire.listen("disconnected")
        wire.lost()
        assert told == [("disconnected", "connection_lost")]

    @pytest.mark.parametrize(
        ("code", "reason"), [(4001, ""), (1000, "Displaced"), (1006, "you were displaced")]
    )
    def test_displaced(self, code: int, reason: str) -> None:
        """A displaced connection stays closed; the client and every agent get a typed error."""
        wire = Wire()
        mara, leo = wire.agent("mara"), wire.agent("leo")
        call = wire.call(mara)
        told = wire.listen("error", "call.ended", "disconnected")
        on_mara, on_leo = wire.listen("error", on=mara), wire.listen("error", on=leo)
        wire.lost(code, reason)
        wire.at(1000)
        assert wire.pc.state == "closed"
        kinds = [name for name, *_ in told]
        assert kinds == ["disconnected", "call.ended", "error"]
        assert isinstance(told[2][1], DisplacedError)
        assert isinstance(on_mara[0][1], DisplacedError)
        assert isinstance(on_leo[0][1], DisplacedError)
        assert (call.status, call.reason) == ("ended", "displaced")
        raised(mara._registration.ready, DisplacedError)

    def test_no_reconnect(self) -> None:
        """With reconnect=False a lost link stays closed, calls end, and nobody is blamed."""
        wire = Wire(reconnect=None)
        call = wire.call()
        told = wire.listen("error", "disconnected")
        wire.lost(1006, "gone")
        wire.at(1000)
        assert wire.pc.state == "closed"
        assert (call.status, call.reason) == ("ended", "gone")
        assert told == [("disconnected", "gone")]

    def test_max_attempts(self) -> None:
        """After max_attempts the link is closed, the error is reported and calls end."""
        wire = Wire(reconnect=ReconnectPolicy(jitter=0.0, max_attempts=2))
        mara = wire.agent()
        call = wire.call(mara)
        told = wire.listen("error")
        over = wire.engine.when_over()
        wire.lost()
        for _ in range(2):
            wire.after(1)
            wire.failed(REFUSED)
        assert wire.link.phase is Phase.CLOSED
        assert isinstance(told[0][1], ConnectError)
        assert call.reason == "connection_lost"
        raised(over, ConnectError)
        raised(mara._registration.ready, ConnectError)

    def test_slow_attempts_are_cut_short(self) -> None:
        """An attempt that hangs after a reconnect is given up after connect_timeout, its socket too."""
        wire = Wire().up()
        wire.lost()
        wire.at(0.5)
        assert wire.link.phase is Phase.OPENING
        generation = wire.link.generation
        wire.at(10.5)
        assert wire.link.phase is Phase.BACKOFF
        assert wire.link.generation > generation
        wire.at(11.5)
        wire.opened()
        wire.at(21.5)
        assert wire.link.phase is Phase.BACKOFF

    def test_flapping_is_not_hammered(self) -> None:
        """A connection that drops within 5 s does not start the delays over."""
        wire = Wire().up()
        gaps = []
        for _ in range(5):
            wire.lost()
            due = wire.engine.deadline(wire.now)
            assert due is not None
            gaps.append(due - wire.now)
            wire.reconnect()
            wire.after(4)
        assert gaps == [0.5, 1, 2, 4, 8]

    def test_at_capacity(self) -> None:
        """A server that is full is asked again after a quarter of a second at least."""
        wire = Wire(reconnect=ReconnectPolicy()).up()
        wire.chance = 0.0
        wire.lost()
        delays = []
        for _ in range(4):
            due = wire.engine.deadline(wire.now)
            assert due is not None
            delays.append(due - wire.now)
            wire.at(due)
            wire.failed(Failure("capacity", "full", code="SERVER_AT_CAPACITY"))
        assert delays == pytest.approx([0, 0.25, 0.25, 0.25])

    def test_refused_key_while_reconnecting(self) -> None:
        """A key refused on the way back closes the link for good, with an error."""
        wire = Wire().up()
        told = wire.listen("error")
        wire.lost()
        wire.at(0.5)
        wire.opened()
        wire.server("error", code="INVALID_KEY", error="revoked")
        assert wire.link.phase is Phase.CLOSED
        assert isinstance(told[0][1], AuthenticationError)

    def test_what_will_not_pass_at_first_may_pass_later(self, caplog: Any) -> None:
        """What ends a first connect() is tried again on the way back, and the log says what it was."""
        wire = Wire().up()
        wire.lost()
        wire.at(0.5)
        wire.failed(Failure("handshake", "the host answered HTTP 404", retryable=False))
        assert wire.link.phase is Phase.BACKOFF
        assert "HTTP 404; trying again" in caplog.text

    def test_settings_that_went_away(self) -> None:
        """A key or URL that cannot be read any more ends the link."""
        wire = Wire().up()
        told = wire.listen("error")
        wire.lost()
        wire.at(0.5)
        cause = ConfigurationError("no API key", "MISSING_KEY")
        wire.failed(Failure("handshake", cause.message, False, cause.code, cause))
        assert wire.link.phase is Phase.CLOSED
        assert told[0][1].code == "MISSING_KEY"

    def test_connect_while_reconnecting(self) -> None:
        """connect() while reconnecting waits for the link; its deadline leaves the link alone."""
        wire = Wire().up()
        wire.lost()
        outcome = wire.connect()
        assert not outcome.done
        wire.at(0.5)
        wire.failed(REFUSED)
        wire.at(1.5)
        wire.opened()
        wire.server("connected")
        assert outcome.result() is None
        wire.after(6)
        wire.lost()
        late = wire.connect()
        wire.failed(REFUSED)
        for _ in range(8):
            wire.after(2)
            wire.failed(REFUSED)
        raised(late, ConnectError)
        assert wire.pc.state == "reconnecting"


def test_what_a_connect_error_says_by_itself() -> None:
    """Without more it is one attempt at TCP that failed and may pass."""
    error = ConnectError("no")
    assert (error.phase, error.attempts, error.retryable) == ("tcp", 1, True)
    assert error.code == "CONNECTION_FAILED"


def test_errors_have_the_tree() -> None:
    """All that connect() raises can be caught as PinecallError."""
    assert issubclass(ConnectError, PinecallError)
    assert issubclass(AuthenticationError, PinecallError)
