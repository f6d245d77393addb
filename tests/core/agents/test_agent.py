"""An agent: its configuration, its dials, what follows its ack, and its end."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.agents.agent import check_coroutines, tools_of
from pinecall.errors import (
    ConfigurationError,
    DialError,
    NotConnected,
    RegistrationError,
)
from pinecall.options import AgentOptions, Channel
from pinecall.skills import Skill
from pinecall.tools import tool

from ..harness import Wire
from .dialling import ANA, FROM, answered, bridge, dial


@tool
def lookup(order: str) -> str:
    """Look it up."""
    return order


@tool
async def slow_lookup(order: str) -> str:
    """Look it up."""
    return order


NUMBER = "+13186330963"


@pytest.mark.parametrize("call_id", ["", None, 3])
def test_configure_session(call_id: Any) -> None:
    """The call is named by its id."""
    wire = Wire()
    agent = wire.agent()
    with pytest.raises(ConfigurationError, match="call_id is the id of a call"):
        agent.configure_session(call_id, voice="x")


class TestConfiguration:
    def test_configure(self) -> None:
        """configure() sends the given keys, empty ones too, and keeps the others."""
        wire = Wire()
        mara = wire.agent(prompt="Hi", voice="elevenlabs/sarah")
        mara.configure({"promptVars": {"a": "b"}}, language="")
        assert wire.sent() == [
            {"event": "agent.configure", "agent_id": "mara", "language": "", "vars": {"a": "b"}}
        ]
        assert (mara.config.prompt, mara.config.language) == ("Hi", "")

    @pytest.mark.parametrize(
        "options",
        [
            {"tools": [slow_lookup]},
            {"skills": [Skill("orders", "…", tools=[slow_lookup])]},
            {"skills": [{"name": "orders", "description": "…", "tools": [slow_lookup]}]},
        ],
    )
    def test_coroutine_tools_without_a_loop(self, options: dict[str, Any]) -> None:
        """Without an event loop a coroutine tool is refused, in a skill too."""
        wire = Wire(coroutines=False)
        with pytest.raises(ConfigurationError, match="'slow_lookup' is an 'async def'"):
            wire.pc.agent("mara", **options)
        assert "mara" not in wire.pc.agents

    def test_skills(self) -> None:
        """skill() adds a skill or replaces the one of its name, and sends the whole list."""
        wire = Wire()
        mara = wire.agent()
        mara.skill({"name": "a", "description": "1"})
        mara.skill({"name": "b", "description": "2"})
        wire.sent()
        mara.skill({"name": "a", "description": "3"})
        sent = wire.sent()[0]["skills"]
        assert [(skill["name"], skill["description"]) for skill in sent] == [("a", "3"), ("b", "2")]

    def test_raw_frames(self) -> None:
        """send() adds the agent's id unless the frame has one, and waits for the ack."""
        wire = Wire().up()
        mara = wire.pc.agent("mara")
        wire.sent()
        mara.send({"event": "x"})
        mara.send({"event": "y", "agent_id": "other"})
        assert wire.sent() == []
        wire.server("agent.created", agent_id="mara")
        mara.send({"event": "z"})
        assert wire.sent(raw=True) == [
            {"event": "x", "agent_id": "mara"},
            {"event": "y", "agent_id": "other"},
            {"event": "z", "agent_id": "mara"},
        ]

    def test_raw_frames_while_down(self) -> None:
        """send() raises while the link is down, and for anything but a frame."""
        mara = Wire().pc.agent("mara")
        with pytest.raises(NotConnected):
            mara.send({"event": "x"})
        with pytest.raises(ConfigurationError):
            mara.send("x")  # type: ignore[arg-type]

    def test_configure_a_refused_agent(self) -> None:
        """configure() of an agent that was refused claims it again with the new configuration."""
        wire = Wire().up()
        mara = wire.pc.agent("mara")
        wire.server("error", agent_id="mara", code="MODEL_NOT_ALLOWED", error="no")
        wire.sent()
        mara.configure(llm="openai/gpt-4.1-mini")
        assert wire.sent() == [
            {"event": "agent.create", "agent_id": "mara", "llm": "openai/gpt-4.1-mini"}
        ]

    def test_configure_session_between_claim_and_ack(self) -> None:
        """configure_session() of an agent that is not registered yet goes out with the ack."""
        wire = Wire().up()
        mara = wire.pc.agent("mara")
        wire.sent()
        mara.configure_session("CA1", language="es")
        assert wire.sent() == []
        wire.server("agent.created", agent_id="mara")
        assert wire.sent_events() == ["session.configure"]

    def test_a_store_without_a_loop(self) -> None:
        """Without an event loop a history store with coroutine methods is refused."""

        class Store:
            async def save(self, record: Any) -> None:
                """It waits."""

        with pytest.raises(ConfigurationError, match="save"):
            check_coroutines(AgentOptions(history=Store()), "mara", allowed=False)
        check_coroutines(AgentOptions(history=Store()), "mara", allowed=True)

    def test_the_tools_of_a_skill(self) -> None:
        """tools_of() gives the tools of a skill, and nothing for a skill without tools."""
        assert list(tools_of(Skill("orders", "…", tools=[lookup]))) == [lookup]
        assert list(tools_of(Skill("billing", "…"))) == []

    def test_tools_are_executable_at_once(self) -> None:
        """Tools given to configure() are the ones that run from then on."""
        wire = Wire()
        mara = wire.agent()
        assert mara._tools == {}
        mara.configure(tools=[lookup])
        tools = mara._tools
        assert tools == mara._tools == {"lookup": lookup}
        assert wire.sent()[0]["tools"][0]["function"]["name"] == "lookup"

    def test_coroutine_greeting_without_a_loop(self) -> None:
        """Without an event loop a greeting that is a coroutine function is refused too."""

        async def greet(call: Any) -> str:
            return "Hi"

        with pytest.raises(ConfigurationError, match=r"the greeting .*greet is an 'async def'"):
            Wire(coroutines=False).pc.agent("mara", greeting=greet)
        assert Wire().pc.agent("mara", greeting=greet).config.greeting is greet

    def test_plain_tools_without_a_loop(self) -> None:
        """Without an event loop plain tools are taken; with one, coroutine tools too."""
        assert set(Wire(coroutines=False).pc.agent("mara", tools=[lookup])._tools) == {"lookup"}
        assert set(Wire().pc.agent("mara", tools=[slow_lookup])._tools) == {"slow_lookup"}

    def test_allowed_origins_come_with_the_next_claim(self, caplog: Any) -> None:
        """allowed_origins for an agent that is claimed are kept for the next claim, and it is said."""
        wire = Wire()
        wire.agent()
        wire.pc.agent("mara", allowed_origins=["https://x.dev"])
        assert wire.sent() == []
        assert "takes effect with the next registration" in caplog.text
        wire.lost()
        wire.reconnect()
        assert wire.sent()[1]["allowed_origins"] == ["https://x.dev"]

    def test_the_same_channel_again(self) -> None:
        """Channels of an option that are as they were are not sent again."""
        wire = Wire()
        mara = wire.agent()
        chat = mara.add_channel("chat")
        wire.sent()
        mara._apply(AgentOptions(), [chat, Channel("webrtc")])
        assert [(f["event"], f["type"]) for f in wire.sent()] == [("channel.add", "webrtc")]


