"""Control of a live call: forward, keys, hold, mute, settings, cancel, clear, hang-up."""

from __future__ import annotations

import pytest

from pinecall import ConfigurationError

from ..fronts.log import until
from .scene import NUMBER, Scene


def test_hangup(scene: Scene) -> None:
    """``hangup`` ends the call with its reason, once; the call knows its times and is forgotten."""
    agent = scene.agent()
    caller, call = scene.ring()
    scene.do(call.hangup, reason="done")
    assert scene.sent("call.hangup")["reason"] == "done"
    assert caller.wait_ended() == "done"
    ended = scene.got("call.ended")
    assert (call.status, call.reason) == ("ended", "done")
    assert call.ended_at == ended.ended_at >= call.started_at > 0
    assert call.duration == ended.duration_seconds
    until(lambda: agent.call(call.id) is None, "the call to be forgotten")
    scene.do(call.hangup)
    scene.agent("other", None)
    assert len(scene.frames("call.hangup")) == 1


def test_ended_handlers_of_call_agent_and_client(scene: Scene) -> None:
    """The end of a call reaches the handlers of the call, the agent and the client, each once."""
    agent = scene.agent()
    scene.do(agent.on, "call.ended", lambda call, reason: scene.notes(("agent", reason)))
    scene.do(scene.pc.on, "call.ended", lambda call, reason: scene.notes(("client", reason)))
    caller, call = scene.ring()
    scene.do(call.on, "call.ended", lambda call, reason: scene.notes(("call", reason)))
    caller.hangup()
    scene.notes.wait_count(3)
    assert scene.notes.items == [("call", "hangup"), ("agent", "hangup"), ("client", "hangup")]


def test_forward(scene: Scene) -> None:
    """The message is spoken, the caller is handed on, and the call is over here."""
    scene.agent()
    caller, call = scene.ring()
    scene.do(call.forward, "+1 555 867 5309", message="One moment", announce=True)
    frame = scene.sent("call.forward")
    assert frame["to"] == "+15558675309"
    assert (frame["message"], frame["announce"]) == ("One moment", True)
    assert scene.got("call.forwarded").to == "+15558675309"
    assert caller.wait_ended() == "forwarded"
    assert (caller.forwarded_to, caller.heard) == ("+15558675309", ["One moment"])


def test_forward_defaults(scene: Scene) -> None:
    """Without a message nothing is announced, and both fields are sent all the same."""
    scene.agent()
    caller, call = scene.ring()
    scene.do(call.forward, "+15558675309")
    frame = scene.sent("call.forward")
    assert (frame["message"], frame["announce"]) == ("", False)
    caller.wait_ended()


def test_keys_both_ways(scene: Scene) -> None:
    """Tones the agent plays are confirmed; the caller's keys arrive one by one, and all so far."""
    scene.agent()
    caller, call = scene.ring()
    scene.do(call.send_dtmf, "12#")
    assert scene.sent("call.dtmf")["digits"] == "12#"
    assert scene.got("call.dtmf_sent").digits == "12#"
    assert caller.tones == ["12#"]
    caller.press("42")
    assert scene.got("call.dtmf_received").digit == "4"
    second = scene.got("call.dtmf_received", count=2)
    assert (second.digit, second.digits) == ("2", "42")
    with pytest.raises(ConfigurationError, match="0-9"):
        scene.do(call.send_dtmf, "x")


def test_hold_and_unhold(scene: Scene) -> None:
    """A held caller hears music; what is said meanwhile is heard after unhold."""
    scene.agent()
    caller, call = scene.ring()
    scene.do(call.hold)
    scene.sent("call.hold")
    scene.got("call.held")
    assert caller.held
    caller.say("Are you there?")
    scene.do(call.unhold)
    scene.sent("call.unhold")
    scene.got("call.unheld")
    assert scene.got("turn.end").text == "Are you there?"
    names = scene.names(call)
    assert names.index("call.unheld") < names.index("speech.started")


def test_mute_and_unmute(scene: Scene) -> None:
    """A muted caller is not reported; unmute brings what was said meanwhile."""
    scene.agent()
    caller, call = scene.ring()
    scene.do(call.mute)
    scene.sent("call.mute")
    scene.got("call.muted")
    caller.say("My card number is")
    caller.say("one two three")
    scene.do(call.unmute)
    scene.sent("call.unmute")
    assert scene.got("call.unmuted").muted_transcript == "My card number is one two three"
    assert "user.message" not in scene.names(call)
    assert call.transcript == []


