"""Agents on the server: claiming, refusals, conflicts, what is sent on the ack."""

from __future__ import annotations

import math
from typing import Any

import pytest

from pinecall.core.agents.registration import not_registered
from pinecall.core.link.backoff import ConflictEpisode
from pinecall.errors import (
    AgentConflictError,
    ConfigurationError,
    DisplacedError,
    NotConnected,
    PhoneInUseError,
    PinecallError,
    RegistrationError,
    ServerAtCapacityError,
)
from pinecall.skills import Skill
from pinecall.tools import tool

from ..harness import Wire


@tool
def lookup(order: str) -> str:
    """Look it up."""
    return order


@tool
async def slow_lookup(order: str) -> str:
    """Look it up."""
    return order


class TestClaiming:
    def test_before_connect(self) -> None:
        """An agent made before connect() is claimed when connected comes."""
        wire = Wire()
        mara = wire.pc.agent("mara", voice="elevenlabs/sarah", allowed_origins=["https://x.dev"])
        wire.connect()
        wire.opened()
        assert wire.sent_events() == ["connect"]
        wire.server("connected")
        assert wire.sent() == [
            {
                "event": "agent.create",
                "agent_id": "mara",
                "voice": "elevenlabs/sarah",
                "allowed_origins": ["https://x.dev"],
            }
        ]
        assert not mara.registered

    def test_while_connected(self) -> None:
        """An agent made while connected is claimed at once."""
        wire = Wire().up()
        wire.pc.agent("mara")
        assert wire.sent() == [{"event": "agent.create", "agent_id": "mara"}]

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

    @pytest.mark.parametrize("ack", ["agent.created", "agent.resumed"])
    def test_the_ack(self, ack: str) -> None:
        """ready settles with agent.created or agent.resumed, and the event reaches handlers."""
        wire = Wire().up()
        mara = wire.pc.agent("mara")
        ready = mara._registration.ready
        told = wire.listen(ack)
        assert not ready.done
        wire.server(ack, agent_id="mara")
        assert ready.result() is None
        assert mara.registered
        assert told[0][2] is mara
        assert mara._registration.ready.done

    def test_repeated_ack(self) -> None:
        """A repeated ack on one connection sends the channels not again."""
        wire = Wire()
        wire.agent(phone_number="+13186330963")
        wire.server("agent.created", agent_id="mara")
        assert wire.sent() == []

    def test_configured_is_heard(self) -> None:
        """agent.configured changes nothing and reaches the handlers."""
        wire = Wire()
        mara = wire.agent()
        told = wire.listen("agent.configured")
        wire.server("agent.configured", agent_id="mara")
        assert told[0][2] is mara
        assert wire.sent() == []

    def test_ready_is_pending_again(self) -> None:
        """When the link is lost ready is pending again, until the next ack."""
        wire = Wire()
        mara = wire.agent()
        assert mara._registration.ready.done
        wire.lost()
        ready = mara._registration.ready
        assert not ready.done
        assert not mara.registered
        wire.reconnect()
        assert not ready.done
        wire.server("agent.resumed", agent_id="mara")
        assert ready.result() is None

    @pytest.mark.parametrize("end", ["disconnect", "lost"])
    def test_ready_ends_with_the_link(self, end: str) -> None:
        """When the link is closed for good, waiting for ready fails, and may begin anew."""
        wire = Wire(reconnect=None).up()
        mara, line = wire.pc.agent("mara"), wire.pc.line("+12186633772")
        waits = [mara._registration.ready, line._registration.ready]
        if end == "disconnect":
            wire.engine.disconnect()
        else:
            wire.lost()
        for ready in waits:
            with pytest.raises(NotConnected, match="the connection was closed"):
                ready.result()
        again = mara._registration.ready
        assert not again.done
        wire.up()
        wire.server("agent.created", agent_id="mara")
        assert again.result() is None

    def test_everything_that_hangs_on_the_ack(self) -> None:
        """On the ack go channels in the order of their adding, then callers, pauses, and what was
        held; the claim itself carries the configuration as it is now."""
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

    def test_channels_wait_for_their_own_agent(self) -> None:
        """The ack of one agent sends nothing of another."""
        wire = Wire()
        wire.pc.agent("mara", phone_number="+13186330963")
        wire.pc.agent("leo", phone_number="+13186330964")
        wire.up()
        wire.server("agent.created", agent_id="leo")
        assert [frame["ref"] for frame in wire.sent()] == ["+13186330964"]

    def test_configured_between_claim_and_ack(self) -> None:
        """What changes between the claim and its ack goes out with the ack."""
        wire = Wire().up()
        mara = wire.pc.agent("mara", prompt="Hi")
        mara.configure(prompt="Hello")
        mara.configure(name="Mara")
        assert wire.sent_events() == ["agent.create"]
        wire.server("agent.created", agent_id="mara")
        assert wire.sent() == [{"event": "agent.configure", "agent_id": "mara", "prompt": "Hello"}]

    def test_local_changes_between_claim_and_ack(self) -> None:
        """What is not on the wire sends nothing with the ack."""
        wire = Wire().up()
        mara = wire.pc.agent("mara")
        mara.configure(name="Mara")
        wire.sent()
        wire.server("agent.created", agent_id="mara")
        assert wire.sent() == []
        assert mara.name == "Mara"

    def test_nobody_answers(self) -> None:
        """The error for a missing ack says what the link and the registration are doing."""
        wire = Wire().up()
        error = not_registered(wire.pc.agent("mara")._registration, 10.0)
        assert error.code == "AGENT_NOT_REGISTERED"
        assert "'mara' was not registered within 10 s (link: connected" in error.message
        assert "asked" in error.message

    def test_ready_of_a_removed_agent(self) -> None:
        """Waiting for an agent that is removed ends."""
        wire = Wire().up()
        ready = wire.pc.agent("mara")._registration.ready
        wire.pc.remove_agent("mara")
        with pytest.raises(RegistrationError, match="agent mara was removed") as caught:
            ready.result()
        assert caught.value.code == "AGENT_NOT_REGISTERED"


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

    def test_local_options_send_nothing(self) -> None:
        """An option that stays in this process is kept and not sent."""
        wire = Wire()
        mara = wire.agent()
        mara.configure(name="Mara")
        assert wire.sent() == []
        assert mara.name == "Mara"
        assert wire.agent("leo").name == "leo"

    def test_configure_while_down(self) -> None:
        """configure() while the link is down changes what is claimed next."""
        wire = Wire()
        mara = wire.pc.agent("mara")
        mara.configure(prompt="Hi")
        wire.connect()
        wire.opened()
        wire.server("connected")
        assert wire.sent()[1]["prompt"] == "Hi"

    def test_tools_are_executable_at_once(self) -> None:
        """Tools given to configure() are the ones that run from then on."""
        wire = Wire()
        mara = wire.agent()
        assert mara._tools == {}
        mara.configure(tools=[lookup])
        assert set(mara._tools) == {"lookup"}
        assert wire.sent()[0]["tools"][0]["function"]["name"] == "lookup"

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

    def test_configure_session(self) -> None:
        """configure_session() changes one live call, by its id."""
        wire = Wire()
        mara = wire.agent()
        mara.configure_session("CA1", voice="elevenlabs/sarah", stt="soniox:v5")
        assert wire.sent() == [
            {
                "event": "session.configure",
                "agent_id": "mara",
                "session_id": "CA1",
                "voice": "elevenlabs/sarah",
                "stt": {"provider": "soniox", "model": "v5"},
            }
        ]

    def test_configure_session_while_down(self) -> None:
        """configure_session() raises while the link is down."""
        with pytest.raises(NotConnected):
            Wire().pc.agent("mara").configure_session("CA1", language="es")

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
        """send() raises while the link is down, and for what is not a frame."""
        mara = Wire().pc.agent("mara")
        with pytest.raises(NotConnected):
            mara.send({"event": "x"})
        with pytest.raises(ConfigurationError):
            mara.send("x")  # type: ignore[arg-type]