class TestDialling:
    def test_a_call_that_nobody_dialled(self) -> None:
        """The end of a call is the agent's too where it never dialled, and it keeps no dials."""
        wire = Wire()
        mara = wire.agent()
        call = wire.call(mara)
        wire.server("call.ended", agent_id="mara", call_id="CA1", reason="hangup")
        assert call._over
        assert not mara._has_dials

    def test_no_caller_id(self) -> None:
        """Without a phone channel, or with several, from_ must be given."""
        wire = Wire()
        mara = wire.agent()
        with pytest.raises(ConfigurationError, match="has no phone channel"):
            dial(mara)
        mara.add_channel("+13186330001")
        mara.add_channel("+13186330002")
        wire.sent()
        with pytest.raises(ConfigurationError, match=r"has 2 \(\+13186330001, \+13186330002\)"):
            dial(mara)
        assert wire.sent() == []

    def test_the_number_to_ring_from(self) -> None:
        """A dial rings from the agent's only number, or from the number that is given."""
        wire = Wire()
        mara = wire.agent(phone_number=FROM)
        dial(mara)
        dial(mara, from_="1 318 633 0000")
        assert [frame["from"] for frame in wire.sent()] == [FROM, "+13186330000"]

    def test_a_bridge(self) -> None:
        """A bridge is asked for by the id of its target, and its call is the outcome."""
        wire = Wire()
        mara = wire.agent()
        outcome = bridge(mara, "pines")
        assert wire.sent()[0]["target"] == "pines"
        call = wire.call(mara, to="pines")
        assert outcome.result() is call

    def test_the_end_of_a_call(self) -> None:
        """The end of a call fails the dial that rang it."""
        wire = Wire()
        mara = wire.agent(phone_number=FROM)
        outcome = dial(mara)
        wire.server("call.dialing", agent_id="mara", call_id="CA1", from_=FROM, to=ANA)
        wire.server("call.ended", agent_id="mara", call_id="CA1", reason="busy")
        assert isinstance(outcome.error, DialError)

    def test_before_the_registration(self) -> None:
        """A dial waits for the registration: it is sent with the ack, and fails with a refusal."""
        wire = Wire().up()
        mara = wire.pc.agent("mara", phone_number=FROM)
        leo = wire.pc.agent("leo", phone_number=FROM)
        wire.sent()
        sent, refused = dial(mara), dial(leo)
        assert wire.sent() == []
        wire.server("agent.created", agent_id="mara")
        wire.server("error", agent_id="leo", code="MODEL_NOT_ALLOWED", error="no")
        assert wire.sent_events()[-1] == "call.dial"
        assert isinstance(refused.error, RegistrationError)
        answered(wire, "CA1")
        assert sent.result().id == "CA1"

    @pytest.mark.parametrize(
        ("to", "from_", "message"),
        [
            ("12", None, "dial, agent mara: '12' is not a phone number"),
            (5, None, "dial, agent mara: a phone number must be"),
            (ANA, "12", "dial, from_, agent mara: '12' is not a phone number"),
        ],
    )
    def test_bad_numbers(self, to: Any, from_: str | None, message: str) -> None:
        """A bad number is refused with the name of its argument and of the agent."""
        wire = Wire()
        mara = wire.agent(phone_number=FROM)
        with pytest.raises(ConfigurationError, match=message):
            dial(mara, to, from_)
        assert wire.sent() == []


