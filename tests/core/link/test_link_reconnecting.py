"""The link: the attempts after a loss, how long it waits between them, and what ends them."""

from __future__ import annotations

import pytest

from pinecall.core.link.link import Failure, Phase
from pinecall.errors import DisplacedError
from pinecall.options import ReconnectPolicy

from ..harness import Wire

REFUSED = Failure("tcp", "connection refused")


def delays(wire: Wire, count: int, failure: Failure = REFUSED) -> list[float]:
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


def test_delays_while_there_is_no_host() -> None:
    """A wait is a sixteenth of the outage so far, half a second at least and 30 s at most."""
    wire = Wire().up()
    wire.after(10)
    wire.lost()
    outage = 0.0
    for delay in delays(wire, 100):
        assert delay == pytest.approx(min(max(0.5, outage / 16), 30))
        outage += delay
    assert delay == 30


def test_delays_with_a_host_that_drops_connections() -> None:
    """The delays double from half a second up to 30 s, however long there was no host before."""
    for dropped in (
        Failure("handshake", "reset by peer"),
        Failure("tls", "closed during TLS"),
        Failure("authentication", "closed"),
        Failure("capacity", "full", code="SERVER_AT_CAPACITY"),
    ):
        wire = Wire().up()
        wire.lost()
        assert delays(wire, 9, dropped) == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
        wire = Wire().up()
        wire.lost()
        delays(wire, 30)
        assert delays(wire, 4, dropped)[1:] == [1, 2, 4]


def test_a_gateway_without_a_server() -> None:
    """An HTTP status is the answer of a host that cannot be reached yet."""
    wire = Wire().up()
    wire.lost()
    failure = Failure("handshake", "HTTP 503", code="HTTP_503")
    assert delays(wire, 5, failure) == [0.5] * 5


def test_counted_attempts() -> None:
    """Attempts that are counted out are not used up within seconds: their delays double."""
    wire = Wire(reconnect=ReconnectPolicy(jitter=0.0, max_attempts=6)).up()
    wire.lost()
    assert delays(wire, 5) == [0.5, 1, 2, 4, 8]


def test_a_policy_of_ones_own() -> None:
    """A first wait of one's own is kept while the outage is short."""
    wire = Wire(reconnect=ReconnectPolicy(jitter=0.0, initial=3.0)).up()
    wire.lost()
    assert delays(wire, 4) == [3] * 4


def test_backoff_starts_over_when_stable() -> None:
    """A connection that held for 5 s starts the delays over."""
    wire = Wire().up()
    wire.lost()
    wire.reconnect()
    wire.after(5)
    wire.lost()
    due = wire.engine.deadline(wire.now)
    assert due == wire.now + 0.5


def test_one_attempt_at_a_time() -> None:
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


def test_reconnecting_event() -> None:
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


def test_for_ever() -> None:
    """By default the attempts never end."""
    wire = Wire().up()
    wire.lost()
    for _ in range(200):
        due = wire.engine.deadline(wire.now)
        assert due is not None
        wire.at(due)
        wire.failed(REFUSED)
    assert wire.link.phase is Phase.BACKOFF


def test_connect_after_a_displacement() -> None:
    """connect() after a displacement opens a new connection."""
    wire = Wire().up()
    wire.lost(4001)
    outcome = wire.connect()
    assert wire.link.phase is Phase.OPENING
    wire.opened()
    wire.server("connected")
    assert outcome.result() is None


@pytest.mark.parametrize("code", [None, 1000, 1011, 4000])
def test_closed_on_the_way_back(code: int | None) -> None:
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


def test_trouble_on_the_way_back() -> None:
    """So is an error before connected that does not speak of the key."""
    wire = Wire().up()
    told = wire.listen("error")
    wire.lost()
    wire.at(0.5)
    wire.opened()
    wire.server("error", code="INTERNAL_ERROR", error="oops")
    assert wire.link.phase is Phase.BACKOFF
    assert told == []


def test_frames_for_a_dead_socket() -> None:
    """What was meant for the former socket is not written to the next one."""
    wire = Wire().up()
    wire.pc.send({"event": "ping"})
    wire.lost()
    wire.at(0.5)
    wire.opened()
    assert wire.sent_events() == ["connect"]


def test_displaced_on_the_way_back() -> None:
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
