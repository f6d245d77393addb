"""The link: pings, and what counts as a sign of life."""

from __future__ import annotations

import pytest

from ..harness import Wire


def test_ping_interval() -> None:
    """ping_interval changes the period."""
    wire = Wire(ping_interval=4.0).up()
    wire.at(4)
    assert wire.sent_events() == ["ping"]


def test_server_ping() -> None:
    """A ping of the server is answered at once."""
    wire = Wire().up()
    wire.server("ping")
    assert wire.sent() == [{"event": "pong"}]


def test_server_ping_does_not_wait_for_handlers() -> None:
    """The answer is there before any handler has run."""
    wire = Wire().up()
    wire.listen("*")
    wire.engine.receive('{"event":"ping"}', 0)
    assert wire.sent() == [{"event": "pong"}]


def test_pong_is_silent() -> None:
    """pong reaches no handler and causes nothing."""
    wire = Wire().up()
    told = wire.listen("*")
    wire.server("pong", timestamp=1787352105.7)
    assert told == []
    assert wire.sent() == []


@pytest.mark.parametrize("text", ['{"event":"pong"}', "no frame at all"])
def test_anything_is_a_sign_of_life(text: str) -> None:
    """Any message counts as life, a malformed one too."""
    wire = Wire().up()
    wire.at(39)
    wire.text(text)
    wire.at(78)
    assert wire.pc.connected
    wire.at(79)
    assert not wire.pc.connected


def test_binary_is_a_sign_of_life() -> None:
    """A binary message counts as life and is reported."""
    wire = Wire().up()
    errors = wire.listen("error")
    wire.at(39)
    wire.engine.receive_other("a binary message of 3 bytes", wire.now)
    wire.settle()
    wire.at(78)
    assert wire.pc.connected
    assert "a binary message of 3 bytes" in errors[0][1].message


def test_blocked_again() -> None:
    """Being blocked twice without hearing anything is not forgiven twice."""
    wire = Wire().up()
    wire.blocked(60)
    wire.blocked(60)
    assert not wire.pc.connected


def test_blocked_then_heard() -> None:
    """What was waiting in the socket is heard after all, and the link goes on as before."""
    wire = Wire().up()
    wire.blocked(60)
    wire.server("pong")
    wire.after(39)
    assert wire.pc.connected
    wire.after(1)
    assert not wire.pc.connected


def test_ping_stops_and_is_not_doubled() -> None:
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
