"""The life of agents, calls and lines with the link: what begins, goes on and ends with it."""

from __future__ import annotations

import pytest

from pinecall.core.drain import DrainReport
from pinecall.core.kernel.outcome import Outcome
from pinecall.core.traces.call_trace import CallTraceBase
from pinecall.core.wire.limits import MAX_ID
from pinecall.errors import (
    AgentConflictError,
    DisplacedError,
    NotConnected,
    ProtocolError,
    RegistrationError,
)

from .agents.dialling import dial, dialer, dialing, failure
from .harness import Wire

NUMBER = "+13186330963"


def refuse_all(wire: Wire, agent_id: str = "mara", code: str = "AGENT_CONFLICT_FATAL") -> None:
    wire.server("error", agent_id=agent_id, code=code, error="held elsewhere")


RESULT = [{"tool_call_id": "t1", "result": 1}]


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

    def test_ends_after_30_s(self) -> None:
        """A detached call without an event for 30 s ends with connection_lost, on call, agent and client."""
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
        """A second loss within 30 s does not let a detached call live longer."""
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
        """run_forever() ends a second after the refusal of the only agent, with that refusal."""
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

    def test_until_the_last_call_ends(self) -> None:
        """run_forever() ends only when the last call has ended."""
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

    def test_without_agents(self) -> None:
        """run_forever() goes on without agents."""
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


class TestConnecting:
    def test_the_hub_opens_again(self) -> None:
        """The hub of event streams of a closed client is open again after connect()."""
        wire = Wire().up()
        wire.engine.disconnect()
        hub = wire.engine.open_hub()
        assert hub.closed
        wire.connect()
        assert not hub.closed

    def test_connected(self) -> None:
        """A link that is up claims every agent and line, and fires connected."""
        wire = Wire()
        wire.pc.agent("mara")
        wire.pc.line(NUMBER)
        heard = wire.listen("connected")
        wire.connect()
        wire.opened()
        wire.server("connected", org_id="org_7")
        assert wire.sent_events() == ["connect", "agent.create", "line.create"]
        assert heard == [("connected",)]
        assert (wire.engine.org_id, wire.engine.ready, wire.engine.state) == (
            "org_7",
            True,
            "connected",
        )


