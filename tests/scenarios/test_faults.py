"""What goes wrong between client and server, on demand, and what the user sees of it."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall import DialError, PhoneInUseError, RegistrationError, tool
from pinecall_sync.emulator import EmulatorError

from ..fronts.log import DEADLINE, until
from .scene import NUMBER, Scene

OTHER = "+13186330964"
TO, TO_TOO = "+14155550001", "+14155550002"


def test_faults_that_cannot_happen(scene: Scene) -> None:
    """A misspelt name, an event that is to be refused and an unknown kind are errors at once."""
    with pytest.raises(EmulatorError, match=r"did you mean 'call\.dial'"):
        scene.emu.fail("call.dail")
    with pytest.raises(EmulatorError, match="only commands are refused"):
        scene.emu.fail("call.started")
    with pytest.raises(EmulatorError, match="how is one of refuse, ignore"):
        scene.emu.fail("call.started", "lose")


# -- registrations and channels -------------------------------------------------------------------


def test_a_lost_registration(scene: Scene) -> None:
    """Without an answer ``wait_ready`` times out; with the next connection the agent is there."""
    pc = scene.connected()
    scene.emu.fail("agent.create", "ignore")
    agent = scene.do(pc.agent, "mara")
    with pytest.raises(RegistrationError) as caught:
        scene.do(agent.wait_ready, timeout=0.1)
    assert caught.value.code == "AGENT_NOT_REGISTERED"
    scene.emu.drop()
    scene.do(agent.wait_ready)


def test_a_repeated_acknowledgement(scene: Scene) -> None:
    """The channels are claimed once, however often the registration is acknowledged."""
    scene.emu.fail("agent.create", "repeat")
    scene.emu.fail("channel.added", "repeat")
    agent = scene.agent()
    scene.got("agent.created", count=2)
    scene.got("channel.added", count=2)
    assert len(scene.frames("channel.add")) == 1
    assert list(agent.channels) == [NUMBER]


def test_registrations_in_another_order(scene: Scene) -> None:
    """Each agent is ready with its own acknowledgement."""
    pc = scene.connected()
    created = scene.do(pc.events, "agent.created")
    scene.emu.fail("agent.created", "reorder")
    first, second = scene.do(pc.agent, "one"), scene.do(pc.agent, "two")
    scene.do(second.wait_ready)
    scene.do(first.wait_ready)
    assert [item.agent for item in scene.front.take(created, 2)] == [second, first]


def test_a_channel_in_use(scene: Scene) -> None:
    """A number that somebody else has is reported, also to whoever waits for the agent; it is given
    up, and not claimed again: the next registration lacks nothing."""
    scene.emu.fail("channel.add")
    with pytest.raises(PhoneInUseError):
        scene.agent()
    agent = scene.pc.get_agent("mara")
    assert isinstance(scene.errors.wait_count(1)[0], PhoneInUseError)
    assert not agent.channels
    scene.cut()
    scene.mend()
    scene.do(agent.wait_ready)
    assert len(scene.frames("channel.add")) == 1


def test_a_link_lost_at_a_channel(scene: Scene) -> None:
    """A channel whose claim was cut off is claimed again."""
    scene.emu.fail("channel.add", "drop")
    scene.agent()
    scene.sent("channel.add", count=2)
    scene.got("channel.added")
    assert scene.names().count("channel.added") == 1


# -- dials ----------------------------------------------------------------------------------------


def test_a_dial_that_is_told_twice(scene: Scene) -> None:
    """Repeated frames of one dial give one call, and one event each."""
    agent = scene.agent()
    for event in ("call.dialing", "call.started"):
        scene.emu.fail(event, "repeat")
    call = scene.do(agent.dial, TO)
    scene.got("call.started")
    scene.emu.on_dial(TO_TOO, "busy")
    scene.emu.fail("call.ended", "repeat")
    with pytest.raises(DialError, match="busy"):
        scene.do(agent.dial, TO_TOO)
    assert scene.names().count("call.started") == 1
    assert list(agent.calls.values()) == [call]


def test_dials_answered_in_another_order(scene: Scene) -> None:
    """Each of two dials gets its own call, whichever the server names first."""
    agent = scene.agent()
    for event in ("call.dialing", "call.started"):
        scene.emu.fail(event, "reorder")
    dials = [scene.front.begin(agent.dial, to) for to in (TO, TO_TOO)]
    assert [dial.result(DEADLINE).to for dial in dials] == [TO, TO_TOO]


def test_a_dial_without_its_dialing_frame(scene: Scene) -> None:
    """``call.started`` alone is enough."""
    agent = scene.agent()
    scene.emu.fail("call.dialing", "ignore")
    assert scene.do(agent.dial, TO).status == "active"


def test_a_dial_that_is_never_told(scene: Scene) -> None:
    """Without ``call.started`` the dial times out, and the phone that was picked up is hung up."""
    agent = scene.agent()
    scene.emu.fail("call.started", "ignore")
    with pytest.raises(DialError) as caught:
        scene.do(agent.dial, TO, timeout=0.3)
    assert caught.value.reason == "timeout"
    scene.sent("call.hangup")
    until(lambda: not scene.emu.calls, "the end of the call")


# -- tools ----------------------------------------------------------------------------------------


def counting(scene: Scene) -> Any:
    @tool
    def lookup(id: int) -> str:
        """Look something up."""
        scene.notes(id)
        return f"found {id}"

    return lookup


def test_a_link_lost_at_a_tool_result(scene: Scene) -> None:
    """The result that was cut off is sent again; the function is not run again."""
    scene.model(tools=[counting(scene)])
    scene.emu.fail("llm.tool_result", "drop")
    caller, _ = scene.ring()
    caller.say('!tool lookup {"id": 7}')
    assert "found 7" in caller.wait_reply()
    scene.sent("llm.tool_result", count=2)
    assert list(scene.notes) == [7]


def test_tool_calls_in_another_order(scene: Scene) -> None:
    """Rounds of two calls that change places are answered each on its own call."""
    scene.model(tools=[counting(scene)], phone_numbers=[NUMBER, OTHER], number=None)
    scene.emu.fail("llm.tool_call", "reorder")
    first, _ = scene.ring()
    second, _ = scene.ring(OTHER)
    first.say('!tool lookup {"id": 1}')
    second.say('!tool lookup {"id": 2}')
    assert "found 2" in second.wait_reply()
    assert "found 1" in first.wait_reply()
    assert sorted(scene.notes) == [1, 2]


# -- a call's events ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "event", ["call.started", "user.message", "message.confirmed", "call.ended"]
)
def test_a_repeated_event(scene: Scene, event: str) -> None:
    """What the server repeats reaches the handlers, and the transcript, once."""
    scene.model()
    scene.emu.fail(event, "repeat", times=4)
    caller, call = scene.ring()
    caller.say("thanks")
    assert caller.wait_reply() == "You are welcome."
    caller.hangup()
    scene.got("call.ended")
    assert scene.do(scene.pc.stats)["calls"] == 0
    assert scene.names().count(event) == 1
    assert [message["content"] for message in call.transcript] == ["thanks", "You are welcome."]


def test_a_lost_start(scene: Scene) -> None:
    """A call whose start was lost begins with its next event, and is a call like any other."""
    agent = scene.model()
    scene.emu.fail("call.started", "ignore")
    lost = scene.emu.phone_call(to=NUMBER)
    lost.say("thanks")
    assert lost.wait_reply() == "You are welcome."
    scene.got("call.started")
    assert scene.names().count("call.started") == 1
    assert agent.call(lost.id).transcript[0] == {"role": "user", "content": "thanks"}
    lost.hangup()
    until(lambda: scene.names().count("call.ended") == 1, "the end")
    _, call = scene.ring()
    assert list(agent.calls.values()) == [call]


def test_a_cut_in_the_middle_of_a_reply(scene: Scene) -> None:
    """A playback that can no longer be confirmed counts as interrupted; the call goes on."""
    scene.agent()
    _, call = scene.ring()
    scene.emu.fail("bot.finished", "drop")
    assert scene.heard(scene.do(call.say, "Hello")) is True
    until(lambda: call.status == "active", "the link")
    assert scene.heard(scene.do(call.say, "Still there?")) is False
