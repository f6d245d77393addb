"""Calls that go out: dialled numbers and bridges to other agents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pinecall import ConfigurationError, DialError, NotConnected

from ..fronts.log import until
from .scene import NUMBER, Scene

THERE = "+14155551234"
ELSEWHERE = "+14155556789"


def test_dial(scene: Scene) -> None:
    """``dial`` rings from the only phone channel and gives the call once somebody answers."""
    agent = scene.agent()
    call = scene.do(
        agent.dial, "+1 415 555 1234", greeting="Hello, this is Mara", metadata={"order": 7},
        config={"voice": "cartesia/yumiko"},
    )  # fmt: skip
    frame = scene.sent("call.dial")
    assert (frame["to"], frame["from"], frame["greeting"]) == (THERE, NUMBER, "Hello, this is Mara")
    assert (frame["metadata"], frame["config"]) == ({"order": 7}, {"voice": "cartesia/yumiko"})
    assert "detect_turn_end" not in frame
    callee = scene.emu.wait_dialled(THERE)
    assert callee.wait_reply() == "Hello, this is Mara"
    assert (call.id, call.direction, call.status) == (callee.id, "outbound", "active")
    assert (call.from_, call.to, call._greeting) == (NUMBER, THERE, "Hello, this is Mara")
    assert call.metadata == {"order": 7}
    assert scene.got("call.dialing").call_id == call.id
    scene.got("call.started")
    callee.say("Hi")
    assert scene.got("turn.end").call_id == call.id


def test_detect_turn_end(scene: Scene) -> None:
    """With ``detect_turn_end`` the greeting waits until the other side has finished its own."""
    agent = scene.agent()
    scene.do(agent.dial, THERE, greeting="This is Mara", detect_turn_end=True)
    assert scene.sent("call.dial")["detect_turn_end"] is True
    callee = scene.emu.wait_dialled(THERE)
    assert callee.heard == []
    callee.say("Pines hotel, good morning")
    assert callee.wait_reply() == "This is Mara"


@pytest.mark.parametrize("outcome", ["busy", "no-answer", "failed", "canceled"])
def test_nobody_answers(scene: Scene, outcome: str) -> None:
    """A dial that ends before it is answered raises DialError with the reason and the call."""
    agent = scene.agent()
    scene.emu.on_dial(THERE, outcome)
    with pytest.raises(DialError, match=outcome) as caught:
        scene.do(agent.dial, THERE)
    assert caught.value.reason == outcome
    assert caught.value.call_id == scene.got("call.dialing").call_id
    assert not agent.calls
    assert "call.ended" not in scene.names()


def test_the_carrier_refuses(scene: Scene) -> None:
    """A ``call.error`` fails the dial, and reaches the handlers."""
    agent = scene.agent()
    scene.emu.on_dial(THERE, "error")
    with pytest.raises(DialError) as caught:
        scene.do(agent.dial, THERE)
    assert (caught.value.reason, caught.value.code) == ("failed", "CARRIER_ERROR")
    assert "the carrier refused the call" in caught.value.message
    assert scene.got("call.error").code == "CARRIER_ERROR"
    assert scene.errors.wait_count(1)[0].code == "CARRIER_ERROR"


def test_the_server_refuses(scene: Scene) -> None:
    """A dial that the server refuses before a call exists fails as well, with its words and code."""
    agent = scene.agent()
    scene.emu.fail("call.dial", error="outbound is not enabled", code="PLAN")
    with pytest.raises(DialError, match="outbound is not enabled") as caught:
        scene.do(agent.dial, THERE)
    assert (caught.value.reason, caught.value.code) == ("failed", "PLAN")
    scene.emu.credits = 0
    with pytest.raises(DialError):
        scene.do(agent.dial, THERE)


def test_dial_timeout(scene: Scene) -> None:
    """Nobody answers in time: DialError ``timeout``, and the phone stops ringing."""
    agent = scene.agent()
    scene.emu.on_dial(THERE, "silent")
    with pytest.raises(DialError) as caught:
        scene.do(agent.dial, THERE, timeout=0.1)
    assert caught.value.reason == "timeout"
    dialing = scene.got("call.dialing")
    assert scene.sent("call.hangup")["call_id"] == dialing.call_id
    until(lambda: dialing.call_id not in scene.emu.calls, "the end of the ringing")


def test_a_late_dialing_is_hung_up(scene: Scene) -> None:
    """A call whose dial was given up is hung up when it appears after all."""
    agent = scene.agent()
    scene.emu.fail("call.dial", "delay", delay=0.3)
    with pytest.raises(DialError) as caught:
        scene.do(agent.dial, THERE, timeout=0.1)
    assert caught.value.reason == "timeout"
    dialing = scene.got("call.dialing")
    scene.sent("call.hangup", call_id=dialing.call_id)
    until(lambda: not scene.emu.calls, "the end of the call")


def test_a_lost_link_fails_a_dial(scene: Scene) -> None:
    """A dial in flight fails with the link, and is not sent again after the reconnect."""
    agent = scene.agent()
    scene.emu.on_dial(THERE, "silent")
    waiting = scene.front.begin(agent.dial, THERE)
    scene.got("call.dialing")
    scene.cut()
    with pytest.raises(DialError) as caught:
        waiting.result(10)
    assert caught.value.reason == "connection_lost"
    with pytest.raises(NotConnected):
        scene.do(agent.dial, THERE)
    scene.mend()
    scene.got("agent.resumed")
    assert len(scene.frames("call.dial")) == 1


def test_two_numbers_at_once(scene: Scene) -> None:
    """Two dials at once get their own calls, whoever answers first."""
    agent = scene.agent()
    scene.emu.on_dial(THERE, "answer", delay=0.2)
    first = scene.front.begin(agent.dial, THERE)
    scene.sent("call.dial", to=THERE)
    second = scene.front.begin(agent.dial, ELSEWHERE)
    assert second.result(10).to == ELSEWHERE
    assert not first.done()
    assert first.result(10).to == THERE


def test_one_number_twice_at_once(scene: Scene) -> None:
    """Two dials to one number at once get two calls."""
    agent = scene.agent()
    dials = [scene.front.begin(agent.dial, THERE) for _ in range(2)]
    calls = [dial.result(10) for dial in dials]
    assert calls[0] is not calls[1]
    assert {call.id for call in calls} == {
        scene.emu.wait_dialled(THERE).id,
        scene.emu.wait_dialled(THERE).id,
    }


def test_one_busy_and_one_answered(scene: Scene) -> None:
    """The end of one dial does not fail another."""
    agent = scene.agent()
    scene.emu.on_dial(THERE, "busy")
    scene.emu.on_dial(ELSEWHERE, "answer", delay=0.1)
    good = scene.front.begin(agent.dial, ELSEWHERE)
    scene.sent("call.dial", to=ELSEWHERE)
    with pytest.raises(DialError):
        scene.do(agent.dial, THERE)
    assert good.result(10).to == ELSEWHERE


def test_unrelated_calls_never_settle_a_dial(scene: Scene) -> None:
    """An inbound call that begins and ends neither answers nor fails a dial."""
    agent = scene.agent()
    scene.emu.on_dial(THERE, "answer", delay=0.3)
    waiting = scene.front.begin(agent.dial, THERE)
    scene.got("call.dialing")
    caller, inbound = scene.ring()
    caller.hangup()
    scene.items.wait_for(lambda item: item.name == "call.ended" and item.call is inbound)
    assert not waiting.done()
    assert waiting.result(10).to == THERE


def test_dial_in_a_handler(scene: Scene) -> None:
    """A handler may dial and talk: its own call is a different one."""
    agent = scene.agent()

    def started(call: Any) -> Iterator[Any]:
        if call.direction == "inbound":
            other = yield lambda: agent.dial(THERE)
            scene.notes((call.id, other.id))

    scene.do(agent.on, "call.started", scene.handler(started))
    caller, _ = scene.ring()
    ((inbound, outbound),) = scene.notes.wait_count(1)
    assert inbound == caller.id != outbound


def test_caller_id(scene: Scene) -> None:
    """Without one phone channel, ``dial`` asks which number to ring from, and sends nothing."""
    agent = scene.agent(number=None)
    with pytest.raises(ConfigurationError, match="no phone channel"):
        scene.do(agent.dial, THERE)
    scene.do(agent.add_channel, "phone", NUMBER)
    scene.do(agent.add_channel, "phone", "+13186330964")
    with pytest.raises(ConfigurationError, match="from_="):
        scene.do(agent.dial, THERE)
    with pytest.raises(ConfigurationError):
        scene.do(agent.dial, "not a number")
    assert not scene.frames("call.dial")
    assert scene.do(agent.dial, THERE, from_="+13186330964").from_ == "+13186330964"


def test_bridge(scene: Scene) -> None:
    """``bridge`` gives the calling side's call; each agent hears the other's words."""
    pines = scene.model("pines", None, greeting="Pines hotel")
    judge = scene.agent("judge", None)
    call = scene.do(judge.bridge, "pines", greeting="A room please", metadata={"k": 1})
    frame = scene.sent("call.bridge")
    assert (frame["target"], frame["detect_turn_end"]) == ("pines", True)
    assert (call.agent, call._greeting, call.direction) == (judge, "A room please", "outbound")
    turn = scene.got("turn.end", call_id=call.id)
    assert (turn.text, turn.source) == ("Pines hotel", "bot")
    heard = scene.items.wait_for(
        lambda item: item.name == "turn.end" and item.agent is pines and item.event
    )
    assert heard.event.text == "A room please"
    scene.do(call.hangup)
    until(lambda: not pines.calls, "the end of the other side")


def test_bridge_to_nobody(scene: Scene) -> None:
    """A target that is not online fails the bridge; an inbound call does not answer it."""
    agent = scene.agent()
    with pytest.raises(DialError):
        scene.do(agent.bridge, "nobody")
    scene.emu.fail("call.bridge", "ignore")
    waiting = scene.front.begin(agent.bridge, "nobody", timeout=0.3)
    scene.sent("call.bridge", count=2)
    scene.ring()
    with pytest.raises(DialError) as caught:
        waiting.result(10)
    assert caught.value.reason == "timeout"
