"""The client: agents, lines, chats, and the state of the link."""

from __future__ import annotations

import math
from typing import Any

import pytest

from pinecall.core.drain import DrainReport
from pinecall.errors import (
    ConfigurationError,
    NotConnected,
    RequestRejected,
)

from ..harness import Wire

NUMBER = "+12186633772"


@pytest.mark.parametrize("timeout", [None, "1", math.inf])
def test_drain(timeout: Any) -> None:
    """A drain needs a number of seconds; otherwise nothing is closed."""
    wire = Wire()
    wire.agent(phone_number="+13186330963")
    with pytest.raises(ConfigurationError, match=r"drain\(\): timeout must be a number"):
        wire.pc._place_drain(timeout)
    assert wire.sent() == []


class TestAgents:
    def test_get_agent(self) -> None:
        """get_agent() gives the agent or None, and agents is read-only."""
        wire = Wire()
        mara = wire.agent()
        assert wire.pc.get_agent("mara") is mara
        assert wire.pc.get_agent("leo") is None
        assert dict(wire.pc.agents) == {"mara": mara}
        with pytest.raises(TypeError):
            wire.pc.agents["x"] = mara  # type: ignore[index]

    def test_same_name_again(self) -> None:
        """After a removal the id is free for a new agent."""
        wire = Wire()
        old = wire.agent()
        wire.pc.remove_agent("mara")
        assert wire.pc.agent("mara") is not old

    def test_same_id_is_the_same_agent(self) -> None:
        """agent() with a known id gives the same object and sends nothing."""
        wire = Wire()
        mara = wire.agent(prompt="Hi")
        assert wire.pc.agent("mara") is mara
        assert wire.pc.agent("mara", prompt="Hi") is mara
        assert wire.sent() == []

    def test_same_id_with_options(self) -> None:
        """Options for an agent that exists are applied and sent, those that changed only."""
        wire = Wire()
        mara = wire.agent(prompt="Hi", voice="elevenlabs/sarah")
        wire.pc.agent("mara", prompt="Hi", voice="elevenlabs/claire")
        assert wire.sent() == [
            {"event": "agent.configure", "agent_id": "mara", "voice": "elevenlabs/claire"}
        ]
        assert mara.config.prompt == "Hi"

    @pytest.mark.parametrize("bad", ["", 5, None])
    @pytest.mark.parametrize("verb", ["agent", "deploy"])
    def test_bad_ids(self, verb: str, bad: Any) -> None:
        """An agent's id is a non-empty str."""
        wire = Wire()
        with pytest.raises(ConfigurationError):
            getattr(wire.pc, verb)(bad)
        assert dict(wire.pc.agents) == {}

    def test_coroutines_without_a_loop(self) -> None:
        """Without an event loop a coroutine function is refused, and no agent is made."""

        async def greet(call: Any) -> str:
            return "Hi"

        wire = Wire(coroutines=False)
        with pytest.raises(ConfigurationError, match="'async def'"):
            wire.pc.agent("mara", greeting=greet)
        assert dict(wire.pc.agents) == {}

    def test_removed(self) -> None:
        """remove_agent() says whether there was such an agent."""
        wire = Wire()
        wire.agent()
        assert wire.pc.remove_agent("mara") is True
        assert wire.pc.remove_agent("mara") is False
        assert dict(wire.pc.agents) == {}


class TestDeploying:
    def test_deploy(self) -> None:
        """deploy() claims the agent with its model, and its channels follow the ack in order."""
        wire = Wire().up()
        wire.pc.deploy("mara", prompt="Hi", channels=["webrtc", "+13186330963", "chat"])
        frame = wire.sent()[0]
        assert frame["llm"] == {"provider": "openai", "model": "gpt-4.1-mini", "enabled": True}
        wire.server("agent.created", agent_id="mara")
        assert [f.get("ref") or f["type"] for f in wire.sent()] == [
            "webrtc",
            "+13186330963",
            "chat",
        ]

    def test_deploy_again(self) -> None:
        """A second deploy() sends what changed, and only the channels that are new."""
        wire = Wire().up()
        wire.pc.deploy("mara", prompt="Hi", greeting="Hello", channels=["webrtc"])
        wire.server("agent.created", agent_id="mara")
        wire.sent()
        wire.pc.deploy("mara", prompt="Ho", greeting="Hello", channels=["webrtc", "chat"])
        assert wire.sent() == [
            {"event": "agent.configure", "agent_id": "mara", "prompt": "Ho"},
            {"event": "channel.add", "agent_id": "mara", "type": "chat"},
        ]

    def test_deploy_leaves_the_agents_model(self) -> None:
        """deploy() of a known agent with another prompt keeps the model that it has."""
        wire = Wire()
        mara = wire.agent(llm="openai/gpt-4.1")
        wire.pc.deploy("mara", prompt="Hi")
        assert mara.config.llm == "openai/gpt-4.1"