class TestRefusals:
    @pytest.mark.parametrize(
        "code", ["REGISTRATION_ERROR", "PROVIDER_KEY_REQUIRED", "MODEL_NOT_ALLOWED"]
    )
    def test_refused(self, code: str) -> None:
        """A refused registration fails ready, reports a typed error, and is not tried again."""
        wire = Wire().up()
        mara = wire.pc.agent("mara")
        wire.sent()
        told = wire.listen("error")
        ready = mara._registration.ready
        wire.server("error", agent_id="mara", code=code, error="no way")
        with pytest.raises(RegistrationError, match="no way") as caught:
            ready.result()
        assert (caught.value.code, caught.value.agent_id) == (code, "mara")
        assert told == [("error", caught.value)]
        wire.at(200)
        assert "agent.create" not in wire.sent_events()

    def test_later_success(self) -> None:
        """An ack after a refusal makes ready resolve."""
        wire = Wire().up()
        mara = wire.pc.agent("mara")
        assert mara._registration.ready.done is False
        wire.server("error", agent_id="mara", code="REGISTRATION_ERROR", error="no")
        assert mara._registration.ready.error is not None
        wire.server("agent.created", agent_id="mara")
        assert mara._registration.ready.result() is None

    def test_asking_again(self) -> None:
        """Asking for a refused agent again claims it again, and ready is open."""
        wire = Wire().up()
        mara = wire.pc.agent("mara")
        wire.server("error", agent_id="mara", code="SERVER_AT_CAPACITY", error="full")
        assert mara._registration.ready.error is not None
        wire.sent()
        wire.pc.agent("mara")
        assert wire.sent_events() == ["agent.create"]
        assert not mara._registration.ready.done

    def test_the_next_connection_asks_again(self) -> None:
        """A refused agent is claimed again on the next connection."""
        wire = Wire().up()
        mara = wire.pc.agent("mara")
        wire.server("error", agent_id="mara", code="REGISTRATION_ERROR", error="no")
        wire.lost()
        assert not mara._registration.ready.done
        wire.reconnect()
        assert wire.sent_events() == ["connect", "agent.create"]

    def test_ready_asked_after_the_refusal(self) -> None:
        """Whoever asks for ready after the refusal gets it, too."""
        wire = Wire().up()
        mara = wire.pc.agent("mara")
        wire.server("error", agent_id="mara", code="REGISTRATION_ERROR", error="no")
        with pytest.raises(RegistrationError):
            mara._registration.ready.result()

    @pytest.mark.parametrize(
        "frame",
        [
            {"code": "SERVER_AT_CAPACITY", "error": "5 of 5 in use"},
            {"error": "SERVER_AT_CAPACITY: 5 of 5 in use"},
        ],
    )
    def test_capacity(self, frame: dict[str, Any]) -> None:
        """A server without a free slot fails ready with its figures, and is not asked again."""
        wire = Wire().up()
        mara = wire.pc.agent("mara")
        ready = mara._registration.ready
        wire.sent()
        wire.server("error", agent_id="mara", used=5, limit=5, **frame)
        with pytest.raises(ServerAtCapacityError, match="5 of 5 in use") as caught:
            ready.result()
        assert (caught.value.used, caught.value.limit) == (5, 5)
        wire.at(25)
        assert wire.sent() == []

    def test_capacity_of_nobody(self) -> None:
        """Without an agent id the figures reach the client's error handlers."""
        wire = Wire().up()
        told = wire.listen("error")
        wire.server("error", code="SERVER_AT_CAPACITY", error="full", used=1, limit=2)
        assert isinstance(told[0][1], ServerAtCapacityError)
        assert (told[0][1].used, told[0][1].limit) == (1, 2)

    @pytest.mark.parametrize("phone", ["+13186330963", "1 (318) 633-0963"])
    def test_phone_in_use(self, phone: str) -> None:
        """A number held elsewhere leaves the channels, in whatever way it is written."""
        wire = Wire()
        mara = wire.agent(phone_number="+13186330963")
        told = wire.listen("error", on=mara)
        wire.server(
            "error", agent_id="mara", code="PHONE_IN_USE", error="taken", phone=phone, owner="leo"
        )
        error = told[0][1]
        assert isinstance(error, PhoneInUseError)
        assert (error.phone, error.owner, error.agent_id) == ("+13186330963", "leo", "mara")
        assert "'leo'" in error.message
        assert mara.registered
        assert dict(mara.channels) == {}
        wire.lost()
        wire.reconnect()
        wire.server("agent.created", agent_id="mara")
        assert "channel.add" not in wire.sent_events()

    def test_phone_in_use_in_the_text(self) -> None:
        """Older servers say it in the text, and may not name the number."""
        wire = Wire()
        mara = wire.agent(phone_number="+13186330963")
        told = wire.listen("error")
        wire.server("error", agent_id="mara", error="PHONE_IN_USE")
        assert told[0][1].phone is None
        assert len(mara.channels) == 1

    def test_phone_in_use_of_a_whatsapp_id(self) -> None:
        """What is not a phone number is matched as it is written."""
        wire = Wire()
        mara = wire.agent(whatsapp={"phone_number_id": "w1", "access_token": "t"})
        wire.server("error", agent_id="mara", code="PHONE_IN_USE", error="taken", phone="w1")
        assert dict(mara.channels) == {}

    def test_other_errors(self) -> None:
        """Any other error frame keeps its code and agent, on the agent and on the client."""
        wire = Wire()
        mara = wire.agent()
        on_agent, on_client = wire.listen("error", on=mara), wire.listen("error")
        wire.server("error", agent_id="mara", code="ODD", message="hm")
        assert on_agent == on_client
        error = on_client[0][1]
        assert (error.code, error.agent_id) == ("ODD", "mara")
        assert "hm" in error.message

    def test_an_error_that_says_nothing(self) -> None:
        """An error frame without code and text is reported all the same."""
        wire = Wire().up()
        told = wire.listen("error")
        wire.server("error")
        assert told[0][1].code == "SERVER_ERROR"

    def test_registration_error_of_an_agent_that_is_held(self) -> None:
        """The same code for an agent that is registered does not take it away."""
        wire = Wire()
        mara = wire.agent()
        told = wire.listen("error")
        wire.server("error", agent_id="mara", code="MODEL_NOT_ALLOWED", error="no such model")
        assert mara.registered
        assert type(told[0][1]) is PinecallError

    def test_displaced(self) -> None:
        """agent.displaced unregisters the agent, ends its calls, and is an error."""
        wire = Wire()
        mara = wire.agent()
        call = wire.call(mara)
        told = wire.listen("error", "agent.displaced", "call.ended")
        wire.server("agent.displaced", agent_id="mara", reason="replaced")
        assert [name for name, *_ in told] == ["call.ended", "error", "agent.displaced"]
        assert isinstance(told[1][1], DisplacedError)
        assert not mara.registered
        assert call.reason == "displaced"
        with pytest.raises(DisplacedError):
            mara._registration.ready.result()

    def test_displacement_of_a_stranger(self) -> None:
        """agent.displaced for an agent that is not here is dropped."""
        wire = Wire().up()
        told = wire.listen("error", "agent.displaced")
        wire.server("agent.displaced", agent_id="other")
        assert told == []
        assert wire.pc.stats()["dropped"] == 1


