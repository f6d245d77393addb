"""Call control, ringing, limits, recording, metrics, credits, memory."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from pinecall.emulator.core import credits
from pinecall.emulator.errors import EmulatorError

from .world import CALLER, NUMBER, Client, World


def test_dtmf_goes_both_ways(world: World, client: Client) -> None:
    """The caller's keys come one by one with all so far; the agent's tones in one frame."""
    client.agent()
    call = world.phone()
    call.press("4#")
    world.pump()
    assert [(f["digit"], f["digits"]) for f in client.events("call.dtmf_received")] == [
        ("4", "4"),
        ("#", "4#"),
    ]
    assert client.send("call.dtmf", call_id=call.id, digits="12#")[0]["digits"] == "12#"
    assert call.tones == ["12#"]
    assert client.send("call.dtmf", call_id=call.id, digits="a")[0]["code"] == "BAD_REQUEST"
    with pytest.raises(EmulatorError, match="0-9"):
        call.press("x")


def test_hold_keeps_what_is_said_for_later(world: World, client: Client) -> None:
    """The turn comes when the call is unheld; a repeated hold sends no event."""
    client.agent()
    call = world.phone()
    assert client.send("call.hold", call_id=call.id)[0]["event"] == "call.held"
    assert client.send("call.hold", call_id=call.id) == []
    world.say(call, "hello")
    assert client.events("user.message") == []
    assert client.send("call.unhold", call_id=call.id)[0]["event"] == "call.unheld"
    assert client.last("user.message")["text"] == "hello"


def test_a_reply_ends_the_hold(world: World, client: Client) -> None:
    """A reply takes the call off hold."""
    client.agent(llm=None)
    call = world.phone()
    client.send("call.hold", call_id=call.id)
    got = client.send("bot.reply", call_id=call.id, message_id="m", text="Hi", in_reply_to="")
    assert [f["event"] for f in got][:2] == ["call.unheld", "bot.speaking"]


def test_mute_gives_the_words_at_its_end(world: World, client: Client) -> None:
    """Muted words make no turn but a transcript at the end; null when there were none."""
    client.agent()
    call = world.phone()
    client.send("call.mute", call_id=call.id)
    world.say(call, "one")
    world.say(call, "two")
    assert client.events("user.message") == []
    assert client.send("call.unmute", call_id=call.id)[0]["muted_transcript"] == "one two"
    client.send("call.mute", call_id=call.id)
    assert client.send("call.unmute", call_id=call.id)[0]["muted_transcript"] is None


def test_forward_speaks_then_leaves(world: World, client: Client) -> None:
    """The message is spoken, then call.forwarded and call.ended come."""
    client.agent()
    call = world.phone()
    got = client.send(
        "call.forward", call_id=call.id, to="+1 555 867 5309", message="One moment", announce=False
    )
    assert [f["event"] for f in got if f["event"] != "bot.word"] == [
        "bot.speaking", "message.confirmed", "bot.finished", "call.forwarded", "call.ended",
    ]  # fmt: skip
    assert client.last("call.forwarded")["to"] == "+15558675309"
    assert call.reason == "forwarded"
    other = world.phone()
    assert (
        client.send("call.forward", call_id=other.id, to="x", message="")[0]["code"]
        == "BAD_REQUEST"
    )


def test_session_configure_changes_one_call(world: World, client: Client) -> None:
    """It is acknowledged, a new language is announced, the next generation uses the config."""
    client.agent(language="en", prompt="A")
    call, other = world.phone(), world.phone()
    got = client.send("session.configure", session_id=call.id, language="es", prompt="B")
    assert got[0] == {"event": "session.configured", "session_id": call.id}
    assert (got[1]["event"], got[1]["language"]) == ("call.updated", "es")
    world.say(call, "!prompt")
    world.say(other, "!prompt")
    assert (call.heard[-1].text, other.heard[-1].text) == ("B", "A")
    assert client.send("session.configure", session_id=call.id, voice=1)[0]["code"] == "BAD_REQUEST"


def test_set_context_reaches_the_prompt(world: World, client: Client) -> None:
    """Context is in the prompt by key; null clears it."""
    client.agent(prompt="P")
    call = world.phone()
    client.send("set_context", call_id=call.id, key="reason", value="billing")
    assert call.system_prompt() == "P\n\nreason: billing"
    client.send("set_context", call_id=call.id, key="reason", value=None)
    assert call.system_prompt() == "P"


# ringing


def ringing(world: World) -> tuple[Client, Any]:
    """A client whose number rings, and a call to it."""
    client = world.client()
    client.agent("mara", {"type": "phone", "ref": NUMBER, "ringing": True}, greeting="Hi")
    return client, world.phone()


def test_a_ringing_call_is_accepted_once(world: World) -> None:
    """call.ringing comes first, call.started on accept; a second accept does nothing."""
    client, call = ringing(world)
    assert client.last("call.ringing") | {"ts": 0} == {
        "event": "call.ringing", "agent_id": "mara", "call_id": call.id, "from": CALLER, "to": NUMBER,
        "direction": "inbound", "seq": 1, "ts": 0,
    }  # fmt: skip
    assert not call.answered
    got = client.send("call.accept", agent_id="mara", call_id=call.id)
    assert got[0]["event"] == "call.started"
    assert client.send("call.accept", agent_id="mara", call_id=call.id) == []


def test_a_ringing_call_is_rejected(world: World) -> None:
    """Only call.rejected comes; the caller gets the reason."""
    client, call = ringing(world)
    got = client.send("call.reject", agent_id="mara", call_id=call.id, reason="busy")
    assert [(f["event"], f["reason"]) for f in got] == [("call.rejected", "busy")]
    assert (call.ended, call.reason) == (True, "busy")
    world.pass_time(10)
    assert client.events("call.started") == []


def test_ringing_ends_by_itself(world: World) -> None:
    """A ringing call is accepted after five seconds, unless the caller gives up before."""
    client, call = ringing(world)
    world.pass_time(4.9)
    assert client.events("call.started") == []
    world.pass_time(0.2)
    assert client.last("call.started")["call_id"] == call.id
    other = world.phone()
    other.caller_hangs_up()
    world.pass_time(10)
    assert other.reason == "hangup"
    assert len(client.events("call.started")) == 1


# limits


def test_an_idle_call_is_warned_twice_and_ended(world: World, client: Client) -> None:
    """A warning, another at the timeout, then session.timeout and call.ended."""
    client.agent(
        session_limits={
            "idle_timeout_seconds": 60,
            "idle_warning_seconds": 15,
            "idle_grace_seconds": 10,
        }
    )
    call = world.phone()
    start = world.now
    world.pass_time(100)
    got = [
        f for f in client.inbox if f["event"].startswith("session.") or f["event"] == "call.ended"
    ]
    assert [(f["event"], f["ts"] - start) for f in got] == [
        ("session.idle_warning", 45), ("session.idle_warning", 60), ("session.timeout", 70), ("call.ended", 70),
    ]  # fmt: skip
    assert [f["remaining_seconds"] for f in got[:2]] == [15, 10]
    assert {got[2]["reason"], got[3]["reason"], call.reason} == {"idle_timeout"}


def test_speech_resets_and_suspends_the_idle_clock() -> None:
    """The caller's speech resets the idle clock; the bot's only suspends it."""
    world = World(pace=1.0)
    client = world.client()
    client.agent(
        llm=None,
        session_limits={
            "idle_timeout_seconds": 10,
            "idle_warning_seconds": 0,
            "idle_grace_seconds": 0,
        },
    )
    call = world.phone()
    world.pass_time(5)
    client.send(
        "bot.reply", call_id=call.id, message_id="m", text=" ".join("x" * 25), in_reply_to=""
    )
    world.pass_time(14)
    assert not call.ended
    world.say(call, "still here")
    world.pass_time(9)
    assert not call.ended
    world.pass_time(5)
    assert call.ended


def test_a_call_lasts_no_longer_than_allowed(world: World, client: Client) -> None:
    """A call ends after max_duration; 0 switches the limit off."""
    client.agent(session_limits={"max_duration_seconds": 30, "idle_timeout_seconds": 0})
    call = world.phone()
    world.pass_time(31)
    assert call.reason == "max_duration"
    assert [f["reason"] for f in client.events("session.timeout", "call.ended")] == [
        "max_duration"
    ] * 2
    client.agent(session_limits={"max_duration_seconds": 0, "idle_timeout_seconds": 0})
    call = world.phone()
    world.pass_time(5000)
    assert not call.ended


# audio


def test_metrics_come_when_asked_for(world: World, client: Client) -> None:
    """One audio.metrics comes per interval of each side's audio."""
    client.agent(
        greeting="Hi",
        config={"analysis": {"send_audio_metrics": True, "audio_metrics_interval_ms": 200}},
    )
    world.say(world.phone(), "hello", interim=False)
    assert {f["source"] for f in client.events("audio.metrics")} == {"user", "bot"}
    assert len([f for f in client.events("audio.metrics") if f["source"] == "user"]) == 2


