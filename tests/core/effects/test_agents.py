"""The events of agents and their channels."""

from __future__ import annotations

import pytest

from pinecall.errors import (
    DisplacedError,
)

from ..harness import Wire


class TestAcks:
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

    def test_configured_is_heard(self) -> None:
        """agent.configured changes nothing and reaches the handlers."""
        wire = Wire()
        mara = wire.agent()
        told = wire.listen("agent.configured")
        wire.server("agent.configured", agent_id="mara")
        assert told[0][2] is mara
        assert wire.sent() == []

    @pytest.mark.parametrize("agent_id", ["nobody", "line:+12186633772"])
    def test_the_ack_of_a_stranger(self, agent_id: str) -> None:
        """An ack of an agent that is not here registers nobody, also not a line."""
        wire = Wire().up()
        mara, line = wire.pc.agent("mara"), wire.pc.line("+12186633772")
        wire.server("agent.created", agent_id=agent_id)
        assert not mara.registered
        assert not line.registered


class TestDisplaced:
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

    def test_without_a_reason(self) -> None:
        """A displacement without a reason says so."""
        wire = Wire()
        wire.agent()
        heard = wire.listen("error")
        wire.server("agent.displaced", agent_id="mara")
        assert "taken over by another connection (no reason given)" in heard[0][1].message


class TestChannels:
    NUMBER = "+13186330963"

    @pytest.mark.parametrize("ref", [NUMBER, None])
    def test_a_number_is_given(self, ref: str | None) -> None:
        """channel.added answers for a phone number, and reaches the handlers with the agent."""
        wire = Wire()
        mara = wire.agent(phone_number=self.NUMBER)
        usable = mara._registration.usable
        heard = wire.listen("channel.added")
        assert not usable.done
        wire.server("channel.added", agent_id="mara", type="phone", ref=ref)
        assert usable.result() is None
        assert [agent for _, _, agent in heard] == [mara]

    def test_another_channel(self) -> None:
        """channel.added for another type of channel answers for no number."""
        wire = Wire()
        mara = wire.agent(phone_number=self.NUMBER)
        usable = mara._registration.usable
        heard = wire.listen("channel.added")
        wire.server("channel.added", agent_id="mara", type="chat", ref=self.NUMBER)
        assert not usable.done
        assert len(heard) == 1

    def test_a_channel_of_a_stranger(self) -> None:
        """channel.added for an agent that is not here is dropped."""
        wire = Wire().up()
        heard = wire.listen("channel.added")
        wire.server("channel.added", agent_id="nobody", type="phone", ref=self.NUMBER)
        assert heard == []
        assert wire.pc.stats()["dropped"] == 1
