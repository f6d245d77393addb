"""Phone lines: numbers that the program answers."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.errors import ConfigurationError, RegistrationError

from ..harness import Wire
from .phone_line import IDS, NUMBER, answered, ready


def test_create() -> None:
    """line() claims the number in its normal form, with its configuration; the same number,
    however written, is the same line."""
    wire = Wire().up()
    line = wire.pc.line("1 218 663 3772", stt="soniox:v5", voice="elevenlabs/sarah")
    assert wire.sent() == [
        {
            "event": "line.create",
            "number": NUMBER,
            "config": {
                "stt": {"provider": "soniox", "model": "v5"},
                "voice": "elevenlabs/sarah",
                "extension_window_ms": 2500,
            },
        }
    ]
    assert line.number == NUMBER
    assert not line.registered
    assert wire.pc.line(NUMBER) is wire.pc.line("+1 (218) 663-3772") is line
    assert wire.sent() == []


def test_no_window() -> None:
    """A given extension window is sent, also 0."""
    wire = Wire().up()
    wire.pc.line(NUMBER, extension_window=0)
    assert wire.sent()[0]["config"] == {"extension_window_ms": 0}


@pytest.mark.parametrize("key", ["llm", "prompt", "tools", "greeting"])
def test_no_model(key: str) -> None:
    """An option that belongs to a model is refused at once: a line has none."""
    wire = Wire().up()
    with pytest.raises(ConfigurationError) as caught:
        wire.pc.line(NUMBER, **{key: "x"})
    assert caught.value.code == "LINE_CONFIG_ERROR"
    assert wire.sent() == []


def test_destroy() -> None:
    """destroy() gives the number back; line.destroyed fires, and the number is not claimed again."""
    wire = Wire()
    line = ready(wire)
    told = wire.listen("line.destroyed")
    line.destroy()
    assert wire.sent() == [{"event": "line.destroy", "number": NUMBER}]
    wire.server("line.destroyed", number=NUMBER)
    assert told[0][2] is line
    wire.lost()
    wire.reconnect()
    assert wire.sent_events() == ["connect"]
    assert wire.pc.line(NUMBER) is not line


def test_destroy_while_down() -> None:
    """destroy() while the link is down sends nothing, and ends the wait for the line."""
    wire = Wire()
    line = wire.pc.line(NUMBER)
    outcome = line._registration.ready
    line.destroy()
    with pytest.raises(RegistrationError, match=r"was destroyed"):
        outcome.result()
    assert wire.pc.stats()["lines"] == 0


def test_destroy_twice() -> None:
    """A second destroy() does nothing."""
    wire = Wire()
    line = ready(wire)
    line.destroy()
    line.destroy()
    assert wire.sent() == [{"event": "line.destroy", "number": NUMBER}]
    assert line._removed


def test_destroy_drops_what_waits(caplog: pytest.LogCaptureFixture) -> None:
    """Frames that waited for the line are not sent after destroy(), which is logged."""
    wire = Wire()
    line = ready(wire)
    call = answered(wire)
    wire.lost()
    call.hangup()
    line.destroy()
    wire.reconnect()
    assert wire.sent_events() == ["connect"]
    assert f"line {NUMBER} is no more: 1 frames that waited are not sent" in caplog.text


def test_repr() -> None:
    """The repr has the number and the state of the claim."""
    wire = Wire().up()
    line = wire.pc.line(NUMBER)
    assert repr(line) == f"<LineBase {NUMBER}: asked>"
    wire.server("line.created", number=NUMBER)
    assert repr(line) == f"<LineBase {NUMBER}: held>"
    line.destroy()
    assert repr(line) == f"<LineBase {NUMBER}: removed>"


def test_handlers() -> None:
    """Events of the line's calls reach call, line and client, in that order."""
    wire = Wire()
    line = ready(wire)
    call = answered(wire)
    order: list[str] = []
    wire.pc._add_handler("call.held", lambda e, c: order.append("client"))
    line._add_handler("call.held", lambda e, c: order.append("line"))
    call._add_handler("call.held", lambda e, c: order.append("call"))
    wire.server("call.held", **IDS)
    assert order == ["call", "line", "client"]


