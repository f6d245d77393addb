"""Tokens for browsers: which agents they are for, when they are asked for, and what refuses them."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall import RegistrationError, TokenError

from .scene import Scene


def asked(scene: Scene) -> list[str]:
    """The agents of the requests for a token, in order."""
    paths = {"/webrtc/token", "/chat/token", "/stream/token"}
    return [r.query["agent_id"] for r in scene.emu.requests if r.path in paths]


def someone_else(scene: Scene, *agents: str) -> Any:
    """Another process of the organisation, with these agents."""
    return scene.front.connected(scene.emu.url, *agents, key=scene.emu.api_key)


@pytest.mark.parametrize("channel", ["webrtc", "chat", "stream"])
def test_a_token(scene: Scene, channel: str) -> None:
    """A token of each channel, of the client or of the agent, with what the server says of it."""
    agent = scene.agent()
    token = scene.do(scene.pc.create_token, channel, "mara")
    assert (token.server, token.expires_in) == (scene.emu.http_url, 60)
    other = scene.do(agent.create_token, channel)
    assert token.token != other.token
    assert asked(scene) == ["mara", "mara"]


def test_what_is_sealed_in(scene: Scene) -> None:
    """A token's metadata is the metadata of its call."""
    agent = scene.agent()
    token = scene.do(agent.create_token, "webrtc", metadata={"userId": "u1"})
    caller = scene.emu.webrtc_call(token=token.token)
    assert scene.call(caller.id).metadata == {"userId": "u1"}


def test_of_several_agents(scene: Scene) -> None:
    """A stream token may be for several agents, local or not; the local ones are waited for."""
    someone_else(scene, "julia")
    scene.connected()
    scene.do(scene.pc.agent, "mara")
    scene.do(scene.pc.create_token, "stream", iter(["mara", "julia"]), scope="observe")
    assert asked(scene) == ["mara,julia"]
    assert scene.pc.get_agent("mara").registered


def test_local_agents_are_waited_for(scene: Scene) -> None:
    """For an agent of this client the request waits for its registration, for another's it does
    not."""
    someone_else(scene, "julia")
    scene.connected()
    scene.emu.fail("agent.created", "ignore")
    scene.do(scene.pc.agent, "mara")
    scene.emu.wait_agent("mara")
    waiting = scene.front.begin(scene.pc.create_token, "chat", "mara")
    scene.do(scene.pc.create_token, "chat", "julia")
    assert asked(scene) == ["julia"]
    scene.emu.send({"event": "agent.created", "agent_id": "mara"})
    assert waiting.result(10).token
    assert asked(scene) == ["julia", "mara"]


def test_a_local_agent_that_is_refused(scene: Scene) -> None:
    """What refused the registration is raised, not that the agent is offline; nothing is asked."""
    scene.connected()
    scene.emu.fail("agent.create", code="MODEL_NOT_ALLOWED", error="no such model")
    scene.do(scene.pc.agent, "mara")
    with pytest.raises(RegistrationError, match="no such model") as caught:
        scene.do(scene.pc.create_token, "webrtc", "mara")
    assert caught.value.code == "MODEL_NOT_ALLOWED"
    assert asked(scene) == []


def test_a_local_agent_without_an_answer(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A registration that is not answered within 10 s is AGENT_NOT_REGISTERED; it is asked for twice."""
    wait_ready = scene.front.module.Agent.wait_ready
    assert wait_ready.__defaults__ == (10.0,)
    monkeypatch.setattr(wait_ready, "__defaults__", (0.05,))
    scene.connected()
    scene.emu.fail("agent.create", "ignore", times=2)
    scene.do(scene.pc.agent, "mara")
    with pytest.raises(RegistrationError) as caught:
        scene.do(scene.pc.create_token, "webrtc", "mara")
    assert (caught.value.code, caught.value.agent_id) == ("AGENT_NOT_REGISTERED", "mara")
    assert asked(scene) == []


def test_an_agent_that_is_not_online(scene: Scene) -> None:
    """The server's refusal is a TokenError with its status, its words and the agent."""
    scene.connected()
    with pytest.raises(TokenError, match="Agent 'nobody' is not online") as caught:
        scene.do(scene.pc.create_token, "webrtc", "nobody")
    assert (caught.value.status, caught.value.agent_id) == (404, "nobody")
