"""Claiming a number as a line: the ack, the refusal, and what waits for them."""

from __future__ import annotations

import pytest

from pinecall.errors import RegistrationError

from ..harness import KEY, Wire
from .phone_line import NUMBER, call_of, ready


@pytest.mark.parametrize("fields", [{"number": NUMBER}, {"agent_id": f"line:{NUMBER}"}])
def test_created(fields: dict[str, str]) -> None:
    """line.created settles ready and fires, with the number or the address; a repeated one only fires."""
    wire = Wire().up()
    line = wire.pc.line(NUMBER)
    outcome = line._registration.ready
    told = wire.listen("line.created", on=line)
    wire.server("line.created", **fields)
    assert outcome.result() is None
    assert line.registered
    assert told[0][2] is line
    wire.server("line.created", **fields)
    assert len(told) == 2


def test_error() -> None:
    """line.error fails ready with its code, and error fires on the line."""
    wire = Wire().up()
    line = wire.pc.line(NUMBER)
    outcome = line._registration.ready
    told = wire.listen("error", on=line)
    wire.server("line.error", number=NUMBER, code="LINE_CONFLICT", error="held elsewhere")
    with pytest.raises(RegistrationError, match="held elsewhere") as caught:
        outcome.result()
    assert caught.value.code == "LINE_CONFLICT"
    assert told == [("error", caught.value)]


def test_error_without_words() -> None:
    """line.error without a code is a configuration error."""
    wire = Wire().up()
    line = wire.pc.line(NUMBER)
    wire.server("line.error", number=NUMBER)
    error = line._registration.ready.error
    assert isinstance(error, RegistrationError)
    assert error.code == "LINE_CONFIG_ERROR"


@pytest.mark.parametrize("event", ["line.created", "line.error", "line.destroyed"])
def test_strangers(event: str) -> None:
    """Frames of another line, or of an agent, are dropped."""
    wire = Wire()
    wire.agent()
    told = wire.listen("*")
    wire.server(event, number="+12186630000")
    wire.server(event, agent_id="mara", number="")
    assert told == []
    assert wire.pc.stats()["dropped"] == 2


def test_after_a_reconnect() -> None:
    """After a reconnect the line is claimed again, and ready is pending until then."""
    wire = Wire()
    line = ready(wire)
    wire.lost()
    assert not line._registration.ready.done
    wire.reconnect()
    assert wire.sent_events() == ["connect", "line.create"]


def test_claimed_anew_with_other_options() -> None:
    """line() with other options claims the number anew; with the same, or none, it does not."""
    wire = Wire()
    line = ready(wire, stt="soniox")
    assert wire.pc.line(NUMBER) is line
    assert wire.pc.line(NUMBER, stt="soniox") is line
    assert wire.sent() == []
    assert wire.pc.line(NUMBER, stt="soniox", language="es") is line
    [frame] = wire.sent()
    assert frame["event"] == "line.create"
    assert frame["config"]["language"] == "es"


def test_error_without_secrets() -> None:
    """A refusal that quotes the API key is reported without it."""
    wire = Wire().up()
    line = wire.pc.line(NUMBER)
    wire.server("line.error", number=NUMBER, code="BAD_KEY", error=f"{KEY} may not do this")
    error = line._registration.ready.error
    assert isinstance(error, RegistrationError)
    assert str(error) == f"line {NUMBER} was refused: *** may not do this (BAD_KEY)"
    assert (error.code, error.agent_id) == ("BAD_KEY", line.id)


def test_refused_lines_are_claimed_again() -> None:
    """A line that was refused is claimed again after a reconnect, and may then be ours."""
    wire = Wire().up()
    line = wire.pc.line(NUMBER)
    wire.server("line.error", number=NUMBER, code="LINE_CONFLICT")
    wire.lost()
    wire.reconnect()
    assert wire.sent_events() == ["connect", "line.create"]
    wire.server("line.created", number=NUMBER)
    assert line.registered
    assert line._registration.ready.result() is None


def test_what_waits_for_the_ack() -> None:
    """Frames of the line's calls that may be sent later are sent once, after the ack."""
    wire = Wire()
    call = call_of(wire)
    wire.lost()
    assert call.status == "detached"
    call.hangup()
    wire.reconnect()
    assert "call.hangup" not in wire.sent_events()
    for _ in range(2):
        wire.server("line.created", number=NUMBER)
    assert wire.sent() == [{"event": "call.hangup", "call_id": "CL1"}]
