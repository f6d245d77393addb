"""Agents on the server: claiming, refusals, conflicts, what is sent on the ack."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.agents.registration import not_registered
from pinecall.core.kernel.outcome import Outcome
from pinecall.errors import (
    AgentConflictError,
    NotConnected,
    PhoneInUseError,
    RegistrationError,
    ServerAtCapacityError,
)

from ..harness import Wire

NUMBER = "+13186330963"


OTHER = "+13186330964"


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

    def test_repeated_ack(self) -> None:
        """A repeated ack on one connection sends the channels not again."""
        wire = Wire()
        wire.agent(phone_number="+13186330963")
        wire.server("agent.created", agent_id="mara")
        assert wire.sent() == []

    def test_ready_is_pending_again(self) -> None:
        """ready is pending again after a lost link, until the next ack."""
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
        """Waiting for ready fails when the link is closed for good, and may begin anew."""
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

    def test_channels_wait_for_their_own_agent(self) -> None:
        """The ack of one agent sends nothing of another."""
        wire = Wire()
        wire.pc.agent("mara", phone_number="+13186330963")
        wire.pc.agent("leo", phone_number="+13186330964")
        wire.up()
        wire.server("agent.created", agent_id="leo")
        assert [frame["ref"] for frame in wire.sent()] == ["+13186330964"]

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
        """ready fails at once where the agent was refused before."""
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
        """PHONE_IN_USE in the text of an error, without a number, leaves the channels as they are."""
        wire = Wire()
        mara = wire.agent(phone_number="+13186330963")
        told = wire.listen("error")
        wire.server("error", agent_id="mara", error="PHONE_IN_USE")
        assert told[0][1].phone is None
        assert len(mara.channels) == 1

    def test_phone_in_use_of_a_whatsapp_id(self) -> None:
        """A refused ref that is not a phone number is matched as it is written."""
        wire = Wire()
        mara = wire.agent(whatsapp={"phone_number_id": "w1", "access_token": "t"})
        wire.server("error", agent_id="mara", code="PHONE_IN_USE", error="taken", phone="w1")
        assert dict(mara.channels) == {}


class TestNumbers:
    def refuse(self, wire: Wire, **fields: Any) -> None:
        wire.server("error", agent_id="mara", code="PHONE_IN_USE", error="taken", **fields)

    def acked(self, wire: Wire, **options: Any) -> Outcome[None]:
        """Waiting for an agent that has just been acknowledged."""
        return wire.agent(**options)._registration.usable

    @pytest.mark.parametrize("fields", [{"phone": NUMBER}, {"phone": "1 318 633 0963"}, {}])
    def test_the_only_one_is_refused(self, fields: dict[str, Any]) -> None:
        """Waiting for the agent, also later, fails with the refusal of its only number."""
        wire = Wire()
        usable = self.acked(wire, phone_number=NUMBER)
        assert not usable.done
        self.refuse(wire, owner="leo", **fields)
        assert isinstance(usable.error, PhoneInUseError)
        assert wire.pc.agents["mara"]._registration.usable.error is usable.error
        assert wire.pc.agents["mara"].registered
        assert wire.pc.agents["mara"]._registration.ready.result() is None

    def test_the_next_registration(self) -> None:
        """A refused number is not asked for with the next registration, which succeeds."""
        wire = Wire()
        self.acked(wire, phone_number=NUMBER)
        self.refuse(wire, phone=NUMBER)
        wire.lost()
        wire.reconnect()
        wire.server("agent.created", agent_id="mara")
        assert wire.pc.agents["mara"]._registration.usable.result() is None

    def test_one_of_two_is_refused(self) -> None:
        """The agent is ready with its other number; the refusal is an error."""
        wire = Wire()
        told = wire.listen("error")
        usable = self.acked(wire, phone_numbers=[NUMBER, OTHER])
        self.refuse(wire, phone=NUMBER)
        assert not usable.done
        wire.server("channel.added", agent_id="mara", type="phone", ref=OTHER)
        assert usable.result() is None
        assert len(told) == 1

    def test_both_are_refused(self) -> None:
        """Waiting fails with the refusal of the last number."""
        wire = Wire()
        usable = self.acked(wire, phone_numbers=[NUMBER, OTHER])
        self.refuse(wire, phone=NUMBER)
        self.refuse(wire, phone=OTHER)
        assert isinstance(usable.error, PhoneInUseError)
        assert usable.error.phone == OTHER

    def test_a_number_that_is_not_its(self) -> None:
        """A refusal of a number that the agent does not have changes nothing."""
        wire = Wire()
        usable = self.acked(wire, phone_number=NUMBER)
        wire.server("channel.added", agent_id="mara", type="phone", ref=NUMBER)
        self.refuse(wire, phone=OTHER)
        assert usable.result() is None
        assert wire.pc.agents["mara"]._registration.usable.result() is None

    def test_a_server_that_confirms_no_channel(self) -> None:
        """Numbers that the server does not confirm count as given a second after the ack."""
        wire = Wire()
        usable = self.acked(wire, phone_number=NUMBER)
        wire.settle()
        wire.after(0.9)
        assert not usable.done
        wire.after(0.1)
        assert usable.result() is None

    def test_confirmed_without_the_number(self) -> None:
        """A confirmation without a number counts for all of them."""
        wire = Wire()
        usable = self.acked(wire, phone_number=NUMBER)
        wire.server("channel.added", agent_id="mara", type="phone")
        assert usable.result() is None

    def test_other_channels_are_not_waited_for(self) -> None:
        """An agent without numbers is ready with the ack."""
        wire = Wire()
        wire.agent().add_channel("chat")
        wire.server("channel.added", agent_id="mara", type="chat")
        assert wire.pc.agents["mara"]._registration.usable.result() is None

    def test_a_number_added_later(self) -> None:
        """Waiting after a number was added is for that number's answer."""
        wire = Wire()
        mara = wire.agent(phone_number=NUMBER)
        self.refuse(wire, phone=NUMBER)
        mara.add_channel("phone", OTHER)
        usable = mara._registration.usable
        assert not usable.done
        wire.server("channel.added", agent_id="mara", type="phone", ref=OTHER)
        assert usable.result() is None

    def test_the_link_is_lost_before_the_answer(self) -> None:
        """Waiting for numbers goes on with the next registration."""
        wire = Wire()
        usable = self.acked(wire, phone_number=NUMBER)
        wire.lost()
        wire.reconnect()
        assert not usable.done
        wire.server("agent.created", agent_id="mara")
        assert not usable.done
        wire.server("channel.added", agent_id="mara", type="phone", ref=NUMBER)
        assert usable.result() is None

    def test_closed_meanwhile(self) -> None:
        """Waiting ends when the client is closed."""
        wire = Wire()
        usable = self.acked(wire, phone_number=NUMBER)
        wire.engine.disconnect()
        assert isinstance(usable.error, NotConnected)


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

    def test_what_is_said_after_the_timeout(self) -> None:
        """The error after a timeout says who holds the name, and what is being tried."""
        wire = Wire().up()
        wire.chance = 0.5
        mara = wire.pc.agent("mara")
        registration = mara._registration
        conflict = {"agent_id": "mara", "code": "AGENT_CONFLICT", "error": "already connected"}
        wire.server("error", **conflict, owner="laptop", holder_alive=True)
        error = not_registered(registration, 10)
        assert isinstance(error, AgentConflictError)
        assert (error.reason, error.code, error.agent_id) == ("retrying", "AGENT_CONFLICT", "mara")
        assert "held by another connection (of 'laptop', which answers): already connected" in str(
            error
        )
        assert "for at most 90 s in all" in str(error)
        assert not registration.usable.done
        wire.server("error", **conflict, holder_alive=False)
        assert "(which no longer answers)" in str(not_registered(registration, 10))
        wire.server("error", **conflict)
        assert "another connection: already" in str(not_registered(registration, 10))
        wire.server("agent.created", agent_id="mara")
        assert registration.conflict is None
        assert registration.usable.result() is None

    def test_the_state_of_a_retry(self) -> None:
        """An agent in a conflict waits between the tries, and has asked while one is under way."""
        wire = Wire().up()
        wire.chance = 0.5
        mara = wire.pc.agent("mara")
        wire.server("error", agent_id="mara", code="AGENT_CONFLICT", error="held")
        assert mara._registration.status == "waiting"
        wire.at(5)
        assert mara._registration.status == "asked"

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

    def test_conflict_while_waiting(self) -> None:
        """A second conflict while a try is planned is reported and plans nothing more; a dead holder makes
        the later delays short again."""
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
