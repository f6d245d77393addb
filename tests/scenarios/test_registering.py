"""Agents and channels as the server has them: registered, changed, replayed, refused, displaced."""

from __future__ import annotations

import pytest

from pinecall import AgentConflictError, DisplacedError, PhoneInUseError, RegistrationError

from ..fronts.log import until
from .scene import CALLER, NUMBER, Scene


def test_registering(scene: Scene) -> None:
    """The key goes first, then the agent with its configuration, then its channels."""
    agent = scene.model(
        voice="elevenlabs/sarah", prompt="Be kind.", allowed_origins=["https://x.dev"]
    )
    scene.do(agent.add_channel, "webrtc")
    scene.got("channel.added", count=2)
    assert scene.sent("connect")["api_key"] == scene.emu.api_key
    create = scene.sent("agent.create")
    assert (create["voice"], create["allowed_origins"]) == ("elevenlabs/sarah", ["https://x.dev"])
    assert scene.sent("channel.add")["ref"] == NUMBER
    order = [frame["event"] for frame in scene.emu.frames]
    assert order == ["connect", "agent.create", "channel.add", "channel.add"]
    scene.got("connected")
    scene.got("agent.created")
    held = scene.emu.agents["mara"]
    assert [channel.type for channel in held.channels] == ["phone", "webrtc"]
    assert agent.registered


def test_channels_change(scene: Scene) -> None:
    """Channels are configured and removed, and a reconnect brings back what is left."""
    agent = scene.agent()
    scene.do(agent.add_channel, "chat")
    scene.do(agent.add_channel, "webrtc")
    scene.do(agent.configure_channel, NUMBER, voice="cartesia/blake")
    assert scene.sent("channel.configure")["voice"] == "cartesia/blake"
    scene.got("channel.configured")
    scene.do(agent.remove_channel, "chat")
    assert scene.sent("channel.remove")["type"] == "chat"
    scene.got("channel.removed")
    assert list(agent.channels) == [NUMBER, "webrtc"]
    scene.emu.drop()
    scene.got("agent.resumed")
    until(lambda: len(scene.frames("channel.add")) == 5, "the channels again")
    again = scene.frames("channel.add")[3:]
    assert [frame["type"] for frame in again] == ["phone", "webrtc"]
    assert again[0]["voice"] == "cartesia/blake"
    assert {channel.type for channel in scene.emu.agents["mara"].channels} == {"phone", "webrtc"}


def test_configure(scene: Scene) -> None:
    """``configure`` sends what changed, keeps it, and replays all of it."""
    agent = scene.model(prompt="Be kind.")
    scene.do(agent.configure, language="es", timezone="Europe/Madrid")
    frame = scene.sent("agent.configure")
    assert (frame["language"], frame["timezone"]) == ("es", "Europe/Madrid")
    assert "prompt" not in frame
    scene.got("agent.configured")
    scene.emu.drop()
    again = scene.sent("agent.create", count=2)
    assert (again["prompt"], again["language"]) == ("Be kind.", "es")


def test_agent_again(scene: Scene) -> None:
    """``agent()`` with a configuration for an id that exists applies it."""
    agent = scene.model(prompt="Be kind.")
    assert scene.do(scene.pc.agent, "mara", prompt="Be brief.") is agent
    assert scene.sent("agent.configure")["prompt"] == "Be brief."


def test_route_callers(scene: Scene) -> None:
    """Calls of these numbers come to this connection's agent, also after a reconnect."""
    agent = scene.agent("dev-mara", None)
    scene.do(agent.route_callers, ["+34 607 827 824"])
    assert scene.sent("dev.config")["callers"] == [CALLER]
    scene.emu.drop()
    scene.sent("dev.config", count=2)
    caller, call = scene.ring("+19995550000")
    assert call.agent is agent
    caller.hangup()


def test_removing_an_agent(scene: Scene) -> None:
    """A removed agent's calls end, and its channels are given back."""
    agent = scene.agent()
    caller, call = scene.ring()
    assert scene.do(scene.pc.remove_agent, "mara") is True
    assert scene.do(scene.pc.remove_agent, "mara") is False
    scene.sent("channel.remove", ref=NUMBER)
    scene.got("call.ended")
    assert (call.reason, scene.pc.get_agent("mara")) == ("agent_removed", None)
    assert not agent.registered
    caller.hangup()