class TestReplay:
    def test_everything_that_hangs_on_the_ack(self) -> None:
        """The ack is followed by channels in the order of their adding, callers, pauses and held frames;
        the claim itself carries the configuration as it is now."""
        wire = Wire()
        mara = wire.agent(prompt="Hi")
        mara.add_channel("+13186330964")
        mara.add_channel("webrtc")
        mara.add_channel("+13186330963")
        mara.configure(prompt="Hello", voice="elevenlabs/sarah")
        mara.configure_channel("+13186330964", language="es")
        mara.route_callers(["+34 600 123 456"])
        mara.pause("CA1")
        wire.lost()
        mara.send_message("hi", session_id="wa-1")
        wire.reconnect()
        assert wire.sent()[1:] == [
            {
                "event": "agent.create",
                "agent_id": "mara",
                "voice": "elevenlabs/sarah",
                "prompt": "Hello",
            }
        ]
        wire.server("agent.created", agent_id="mara")
        assert wire.sent() == [
            {
                "event": "channel.add",
                "agent_id": "mara",
                "type": "phone",
                "ref": "+13186330964",
                "language": "es",
            },
            {"event": "channel.add", "agent_id": "mara", "type": "webrtc"},
            {"event": "channel.add", "agent_id": "mara", "type": "phone", "ref": "+13186330963"},
            {"event": "dev.config", "callers": ["+34600123456"]},
            {"event": "session.pause", "agent_id": "mara", "session_id": "CA1"},
            {"event": "session.send", "agent_id": "mara", "session_id": "wa-1", "text": "hi"},
        ]

    def test_configured_between_claim_and_ack(self) -> None:
        """Changes between the claim and its ack go out with the ack."""
        wire = Wire().up()
        mara = wire.pc.agent("mara", prompt="Hi")
        mara.configure(prompt="Hello")
        mara.configure(name="Mara")
        assert wire.sent_events() == ["agent.create"]
        wire.server("agent.created", agent_id="mara")
        assert wire.sent() == [{"event": "agent.configure", "agent_id": "mara", "prompt": "Hello"}]

    def test_local_changes_between_claim_and_ack(self) -> None:
        """Options that are not on the wire send nothing with the ack."""
        wire = Wire().up()
        mara = wire.pc.agent("mara")
        mara.configure(name="Mara")
        wire.sent()
        wire.server("agent.created", agent_id="mara")
        assert wire.sent() == []
        assert mara.name == "Mara"


class TestRepr:
    def test_repr(self) -> None:
        """An agent shows its id, the state of its registration, and how many channels and calls it has."""
        wire = Wire().up()
        mara = wire.pc.agent("mara", phone_number=NUMBER)
        assert repr(mara) == "<AgentBase 'mara': asked, 1 channels, 0 calls>"
        wire.server("agent.created", agent_id="mara")
        wire.call(mara)
        assert repr(mara) == "<AgentBase 'mara': held, 1 channels, 1 calls>"

    def test_title(self) -> None:
        """Messages name the agent by its id."""
        assert Wire().pc.agent("mara", name="Mara")._title == "agent mara"


class TestRemoval:
    def test_removed(self) -> None:
        """A removed agent gives its channels back; its dials fail and its iterators end."""
        wire = Wire()
        mara = wire.agent(phone_number=FROM)
        outcome = dial(mara)
        events = wire.engine.subscribe(mara._handlers, ())
        wire.sent()
        wire.pc.remove_agent("mara")
        assert wire.sent_events() == ["channel.remove"]
        assert isinstance(outcome.error, DialError)
        assert events.over

    def test_refused_and_removed(self) -> None:
        """An agent that is not registered gives nothing back."""
        wire = Wire().up()
        wire.pc.agent("mara", phone_number=FROM)
        wire.sent()
        wire.pc.remove_agent("mara")
        assert wire.sent() == []