def test_configure_a_live_call(scene: Scene) -> None:
    """``call.configure`` sends encoded keys for this call; the server's language change is kept."""
    scene.model(prompt="Be kind to {{name}}.")
    caller, call = scene.ring()
    scene.do(call.configure, language="es", prompt_vars={"name": "Ana"}, voice="elevenlabs/marta")
    frame = scene.sent("session.configure")
    assert frame["session_id"] == call.id
    assert (frame["language"], frame["vars"]) == ("es", {"name": "Ana"})
    scene.got("session.configured")
    assert scene.got("call.updated").language == "es"
    assert call.language == "es"
    caller.say("!prompt")
    assert caller.wait_reply() == "Be kind to Ana."


def test_configure_session(scene: Scene) -> None:
    """``agent.configure_session`` changes one call by its id, and no other."""
    agent = scene.model(prompt="Be kind.")
    caller, call = scene.ring()
    other, _ = scene.ring()
    scene.do(agent.configure_session, call.id, prompt="Be brief.")
    assert scene.sent("session.configure")["agent_id"] == "mara"
    scene.got("session.configured")
    caller.say("!prompt")
    assert caller.wait_reply() == "Be brief."
    other.say("!prompt")
    assert other.wait_reply() == "Be kind."
    assert agent.config.prompt == "Be kind."


def test_cancel_the_current_reply(scene: Scene) -> None:
    """``cancel`` stops what is being said: interrupted, with the reason ``cancelled``."""
    scene.emu.pace = 0.2
    scene.agent()
    _, call = scene.ring()
    playback = scene.do(call.say, " ".join(["word"] * 60))
    scene.got("bot.word")
    scene.do(call.cancel)
    assert "message_id" not in scene.sent("bot.cancel")
    assert scene.heard(playback) is True
    assert scene.got("bot.interrupted").reason == "cancelled"


def test_cancel_a_reply_that_waits(scene: Scene) -> None:
    """``cancel(id)`` stops that message; one that was never heard is aborted, the others go on."""
    scene.emu.pace = 0.2
    scene.agent()
    caller, call = scene.ring()
    first = scene.do(call.say, "one two three four five six")
    second = scene.do(call.say, "never heard")
    scene.got("bot.word")
    scene.do(call.cancel, second.message_id)
    assert scene.sent("bot.cancel")["message_id"] == second.message_id
    assert scene.heard(second) is True
    assert scene.got("message.aborted").message_id == second.message_id
    assert scene.heard(first) is False
    assert caller.heard == ["one two three four five six"]


def test_clear(scene: Scene) -> None:
    """``clear`` drops everything said and waiting to be said."""
    scene.emu.pace = 0.2
    scene.agent()
    _, call = scene.ring()
    playbacks = [scene.do(call.say, " ".join(["word"] * 60)) for _ in range(3)]
    scene.got("bot.word")
    scene.do(call.clear)
    scene.sent("bot.clear")
    assert [scene.heard(playback) for playback in playbacks] == [True] * 3


def test_a_hangup_while_the_link_is_down(scene: Scene) -> None:
    """``hangup`` on a detached call is sent after the reconnect, once."""
    scene.agent()
    caller, call = scene.ring()
    scene.cut()
    assert call.status == "detached"
    scene.do(call.hangup)
    scene.mend()
    assert caller.wait_ended() == "client_hangup"
    scene.got("call.ended")
    assert len(scene.frames("call.hangup")) == 1


def test_disconnect_ends_the_calls(scene: Scene) -> None:
    """``disconnect`` ends the calls at once, with its reason, at every level."""
    scene.agent()
    _, call = scene.ring()
    scene.do(scene.pc.disconnect)
    scene.got("call.ended")
    assert (call.status, call.reason) == ("ended", "client_disconnect")


def test_two_calls_do_not_mix(scene: Scene) -> None:
    """Two callers of one number have their own calls, words and answers."""
    agent = scene.agent()
    scene.do(agent.on, "turn.end", lambda turn, call: call.reply(f"{call.id}: {turn.text}"))
    one, two = scene.emu.phone_call(to=NUMBER), scene.emu.phone_call(to=NUMBER)
    one.say("first")
    two.say("second")
    assert one.wait_reply() == f"{one.id}: first"
    assert two.wait_reply() == f"{two.id}: second"
    assert set(agent.calls) == {one.id, two.id}


def test_a_calls_events_as_an_iterator(scene: Scene) -> None:
    """The iterator of a call's events ends with the call, and that of an ended call at once."""
    scene.model()
    caller, call = scene.ring()
    events = scene.do(call.events, "user.message", "call.ended")
    caller.say("thanks")
    caller.wait_reply()
    caller.hangup()
    items = scene.front.take(events, 10)
    assert [item.name for item in items] == ["user.message", "call.ended"]
    assert scene.front.take(scene.do(call.events), 10) == []