def test_a_refused_configuration(scene: Scene) -> None:
    """What the server refuses, ``wait_ready`` raises, with the server's words; ``error`` fires too."""
    scene.connected()
    scene.emu.fail("agent.create", code="MODEL_NOT_ALLOWED", error="no such model")
    agent = scene.do(scene.pc.agent, "mara")
    with pytest.raises(RegistrationError, match="no such model") as caught:
        scene.do(agent.wait_ready)
    assert caught.value.agent_id == "mara"
    scene.errors.wait_for(lambda error: error.code == "MODEL_NOT_ALLOWED")
    scene.noticed("error")


def test_a_conflict_that_passes(scene: Scene) -> None:
    """A name held elsewhere is asked for again until it is free."""
    scene.connected()
    scene.emu.fail("agent.create", code="AGENT_CONFLICT", retry_after_s=0.05, times=2)
    agent = scene.do(scene.pc.agent, "mara")
    scene.do(agent.wait_ready)
    assert scene.sent("agent.create", count=3)["agent_id"] == "mara"
    assert [type(error) for error in scene.errors.wait_count(2)] == [AgentConflictError] * 2


def test_a_number_in_use(scene: Scene) -> None:
    """A number that another agent holds is reported, also to whoever waits for the agent; the agent
    stays, without it."""
    scene.agent("other")
    with pytest.raises(PhoneInUseError, match="held by 'other'"):
        scene.agent("mara")
    agent = scene.pc.get_agent("mara")
    (error,) = scene.errors.wait_count(1)
    assert isinstance(error, PhoneInUseError)
    assert (error.phone, error.agent_id) == (NUMBER, "mara")
    assert agent.registered


@pytest.mark.parametrize("emu", [{"stale_after": 0.0}], indirect=True)
def test_displaced(scene: Scene) -> None:
    """A second process takes over from one that is silent: the first client ends, for good, with
    DisplacedError."""
    scene.agent()
    _, call = scene.ring()
    second = scene.front.connected(scene.emu.url, key=scene.emu.api_key)
    scene.do(scene.do(second.agent, "mara").wait_ready)
    displaced = scene.got("agent.displaced")
    assert displaced.agent_id == "mara"
    assert isinstance(scene.errors.wait_count(1)[0], DisplacedError)
    scene.items.wait_for(lambda item: item.name == "call.ended" and item.call is call)
    until(lambda: scene.pc.state == "closed", "the end")
    assert call.reason == "displaced"


@pytest.mark.parametrize("emu", [{"ping_interval": 0.05}], indirect=True)
def test_signs_of_life(scene: Scene) -> None:
    """The server's pings are answered, and the client sends its own."""
    client = scene.front.connected(scene.emu.url, key=scene.emu.api_key, ping_interval=0.05)
    scene.sent("ping", count=2)
    scene.agent()
    scene.sent("pong")
    assert client.connected
    scene.noticed("ping", "pong")


def test_events_that_only_old_servers_send(scene: Scene) -> None:
    """Events of the first protocol and of other clients reach handlers under their own names."""
    scene.agent()
    _, call = scene.ring()
    ids = {"agent_id": "mara", "call_id": call.id}
    for name, fields in {
        "registered": {"app_id": "app"},
        "config_updated": {"agent_id": "mara"},
        "session_config_updated": {"agent_id": "mara", "session_id": call.id},
        "phone_added": {"agent_id": "mara", "phone": NUMBER},
        "phone_removed": {"agent_id": "mara", "phone": NUMBER},
        "llm.thinking": ids,
        "llm.response": {**ids, "text": "ok", "finish_reason": "stop"},
        "llm.tool_result": {**ids, "msg_id": "m_1", "results": []},
        "docs.sources": {**ids, "sources": [{"title": "Refunds"}]},
    }.items():
        scene.emu.send({"event": name, **fields})
        told = scene.got(name)
        assert name == told.EVENT


def test_an_event_of_the_future(scene: Scene) -> None:
    """An event that the SDK does not know reaches "*" with all its fields."""
    scene.agent()
    _, call = scene.ring()
    scene.emu.send({"event": "call.hologram", "agent_id": "mara", "call_id": call.id, "size": 3})
    assert scene.got("call.hologram").raw["size"] == 3
