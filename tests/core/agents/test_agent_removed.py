"""A removed agent: every verb raises, and nothing is left of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pinecall.core.agents.agent import AgentBase
from pinecall.errors import (
    DialError,
    RegistrationError,
)
from pinecall.skills import Skill

from ..harness import Wire


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


NUMBER = "+13186330963"


OTHER = "+13186330964"


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
        """Waiting for a removed agent fails because of the removal, though it was refused before."""
        wire = Wire().up()
        mara = wire.pc.agent("mara")
        refuse_all(wire)
        wire.pc.remove_agent("mara")
        assert "was removed" in str(mara._registration.usable.error)

    def test_what_was_to_be_sent(self, caplog: Any) -> None:
        """Frames that waited for a removed agent are dropped with a warning, and drain() does not wait for them."""
        wire = Wire().up()
        mara = wire.pc.agent("mara")
        mara.send_message("hi", contact="1")
        wire.pc.remove_agent("mara")
        assert "agent mara is no more: 1 frames that waited are not sent" in caplog.text
        assert wire.pc._place_drain(10).result().unsent == 0

    def test_its_iterators(self) -> None:
        """Iterators of an agent end with its removal, and later ones at once."""
        wire = Wire()
        mara = wire.agent()
        before = wire.engine.subscribe(mara._handlers, ())
        wire.pc.remove_agent("mara")
        assert before.over
        assert mara._events_over

    def test_its_calls(self) -> None:
        """The calls of a removed agent are over."""
        wire = Wire()
        call = wire.call()
        wire.pc.remove_agent("mara")
        assert call._over

    def test_an_agent_of_the_same_name(self) -> None:
        """A new agent with the id of a removed one is another agent, and works."""
        wire = Wire()
        wire.agent()
        wire.pc.remove_agent("mara")
        wire.agent().pause()
        assert wire.sent_events() == ["session.pause"]

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
        """Frames that were held for a removed agent are dropped."""
        wire = Wire()
        mara = wire.agent(phone_number="+13186330963")
        wire.lost()
        mara.send_message("hi", contact="1")
        assert wire.pc.stats()["held"] == 1
        wire.pc.remove_agent("mara")
        assert wire.pc.stats()["held"] == 0
