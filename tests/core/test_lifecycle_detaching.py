"""Calls that outlive a lost link: what waits for them, and how they go on."""

from __future__ import annotations

import pytest

from pinecall.errors import (
    NotConnected,
)

from .harness import Wire


class TestDetaching:
    def test_goes_on(self) -> None:
        """The first event of a detached call makes it live again, and its end is the server's."""
        wire = Wire()
        call = wire.call()
        told = wire.listen("call.ended")
        wire.lost()
        wire.reconnect()
        wire.server("agent.resumed", agent_id="mara")
        assert call.status == "detached"
        wire.server("user.speaking", agent_id="mara", call_id="CA1", text="still here")
        assert call.status == "active"
        wire.after(35)
        assert call.status == "active"
        assert told == []

    def test_repeated_start_after_the_loss(self) -> None:
        """A call.started repeated after the reconnect makes the same object live again."""
        wire = Wire()
        call = wire.call()
        wire.lost()
        wire.reconnect()
        wire.server("agent.resumed", agent_id="mara")
        told = wire.listen("call.started")
        assert wire.call(call.agent) is call
        assert call.status == "active"
        assert told == []

    def test_connected_again_but_not_registered(self) -> None:
        """Durable frames of a detached call wait until its agent is registered."""
        wire = Wire()
        call = wire.call()
        wire.lost()
        wire.reconnect()
        call.hangup()
        assert "call.hangup" not in wire.sent_events()
        wire.server("agent.resumed", agent_id="mara")
        assert wire.sent() == [{"event": "call.hangup", "call_id": "CA1"}]

    def test_the_call_comes_before_the_ack(self) -> None:
        """An event for the call before the ack of its agent releases what waited, once."""
        wire = Wire()
        call = wire.call()
        wire.lost()
        call.hangup(reason="bye")
        wire.reconnect()
        wire.sent()
        wire.server("user.speaking", call_id="CA1", text="x")
        assert wire.sent() == [{"event": "call.hangup", "call_id": "CA1", "reason": "bye"}]
        wire.server("agent.resumed", agent_id="mara")
        assert wire.sent() == []

    def test_the_first_event_is_its_end(self) -> None:
        """A detached call whose first event is its end is over, and what waited for it is not sent."""
        wire = Wire()
        call = wire.call()
        wire.lost()
        call.hangup(reason="bye")
        wire.reconnect()
        wire.sent()
        wire.server("call.ended", call_id="CA1", reason="hangup")
        wire.server("agent.resumed", agent_id="mara")
        assert (call.status, call.reason) == ("ended", "hangup")
        assert wire.sent() == []

    def test_detached_and_registered(self) -> None:
        """Durable frames of a detached call are sent at once when its agent is registered."""
        wire = Wire()
        call = wire.call()
        wire.lost()
        wire.reconnect()
        wire.server("agent.resumed", agent_id="mara")
        wire.sent()
        call.hangup()
        assert wire.sent() == [{"event": "call.hangup", "call_id": "CA1"}]

    def test_live_verbs_wait_for_the_call(self) -> None:
        """Speech on a detached call raises, even when the link is back."""
        wire = Wire()
        call = wire.call()
        wire.lost()
        wire.reconnect()
        wire.server("agent.resumed", agent_id="mara")
        with pytest.raises(NotConnected, match="CA1 of agent 'mara' is detached"):
            call._speak("hi", "", None)
