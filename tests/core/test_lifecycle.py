"""The life of agents, calls and lines with the link: what begins, goes on and ends with it."""

from __future__ import annotations

import pytest

from pinecall.core.kernel.outcome import Outcome
from pinecall.errors import (
    AgentConflictError,
    DisplacedError,
    NotConnected,
    RegistrationError,
)

from .harness import Wire

NUMBER = "+13186330963"


def refuse_all(wire: Wire, agent_id: str = "mara", code: str = "AGENT_CONFLICT_FATAL") -> None:
    wire.server("error", agent_id=agent_id, code=code, error="held elsewhere")


class TestDetaching:
    def test_detached(self) -> None:
        """A lost link detaches the call; it is not over."""
        wire = Wire()
        call = wire.call()
        told = wire.listen("call.ended")
        wire.lost()
        assert call.status == "detached"
        assert not call._over
        assert told == []

    def test_goes_on(self) -> None:
        """The first event for it makes it live again, and its end is the server's."""
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

    def test_ends_after_30_s(self) -> None:
        """Without an event for 30 s it ends with connection_lost, on call, agent and client."""
        wire = Wire()
        call = wire.call()
        lists = [wire.listen("call.ended", on=owner) for owner in (call, call.agent, wire.pc)]
        wire.lost()
        wire.at(29.9)
        assert call.status == "detached"
        wire.at(30)
        for told in lists:
            assert told == [("call.ended", call, "connection_lost")]
        assert wire.engine.registry.calls == {}

    def test_lost_twice(self) -> None:
        """A second loss within the 30 s does not lengthen them."""
        wire = Wire()
        call = wire.call()
        wire.lost()
        wire.at(0.5)
        wire.opened()
        wire.server("connected")
        wire.at(20)
        wire.lost()
        wire.at(30)
        assert call.status == "ended"

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
        """Until its agent is registered, what may be sent later waits."""
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
        """With its agent registered again, what may be sent later is sent at once."""
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


class TestEndOfACall:
    def test_handlers_are_released(self) -> None:
        """Handlers of the call itself run for its end and are forgotten then."""
        wire = Wire()
        call = wire.call()
        told = wire.listen("call.ended", on=call)
        wire.server("call.ended", agent_id="mara", call_id="CA1")
        assert len(told) == 1
        assert not call._handlers

    def test_nothing_is_left(self) -> None:
        """When all calls have ended, no call, timer, request or held frame is left."""
        wire = Wire(ping_interval=None)
        mara = wire.agent()
        wire.at(10)
        for number in range(20):
            call = wire.call(mara, f"CA{number}")
            call._speak("hello", "", None)
            call._ask_history()
            call.reply_stream().write("x")
            wire.server("llm.before", call_id=call.id, turn=1)
            wire.listen("turn.end", on=call)
        for number in range(20):
            wire.server("call.ended", agent_id="mara", call_id=f"CA{number}")
        wire.sent()
        stats = wire.pc.stats()
        assert (stats["calls"], stats["requests"], stats["held"], stats["unsent"]) == (0, 0, 0, 0)
        assert mara._live_calls == {}
        assert len(wire.engine.timers) == 0

    def test_a_call_ends_once(self) -> None:
        """Ending a call that is over changes nothing."""
        wire = Wire()
        call = wire.call()
        wire.engine.end_call(call, "one")
        wire.engine.end_call(call, "two")
        assert call.reason == "one"


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