class TestConflicts:
    def conflict(self, wire: Wire, **fields: Any) -> None:
        wire.server("error", agent_id="mara", error="held", **{"code": "AGENT_CONFLICT", **fields})

    def test_hurry(self, caplog: pytest.LogCaptureFixture) -> None:
        """A name that is being let go is asked for again soon, five times and without a word."""
        wire = Wire()
        agent = wire.agent()
        told = wire.listen("error")
        wire.lost()
        wire.reconnect()
        agent._registration.hurry()
        for number in range(5):
            assert wire.sent_events()[-1:] == ["agent.create"], number
            wire.server(
                "error", code="AGENT_CONFLICT", error="x", agent_id="mara", retry_after_s=33
            )
            wire.after(0.5)
        assert told == []
        assert caplog.text == ""
        assert wire.sent_events() == ["agent.create"]
        self.conflict(wire, retry_after_s=33)
        wire.after(5)
        assert wire.sent_events() == []
        assert len(told) == 1

    @pytest.mark.parametrize(
        "frame",
        [
            {"code": "AGENT_CONFLICT"},
            {"code": "AGENT_IN_USE"},
            {"code": "", "error": "AGENT_IN_USE"},
            {"error": "AGENT_CONFLICT: held"},
        ],
    )
    def test_tried_again(self, frame: dict[str, Any]) -> None:
        """A conflict, by code or by text, claims the agent again after a while."""
        wire = Wire().up()
        wire.chance = 0.5
        mara = wire.pc.agent("mara")
        ready = mara._registration.ready
        wire.sent()
        told = wire.listen("error")
        wire.server({"event": "error", "agent_id": "mara", "error": "held", **frame})
        assert isinstance(told[0][1], AgentConflictError)
        assert told[0][1].reason == "retrying"
        wire.at(4.9)
        assert wire.sent() == []
        wire.at(5)
        assert wire.sent_events() == ["agent.create"]
        wire.server("agent.created", agent_id="mara")
        assert ready.result() is None

    def test_delays(self) -> None:
        """The delays are 5, 10, 20, 40 s, and the last is cut to land on 90 s."""
        wire = Wire(ping_interval=None).up()
        wire.chance = 0.5
        wire.pc.agent("mara")
        times = []
        for _ in range(5):
            self.conflict(wire)
            wire.sent()
            due = wire.engine.deadline(wire.now)
            assert due is not None
            while not wire.sent_events():
                due = wire.engine.deadline(wire.now)
                assert due is not None
                wire.at(due)
            times.append(wire.now)
        assert times == [5, 15, 35, 75, 90]

    def test_after_90_s_it_is_over(self) -> None:
        """A conflict at the end of the 90 s fails ready for good."""
        wire = Wire(ping_interval=None).up()
        wire.chance = 0.5
        mara = wire.pc.agent("mara")
        ready = mara._registration.ready
        told = wire.listen("error")
        for moment in (0, 5, 15, 35, 75, 90):
            wire.at(moment)
            self.conflict(wire)
        with pytest.raises(AgentConflictError) as caught:
            ready.result()
        assert caught.value.reason == "retry_budget_exhausted"
        assert len(told) == 6
        wire.sent()
        wire.at(1000)
        assert wire.sent() == []

    def test_retry_after(self) -> None:
        """The server's retry_after_s is the delay."""
        wire = Wire(ping_interval=None).up()
        wire.chance = 0.5
        wire.pc.agent("mara")
        wire.sent()
        self.conflict(wire, retry_after_s=33)
        wire.at(32)
        assert wire.sent() == []
        wire.at(33)
        assert wire.sent_events() == ["agent.create"]

    def test_limits_and_jitter(self) -> None:
        """A delay is 60 s at most, 600 s with a living holder, and 15 % more or less."""

        def delay(**given: Any) -> float | None:
            options: dict[str, Any] = {"retry_after": None, "holder_alive": None, "random": 0.5}
            return ConflictEpisode(0.0).delay(0.0, **{**options, **given})

        assert delay() == 5
        assert delay(random=0.0) == pytest.approx(4.25)
        assert delay(random=1.0) == pytest.approx(5.75)
        assert delay(retry_after=80) == 60
        assert delay(retry_after=80, holder_alive=True) == 80
        assert delay(retry_after=1000, holder_alive=True) == 90

    def test_hints_that_would_spin(self) -> None:
        """Whatever the server says, the tries are a quarter of a second apart at least, and the
        episode ends after 90 s."""
        for hint in (0, -3, -math.inf, 0.001):
            episode, now, random = ConflictEpisode(0.0), 0.0, 0.0
            while True:
                delay = episode.delay(now, retry_after=hint, holder_alive=None, random=random)
                if delay is None:
                    break
                assert 0.25 <= delay < 0.3
                now += delay
            assert 89.7 < now <= 90
        for hint in (1e300, math.inf):
            episode = ConflictEpisode(0.0)
            assert episode.delay(0, retry_after=hint, holder_alive=None, random=0.5) == 60
        episode = ConflictEpisode(0.0)
        assert episode.delay(0, retry_after=math.nan, holder_alive=None, random=0.5) == 5

    @pytest.mark.parametrize("hint", ["soon", None, [1], {}, True])
    def test_hints_that_are_no_numbers(self, hint: Any) -> None:
        """They are passed over, and the retry goes its usual way."""
        wire = Wire(ping_interval=None).up()
        wire.chance = 0.5
        wire.pc.agent("mara")
        wire.sent()
        self.conflict(wire, retry_after_s=hint)
        wire.at(4.9)
        assert wire.sent_events() == []
        wire.at(5)
        assert wire.sent_events() == ["agent.create"]

    def test_dead_holder(self) -> None:
        """A holder known to be dead starts fast delays and the 90 s anew."""
        wire = Wire(ping_interval=None).up()
        wire.chance = 0.5
        wire.pc.agent("mara")
        for moment in (0, 5, 15, 35, 75):
            wire.at(moment)
            self.conflict(wire)
        wire.at(90)
        wire.sent()
        self.conflict(wire, holder_alive=False)
        wire.at(95)
        assert wire.sent_events() == ["agent.create"]
        self.conflict(wire)
        wire.at(104)
        assert wire.sent() == []

    def test_conflict_while_waiting(self) -> None:
        """A second conflict while a try is planned is reported and plans nothing more; that the
        holder is dead makes what follows fast again."""
        wire = Wire().up()
        wire.chance = 0.5
        wire.pc.agent("mara")
        wire.sent()
        told = wire.listen("error")
        self.conflict(wire)
        wire.at(3)
        self.conflict(wire)
        wire.at(4)
        self.conflict(wire, holder_alive=False)
        assert len(told) == 3
        wire.at(9.9)
        assert wire.sent_events() == ["agent.create"]
        self.conflict(wire)
        wire.at(14.9)
        assert wire.sent_events() == ["agent.create"]

    def test_notice_once(self, caplog: Any) -> None:
        """The notice in the log appears once for one conflict."""
        wire = Wire().up()
        wire.chance = 0.5
        wire.pc.agent("mara")
        self.conflict(wire)
        wire.at(5)
        self.conflict(wire)
        assert caplog.text.count("is held by another connection; trying again") == 1

    def test_the_ack_ends_it(self) -> None:
        """An ack, however it came about, drops the planned try and the 90 s."""
        wire = Wire().up()
        wire.chance = 0.5
        wire.pc.agent("mara")
        self.conflict(wire)
        wire.at(5)
        self.conflict(wire)
        wire.sent()
        wire.server("agent.created", agent_id="mara")
        wire.at(20)
        assert wire.sent() == []
        self.conflict(wire)
        wire.at(24.9)
        assert wire.sent() == []
        wire.at(25)
        assert wire.sent_events() == ["agent.create"]

    def test_a_close_clears_it(self) -> None:
        """A lost link drops the planned try and the 90 s."""
        wire = Wire().up()
        wire.chance = 0.5
        wire.pc.agent("mara")
        self.conflict(wire)
        wire.lost()
        wire.reconnect()
        assert wire.sent_events() == ["connect", "agent.create"]
        wire.at(6)
        assert wire.sent() == []
        self.conflict(wire)
        wire.at(11)
        assert wire.sent_events() == ["agent.create"]

    def test_removed_while_waiting(self) -> None:
        """A removed agent is not claimed again."""
        wire = Wire().up()
        wire.pc.agent("mara")
        self.conflict(wire)
        wire.pc.remove_agent("mara")
        wire.sent()
        wire.at(25)
        assert wire.sent() == []

    def test_without_an_agent(self) -> None:
        """A conflict without an agent is an error of the client, and plans nothing."""
        wire = Wire().up()
        told = wire.listen("error")
        wire.server("error", code="AGENT_CONFLICT", error="held")
        assert isinstance(told[0][1], AgentConflictError)
        assert wire.sent() == []

    @pytest.mark.parametrize(
        "frame",
        [{"code": "AGENT_CONFLICT_FATAL"}, {"code": "", "error": "AGENT_CONFLICT_FATAL: held"}],
    )
    def test_fatal(self, frame: dict[str, Any]) -> None:
        """AGENT_CONFLICT_FATAL is final: the holder lives."""
        wire = Wire().up()
        ready = wire.pc.agent("mara")._registration.ready
        told = wire.listen("error")
        wire.sent()
        wire.server({"event": "error", "agent_id": "mara", "error": "held", **frame})
        with pytest.raises(AgentConflictError) as caught:
            ready.result()
        assert caught.value.reason == "server_fatal"
        assert len(told) == 1
        wire.at(25)
        assert wire.sent() == []

    def test_a_try_after_the_link_was_lost(self) -> None:
        """A try that comes due when the link is down sends nothing."""
        wire = Wire()
        mara = wire.agent()
        wire.engine.disconnect()
        mara._registration._retry(0.0)
        assert wire.sent() == []


