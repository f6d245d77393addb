"""Event streams and call logs of clients, agents and calls."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.agents.agent import AgentBase
from pinecall.core.api.web import AgentWebBase, CallWebBase, ClientWebBase, Streaming
from pinecall.core.calls.call import CallBase
from pinecall.core.rest import tokens
from pinecall.core.rest.call_log import CallLog
from pinecall.errors import ConfigurationError, RegistrationError

from ..harness import Client, Wire


class Streams(Streaming[Any]):
    """A front whose streams say what they were made of."""

    def _event_stream(self, *args: Any, **options: Any) -> Any:
        return args, options


class WebClient(Streams, ClientWebBase[Any, Any, Any, Any], Client):
    ports = 0

    def _open_port(self) -> Any:
        self.ports += 1
        return object()

    def _create_token(self, make: Any) -> Any:
        return make

    def _observation(self, log: CallLog) -> Any:
        agents = tokens.agents_of(log._token)
        return {"call": log.call, "agent": log.agent, "after": log.after, "agents": agents}


class WebAgent(Streams, AgentWebBase[Any, Any], AgentBase):
    pass


class WebCall(Streams, CallWebBase[Any], CallBase):
    pass


def web() -> tuple[Wire, WebClient]:
    """A wire with a front's own classes."""
    wire = Wire()
    front: Any = wire.front
    front.make_agent, front.make_call = WebAgent, WebCall
    front.client = WebClient(wire.engine)
    return wire, front.client


class TestTokens:
    def test_of_a_client(self) -> None:
        """The request is made, and its arguments are checked, when the front begins with it."""
        _wire, pc = web()
        op = pc.create_token("chat", "mara", scope="observe", call_id="CA1")()
        assert (op.method, op.path) == ("GET", "/chat/token")
        refused = pc.create_token("fax", "mara")
        with pytest.raises(ConfigurationError, match="fax"):
            refused()

    def test_of_an_agent(self) -> None:
        """An agent's token is its own; a removed agent has none."""
        wire, _pc = web()
        agent = wire.agent()
        assert isinstance(agent, WebAgent)
        op = agent.create_token("webrtc")()
        assert (op.path, tokens.agents_of(op)) == ("/webrtc/token", ["mara"])
        wire.pc.remove_agent("mara")
        with pytest.raises(RegistrationError, match="create_token: agent mara was removed"):
            agent.create_token("webrtc")()

    def test_whose_registration_is_waited_for(self) -> None:
        """A token waits for the agents of this client that it is for, and for no other."""
        wire, pc = web()
        mara, _leo = wire.agent("mara"), wire.agent("leo")
        op = pc.create_token("stream", ["mara", "another"])()
        assert pc._registrations(op) == [mara._registration]

    def test_the_port(self) -> None:
        """The port to REST is opened with its first use, and once."""
        _, pc = web()
        assert pc.ports == 0
        assert pc._port is pc._port
        assert pc.ports == 1


class TestObserving:
    def test_a_call_that_is_known(self) -> None:
        """A call of this client is observed with its own agent, also when it is over."""
        wire, pc = web()
        wire.agent("leo")
        wire.call()
        wanted = {"call": "CA1", "agent": None, "after": 0, "agents": ["mara"]}
        assert pc.observe(call="CA1") == wanted
        wire.server("call.ended", agent_id="mara", call_id="CA1")
        assert pc.observe(call="CA1") == wanted

    def test_a_call_that_is_not_known(self) -> None:
        """Any other call is observed with every agent of this client."""
        wire, pc = web()
        wire.agent("mara")
        wire.agent("leo")
        assert pc.observe(call="CA7", after=3) == {
            "call": "CA7",
            "agent": None,
            "after": 3,
            "agents": ["mara", "leo"],
        }

    def test_agents_that_are_given(self) -> None:
        """The agents that are given are taken as they are."""
        wire, pc = web()
        wire.call()
        assert pc.observe(call="CA1", agents="sales")["agents"] == ["sales"]

    def test_an_agent(self) -> None:
        """The calls of an agent are observed by its id alone."""
        _, pc = web()
        assert pc.observe(agent="mara") == {
            "call": None,
            "agent": "mara",
            "after": 0,
            "agents": ["mara"],
        }


class TestStreams:
    def test_of_a_client(self) -> None:
        """A client's stream is one of all agents, or of those that are given."""
        wire, pc = web()
        hub = wire.engine.open_hub()
        assert pc.stream() == ((hub, None), {})
        assert pc.stream(agents=["mara"]) == ((hub, ["mara"]), {})

    def test_the_end(self) -> None:
        """Streams end with their client; a client that has none is closed all the same."""
        wire, pc = web()
        pc._close_streams()
        hub = wire.engine.open_hub()
        pc._close_streams()
        assert hub.closed

    def test_of_an_agent(self) -> None:
        """An agent's stream is its own; a removed agent has none."""
        wire, _ = web()
        agent = wire.agent()
        assert isinstance(agent, WebAgent)
        hub = wire.engine.open_hub()
        assert agent.stream() == ((hub, ["mara"]), {"of_agent": "mara"})
        wire.pc.remove_agent("mara")
        with pytest.raises(RegistrationError, match="stream: agent mara was removed"):
            agent.stream()

    def test_of_a_call(self) -> None:
        """A call's stream shows that call alone, with a greeting where one is given."""
        wire, _ = web()
        call = wire.call()
        assert isinstance(call, WebCall)
        hub = wire.engine.open_hub()
        assert call.stream() == ((hub, []), {"call": call, "greeting": None})
        assert call.stream(greeting="Hi!") == ((hub, []), {"call": call, "greeting": "Hi!"})

    def test_a_hub_is_opened(self) -> None:
        """The first stream opens the hub: events are published from then on."""
        wire, pc = web()
        assert wire.engine.hub is None
        ((hub, _), _) = pc.stream()
        assert wire.engine.hub is hub