class TestLines:
    def test_claimed(self) -> None:
        """line() claims a number in its normal form; however it is written, it is the same line."""
        wire = Wire().up()
        line = wire.pc.line("1 218 663 3772", voice="elevenlabs/sarah")
        assert [(f["event"], f["number"], f["config"]["voice"]) for f in wire.sent()] == [
            ("line.create", NUMBER, "elevenlabs/sarah")
        ]
        assert wire.pc.line(NUMBER) is line
        assert wire.sent() == []

    def test_claimed_anew(self) -> None:
        """A line is claimed anew with other options; with the same ones nothing is sent."""
        wire = Wire().up()
        line = wire.pc.line(NUMBER, stt="soniox")
        wire.sent()
        assert wire.pc.line(NUMBER, stt="soniox") is line
        assert wire.sent() == []
        assert wire.pc.line(NUMBER, {"stt": "soniox", "language": "es"}) is line
        (frame,) = wire.sent()
        assert (frame["event"], frame["config"]["language"]) == ("line.create", "es")

    def test_a_bad_number(self) -> None:
        """line() refuses a bad phone number."""
        wire = Wire().up()
        with pytest.raises(ConfigurationError, match="line: '12' is not a phone number"):
            wire.pc.line("12")
        assert wire.sent() == []


class TestChats:
    def test_asked(self) -> None:
        """place_chat() sends a message to an agent; the answer is the outcome."""
        wire = Wire().up()
        outcome = wire.pc._place_chat("sales", "Hi", session_id="s1", metadata=None, timeout=30.0)
        assert wire.sent() == [
            {"event": "llm.chat", "agent_id": "sales", "session_id": "s1", "text": "Hi"}
        ]
        wire.server("llm.chat.error", session_id="s1", error="no such agent")
        assert isinstance(outcome.error, RequestRejected)


class TestDraining:
    def test_drained(self) -> None:
        """place_drain() settles when the last call has ended."""
        wire = Wire()
        wire.call()
        outcome = wire.pc._place_drain(30)
        wire.settle()
        assert not outcome.done
        wire.server("call.ended", agent_id="mara", call_id="CA1")
        wire.after(1)
        assert outcome.result() == DrainReport(finished=["CA1"])


class TestTheLink:
    def test_the_state(self) -> None:
        """connected and state follow the link."""
        wire = Wire()
        states = [(wire.pc.state, wire.pc.connected)]
        wire.connect()
        states.append((wire.pc.state, wire.pc.connected))
        wire.up()
        states.append((wire.pc.state, wire.pc.connected))
        wire.lost()
        states.append((wire.pc.state, wire.pc.connected))
        wire.engine.disconnect()
        states.append((wire.pc.state, wire.pc.connected))
        assert states == [
            ("idle", False),
            ("connecting", False),
            ("connected", True),
            ("reconnecting", False),
            ("closed", False),
        ]

    def test_send(self) -> None:
        """send() sends a frame as it is, wakes the front, and raises while the link is down."""
        wire = Wire().up()
        wakes = wire.front.wakes
        wire.pc.send({"event": "brand.new", "a": 1})
        assert wire.sent(raw=True) == [{"event": "brand.new", "a": 1}]
        assert wire.front.wakes > wakes
        wire.lost()
        with pytest.raises(NotConnected):
            wire.pc.send({"event": "brand.new"})

    def test_stats(self) -> None:
        """stats() counts what came and went, and what there is now."""
        wire = Wire()
        wire.call()
        wire.server("brand.new")
        wire.text("hello")
        stats = wire.pc.stats()
        assert (stats["agents"], stats["calls"], stats["lines"]) == (1, 1, 0)
        assert (stats["unknown"], stats["malformed"], stats["state"]) == (1, 1, "connected")

    def test_repr(self) -> None:
        """A client shows the state of its link, and how many agents and calls it has."""
        wire = Wire()
        assert repr(wire.pc).endswith("Pinecall idle: 0 agents, 0 calls>")
        wire.call()
        assert repr(wire.pc).endswith("Pinecall connected: 1 agents, 1 calls>")

    def test_handlers(self) -> None:
        """Handlers of the client hear what happens on all agents."""
        wire = Wire()
        heard = wire.listen("call.started")
        calls = [wire.call(wire.agent("mara"), "CA1"), wire.call(wire.agent("leo"), "CA2")]
        assert heard == [("call.started", call) for call in calls]
        assert wire.pc._handlers is wire.engine.handlers
