"""The link: connecting, authenticating, staying alive, reconnecting, closing."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.kernel.outcome import Outcome
from pinecall.core.link.backoff import reconnect_delay
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

from ..harness import KEY, Wire

REFUSED = Failure("tcp", "connection refused")


def raised(outcome: Outcome[None], kind: type[BaseException]) -> Any:
    with pytest.raises(kind) as caught:
        outcome.result()
    return caught.value


class TestConnecting:
    def test_nothing_precedes_the_key(self) -> None:
        """The first frame is connect with the key, and nothing is sent before or with it."""
        wire = Wire()
        wire.pc.agent("mara")
        wire.connect()
        assert wire.sent() == []
        wire.opened()
        assert wire.sent() == [{"event": "connect", "api_key": KEY}]

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

    def test_server_in_a_hurry(self) -> None:
        """A connected frame that comes before ours was written is accepted."""
        wire = Wire()
        outcome = wire.connect()
        wire.engine.opened(1, 0)
        wire.engine.receive('{"event":"connected"}', 0)
        assert outcome.done
        assert wire.sent_events() == ["connect"]

    def test_connected_without_a_socket(self) -> None:
        """A connected frame means nothing while the socket is still being opened."""
        wire = Wire()
        outcome = wire.connect()
        wire.server("connected")
        assert not outcome.done
        assert wire.link.phase is Phase.OPENING

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

    def test_ping_before_connected(self) -> None:
        """A ping during the authentication is answered."""
        wire = Wire()
        wire.connect()
        wire.opened()
        wire.server("ping")
        assert wire.sent_events() == ["connect", "pong"]

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

    @pytest.mark.parametrize("stage", ["tcp", "handshake"])
    def test_silent_host(self, stage: str) -> None:
        """The timeout names how far the attempt had come."""
        wire = Wire()
        outcome = wire.connect()
        wire.link.stage = stage
        wire.at(10)
        assert raised(outcome, ConnectError).phase == stage

    def test_failed_connect_leaves_nothing(self) -> None:
        """After connect() failed no timer is left, and no attempt follows."""
        wire = Wire()
        wire.connect()
        wire.at(10)
        generation = wire.link.generation
        wire.at(1000)
        assert wire.link.phase is Phase.IDLE
        assert wire.link.generation == generation
        assert len(wire.engine.timers) == 0

    def test_timers_of_a_former_attempt(self) -> None:
        """The deadline of an attempt that is over cannot end a later one."""
        wire = Wire()
        wire.connect()
        wire.opened()
        wire.at(6)
        wire.server("error", code="INVALID_KEY")
        outcome = wire.connect()
        wire.opened()
        wire.at(15)
        assert not outcome.done
        wire.server("connected")
        wire.at(17)
        assert outcome.result() is None
        assert wire.pc.connected

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

    def test_refused_key_is_not_tried_again(self) -> None:
        """After a refused key no further attempt is made."""
        wire = Wire()
        wire.connect()
        wire.opened()
        wire.server("error", error="Invalid API key")
        generation = wire.link.generation
        wire.at(500)
        assert wire.link.generation == generation

    def test_error_without_words(self) -> None:
        """An error frame without code and text still refuses the key."""
        wire = Wire()
        outcome = wire.connect()
        wire.opened()
        wire.server("error")
        assert raised(outcome, AuthenticationError).code == "INVALID_KEY"

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

    def test_error_after_disconnect(self) -> None:
        """An error frame read after disconnect() cannot start an attempt or be reported."""
        wire = Wire().up()
        errors = wire.listen("error")
        wire.engine.disconnect()
        wire.server("error", code="SERVER_AT_CAPACITY", error="full")
        wire.server("error", code="INVALID_KEY", error="no")
        assert wire.link.phase is Phase.CLOSED
        assert errors == []

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

    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            (1008, ""), (4401, ""), (4403, ""), (1000, "bad API key"), (4000, "Unauthorized"),
            (4000, "forbidden"),
        ],
    )  # fmt: skip
    def test_closed_for_the_key(self, code: int, reason: str) -> None:
        """A close that speaks of the key, or of policy, is a refused key."""
        wire = Wire()
        outcome = wire.connect()
        wire.opened()
        wire.lost(code, reason)
        assert raised(outcome, AuthenticationError).code == "INVALID_KEY"

    @pytest.mark.parametrize("code", ["INTERNAL_ERROR", "RATE_LIMITED"])
    def test_trouble_of_the_server(self, code: str) -> None:
        """An error before connected that is not about the key fails connect() and does not blame it."""
        wire = Wire()
        outcome = wire.connect()
        wire.opened()
        wire.server("error", code=code, error="try later")
        error = raised(outcome, ConnectError)
        assert not isinstance(error, AuthenticationError)
        assert error.code == code
        assert "try later" in error.message

    def test_displaced_before_connected(self) -> None:
        """A first connection that is closed as displaced fails connect() with that."""
        wire = Wire()
        outcome = wire.connect()
        wire.opened()
        wire.lost(4001, "Displaced by another process")
        raised(outcome, DisplacedError)
        wire.at(1000)
        assert wire.pc.state == "idle"

    @pytest.mark.parametrize("code", [None, 1001, 1006, 1012, 1013])
    def test_closed_by_the_network(self, code: int | None) -> None:
        """A connection cut during the authentication is tried again."""
        wire = Wire()
        outcome = wire.connect()
        wire.opened()
        wire.lost(code)
        wire.at(0.5)
        wire.opened()
        wire.server("connected")
        assert outcome.result() is None

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

    def test_without_reconnect_one_attempt(self) -> None:
        """With reconnect=False the first connection is tried once."""
        wire = Wire(reconnect=None)
        outcome = wire.connect()
        wire.failed(REFUSED)
        assert raised(outcome, ConnectError).attempts == 1
        assert wire.link.phase is Phase.IDLE

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

    def test_connect_again_after_a_failure(self) -> None:
        """connect() after a failed connect() starts afresh."""
        wire = Wire()
        wire.connect()
        wire.at(10)
        outcome = wire.connect()
        assert wire.link.phase is Phase.OPENING
        wire.opened()
        wire.server("connected")
        assert outcome.result() is None

    def test_forgotten_failure(self) -> None:
        """A failed connect() that nobody waits for is silent."""
        wire = Wire()
        errors = wire.listen("error")
        wire.connect()
        wire.at(20)
        assert errors == []

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

    def test_key_and_url_are_asked_anew(self) -> None:
        """Each attempt sends the key as it is then."""
        wire = Wire().up()
        wire.key = "pk_live_other"
        wire.lost()
        wire.at(0.5)
        wire.opened()
        assert wire.sent() == [{"event": "connect", "api_key": "pk_live_other"}]

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

    def test_when_over(self) -> None:
        """The end of the connection settles once: now when there is none, else with disconnect()."""
        wire = Wire()
        assert wire.engine.when_over().done
        wire.engine.disconnect()
        wire = Wire().up()
        over = wire.engine.when_over()
        assert wire.engine.when_over() is over
        assert not over.done
        wire.engine.disconnect()
        assert over.result() is None

    def test_when_over_by_displacement(self) -> None:
        """A displacement fails the wait for the end."""
        wire = Wire().up()
        over = wire.engine.when_over()
        wire.lost(4001, "Displaced by another process")
        raised(over, DisplacedError)
        assert wire.engine.state == "closed"


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

    def test_ping_interval(self) -> None:
        """ping_interval changes the period."""
        wire = Wire(ping_interval=4.0).up()
        wire.at(4)
        assert wire.sent_events() == ["ping"]

    def test_no_keepalive(self) -> None:
        """With ping_interval None there are no pings, and silence does not end the connection."""
        wire = Wire(ping_interval=None).up()
        wire.at(100_000)
        assert wire.sent() == []
        assert wire.pc.connected

    def test_server_ping(self) -> None:
        """A ping of the server is answered at once."""
        wire = Wire().up()
        wire.server("ping")
        assert wire.sent() == [{"event": "pong"}]

    def test_server_ping_does_not_wait_for_handlers(self) -> None:
        """The answer is there before any handler has run."""
        wire = Wire().up()
        wire.listen("*")
        wire.engine.receive('{"event":"ping"}', 0)
        assert wire.sent() == [{"event": "pong"}]

    def test_pong_is_silent(self) -> None:
        """pong reaches no handler and causes nothing."""
        wire = Wire().up()
        told = wire.listen("*")
        wire.server("pong", timestamp=1787352105.7)
        assert told == []
        assert wire.sent() == []

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

    @pytest.mark.parametrize("text", ['{"event":"pong"}', "no frame at all"])
    def test_anything_is_a_sign_of_life(self, text: str) -> None:
        """Any message counts as life, a malformed one too."""
        wire = Wire().up()
        wire.at(39)
        wire.text(text)
        wire.at(78)
        assert wire.pc.connected
        wire.at(79)
        assert not wire.pc.connected

    def test_binary_is_a_sign_of_life(self) -> None:
        """A binary message counts as life and is reported."""
        wire = Wire().up()
        errors = wire.listen("error")
        wire.at(39)
        wire.engine.receive_other("a binary message of 3 bytes", wire.now)
        wire.settle()
        wire.at(78)
        assert wire.pc.connected
        assert "a binary message of 3 bytes" in errors[0][1].message

    def test_we_were_blocked(self) -> None:
        """When this process was late itself, the server gets 10 s more, once."""
        wire = Wire().up()
        wire.blocked(60)
        assert wire.pc.connected
        wire.after(9)
        assert wire.pc.connected
        wire.after(1)
        assert not wire.pc.connected

    def test_blocked_again(self) -> None:
        """Being blocked twice without hearing anything is not forgiven twice."""
        wire = Wire().up()
        wire.blocked(60)
        wire.blocked(60)
        assert not wire.pc.connected

    def test_blocked_then_heard(self) -> None:
        """What was waiting in the socket is heard after all, and the link goes on as before."""
        wire = Wire().up()
        wire.blocked(60)
        wire.server("pong")
        wire.after(39)
        assert wire.pc.connected
        wire.after(1)
        assert not wire.pc.connected

    def test_ping_stops_and_is_not_doubled(self) -> None:
        """No ping while disconnected, and one per period after a reconnect."""
        wire = Wire().up()
        wire.at(29)
        wire.lost()
        wire.at(29.5)
        assert wire.sent() == []
        wire.opened()
        wire.server("connected")
        assert wire.sent_events() == ["connect"]
        wire.at(59)
        assert wire.sent() == []
        wire.at(60)
        assert wire.sent_events() == ["ping"]


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

    def test_displacement_of_many_is_one_error(self) -> None:
        """However many agents are displaced, the client hears of it once, by once and iterators too."""
        wire = Wire()
        wire.agent("mara")
        wire.agent("leo")
        told: list[Any] = []
        wire.pc._add_once("error", told.append)
        subscription = wire.engine.subscribe(wire.engine.handlers, ("error",))
        wire.lost(4001)
        item = subscription.take()
        assert item is not None
        assert [item.event] == told
        assert isinstance(told[0], DisplacedError)
        assert subscription.take() is None

    def test_connect_after_a_displacement(self) -> None:
        """connect() after a displacement opens a new connection."""
        wire = Wire().up()
        wire.lost(4001)
        outcome = wire.connect()
        assert wire.link.phase is Phase.OPENING
        wire.opened()
        wire.server("connected")
        assert outcome.result() is None

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

    def delays(self, wire: Wire, count: int, failure: Failure = REFUSED) -> list[float]:
        """The waits before the next attempts, which all fail."""
        delays = []
        for _ in range(count):
            before = wire.now
            due = wire.engine.deadline(wire.now)
            assert due is not None
            delays.append(due - before)
            wire.at(due)
            wire.failed(failure)
        return delays

    def test_delays_while_there_is_no_host(self) -> None:
        """A wait is a sixteenth of the outage so far, half a second at least and 30 s at most."""
        wire = Wire().up()
        wire.after(10)
        wire.lost()
        outage = 0.0
        for delay in self.delays(wire, 100):
            assert delay == pytest.approx(min(max(0.5, outage / 16), 30))
            outage += delay
        assert delay == 30

    def test_delays_with_a_host_that_drops_connections(self) -> None:
        """The delays double from half a second up to 30 s, however long there was no host before."""
        for dropped in (
            Failure("handshake", "reset by peer"),
            Failure("tls", "closed during TLS"),
            Failure("authentication", "closed"),
            Failure("capacity", "full", code="SERVER_AT_CAPACITY"),
        ):
            wire = Wire().up()
            wire.lost()
            assert self.delays(wire, 9, dropped) == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
            wire = Wire().up()
            wire.lost()
            self.delays(wire, 30)
            assert self.delays(wire, 4, dropped)[1:] == [1, 2, 4]

    def test_a_gateway_without_a_server(self) -> None:
        """An HTTP status is the answer of a host that cannot be reached yet."""
        wire = Wire().up()
        wire.lost()
        failure = Failure("handshake", "HTTP 503", code="HTTP_503")
        assert self.delays(wire, 5, failure) == [0.5] * 5

    def test_counted_attempts(self) -> None:
        """Attempts that are counted out are not used up within seconds: their delays double."""
        wire = Wire(reconnect=ReconnectPolicy(jitter=0.0, max_attempts=6)).up()
        wire.lost()
        assert self.delays(wire, 5) == [0.5, 1, 2, 4, 8]

    def test_a_policy_of_ones_own(self) -> None:
        """A first wait of one's own is kept while the outage is short."""
        wire = Wire(reconnect=ReconnectPolicy(jitter=0.0, initial=3.0)).up()
        wire.lost()
        assert self.delays(wire, 4) == [3] * 4

    def test_at_capacity(self) -> None:
        """A server that is full is asked again after a quarter of a second at least."""
        wire = Wire(reconnect=ReconnectPolicy()).up()
        wire.chance = 0.0
        wire.lost()
        full = Failure("capacity", "full", code="SERVER_AT_CAPACITY")
        assert self.delays(wire, 4, full) == pytest.approx([0, 0.25, 0.25, 0.25])

    def test_jitter(self) -> None:
        """Full jitter draws anything up to the delay; without jitter nothing is drawn."""
        policy = ReconnectPolicy()
        assert reconnect_delay(policy, 3, 0.0) == 0
        assert reconnect_delay(policy, 3, 0.5) == 1
        assert reconnect_delay(ReconnectPolicy(jitter=0.0), 3, 0.9) == 2
        assert reconnect_delay(policy, 5000, 1.0) == 30
        assert reconnect_delay(policy, 5000, 0.5, outage=160) == 5

    def test_reconnecting_event(self) -> None:
        """reconnecting(attempt) fires for each attempt, counted from 1."""
        wire = Wire().up()
        told = wire.listen("reconnecting", "*")
        wire.lost()
        for _ in range(3):
            due = wire.engine.deadline(wire.now)
            assert due is not None
            wire.at(due)
            wire.failed(REFUSED)
        assert [args for name, *args in told if name == "reconnecting"] == [[1], [2], [3]]
        events = [item.event for name, item in told if name == "*"][1:]
        assert [(event.attempt, event.delay) for event in events] == [(1, 0.5), (2, 0.5), (3, 0.5)]

    def test_for_ever(self) -> None:
        """By default the attempts never end."""
        wire = Wire().up()
        wire.lost()
        for _ in range(200):
            due = wire.engine.deadline(wire.now)
            assert due is not None
            wire.at(due)
            wire.failed(REFUSED)
        assert wire.link.phase is Phase.BACKOFF

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

    def test_backoff_starts_over_when_stable(self) -> None:
        """A connection that held for 5 s starts the delays over."""
        wire = Wire().up()
        wire.lost()
        wire.reconnect()
        wire.after(5)
        wire.lost()
        due = wire.engine.deadline(wire.now)
        assert due == wire.now + 0.5

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

    def test_one_attempt_at_a_time(self) -> None:
        """However an attempt fails, and however often that is reported, one next attempt is planned."""
        wire = Wire().up()
        wire.lost()
        wire.lost()
        wire.at(0.5)
        generation = wire.link.generation
        wire.failed(REFUSED)
        wire.failed(REFUSED, generation=generation)
        wire.lost(1006, generation=generation)
        assert wire.link.attempts == 2
        wire.at(1.5)
        assert wire.link.phase is Phase.OPENING
        assert wire.link.reconnects == 2

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

    @pytest.mark.parametrize("code", [None, 1000, 1011, 4000])
    def test_closed_on_the_way_back(self, code: int | None) -> None:
        """A close before connected on the way back is tried again, whatever its code."""
        wire = Wire().up()
        wire.lost()
        wire.at(0.5)
        wire.opened()
        wire.lost(code, "internal error")
        wire.at(1.5)
        wire.opened()
        wire.server("connected")
        assert wire.pc.connected

    def test_trouble_on_the_way_back(self) -> None:
        """So is an error before connected that does not speak of the key."""
        wire = Wire().up()
        told = wire.listen("error")
        wire.lost()
        wire.at(0.5)
        wire.opened()
        wire.server("error", code="INTERNAL_ERROR", error="oops")
        assert wire.link.phase is Phase.BACKOFF
        assert told == []

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

    def test_displaced_on_the_way_back(self) -> None:
        """A displacement before connected, on the way back, is one: the link stays closed."""
        wire = Wire()
        mara = wire.agent()
        call = wire.call(mara)
        told = wire.listen("error", "disconnected")
        wire.lost()
        wire.at(0.5)
        wire.opened()
        wire.lost(4001, "Displaced by another process")
        wire.at(1000)
        assert wire.pc.state == "closed"
        assert [name for name, *_ in told] == ["disconnected", "error"]
        assert isinstance(told[1][1], DisplacedError)
        assert call.reason == "displaced"

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

    def test_agents_then_lines(self) -> None:
        """After a reconnect all agents are claimed in the order of their making, then all lines."""
        wire = Wire().up()
        wire.pc.line("+12186633772")
        for name in ("zoe", "mara", "leo"):
            wire.pc.agent(name)
        wire.pc.line("+12186633773")
        wire.lost()
        wire.reconnect()
        frames = wire.sent()
        assert [frame.get("agent_id") or frame.get("number") for frame in frames[1:]] == [
            "zoe",
            "mara",
            "leo",
            "+12186633772",
            "+12186633773",
        ]

    def test_more_agents_than_fit_the_send_buffer(self) -> None:
        """All agents are claimed, though their configurations together exceed what may wait."""
        wire = Wire()
        for number in range(30):
            wire.pc.agent(
                f"agent-{number}", prompt="x" * 200_000, phone_number=f"+1318633{number:04}"
            )
        outcome = wire.connect()
        wire.opened()
        wire.server("connected")
        assert outcome.result() is None
        assert wire.sent_events() == ["connect"] + ["agent.create"] * 30

    def test_stats(self) -> None:
        """The counters count reconnects and name the state."""
        wire = Wire().up()
        wire.lost()
        wire.reconnect()
        stats = wire.pc.stats()
        assert (stats["reconnects"], stats["state"], stats["received"]) == (1, "connected", 2)

    def test_frames_for_a_dead_socket(self) -> None:
        """What was meant for the former socket is not written to the next one."""
        wire = Wire().up()
        wire.pc.send({"event": "ping"})
        wire.lost()
        wire.at(0.5)
        wire.opened()
        assert wire.sent_events() == ["connect"]


