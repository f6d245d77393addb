"""The verbs of a line's calls, with a front that gives the outcome itself."""

from __future__ import annotations

from pinecall.core.lines.line_call import RouteResult

from .front import NUMBER, a_line_call


def test_a_line_speaks() -> None:
    """A line's call sets the voice first, where one is given."""
    wire, call = a_line_call()
    call.say("hello")
    call.say("hola", voice="elenlabs/ana", language="es")
    assert wire.sent_events() == ["bot.reply", "session.configure", "bot.reply"]


def test_a_line_listens() -> None:
    """listen() and ask() give what was heard: keys as many as were asked for."""
    wire, call = a_line_call()
    heard = call.listen(digits=1, timeout=5.0)
    wire.server("call.dtmf_received", call_id="CL1", digit="7", digits="7")
    assert (heard.result().by, heard.result().digits) == ("keypad", "7")
    asked = call.ask("A key?", digits=1, timeout=5.0)
    wire.server("call.dtmf_received", call_id="CL1", digit="8", digits="78")
    assert asked.result().digits == "8"


def test_a_line_routes() -> None:
    """route_to() sends the hand-over with what goes along, and gives whether it was done."""
    wire, call = a_line_call()
    result = call.route_to("mara", language="es", history=False)
    frame = wire.sent()[0]
    assert (frame["event"], frame["language"]) == ("call.route", "es")
    wire.server("call.routed", call_id="CL1", agent_id=f"line:{NUMBER}", to_agent="mara")
    assert result.result() == RouteResult(ok=True)
