"""What the server decides about a call: limits, money, loudness, recordings, memories."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from .scene import NUMBER, Scene


def test_an_idle_caller(scene: Scene) -> None:
    """A silent caller is warned, and the call ends; the warning leaves time for a word."""
    agent = scene.agent(
        session_limits={
            "idle_timeout_seconds": 0.3,
            "idle_warning_seconds": 0.1,
            "idle_grace_seconds": 0.1,
        }
    )
    scene.do(agent.on, "session.idle_warning", lambda event, call: call.say("Are you there?"))
    caller, call = scene.ring()
    warning = scene.got("session.idle_warning")
    assert (warning.remaining_seconds, warning.idle_timeout_seconds) == (0.1, 0.3)
    assert caller.wait_reply() == "Are you there?"
    assert scene.got("session.timeout").reason == "idle_timeout"
    scene.got("call.ended")
    names = scene.names(call)
    assert names.index("session.timeout") < names.index("call.ended")
    assert (call.reason, caller.reason) == ("idle_timeout", "idle_timeout")
    assert scene.sent("agent.create")["session_limits"]["idle_timeout_seconds"] == 0.3


def test_the_longest_call(scene: Scene) -> None:
    """A call that lasts too long ends with ``max_duration``."""
    scene.agent(session_limits={"max_duration_seconds": 0.1})
    caller, call = scene.ring()
    assert scene.got("session.timeout").reason == "max_duration"
    assert caller.wait_ended() == "max_duration"
    scene.got("call.ended")
    assert call.reason == "max_duration"


@pytest.mark.parametrize("emu", [{"credits_grace": 0.05}], indirect=True)
def test_credits(scene: Scene) -> None:
    """Handlers of live calls hear that the credit is exhausted; later callers are refused, which
    fires too."""
    scene.agent()
    caller, call = scene.ring()
    scene.emu.credits = 0
    assert scene.got("credits.exhausted").call_id == call.id
    assert caller.wait_ended() == "credits_exhausted"
    refused = scene.emu.phone_call(to=NUMBER)
    assert refused.reason == "credits_rejected"
    assert scene.got("credits.rejected").call_id == refused.id


def test_loudness(scene: Scene) -> None:
    """``analysis`` asks for figures of the audio."""
    scene.agent(analysis={"send_audio_metrics": True, "audio_metrics_interval_ms": 400})
    caller, call = scene.ring()
    caller.say("hello")
    event = scene.got("audio.metrics")
    assert (event.source, event.is_speech, event.call_id) == ("user", True, call.id)
    assert event.energy_db == -31.2
    assert scene.sent("agent.create")["config"]["analysis"]["send_audio_metrics"] is True


def test_recording(scene: Scene) -> None:
    """The recording comes after the end of its call, and reaches the agent all the same."""
    agent = scene.agent(analysis={"recording": True})
    told: Any = scene.notes
    scene.do(agent.on, "call.recording", lambda event, call: told((event.call_id, call)))
    caller, call = scene.ring()
    caller.hangup()
    recording = scene.got("call.recording")
    assert (recording.format, recording.sample_rate) == ("wav", 8000)
    assert base64.b64decode(recording.audio).startswith(b"RIFF")
    assert told.wait_count(1) == [(call.id, None)]
    assert scene.names().index("call.ended") < scene.names().index("call.recording")


def test_memory(scene: Scene) -> None:
    """What the platform remembers about a contact fires memory.ops, and is there on the next call."""
    scene.model(memory={"enabled": True}, prompt="Known: {{MEMORY}}")
    caller, call = scene.ring()
    caller.say("my name is Ana")
    event = scene.got("memory.ops")
    assert (event.contact, event.final) == (call.from_, False)
    assert event.ops[0]["text"] == "Name is Ana"
    caller.hangup()
    again, _ = scene.ring()
    again.say("!prompt")
    assert again.wait_reply() == "Known: - Name is Ana"


def test_memory_after_the_end(scene: Scene) -> None:
    """Memories taken in at the end of the call come without a call, to the agent."""
    scene.model(memory={"enabled": True, "consolidate": "call.ended"})
    caller, _ = scene.ring()
    caller.say("my name is Ana")
    scene.got("turn.end")
    caller.hangup()
    assert scene.got("memory.ops").final is True
    item = scene.items.wait_for(lambda item: item.name == "memory.ops")
    assert (item.call, item.agent.id) == (None, "mara")
