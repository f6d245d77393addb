"""Leaving without cutting anybody off."""

from __future__ import annotations

from pinecall.core.drain import DrainReport
from pinecall.core.kernel.outcome import Outcome

from .harness import Wire


def drain(wire: Wire, timeout: float = 30.0) -> Outcome[DrainReport]:
    outcome = wire.pc._place_drain(timeout)
    wire.settle()
    return outcome


def test_nothing_to_do() -> None:
    """A drain without calls is done at once; the channels are closed on the server, and kept here."""
    wire = Wire()
    mara = wire.agent(phone_number="+13186330963")
    outcome = drain(wire)
    report = outcome.result()
    assert (report.finished, report.cut, report.unsent) == ([], [], 0)
    assert wire.sent() == [
        {"event": "channel.remove", "agent_id": "mara", "type": "phone", "ref": "+13186330963"}
    ]
    assert list(mara.channels) == ["+13186330963"]
    assert wire.engine.drain is None


def test_waits_for_calls() -> None:
    """A drain is done when the last call has ended by itself."""
    wire = Wire()
    wire.call(call_id="CA1")
    wire.call(call_id="CA2")
    outcome = drain(wire)
    wire.server("call.ended", call_id="CA1")
    wire.after(1)
    assert not outcome.done
    wire.server("call.ended", call_id="CA2")
    wire.after(1)
    assert outcome.result().finished == ["CA1", "CA2"]
    assert outcome.result().cut == []


def test_calls_that_do_not_end() -> None:
    """A drain whose time is up names the calls that are still live."""
    wire = Wire()
    wire.call(call_id="CA1")
    wire.call(call_id="CA2")
    outcome = drain(wire, 10)
    wire.server("call.ended", call_id="CA2")
    wire.at(9.9)
    assert not outcome.done
    wire.at(10)
    report = outcome.result()
    assert (report.finished, report.cut) == (["CA2"], ["CA1"])


def test_tools_finish() -> None:
    """Tools of calls that go on are run and answered."""
    wire = Wire()
    call = wire.call()
    wire.listen("llm.tool_call", on=call)
    drain(wire)
    wire.server("llm.tool_call", call_id="CA1", msg_id="m1", tool_calls=[{"id": "1", "name": "x"}])
    call.tool_result("m1", [{"tool_call_id": "1", "result": 1}])
    assert wire.sent_events() == ["llm.tool_result"]


def test_nobody_new() -> None:
    """A call that rings during a drain is rejected, with a handler or without."""
    for listened in (True, False):
        wire = Wire()
        wire.call()
        if listened:
            wire.listen("call.ringing")
        drain(wire)
        wire.server("call.ringing", agent_id="mara", call_id="CA2")
        assert wire.sent() == [
            {"event": "call.reject", "agent_id": "mara", "call_id": "CA2", "reason": "busy"}
        ]


def test_what_waits_for_the_link() -> None:
    """A drain waits for frames that are to be sent later, and counts those that could not be sent."""
    for back in (True, False):
        wire = Wire()
        mara = wire.agent()
        wire.lost()
        mara.send_message("hi", contact="1")
        outcome = drain(wire, 10)
        assert not outcome.done
        if back:
            wire.reconnect()
            wire.server("agent.created", agent_id="mara")
        wire.at(10)
        assert outcome.result().unsent == (0 if back else 1)


def test_without_a_connection() -> None:
    """A drain without a connection is done at once."""
    wire = Wire()
    wire.pc.agent("mara", phone_number="+13186330963")
    assert drain(wire).done
    wire = Wire()
    wire.call()
    wire.engine.disconnect()
    assert drain(wire).done


def test_disconnect_ends_it() -> None:
    """disconnect() ends the waiting; the calls it ends were cut."""
    wire = Wire()
    wire.call()
    outcome = drain(wire)
    wire.engine.disconnect()
    assert (outcome.result().finished, outcome.result().cut) == ([], ["CA1"])
    assert len(wire.engine.timers) == 0


def test_a_link_that_ends() -> None:
    """A drain is done when the link closes for good."""
    wire = Wire()
    wire.call()
    outcome = drain(wire)
    wire.lost(4001)
    assert (outcome.result().finished, outcome.result().cut) == ([], ["CA1"])
