"""Objects that are gone say so: removed agents, destroyed lines, refusals for good, closed clients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pinecall.core.agents.agent import AgentBase
from pinecall.core.agents.registration import not_registered
from pinecall.core.kernel.outbox import MAX_UNSENT_BYTES
from pinecall.core.kernel.outcome import Outcome
from pinecall.core.lines.line import LineBase
from pinecall.errors import (
    AgentConflictError,
    DialError,
    DisplacedError,
    NotConnected,
    PhoneInUseError,
    RegistrationError,
)
from pinecall.skills import Skill

from .harness import Wire

NUMBER = "+13186330963"
OTHER = "+13186330964"


def nothing(*_args: Any) -> None:
    """A handler."""


VERBS: dict[str, Callable[[AgentBase], Any]] = {
    "configure": lambda agent: agent.configure(prompt="x"),
    "skill": lambda agent: agent.skill(Skill("billing", "Bills.")),
    "configure_session": lambda agent: agent.configure_session("CA1", language="es"),
    "add_channel": lambda agent: agent.add_channel("chat"),
    "configure_channel": lambda agent: agent.configure_channel(NUMBER, language="es"),
    "remove_channel": lambda agent: agent.remove_channel(NUMBER),
    "route_callers": lambda agent: agent.route_callers([OTHER]),
    "pause": lambda agent: agent.pause(),
    "resume": lambda agent: agent.resume(),
    "send_message": lambda agent: agent.send_message("hi", contact="1"),
    "send": lambda agent: agent.send({"event": "brand.new"}),
    "on": lambda agent: agent._add_handler("turn.end", nothing),
    "once": lambda agent: agent._add_once("turn.end", nothing),
}


def refuse_all(wire: Wire, agent_id: str = "mara", code: str = "AGENT_CONFLICT_FATAL") -> None:
    wire.server("error", agent_id=agent_id, code=code, error="held elsewhere")


class TestRemovedAgents:
    @pytest.mark.parametrize("verb", VERBS)
    @pytest.mark.parametrize("up", [True, False])
    def test_verbs(self, verb: str, up: bool) -> None:
        """Every verb of a removed agent raises at once, link or no link, and leaves nothing."""
        wire = Wire()
        mara = wire.agent(phone_number=NUMBER)
        wire.pc.remove_agent("mara")
        if not up:
            wire.lost()
        wire.engine.outgoing()
        config = mara.config
        with pytest.raises(RegistrationError, match="agent mara was removed") as caught:
            VERBS[verb](mara)
        assert (caught.value.code, caught.value.agent_id) == ("AGENT_NOT_REGISTERED", "mara")
        assert mara.config is config
        assert wire.engine.outgoing() == []
        assert wire.pc.stats()["held"] == 0

    def test_waiting_for_it(self) -> None:
        """wait_ready() of a removed agent fails, whether it began before or after; a dial too."""
        wire = Wire()
        mara = wire.agent(phone_number=NUMBER)
        leo = wire.pc.agent("leo")
        dial = mara._place_dial(
            OTHER,
            None,
            greeting=None,
            metadata=None,
            config=None,
            detect_turn_end=False,
            timeout=30,
        )
        waiting = leo._registration.usable
        assert leo._registration.usable is waiting
        assert not waiting.done
        for agent in (mara, leo):
            wire.pc.remove_agent(agent.id)
        assert isinstance(waiting.error, RegistrationError)
        assert isinstance(dial.error, DialError)
        for agent in (mara, leo):
            assert agent._removed
            assert not agent.registered
            assert isinstance(agent._registration.usable.error, RegistrationError)
            assert isinstance(agent._registration.ready.error, RegistrationError)
            assert "removed" in repr(agent)

    def test_one_that_was_refused_before(self) -> None:
        """Whoever asks later learns that it was removed, not what was before."""
        wire = Wire().up()
        mara = wire.pc.agent("mara")
        refuse_all(wire)
        wire.pc.remove_agent("mara")
        assert "was removed" in str(mara._registration.usable.error)

    def test_what_was_to_be_sent(self, caplog: Any) -> None:
        """What it was to send later is not sent; that is said. drain() waits for nothing of it."""
        wire = Wire().up()
        mara = wire.pc.agent("mara")
        mara.send_message("hi", contact="1")
        wire.pc.remove_agent("mara")
        assert "agent mara is no more: 1 frames that waited are not sent" in caplog.text
        assert wire.pc._place_drain(10).result().unsent == 0

    def test_its_iterators(self) -> None:
        """Its iterators end with it, and later ones at once."""
        wire = Wire()
        mara = wire.agent()
        before = wire.engine.subscribe(mara._handlers, ())
        wire.pc.remove_agent("mara")
        assert before.over
        assert mara._events_over

    def test_its_calls(self) -> None:
        """Its calls have ended, and hold nothing back."""
        wire = Wire()
        call = wire.call()
        wire.pc.remove_agent("mara")
        assert call._over

    def test_an_agent_of_the_same_name(self) -> None:
        """A new agent of that name is another, and works."""
        wire = Wire()
        wire.agent()
        wire.pc.remove_agent("mara")
        wire.agent().pause()
        assert wire.sent_events() == ["session.pause"]


class TestDestroyedLines:
    @pytest.mark.parametrize(
        ("verb", "use"),
        [
            ("extensions", lambda line: line.extensions({"1": "mara"})),
            ("on", lambda line: line._add_handler("call", nothing)),
            ("once", lambda line: line._add_once("call", nothing)),
        ],
    )
    def test_verbs(self, verb: str, use: Callable[[LineBase], Any]) -> None:
        """Every verb raises, but for destroy(), which does nothing more."""
        wire = Wire().up()
        line = wire.pc.line(NUMBER)
        wire.server("line.created", number=NUMBER)
        line.destroy()
        with pytest.raises(RegistrationError, match=rf"^{verb}: line .* was destroyed"):
            use(line)
        wire.sent()
        line.destroy()
        assert wire.sent() == []
        assert line._events_over
        assert isinstance(line._registration.usable.error, RegistrationError)

    def test_its_calls(self) -> None:
        """A call that it answered goes on."""
        wire = Wire().up()
        line = wire.pc.line(NUMBER)
        wire.server("line.created", number=NUMBER)
        wire.server("call.started", agent_id=f"line:{NUMBER}", call_id="CL1", direction="inbound")
        call = wire.engine.registry.calls["CL1"]
        line.destroy()
        wire.sent()
        call.hangup()
        assert wire.sent_events() == ["call.hangup"]


class TestConflicts:
    def test_what_is_said_after_the_timeout(self) -> None:
        """Who holds the name, and what is being tried."""
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
        """Between the tries the agent waits; while one is under way it has asked, so that origins
        set then come too late."""
        wire = Wire().up()
        wire.chance = 0.5
        mara = wire.pc.agent("mara")
        wire.server("error", agent_id="mara", code="AGENT_CONFLICT", error="held")
        assert mara._registration.status == "waiting"
        wire.at(5)
        assert mara._registration.status == "asked"

    @pytest.mark.parametrize(("moment", "warned"), [(1, False), (5, True)])
    def test_origins_set_during_a_conflict(self, caplog: Any, moment: float, warned: bool) -> None:
        """allowed_origins are part of the next try; once it is under way they come too late."""
        wire = Wire().up()
        wire.chance = 0.5
        mara = wire.pc.agent("mara")
        wire.server("error", agent_id="mara", code="AGENT_CONFLICT", error="held")
        wire.at(moment)
        wire.pc.agent("mara", allowed_origins=["https://x.dev"])
        assert ("allowed_origins takes effect with the next registration" in caplog.text) is warned
        assert mara.config.allowed_origins == ["https://x.dev"]


class TestNumbers:
    def refuse(self, wire: Wire, **fields: Any) -> None:
        wire.server("error", agent_id="mara", code="PHONE_IN_USE", error="taken", **fields)

    def acked(self, wire: Wire, **options: Any) -> Outcome[None]:
        """Waiting for an agent that has just been acknowledged."""
        return wire.agent(**options)._registration.usable

    @pytest.mark.parametrize("fields", [{"phone": NUMBER}, {"phone": "1 318 633 0963"}, {}])
    def test_the_only_one_is_refused(self, fields: dict[str, Any]) -> None:
        """Waiting for the agent fails with what refused its number; so does waiting later."""
        wire = Wire()
        usable = self.acked(wire, phone_number=NUMBER)
        assert not usable.done
        self.refuse(wire, owner="leo", **fields)
        assert isinstance(usable.error, PhoneInUseError)
        assert wire.pc.agents["mara"]._registration.usable.error is usable.error
        assert wire.pc.agents["mara"].registered
        assert wire.pc.agents["mara"]._registration.ready.result() is None

    def test_the_next_registration(self) -> None:
        """It asks for no number any more, and nothing refuses it."""
        wire = Wire()
        self.acked(wire, phone_number=NUMBER)
        self.refuse(wire, phone=NUMBER)
        wire.lost()
        wire.reconnect()
        wire.server("agent.created", agent_id="mara")
        assert wire.pc.agents["mara"]._registration.usable.result() is None

    def test_one_of_two_is_refused(self) -> None:
        """The agent is ready with the other; ``error`` fires."""
        wire = Wire()
        told = wire.listen("error")
        usable = self.acked(wire, phone_numbers=[NUMBER, OTHER])
        self.refuse(wire, phone=NUMBER)
        assert not usable.done
        wire.server("channel.added", agent_id="mara", type="phone", ref=OTHER)
        assert usable.result() is None
        assert len(told) == 1

    def test_both_are_refused(self) -> None:
        """The last refusal is what waiting fails with."""
        wire = Wire()
        usable = self.acked(wire, phone_numbers=[NUMBER, OTHER])
        self.refuse(wire, phone=NUMBER)
        self.refuse(wire, phone=OTHER)
        assert isinstance(usable.error, PhoneInUseError)
        assert usable.error.phone == OTHER

    def test_a_number_that_is_not_its(self) -> None:
        """A refusal of what the agent does not have changes nothing."""
        wire = Wire()
        usable = self.acked(wire, phone_number=NUMBER)
        wire.server("channel.added", agent_id="mara", type="phone", ref=NUMBER)
        self.refuse(wire, phone=OTHER)
        assert usable.result() is None
        assert wire.pc.agents["mara"]._registration.usable.result() is None

    def test_a_server_that_confirms_no_channel(self) -> None:
        """A second after the ack the numbers count as given."""
        wire = Wire()
        usable = self.acked(wire, phone_number=NUMBER)
        wire.settle()
        wire.after(0.9)
        assert not usable.done
        wire.after(0.1)
        assert usable.result() is None

    def test_confirmed_without_the_number(self) -> None:
        """A confirmation that does not say which is taken for all of them."""
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
        """Waiting then is for that number's answer."""
        wire = Wire()
        mara = wire.agent(phone_number=NUMBER)
        self.refuse(wire, phone=NUMBER)
        mara.add_channel("phone", OTHER)
        usable = mara._registration.usable
        assert not usable.done
        wire.server("channel.added", agent_id="mara", type="phone", ref=OTHER)
        assert usable.result() is None

    def test_the_link_is_lost_before_the_answer(self) -> None:
        """Waiting goes on with the next registration."""
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

    def test_over_the_bound(self) -> None:
        """add_channel() raises when the server has stopped reading; the channel is not kept then."""
        wire = Wire()
        mara = wire.agent()
        wire.pc.send({"event": "brand.new", "text": "x" * MAX_UNSENT_BYTES})
        with pytest.raises(NotConnected) as caught:
            mara.add_channel("chat")
        assert caught.value.code == "SEND_BUFFER_FULL"
        assert dict(mara.channels) == {}