@pytest.mark.parametrize(
    "config", [{"media": {"recording": True}}, {"config": {"analysis": {"recording": True}}}]
)
def test_a_recording_follows_the_end(world: World, client: Client, config: dict[str, Any]) -> None:
    """After the end comes a WAV as long as the call."""
    client.agent(**config)
    call = world.phone()
    world.pass_time(2)
    call.end("hangup")
    world.pump()
    assert client.names()[-2:] == ["call.ended", "call.recording"]
    recording = client.last("call.recording")
    audio = base64.b64decode(recording["audio"])
    assert audio[:4] == b"RIFF"
    assert (len(audio) - 44, recording["duration_ms"]) == (2 * 2 * 8000, 2000)


# credit


def test_without_credit_calls_are_refused_and_end(world: World, client: Client) -> None:
    """Live calls get credits.exhausted and end; new ones get credits.rejected."""
    client.agent()
    call = world.phone()
    credits.change(world.server.world, world.server.sessions, 0)
    world.pump()
    assert client.last("credits.exhausted")["call_id"] == call.id
    world.pass_time(6)
    assert call.reason == "credits_exhausted"
    refused = world.phone()
    assert client.names()[-1] == "credits.rejected"
    assert (refused.ended, refused.reason) == (True, "credits_rejected")
    assert world.server.sessions.live == {}