class TestDisconnecting:
    def test_everything_ends(self) -> None:
        """disconnect() ends calls, questions, chats, iterators and drains, and says why."""
        wire = Wire()
        call = wire.call()
        heard = wire.listen("call.ended", "disconnected", "error")
        events = wire.engine.subscribe(wire.pc._handlers, ("call.ended",))
        question = call._ask_history()
        chat = wire.pc._place_chat("sales", "Hi", session_id=None, metadata=None, timeout=30)
        drain = wire.pc._place_drain(30)
        wire.engine.disconnect("done")
        wire.settle()
        assert heard == [("call.ended", call, "done"), ("disconnected", "done")]
        assert isinstance(question.error, NotConnected)
        assert isinstance(chat.error, NotConnected)
        assert drain.result().cut == ["CA1"]
        item = events.take()
        assert item is not None
        assert item.name == "call.ended"
        assert events.over
        assert len(wire.engine.timers) == 0

    def test_without_a_connection(self) -> None:
        """disconnect() before connect() ends nothing but whoever waits for an agent."""
        wire = Wire()
        ready = wire.pc.agent("mara")._registration.ready
        heard = wire.listen("disconnected")
        wire.engine.disconnect()
        wire.settle()
        assert heard == []
        assert isinstance(ready.error, NotConnected)

    def test_frames_that_wait(self, caplog: pytest.LogCaptureFixture) -> None:
        """Frames that wait for the link stay for the next connect(), and the log says how many."""
        wire = Wire()
        mara = wire.agent()
        wire.lost()
        mara.send_message("Hi", contact="549")
        wire.engine.disconnect()
        assert "1 frames wait for the next connect()" in caplog.text
        wire.up()
        wire.server("agent.created", agent_id="mara")
        assert wire.sent_events() == ["session.send"]

    @pytest.mark.parametrize(("frames", "more"), [(1, ""), (11, " …")])
    def test_a_server_that_says_no_goodbye(
        self, frames: int, more: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Frames that the server may not have had are named in the log; once it has said goodbye
        there are none."""
        wire = Wire()
        call = wire.call()
        for number in range(frames):
            call.tool_result(f"m{number}", RESULT)
        wire.sent()
        wire.engine.disconnect()
        wire.engine.socket_closed(clean=False)
        assert f"llm.tool_result of call CA1{more}" in caplog.text.splitlines()[-1]
        assert caplog.text.count("llm.tool_result") == min(frames, 10)
        caplog.clear()
        wire.engine.socket_closed(clean=False)
        assert caplog.text == ""

    def test_a_server_that_says_goodbye(self, caplog: pytest.LogCaptureFixture) -> None:
        """A server that has closed the connection in order has read everything."""
        wire = Wire()
        wire.call().tool_result("m1", RESULT)
        wire.sent()
        wire.engine.disconnect()
        wire.engine.socket_closed(clean=True)
        assert caplog.text == ""


class TestLosingTheLink:
    def test_live_frames(self, caplog: pytest.LogCaptureFixture) -> None:
        """Live frames that never left are named in the log; frames of the link itself are not."""
        wire = Wire()
        call = wire.call()
        for verb in (call.hold, call.unhold, call.hold):
            verb()
        wire.server("ping")
        wire.lost()
        assert "make no sense later: 2 x call.hold, 1 x call.unhold" in caplog.text
        assert "pong" not in caplog.text

    def test_what_may_be_repeated(self, caplog: pytest.LogCaptureFixture) -> None:
        """A tool result that the server has not confirmed is sent again."""
        caplog.set_level("INFO", "pinecall")
        wire = Wire()
        wire.call().tool_result("m1", RESULT)
        wire.sent()
        wire.lost()
        assert "1 frames that may not have arrived are sent again" in caplog.text
        wire.reconnect()
        wire.server("agent.resumed", agent_id="mara")
        assert wire.sent_events() == ["connect", "agent.create", "llm.tool_result"]

    def test_what_may_not_be_repeated(self) -> None:
        """A message or a forward that the server has not confirmed is an error of its agent or call."""
        wire = Wire()
        mara = wire.agent()
        call = wire.call(mara)
        on_call, on_agent = wire.listen("error", on=call), wire.listen("error", on=mara)
        call.forward("+15558675309")
        mara.send_message("Hi", contact="549")
        wire.sent()
        wire.lost()
        assert [error.code for _, error in on_agent] == ["NOT_CONFIRMED"] * 2
        assert [(error.call_id, error.agent_id) for _, error in on_call] == [("CA1", "mara")]
        wire.reconnect()
        wire.server("agent.resumed", agent_id="mara")
        assert wire.sent_events() == ["connect", "agent.create"]

    def test_a_change_of_the_history(self) -> None:
        """The loss of a change of the history is reported once, as the failure of its request."""
        wire = Wire()
        heard = wire.listen("error")
        outcome = wire.call()._ask_change("history.clear")
        wire.sent()
        wire.lost()
        assert [error for _, error in heard] == [outcome.error]

    def test_dials(self) -> None:
        """Dials fail; a call that rings ends without a word, one that was answered waits."""
        wire, mara = dialer()
        answered = wire.call(mara, "CA2")
        outcome = dial(mara)
        dialing(wire, "CA1")
        ringing = mara._live_calls["CA1"]
        heard = wire.listen("call.ended")
        wire.lost()
        assert failure(outcome).reason == "connection_lost"
        assert (ringing.status, answered.status) == ("ended", "detached")
        assert heard == []

    def test_reattached(self, caplog: pytest.LogCaptureFixture) -> None:
        """A call that goes on is named in the log, and does not end 30 s later."""
        caplog.set_level("INFO", "pinecall")
        wire = Wire()
        call = wire.call()
        wire.lost()
        wire.reconnect()
        wire.server("user.speaking", agent_id="mara", call_id="CA1", text="Hi")
        assert "call CA1 of agent 'mara' goes on" in caplog.text
        wire.after(31)
        assert call.status == "active"


class TestTheEndOfTheLink:
    def test_displaced(self) -> None:
        """A connection that was taken over ends the calls and refuses agents and lines; each of them, the
        client, and when_over() get the error."""
        wire = Wire()
        call = wire.call()
        line = wire.pc.line(NUMBER)
        on_client = wire.listen("error", "call.ended")
        on_agent, on_line = wire.listen("error", on=call.agent), wire.listen("error", on=line)
        over = wire.engine.when_over()
        wire.lost(4001, "newer")
        assert [name for name, *_ in on_client] == ["call.ended", "error"]
        assert call.reason == "displaced"
        assert isinstance(over.error, DisplacedError)
        assert on_agent == on_line == [("error", over.error)]
        assert on_client[-1] == ("error", over.error)
        assert call.agent._registration.ready.error is over.error

    def test_no_reconnect(self) -> None:
        """A lost link without a reconnect policy ends the calls, and is no error."""
        wire = Wire(reconnect=None)
        call = wire.call()
        heard = wire.listen("error", "call.ended")
        over = wire.engine.when_over()
        wire.lost(None, "reset")
        assert heard == [("call.ended", call, "reset")]
        assert over.result() is None

    def test_a_refused_key(self) -> None:
        """A key that is refused on the way back is an error of the client, and no agent's alone."""
        wire = Wire()
        mara = wire.agent()
        heard, on_agent = wire.listen("error"), wire.listen("error", on=mara)
        over = wire.engine.when_over()
        wire.lost()
        wire.at(1)
        wire.opened()
        wire.server("error", error="revoked", code="INVALID_KEY")
        assert [error for _, error in heard] == [over.error]
        assert on_agent == []
        assert mara._registration.ready.error is over.error

    @pytest.mark.parametrize("state", ["idle", "closed"])
    def test_without_a_connection(self, state: str) -> None:
        """Whoever waits for the end of a link that is not there has it at once."""
        wire = Wire()
        if state == "closed":
            wire.up().engine.disconnect()
        assert wire.pc.state == state
        assert wire.engine.when_over().result() is None

    def test_it_ended_before_anybody_asked(self) -> None:
        """What ended the link is told to whoever asks later too, until it is opened again."""
        wire = Wire().up()
        wire.lost(4001, "newer")
        wire.engine.disconnect()
        assert isinstance(wire.engine.when_over().error, DisplacedError)
        wire.up()
        assert not wire.engine.when_over().done

    def test_disconnected(self) -> None:
        """disconnect() settles when_over(); after another connect() it is open again."""
        wire = Wire().up()
        over, same = wire.engine.when_over(), wire.engine.when_over()
        assert over is same
        wire.engine.disconnect()
        assert over.result() is None
        wire.up()
        assert not wire.engine.when_over().done


class TestDraining:
    def test_drained(self) -> None:
        """A drain gives the channels back at once, and settles when calls, chats and frames that
        wait are no more."""
        wire = Wire()
        mara = wire.agent(phone_number=NUMBER)
        wire.call(mara)
        chat = wire.pc._place_chat("sales", "Hi", session_id="s1", metadata=None, timeout=30)
        wire.sent()
        drain = wire.engine.begin_drain(30)
        assert wire.sent_events() == ["channel.remove"]
        assert wire.engine.drain is drain
        wire.server("call.ended", agent_id="mara", call_id="CA1")
        wire.after(1)
        assert not drain.outcome.done
        wire.server("llm.chat.done", session_id="s1", text="Hello")
        assert chat.done
        wire.after(1)
        assert drain.outcome.result().finished == ["CA1"]
        assert wire.engine.drain is None

    def test_without_a_connection(self) -> None:
        """A drain of a link that is not there settles at once."""
        wire = Wire()
        assert wire.engine.begin_drain(30).outcome.done

    def test_a_link_that_ends(self) -> None:
        """A link that is over for good ends the drain: its calls were cut."""
        wire = Wire(reconnect=None)
        wire.call()
        drain = wire.engine.begin_drain(30)
        wire.lost()
        assert drain.outcome.result().cut == ["CA1"]


class TestLeaving:
    def test_a_removed_agent(self) -> None:
        """A removed agent ends its calls, and the agent is found no more."""
        wire = Wire()
        call = wire.call()
        heard = wire.listen("call.ended")
        wire.pc.remove_agent("mara")
        wire.settle()
        assert heard == [("call.ended", call, "agent_removed")]
        assert wire.pc.get_agent("mara") is None

    @pytest.mark.parametrize(("created", "heard_of"), [(True, 1), (False, 0)])
    def test_a_destroyed_line(self, created: bool, heard_of: int) -> None:
        """A line that was registered waits for line.destroyed; any other is forgotten at once."""
        wire = Wire().up()
        line = wire.pc.line(NUMBER)
        if created:
            wire.server("line.created", number=NUMBER)
        heard = wire.listen("line.destroyed")
        line.destroy()
        assert wire.engine.registry.lines == {}
        wire.server("line.destroyed", number=NUMBER)
        assert len(heard) == heard_of


class TestBounds:
    def test_a_long_id(self) -> None:
        """A call with an id that is too long is refused, and the error shows its beginning."""
        wire = Wire()
        mara = wire.agent()
        heard = wire.listen("error", "call.started")
        wire.server("call.started", agent_id="mara", call_id="x" * (MAX_ID + 1))
        ((name, error),) = heard
        assert (name, type(error)) == ("error", ProtocolError)
        assert len(error.message) < 300
        assert mara._live_calls == {}
        wire.server("call.started", agent_id="mara", call_id="x" * MAX_ID)
        assert len(mara._live_calls) == 1

    def test_too_many_calls(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A call beyond the bound is refused, until another has ended."""
        monkeypatch.setattr("pinecall.core.lifecycle.LIVE_CALLS", 2)
        wire = Wire()
        mara = wire.agent()
        heard = wire.listen("error")
        for call_id in ("CA1", "CA2", "CA3"):
            wire.server("call.started", agent_id="mara", call_id=call_id)
        ((_, error),) = heard
        assert (error.code, error.call_id) == ("TOO_MANY_CALLS", "CA3")
        wire.server("call.ended", agent_id="mara", call_id="CA1")
        wire.server("call.started", agent_id="mara", call_id="CA4")
        assert list(mara._live_calls) == ["CA2", "CA4"]

    def test_too_much_metadata(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A call whose start is too large for what is left is refused, until another has ended."""
        monkeypatch.setattr("pinecall.core.lifecycle.CALL_STARTS", 2000)
        wire = Wire()
        mara = wire.agent()
        heard = wire.listen("error")
        large = {"note": "x" * 1200}
        for call_id in ("CA1", "CA2"):
            wire.server("call.started", agent_id="mara", call_id=call_id, metadata=large)
        ((_, error),) = heard
        assert (error.code, error.call_id) == ("TOO_MANY_CALLS", "CA2")
        wire.server("call.ended", agent_id="mara", call_id="CA1")
        wire.call(mara, "CA3", metadata=large)
        assert list(mara._live_calls) == ["CA3"]


def test_a_second_drain() -> None:
    """A drain during another one, as of a program and a signal, is that one: both have its report."""
    wire = Wire()
    wire.call(call_id="CA1")
    first, second = wire.pc._place_drain(10), wire.pc._place_drain(60)
    wire.settle()
    wire.at(10)
    assert first.result() == second.result() == DrainReport(cut=["CA1"])


class File:
    """A file of traces that only knows whether it is open."""

    open = True

    def write(self, line: str) -> None:
        """It is not looked at."""

    def close(self) -> None:
        self.open = False

    def reopen(self) -> None:
        self.open = True


class TestTraces:
    def test_from_the_beginning_to_the_end(self) -> None:
        """A trace begins with its call and ends with it, whatever ends it."""
        wire = Wire()
        recorder = wire.engine.record(CallTraceBase)
        mara = wire.agent()
        wire.call(mara, "CA1")
        wire.call(mara, "CA2")
        wire.server(
            "call.ended", agent_id="mara", call_id="CA1", reason="hangup", duration_seconds=3
        )
        assert [trace.reason for trace in recorder.traces.values()] == ["hangup", ""]
        wire.lost()
        wire.at(30)
        assert [trace.reason for trace in recorder.traces.values()] == ["hangup", "connection_lost"]
        assert [trace.duration for trace in recorder.traces.values()] == [3.0, 30.0]

    def test_the_file(self) -> None:
        """The file is let go when the link is closed, and kept open again with the next one."""
        wire, file = Wire().up(), File()
        wire.engine.record(CallTraceBase).write_to(file)
        wire.engine.disconnect()
        assert not file.open
        wire.connect()
        assert file.open