class TestNothingCanCome:
    def over(self, wire: Wire) -> Outcome[None]:
        """What run_forever() waits for."""
        outcome = wire.engine.when_over()
        wire.settle()
        return outcome

    @pytest.mark.parametrize("code", ["AGENT_CONFLICT_FATAL", "REGISTRATION_ERROR"])
    @pytest.mark.parametrize("before", [True, False])
    def test_the_only_agent_is_refused(self, code: str, before: bool) -> None:
        """A second later run_forever() ends with what refused it, were it refused before or after."""
        wire = Wire().up()
        wire.pc.agent("mara")
        over = None if before else self.over(wire)
        refuse_all(wire, code=code)
        over = over or self.over(wire)
        wire.after(0.9)
        assert not over.done
        wire.after(0.1)
        assert isinstance(over.error, RegistrationError)
        assert over.error.code == code

    def test_displaced(self) -> None:
        """An agent that was taken over does not come back by itself either."""
        wire = Wire()
        wire.call()
        over = self.over(wire)
        wire.server("agent.displaced", agent_id="mara", reason="newer")
        wire.after(1)
        assert isinstance(over.error, DisplacedError)

    def test_others_go_on(self) -> None:
        """With another agent or a line that is not refused nothing ends."""
        for other in (lambda pc: pc.agent("leo"), lambda pc: pc.line(NUMBER)):
            wire = Wire().up()
            wire.pc.agent("mara")
            other(wire.pc)
            over = self.over(wire)
            refuse_all(wire)
            wire.after(5)
            assert not over.done

    def test_until_the_other_is_removed(self) -> None:
        """When the last agent that was not refused is removed, it ends."""
        wire = Wire().up()
        wire.pc.agent("mara")
        wire.pc.agent("leo")
        over = self.over(wire)
        refuse_all(wire)
        wire.pc.remove_agent("leo")
        wire.settle()
        wire.after(1)
        assert isinstance(over.error, AgentConflictError)

    def test_until_the_last_call_ends(self) -> None:
        """A call that goes on is waited for."""
        wire = Wire().up()
        line = wire.pc.line(NUMBER)
        wire.server("line.created", number=NUMBER)
        wire.server("call.started", agent_id=f"line:{NUMBER}", call_id="CL1", direction="inbound")
        line.destroy()
        wire.pc.agent("mara")
        over = self.over(wire)
        refuse_all(wire)
        wire.after(5)
        assert not over.done
        wire.server("call.ended", agent_id=f"line:{NUMBER}", call_id="CL1", reason="hangup")
        wire.after(1)
        assert isinstance(over.error, AgentConflictError)

    def test_asked_again(self) -> None:
        """Not when the program asks again within that second."""
        wire = Wire().up()
        wire.pc.agent("mara")
        over = self.over(wire)
        refuse_all(wire)
        wire.after(0.5)
        wire.pc.agent("mara", prompt="Hi")
        wire.settle()
        wire.after(5)
        assert not over.done

    def test_without_a_slot(self) -> None:
        """Not for want of a slot: one may become free."""
        wire = Wire().up()
        wire.pc.agent("mara")
        over = self.over(wire)
        refuse_all(wire, code="SERVER_AT_CAPACITY")
        wire.after(5)
        assert not over.done

    def test_without_agents(self) -> None:
        """A client without agents may get some yet."""
        wire = Wire()
        wire.agent()
        over = self.over(wire)
        wire.pc.remove_agent("mara")
        wire.settle()
        wire.after(5)
        assert not over.done