# memory


def test_facts_are_remembered_by_contact(world: World, client: Client) -> None:
    """memory.ops follows the turn; only the same contact's next call has the facts in its prompt."""
    client.agent(prompt="{{MEMORY}}", memory={"remember": ["name"]})
    call = world.phone()
    world.say(call, "my name is Ana")
    ops = client.last("memory.ops")
    assert (ops["contact"], ops["final"], ops["memory"]["revision"]) == (CALLER, False, 1)
    assert [(o["op"], o["text"]) for o in ops["ops"]] == [("add", "Name is Ana")]
    world.say(call, "my name is Ana")
    assert len(client.events("memory.ops")) == 1
    assert world.phone().system_prompt() == "- Name is Ana"
    assert world.phone(from_="+15550000000").system_prompt() == ""


def test_memory_may_wait_for_the_end(world: World, client: Client) -> None:
    """With consolidate: call.ended it is sent last, as final; a browser call has no contact."""
    client.agent(memory={"consolidate": "call.ended", "contactKey": "user"})
    call = world.webrtc(metadata={"user": "u1"})
    world.say(call, "I prefer tea")
    call.end("hangup")
    world.pump()
    assert client.names()[-2:] == ["call.ended", "memory.ops"]
    assert (client.last("memory.ops")["final"], client.last("memory.ops")["contact"]) == (
        True,
        "u1",
    )
    nobody = world.webrtc()
    world.say(nobody, "I prefer coffee")
    nobody.end("hangup")
    world.pump()
    assert len(client.events("memory.ops")) == 1
