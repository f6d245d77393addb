"""The link: the first connection, and what refuses it."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.kernel.outcome import Outcome
from pinecall.core.link.link import Failure, Phase
from pinecall.errors import AuthenticationError, ConnectError

from ..harness import KEY, Wire

REFUSED = Failure("tcp", "connection refused")


def raised(outcome: Outcome[None], kind: type[BaseException]) -> Any:
    with pytest.raises(kind) as caught:
        outcome.result()
    return caught.value


def test_nothing_precedes_the_key() -> None:
    """The first frame is connect with the key, and nothing is sent before or with it."""
    wire = Wire()
    wire.pc.agent("mara")
    wire.connect()
    assert wire.sent() == []
    wire.opened()
    assert wire.sent() == [{"event": "connect", "api_key": KEY}]


def test_server_in_a_hurry() -> None:
    """A connected frame that comes before ours was written is accepted."""
    wire = Wire()
    outcome = wire.connect()
    wire.engine.opened(1, 0)
    wire.engine.receive('{"event":"connected"}', 0)
    assert outcome.done
    assert wire.sent_events() == ["connect"]


def test_ping_before_connected() -> None:
    """A ping during the authentication is answered."""
    wire = Wire()
    wire.connect()
    wire.opened()
    wire.server("ping")
    assert wire.sent_events() == ["connect", "pong"]


@pytest.mark.parametrize("stage", ["tcp", "handshake"])
def test_silent_host(stage: str) -> None:
    """The timeout names how far the attempt had come."""
    wire = Wire()
    outcome = wire.connect()
    wire.link.stage = stage
    wire.at(10)
    assert raised(outcome, ConnectError).phase == stage


def test_failed_connect_leaves_nothing() -> None:
    """After connect() failed no timer is left, and no attempt follows."""
    wire = Wire()
    wire.connect()
    wire.at(10)
    generation = wire.link.generation
    wire.at(1000)
    assert wire.link.phase is Phase.IDLE
    assert wire.link.generation == generation
    assert len(wire.engine.timers) == 0


def test_timers_of_a_former_attempt() -> None:
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


def test_refused_key_is_not_tried_again() -> None:
    """After a refused key no further attempt is made."""
    wire = Wire()
    wire.connect()
    wire.opened()
    wire.server("error", error="Invalid API key")
    generation = wire.link.generation
    wire.at(500)
    assert wire.link.generation == generation


def test_error_without_words() -> None:
    """An error frame without code and text still refuses the key."""
    wire = Wire()
    outcome = wire.connect()
    wire.opened()
    wire.server("error")
    assert raised(outcome, AuthenticationError).code == "INVALID_KEY"


def test_error_after_disconnect() -> None:
    """An error frame read after disconnect() cannot start an attempt or be reported."""
    wire = Wire().up()
    errors = wire.listen("error")
    wire.engine.disconnect()
    wire.server("error", code="SERVER_AT_CAPACITY", error="full")
    wire.server("error", code="INVALID_KEY", error="no")
    assert wire.link.phase is Phase.CLOSED
    assert errors == []


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (1008, ""), (4401, ""), (4403, ""), (1000, "bad API key"), (4000, "Unauthorized"),
        (4000, "forbidden"),
    ],
)  # fmt: skip
def test_closed_for_the_key(code: int, reason: str) -> None:
    """A close that speaks of the key, or of policy, is a refused key."""
    wire = Wire()
    outcome = wire.connect()
    wire.opened()
    wire.lost(code, reason)
    assert raised(outcome, AuthenticationError).code == "INVALID_KEY"


@pytest.mark.parametrize("code", ["INTERNAL_ERROR", "RATE_LIMITED"])
def test_trouble_of_the_server(code: str) -> None:
    """An error before connected that is not about the key fails connect() and does not blame it."""
    wire = Wire()
    outcome = wire.connect()
    wire.opened()
    wire.server("error", code=code, error="try later")
    error = raised(outcome, ConnectError)
    assert not isinstance(error, AuthenticationError)
    assert error.code == code
    assert "try later" in error.message


@pytest.mark.parametrize("code", [None, 1001, 1006, 1012, 1013])
def test_closed_by_the_network(code: int | None) -> None:
    """A connection cut during the authentication is tried again."""
    wire = Wire()
    outcome = wire.connect()
    wire.opened()
    wire.lost(code)
    wire.at(0.5)
    wire.opened()
    wire.server("connected")
    assert outcome.result() is None


def test_without_reconnect_one_attempt() -> None:
    """With reconnect=False the first connection is tried once."""
    wire = Wire(reconnect=None)
    outcome = wire.connect()
    wire.failed(REFUSED)
    assert raised(outcome, ConnectError).attempts == 1
    assert wire.link.phase is Phase.IDLE


def test_connect_again_after_a_failure() -> None:
    """connect() after a failed connect() starts afresh."""
    wire = Wire()
    wire.connect()
    wire.at(10)
    outcome = wire.connect()
    assert wire.link.phase is Phase.OPENING
    wire.opened()
    wire.server("connected")
    assert outcome.result() is None


def test_forgotten_failure() -> None:
    """A failed connect() that nobody waits for is silent."""
    wire = Wire()
    errors = wire.listen("error")
    wire.connect()
    wire.at(20)
    assert errors == []


def test_key_and_url_are_asked_anew() -> None:
    """Each attempt sends the key as it is then."""
    wire = Wire().up()
    wire.key = "pk_live_other"
    wire.lost()
    wire.at(0.5)
    wire.opened()
    assert wire.sent() == [{"event": "connect", "api_key": "pk_live_other"}]