class TestClosedClients:
    def test_iterators(self) -> None:
        """An iterator of a closed client ends at once; it waits before the first connection, and
        when the client has connected again."""
        wire = Wire()
        events = wire.engine.subscribe(wire.pc._handlers, ("turn.end",))
        assert not events.over
        wire.up()
        wire.engine.disconnect()
        assert events.over
        later = wire.engine.subscribe(wire.pc._handlers, ("turn.end",))
        assert later.over
        again = wire.engine.subscribe(wire.pc._handlers, ("turn.end",))
        wire.up()
        assert not again.over
        assert not wire.engine.subscribe(wire.pc._handlers, ("turn.end",)).over

    def test_streams(self) -> None:
        """A stream of a closed client ends at once."""
        wire = Wire().up()
        wire.engine.disconnect()
        assert wire.engine.open_hub().closed
        wire.connect()
        assert not wire.engine.open_hub().closed

    def test_tokens(self) -> None:
        """A token for an agent of a client that is not connecting is refused at once."""
        wire = Wire()
        wire.pc.agent("mara")
        with pytest.raises(NotConnected, match=r"'mara' is not registered \(the link is idle\)"):
            wire.engine.local_agents(["mara"])
        assert wire.engine.local_agents(["somebody-elses"]) == []
        wire.up()
        assert len(wire.engine.local_agents(["mara"])) == 1
        wire.engine.disconnect()
        with pytest.raises(NotConnected, match="the link is closed"):
            wire.engine.local_agents(["mara"])