class TestRawFrames:
    def test_send(self) -> None:
        """A raw frame goes out as it is."""
        wire = Wire().up()
        wire.pc.send({"event": "x", "nested": {"a": None}})
        assert wire.sent(raw=True) == [{"event": "x", "nested": {"a": None}}]
        assert wire.front.wakes

    def test_send_while_down(self) -> None:
        """A raw frame while the link is down raises, and says what it is about."""
        wire = Wire()
        with pytest.raises(NotConnected, match="x: not connected"):
            wire.pc.send({"event": "x"})

    @pytest.mark.parametrize("frame", [None, [], {}, {"event": 5}])
    def test_no_frame(self, frame: object) -> None:
        """What is not a frame is refused."""
        with pytest.raises(ConfigurationError, match="a dict with an 'event'"):
            Wire().up().pc.send(frame)  # type: ignore[arg-type]

    def test_errors_have_the_tree(self) -> None:
        """All that connect() raises can be caught as PinecallError."""
        assert issubclass(ConnectError, PinecallError)
        assert issubclass(AuthenticationError, PinecallError)


def test_what_a_connect_error_says_by_itself() -> None:
    """Without more it is one attempt at TCP that failed and may pass."""
    error = ConnectError("no")
    assert (error.phase, error.attempts, error.retryable) == ("tcp", 1, True)
    assert error.code == "CONNECTION_FAILED"
