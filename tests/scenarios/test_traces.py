"""Traces of whole conversations, on every channel."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall import tool

from ..fronts.log import until
from .scene import CALLER, NUMBER, Scene

PACED = pytest.mark.parametrize("emu", [{"pace": 0.02}], indirect=True)


@tool
def find_tables(party: int) -> list[str]:
    """Find free tables."""
    return ["20:30"]


def summed(trace: Any) -> bool:
    """Whether each wait is the sum of its parts."""
    return all(abs((turn.wait or 0.0) - sum(turn.parts.values())) < 1e-3 for turn in trace.turns)


def said(trace: Any) -> list[tuple[str, str, bool]]:
    return [(turn.heard, turn.said, turn.interrupted) for turn in trace.turns]


@pytest.mark.parametrize("transport", ["phone", "webrtc"])
def test_a_voice_call(scene: Scene, transport: str) -> None:
    """A greeting, a turn with a tool and its answer; both fronts and both kinds of call."""
    scene.pc.traces()
    scene.model(greeting="Hello.", tools=[find_tables])
    if transport == "phone":
        caller = scene.emu.phone_call(to=NUMBER, from_=CALLER)
    else:
        scene.do(scene.pc.get_agent("mara").add_channel, "webrtc")
        scene.got("channel.added", type="webrtc")
        caller = scene.emu.webrtc_call("mara")
    call = scene.call(caller.id)
    caller.wait_reply()
    caller.say("find tables for 2")
    caller.wait_reply()
    caller.hangup()
    until(lambda: call.status == "ended", "the end of the call")
    trace = call.trace
    greeting, table = trace.turns
    assert (greeting.said, greeting.wait, greeting.heard) == ("Hello.", None, "")
    assert (table.heard, table.interrupted) == ("find tables for 2", False)
    assert table.said == "20:30." and table.wait is not None and summed(trace)
    [used] = trace.tools
    assert (used.name, used.arguments, used.result, used.turn) == (
        "find_tables",
        {"party": 2},
        ["20:30"],
        1,
    )
    assert (trace.transport, trace.reason, trace.duration) == (
        transport,
        call.reason,
        call.duration,
    )
    assert (trace.from_, trace.to, trace.started_at) == (call.from_, call.to, call.started_at)


@PACED
def test_interruptions(scene: Scene) -> None:
    """A reply that the caller cuts off ends there; one taken back by going on is gone."""
    scene.pc.traces()
    scene.agent()
    scene.pc.on(
        "turn.end", lambda turn, call: call.reply(f"You have just said {turn.text}, is it so?")
    )
    caller, call = scene.ring()
    caller.say("one")
    caller.interrupt("two")
    caller.wait_reply()
    caller.continue_("and three")
    caller.wait_reply()
    caller.hangup()
    until(lambda: call.status == "ended", "the end of the call")
    first, second = call.trace.turns
    assert (first.heard, first.interrupted, first.said[:8]) == ("one", True, "You have")
    assert (second.heard, second.interrupted) == ("two and three", False)
    assert second.said == "You have just said and three, is it so?"
    assert first.parts["voice"] > 0 and summed(call.trace)
    assert first.said_to <= second.heard_to <= second.said_from


def test_a_chat(scene: Scene) -> None:
    """A chat's turns have the times of its messages."""
    scene.pc.traces()
    scene.model(number=None, tools=[find_tables])
    scene.do(scene.pc.get_agent("mara").add_channel, "chat")
    scene.got("channel.added", type="chat")
    visitor = scene.emu.chat("mara")
    visitor.say("find tables for 3")
    reply = visitor.wait_reply()
    call = scene.call(visitor.id)
    visitor.close()
    until(lambda: call.status == "ended", "the end of the call")
    [turn] = call.trace.turns
    assert (turn.heard, turn.said, turn.heard_from) == ("find tables for 3", reply, turn.heard_to)
    assert turn.wait is not None and summed(call.trace) and len(turn.tools) == 1
    assert (call.trace.transport, call.trace.from_, call.trace.reason) == (
        "chat",
        "chat",
        "chat_completed",
    )


def test_a_lost_link(scene: Scene) -> None:
    """A call that outlives a lost link is one trace, with what passed after it."""
    scene.pc.traces()
    scene.agent()
    caller, call = scene.ring()
    scene.heard(scene.do(call.say, "Before"))
    scene.cut()
    scene.mend()
    until(lambda: call.agent.registered, "the agent is back")
    caller.say("still there?")
    until(lambda: call.status == "active", "the call goes on")
    scene.heard(scene.do(call.say, "After"))
    assert said(call.trace) == [("", "Before", False), ("still there?", "After", False)]


def test_a_line_that_hands_over(scene: Scene) -> None:
    """The call of a line and of the agent that it is handed to is one trace, the agent's."""
    scene.pc.traces()
    line = scene.line()
    scene.model("ventas", "+13186330964", greeting="Sales here.")

    line.on("call", scene.handler(lambda call: iter([lambda: call.route_to("ventas")])))
    caller = scene.emu.phone_call(to=NUMBER, from_=CALLER)
    until(lambda: scene.pc.get_agent("ventas").call(caller.id) is not None, "the hand-over")
    call = scene.pc.get_agent("ventas").call(caller.id)
    assert caller.wait_reply() == "Sales here."
    assert (call.trace.agent_id, call.trace.reason) == ("ventas", "")
    assert [turn.said for turn in call.trace.turns] == ["Sales here."]
    assert "call.routed" in [entry.name for entry in call.trace.entries]