def test_call() -> None:
    """A call of a line fires call, and no call.started."""
    wire = Wire()
    line = ready(wire)
    told = wire.listen("call", "call.started", on=line)
    call = answered(wire, extension="7")
    assert told == [("call", call)]
    assert (call.extension, call.from_, call.agent) == ("7", "+15551230000", line)
    assert not call.routed


def test_repeated() -> None:
    """A repeated call.started keeps the call's object and fires ``call`` no second time."""
    wire = Wire()
    line = ready(wire)
    heard = wire.listen("call", on=line)
    first = answered(wire)
    repeated = answered(wire)
    assert repeated is first
    assert heard == [("call", first)]


def test_extensions() -> None:
    """An extension's function gets the call; * gets the others, and callers who press nothing."""
    wire = Wire()
    line = ready(wire)
    took: list[tuple[str, str]] = []

    async def later(call: Any) -> None:
        took.append(("11", call.id))

    line.extensions(
        {
            "10": lambda call: took.append(("10", call.id)),
            "11": later,
            "*": lambda call: took.append(("*", call.id)),
        }
    )
    told = wire.listen("call", on=line)
    for call_id, extension in (("C1", "10"), ("C2", "11"), ("C3", "99"), ("C4", None)):
        answered(wire, call_id, extension=extension)
    assert took == [("10", "C1"), ("11", "C2"), ("*", "C3"), ("*", "C4")]
    assert told == []
    line.extensions({"10": lambda call: took.append(("10", call.id))})
    answered(wire, "C5", extension=None)
    assert [call.id for _, call in told] == ["C5"]


def test_unlisted_extension() -> None:
    """An extension that is not in the table fires call."""
    wire = Wire()
    line = ready(wire)
    line.extensions({"10": "sales"})
    told = wire.listen("call", on=line)
    answered(wire, extension="99")
    assert len(told) == 1


def test_extension_to_an_agent() -> None:
    """An agent's id routes the call."""
    wire = Wire()
    line = ready(wire)
    line.extensions({"10": "sales"})
    told = wire.listen("error")
    call = answered(wire, extension="10")
    assert wire.sent() == [
        {"event": "call.route", "call_id": "CL1", "agent": "sales", "history": True}
    ]
    wire.server("call.routed", **IDS, agent="sales")
    assert call.routed
    assert told == []


def test_route_that_fails() -> None:
    """An extension whose agent does not take the call is an error of the line."""
    wire = Wire()
    line = ready(wire)
    line.extensions({"10": "sales"})
    told = wire.listen("error", on=line)
    answered(wire, extension="10")
    wire.server("call.route_failed", **IDS, agent="sales", reason="offline")
    assert told[0][1].code == "LINE_EXTENSION_ERROR"
    assert "'sales' (offline)" in told[0][1].message


def test_caller_gone_while_routing() -> None:
    """A caller who hangs up during the hand-over is not an error."""
    wire = Wire()
    line = ready(wire)
    line.extensions({"10": "sales"})
    told = wire.listen("error", on=line)
    answered(wire, extension="10")
    wire.server("call.ended", **IDS, reason="hangup")
    assert told == []


def test_function_that_fails() -> None:
    """A function that raises is an error of the line, with the cause."""
    wire = Wire()
    line = ready(wire)

    def broken(call: Any) -> None:
        raise KeyError("x")

    line.extensions({"10": broken})
    told = wire.listen("error", on=line)
    answered(wire, extension="10")
    error = told[0][1]
    assert (error.code, error.call_id) == ("LINE_EXTENSION_ERROR", "CL1")
    assert isinstance(error.__cause__, KeyError)


@pytest.mark.parametrize(
    "table", [{5: "a"}, {"": "a"}, {"x": "a"}, {"1": ""}, {"1": 5}, {"1": None}, 5]
)
def test_bad_tables(table: Any) -> None:
    """A table that is not digits or * to agents and functions is refused."""
    with pytest.raises(ConfigurationError, match="extension"):
        ready(Wire()).extensions(table)


def test_coroutines_without_a_loop() -> None:
    """Without an event loop a coroutine function is refused."""

    async def later(call: Any) -> None:
        """It waits."""

    with pytest.raises(ConfigurationError, match="'async def'"):
        ready(Wire(coroutines=False)).extensions({"10": later})