class TestRemoving:
    def test_remove(self) -> None:
        """remove_agent() ends the calls, releases the channels and forgets the agent."""
        wire = Wire()
        mara = wire.agent(phone_number="+13186330963")
        mara.add_channel("chat")
        call = wire.call(mara)
        told = wire.listen("call.ended")
        wire.sent()
        assert wire.pc.remove_agent("mara") is True
        wire.settle()
        assert told == [("call.ended", call, "agent_removed")]
        assert wire.sent() == [
            {"event": "channel.remove", "agent_id": "mara", "type": "phone", "ref": "+13186330963"},
            {"event": "channel.remove", "agent_id": "mara", "type": "chat", "ref": "chat"},
        ]
        assert wire.pc.get_agent("mara") is None
        assert wire.pc.remove_agent("mara") is False
        wire.lost()
        wire.reconnect()
        assert wire.sent_events() == ["connect"]

    def test_remove_while_down(self) -> None:
        """What was held for a removed agent is dropped, and nothing is sent for it."""
        wire = Wire()
        mara = wire.agent(phone_number="+13186330963")
        wire.lost()
        mara.send_message("hi", contact="1")
        assert wire.pc.stats()["held"] == 1
        wire.pc.remove_agent("mara")
        assert wire.pc.stats()["held"] == 0

    def test_same_name_again(self) -> None:
        """After a removal the id is free for a new agent."""
        wire = Wire()
        old = wire.agent()
        wire.pc.remove_agent("mara")
        assert wire.pc.agent("mara") is not old

    def test_get_agent(self) -> None:
        """get_agent() gives the agent or None, and agents is read-only."""
        wire = Wire()
        mara = wire.agent()
        assert wire.pc.get_agent("mara") is mara
        assert wire.pc.get_agent("leo") is None
        assert dict(wire.pc.agents) == {"mara": mara}
        with pytest.raises(TypeError):
            wire.pc.agents["x"] = mara  # type: ignore[index]


class TestPeopleInTheLoop:
    def test_scopes(self) -> None:
        """pause and resume send their scope, or none."""
        wire = Wire()
        mara = wire.agent()
        mara.pause()
        mara.pause("wa-1")
        mara.pause(contact="549")
        mara.resume("wa-1")
        mara.resume(contact="549")
        mara.resume()
        base = {"agent_id": "mara"}
        assert wire.sent() == [
            {"event": "session.pause", **base},
            {"event": "session.pause", **base, "session_id": "wa-1"},
            {"event": "session.pause", **base, "contact": "549"},
            {"event": "session.resume", **base, "session_id": "wa-1"},
            {"event": "session.resume", **base, "contact": "549"},
            {"event": "session.resume", **base},
        ]

    def test_pauses_outlive_the_link(self) -> None:
        """What is paused and not resumed is paused again after a reconnect, once."""
        wire = Wire()
        mara = wire.agent()
        for name in ("wa-1", "wa-2", "wa-2"):
            mara.pause(name)
        mara.resume("wa-1")
        wire.lost()
        mara.pause("wa-3")
        wire.reconnect()
        wire.server("agent.created", agent_id="mara")
        paused = [f["session_id"] for f in wire.sent() if f["event"] == "session.pause"]
        assert paused == ["wa-2", "wa-3"]

    def test_resume_without_scope_ends_all(self) -> None:
        """resume() without a scope leaves no pause to be repeated, also while down."""
        wire = Wire()
        mara = wire.agent()
        mara.pause("wa-1")
        wire.lost()
        mara.resume()
        wire.reconnect()
        wire.server("agent.created", agent_id="mara")
        assert "session.pause" not in wire.sent_events()

    def test_send_message(self) -> None:
        """send_message() writes as a person to a session or a contact."""
        wire = Wire()
        mara = wire.agent()
        mara.send_message("hi", session_id="wa-1", contact="549")
        assert wire.sent() == [
            {
                "event": "session.send",
                "agent_id": "mara",
                "session_id": "wa-1",
                "contact": "549",
                "text": "hi",
            }
        ]

    def test_send_message_needs_a_scope(self) -> None:
        """send_message() without a scope, or without a text, is refused."""
        mara = Wire().agent()
        with pytest.raises(ConfigurationError, match="session_id= or contact="):
            mara.send_message("hi")
        with pytest.raises(ConfigurationError):
            mara.send_message(5, contact="1")  # type: ignore[arg-type]

    @pytest.mark.parametrize("scope", ["", 5])
    def test_bad_scope(self, scope: Any) -> None:
        """A scope is a non-empty str."""
        with pytest.raises(ConfigurationError, match="session_id is a non-empty str"):
            Wire().agent().pause(scope)

    @pytest.mark.parametrize("event", ["session.paused", "session.resumed", "session.sent"])
    def test_events(self, event: str) -> None:
        """The server's confirmations reach the agent's handlers with their scope."""
        wire = Wire()
        mara = wire.agent()
        told = wire.listen(event, on=mara)
        wire.server(event, agent_id="mara", session_id="wa-1")
        wire.server(event, agent_id="mara", contact="549")
        scopes = [(e.raw.get("session_id"), e.raw.get("contact")) for _, e, _ in told]
        assert scopes == [("wa-1", None), (None, "549")]
        assert [of for _, _, of in told] == [mara, mara]

    def test_route_callers(self) -> None:
        """route_callers() sends the numbers in their normal form; one number may be given alone."""
        wire = Wire()
        mara = wire.agent()
        mara.route_callers("34 600-123-456")
        assert wire.sent() == [{"event": "dev.config", "callers": ["+34600123456"]}]
        wire.lost()
        mara.route_callers(["+34600123457"])
        wire.reconnect()
        wire.server("agent.created", agent_id="mara")
        assert wire.sent()[-1] == {"event": "dev.config", "callers": ["+34600123457"]}
