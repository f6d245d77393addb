"""The events of a call's life: its start, its end, its errors, and calls that ring."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.lines.line_call import LineCallBase
from pinecall.errors import (
    DialError,
    ProtocolError,
)
from pinecall.events import CallUpdated

from ..agents.dialling import ANA, FROM, answered, dial, dialer, dialing, failure
from ..harness import Wire
from .lines import LINE_IDS, line_call


class TestBeginning:
    def test_started(self) -> None:
        """call.started builds the call from the frame and reaches the handlers of agent and client."""
        wire = Wire()
        mara = wire.agent()
        on_agent, on_client = wire.listen("call.started", on=mara), wire.listen("call.started")
        call = wire.call(
            mara,
            metadata={"tenant": "acme"},
            language="es",
            extension="11",
            routed_from="line:+12186633772",
            line_transcript=[{"who": "caller", "text": "hi", "at": 1}],
        )
        assert on_agent == on_client == [("call.started", call)]
        assert (call.from_, call.to, call.direction, call.transport) == (
            "+15551230000",
            "+13186330963",
            "inbound",
            "phone",
        )
        assert (call.metadata, call.language, call.extension) == ({"tenant": "acme"}, "es", "11")
        assert call.routed_from == "line:+12186633772"
        assert call.line_transcript == [{"who": "caller", "text": "hi", "at": 1}]
        assert call.status == "active"
        assert wire.engine.registry.agents["mara"]._live_calls == {"CA1": call}

    def test_defaults(self) -> None:
        """A bare call.started is an inbound call of unknown transport."""
        wire = Wire()
        wire.agent()
        wire.server("call.started", agent_id="mara", call_id="CA1")
        call = wire.engine.registry.calls["CA1"]
        assert (call.from_, call.to, call.direction, call.transport) == (
            "",
            "",
            "inbound",
            "unknown",
        )
        assert (call.metadata, call.language) == ({}, None)

    def test_repeated_start(self) -> None:
        """A second call.started keeps the object, takes the language, and emits nothing."""
        wire = Wire()
        call = wire.call(language="es")
        told = wire.listen("call.started")
        assert wire.call(language="fr") is call
        assert call.language == "fr"
        wire.server("call.started", agent_id="mara", call_id="CA1")
        assert call.language == "fr"
        assert told == []

    def test_start_for_a_stranger(self) -> None:
        """call.started for an agent that is not here makes no call."""
        wire = Wire().up()
        wire.server("call.started", agent_id="nobody", call_id="CA1")
        assert wire.engine.registry.calls == {}

    def test_start_with_garbled_fields(self) -> None:
        """call.started with a field of the wrong type begins the call all the same."""
        wire = Wire()
        wire.agent()
        told = wire.listen("call.started", "error")
        wire.server("call.started", agent_id="mara", call_id="CA1", metadata="no object", to="+1")
        call = wire.engine.registry.calls["CA1"]
        assert (call.to, call.metadata) == ("+1", {})
        assert [name for name, *_ in told] == ["error", "call.started"]
        assert isinstance(told[0][1], ProtocolError)

    def test_updated(self) -> None:
        """call.updated changes the language before its handlers run."""
        wire = Wire()
        call = wire.call()
        seen: list[Any] = []
        call._add_handler("call.updated", lambda event, c: seen.append((event, c.language)))
        wire.server("call.updated", agent_id="mara", call_id="CA1", language="es")
        wire.server("call.updated", agent_id="mara", call_id="CA1")
        wire.server("call.updated", agent_id="mara", call_id="CA2", language="es")
        assert [language for _, language in seen] == ["es", "es"]
        assert isinstance(seen[0][0], CallUpdated)

    def test_a_missed_start(self) -> None:
        """A call that was made by one of its events takes the facts of a start that comes later."""
        wire = Wire()
        mara = wire.agent()
        wire.server("user.speaking", agent_id="mara", call_id="CA1", text="Hi")
        call = mara._live_calls["CA1"]
        assert (call.transport, call.direction) == ("unknown", "inbound")
        wire.call(mara, direction="outbound", metadata={"a": 1}, language="es")
        assert (call.transport, call.direction) == ("phone", "outbound")
        assert (call.from_, call.to) == ("+15551230000", "+13186330963")
        assert (call.metadata, call.language) == ({"a": 1}, "es")

    def test_a_bare_repetition(self) -> None:
        """A repeated start without facts leaves those of the call as they are."""
        wire = Wire()
        mara = wire.agent()
        for _ in range(2):
            wire.server("call.started", agent_id="mara", call_id="CA1")
        call = mara._live_calls["CA1"]
        assert (call.transport, call.direction, call.from_) == ("unknown", "inbound", "")

    def test_after_its_end(self) -> None:
        """A start of a call that is over is dropped."""
        wire = Wire()
        mara = wire.agent()
        wire.call(mara)
        wire.server("call.ended", agent_id="mara", call_id="CA1")
        wire.server("call.started", agent_id="mara", call_id="CA1")
        assert mara._live_calls == {}
        assert wire.pc.stats()["dropped"] == 1

    def test_greeted(self) -> None:
        """A greeting function is asked for an inbound call, and for no other."""
        wire = Wire()
        mara = wire.agent(greeting=lambda call: f"Hello {call.id}")
        wire.call(mara, "CA1")
        wire.call(mara, "CA2", direction="outbound")
        assert [frame["text"] for frame in wire.sent()] == ["Hello CA1"]

    def test_too_many(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A call beyond the bound is reported and not taken."""
        monkeypatch.setattr("pinecall.core.lifecycle.LIVE_CALLS", 1)
        wire = Wire()
        mara = wire.agent()
        wire.call(mara, "CA1")
        heard = wire.listen("error", "call.started")
        wire.server("call.started", agent_id="mara", call_id="CA2")
        assert [(name, error.code) for name, error in heard] == [("error", "TOO_MANY_CALLS")]
        assert list(mara._live_calls) == ["CA1"]


class TestEnding:
    def test_ended(self) -> None:
        """call.ended brings the server's figures, reaches call, agent and client, and takes the call from
        their tables."""
        wire = Wire()
        call = wire.call()
        mara = call.agent
        lists = [wire.listen("call.ended", on=owner) for owner in (call, mara, wire.pc)]
        wire.server(
            "call.ended",
            agent_id="mara",
            call_id="CA1",
            reason="hangup",
            duration_seconds=13.24,
            started_at=1787352100.0,
            ended_at=1787352113.2,
        )
        for told in lists:
            assert told == [("call.ended", call, "hangup")]
        assert (call.status, call.reason, call.duration) == ("ended", "hangup", 13.24)
        assert (call.started_at, call.ended_at) == (1787352100.0, 1787352113.2)
        assert wire.engine.registry.calls == {}
        assert mara._live_calls == {}

    def test_ended_without_figures(self) -> None:
        """call.ended without a reason says unknown."""
        wire = Wire()
        call = wire.call()
        wire.server("call.ended", agent_id="mara", call_id="CA1")
        assert (call.reason, call.duration, call.ended_at) == ("unknown", 0.0, 0.0)

    def test_garbled_end(self) -> None:
        """call.ended with garbled figures ends the call all the same."""
        wire = Wire()
        call = wire.call()
        wire.server(
            "call.ended", agent_id="mara", call_id="CA1", duration_seconds="x", reason="bye"
        )
        assert (call.status, call.reason) == ("ended", "bye")

    def test_final_messages(self) -> None:
        """The server's final messages replace the local ones, unless there are none."""
        wire = Wire()
        one, two = wire.call(call_id="CA1"), wire.call(call_id="CA2")
        for call in (one, two):
            wire.server("user.message", call_id=call.id, message_id="m1", text="Hi")
        wire.server("call.ended", call_id="CA1", messages=[{"role": "user", "content": "Hi!"}])
        wire.server("call.ended", call_id="CA2", messages=[])
        assert one.messages == [{"role": "user", "content": "Hi!"}]
        assert two.messages == [{"role": "user", "content": "Hi"}]

    def test_repeated_end(self) -> None:
        """A repeated call.ended emits nothing, also without a direction."""
        wire = Wire()
        wire.call()
        told = wire.listen("*")
        wire.server("call.ended", agent_id="mara", call_id="CA1", reason="hangup")
        count = len(told)
        wire.server("call.ended", agent_id="mara", call_id="CA1", reason="hangup")
        assert len(told) == count

    def test_end_of_a_call_nobody_knew(self) -> None:
        """call.ended for an unknown call is dropped."""
        wire = Wire()
        wire.agent()
        told = wire.listen("*")
        wire.server("call.ended", agent_id="mara", call_id="CA7", direction="inbound")
        assert told == []
        assert wire.pc.stats()["dropped"] == 1


class TestErrors:
    def test_call_error(self) -> None:
        """call.error of a live call is an error of it, and not its end."""
        wire = Wire()
        call = wire.call()
        told = wire.listen("error", "call.error", "call.ended", on=call.agent)
        wire.server("call.error", agent_id="mara", call_id="CA1", error="odd", code="PLAN")
        assert [name for name, *_ in told] == ["call.error", "error"]
        error = told[1][1]
        assert (error.code, error.call_id, error.agent_id) == ("PLAN", "CA1", "mara")
        assert call.status == "active"

    def test_call_error_without_a_call(self) -> None:
        """call.error without a call and without words is an error of the agent."""
        wire = Wire()
        wire.agent()
        told = wire.listen("error", "call.ended")
        wire.server("call.error", agent_id="mara")
        assert [name for name, *_ in told] == ["error"]
        assert told[0][1].code == "CALL_ERROR"

    def test_of_a_call_that_is_over(self) -> None:
        """call.error of a call that is over is dropped, and is no error."""
        wire = Wire()
        wire.call()
        wire.server("call.ended", agent_id="mara", call_id="CA1")
        heard = wire.listen("error", "call.error")
        wire.server("call.error", agent_id="mara", call_id="CA1", error="late")
        assert heard == []
        assert wire.pc.stats()["dropped"] == 1


class TestRinging:
    def ring(self, wire: Wire) -> None:
        wire.server("call.ringing", agent_id="mara", call_id="CA1", from_="+1555", to="+1318")

    def test_nobody_listens(self) -> None:
        """A call that rings is accepted at once where there is no handler."""
        wire = Wire()
        wire.agent()
        wire.listen("*")
        self.ring(wire)
        assert wire.sent_events() == ["call.accept"]

    def test_ringing_for_a_stranger(self) -> None:
        """A ringing call of an agent that is not here is dropped."""
        wire = Wire().up()
        wire.server("call.ringing", agent_id="nobody", call_id="CA1")
        assert wire.sent() == []
        assert wire.pc.stats()["dropped"] == 1

    def test_a_handler_decides(self) -> None:
        """A handler of call.ringing gets the call that rings, and nothing is sent for it."""
        wire = Wire()
        wire.agent()
        heard = wire.listen("call.ringing")
        self.ring(wire)
        assert [(ringing.id, ringing.from_, ringing.to) for _, ringing in heard] == [
            ("CA1", "+1555", "+1318")
        ]
        assert wire.sent() == []

    @pytest.mark.parametrize("listens", [True, False])
    def test_while_draining(self, listens: bool) -> None:
        """While the client drains a call that rings is rejected, with a handler or without."""
        wire = Wire()
        wire.call(call_id="CA2")
        heard = wire.listen("call.ringing") if listens else []
        wire.pc._place_drain(30)
        self.ring(wire)
        assert [(frame["event"], frame["reason"]) for frame in wire.sent()] == [
            ("call.reject", "busy")
        ]
        assert len(heard) == listens


class TestLines:
    def routed(self, wire: Wire) -> LineCallBase:
        """A call that its line has handed to mara."""
        wire.agent()
        call = line_call(wire)
        call._place_route("mara")
        wire.server("call.routed", **LINE_IDS)
        return call

    def test_answered(self) -> None:
        """A call of a line is the line's own kind of call, and fires call."""
        wire = Wire()
        wire.up()
        heard = wire.listen("call", "call.started")
        call = line_call(wire)
        assert heard == [("call", call)]

    def test_handed_over(self) -> None:
        """The start of the agent's call ends the line's, which has the same id."""
        wire = Wire()
        of_the_line = self.routed(wire)
        mara = wire.engine.registry.agents["mara"]
        heard = wire.listen("call.ended", "call.started")
        call = wire.call(mara, "CL1", routed_from=LINE_IDS["agent_id"])
        assert heard == [("call.ended", of_the_line, "routed"), ("call.started", call)]
        assert not isinstance(call, LineCallBase)

    def test_the_lines_end_comes_late(self) -> None:
        """The end of a line's call that was handed over does not end the agent's."""
        wire = Wire()
        self.routed(wire)
        call = wire.call(wire.engine.registry.agents["mara"], "CL1")
        wire.server("call.ended", **LINE_IDS, reason="routed")
        assert not call._over
        assert wire.pc.stats()["dropped"] == 1

    @pytest.mark.parametrize("routed_from", [LINE_IDS["agent_id"], None])
    def test_the_lines_end_comes_first(self, routed_from: str | None) -> None:
        """An agent's call may begin with the id of a line's call that is over."""
        wire = Wire()
        of_the_line = self.routed(wire)
        wire.server("call.ended", **LINE_IDS, reason="routed")
        call = wire.call(wire.engine.registry.agents["mara"], "CL1", routed_from=routed_from)
        assert (of_the_line._over, call._over) == (True, False)

    def test_handed_from_agent_to_agent(self) -> None:
        """A call that was routed begins anew, though a call of its id is over."""
        wire = Wire()
        mara, leo = wire.agent("mara"), wire.agent("leo")
        before = wire.call(mara)
        wire.server("call.ended", agent_id="mara", call_id="CA1")
        after = wire.call(leo, routed_from="mara")
        assert after is not before
        assert leo._live_calls == {"CA1": after}

    def test_a_second_start(self) -> None:
        """A start with an agent's id of a call that its line still has is no hand-over."""
        wire = Wire()
        mara = wire.agent()
        call = line_call(wire)
        wire.server("call.started", agent_id="mara", call_id="CL1")
        assert mara._live_calls == {}
        assert not call._over


class TestDialling:
    def test_rings(self) -> None:
        """call.dialing makes an outbound call that rings, and reaches the handlers with it."""
        wire, mara = dialer()
        heard = wire.listen("call.dialing", "call.started")
        dialing(wire, "CA1")
        call = mara._live_calls["CA1"]
        assert (call.status, call.direction, call.from_, call.to) == (
            "dialing",
            "outbound",
            FROM,
            ANA,
        )
        assert [(name, of) for name, _, of in heard] == [("call.dialing", call)]

    def test_answered(self) -> None:
        """The start of a call that rings makes it active, and settles its dial."""
        wire, mara = dialer()
        outcome = dial(mara)
        dialing(wire, "CA1")
        ringing = mara._live_calls["CA1"]
        answered(wire, "CA1", metadata={"a": 1})
        assert outcome.result() is ringing
        assert (ringing.status, ringing.metadata) == ("active", {"a": 1})

    def test_again(self) -> None:
        """A repeated call.dialing keeps the call; one of a call that is over makes none."""
        wire, mara = dialer()
        dialing(wire, "CA1")
        call = mara._live_calls["CA1"]
        dialing(wire, "CA1")
        assert mara._live_calls == {"CA1": call}
        wire.server("call.ended", agent_id="mara", call_id="CA1", reason="busy")
        dialing(wire, "CA1")
        assert mara._live_calls == {}

    def test_of_a_stranger(self) -> None:
        """call.dialing of an agent that is not here makes no call."""
        wire = Wire().up()
        wire.server("call.dialing", agent_id="nobody", call_id="CA1", to=ANA)
        assert wire.engine.registry.calls == {}

    def test_busy(self) -> None:
        """The end of a call that rang fails its dial, and does not fire call.ended."""
        wire, mara = dialer()
        heard = wire.listen("call.ended")
        outcome = dial(mara)
        dialing(wire, "CA1")
        wire.server("call.ended", agent_id="mara", call_id="CA1", reason="busy")
        assert failure(outcome).reason == "busy"
        assert heard == []

    @pytest.mark.parametrize(
        "fields", [{"reason": "busy"}, {"reason": "hangup", "direction": "outbound"}]
    )
    def test_an_end_without_a_call(self, fields: dict[str, str]) -> None:
        """The end of an outbound call that was never announced fails the dial."""
        wire, mara = dialer()
        outcome = dial(mara)
        wire.server("call.ended", agent_id="mara", call_id="CA1", **fields)
        assert isinstance(outcome.error, DialError)

    def test_an_inbound_end_without_a_call(self) -> None:
        """The end of an inbound call that is not here fails no dial."""
        wire, mara = dialer()
        outcome = dial(mara)
        wire.server("call.ended", agent_id="mara", call_id="CA1", reason="hangup")
        assert not outcome.done
        assert wire.pc.stats()["dropped"] == 1

    @pytest.mark.parametrize("call_id", ["CA1", None])
    def test_an_error(self, call_id: str | None) -> None:
        """call.error of a call that rings, or of no call, fails the dial; the call is over then."""
        wire, mara = dialer()
        outcome = dial(mara)
        if call_id:
            dialing(wire, call_id)
        heard = wire.listen("error", on=mara)
        wire.server("call.error", agent_id="mara", call_id=call_id, error="no credit", code="PLAN")
        assert (failure(outcome).reason, failure(outcome).code) == ("failed", "PLAN")
        assert mara._live_calls == {}
        assert [error.code for _, error in heard] == ["PLAN"]

    def test_an_error_of_an_answered_call(self) -> None:
        """call.error of an answered call leaves a dial that is in flight alone."""
        wire, mara = dialer()
        call = wire.call(mara, "CA2")
        outcome = dial(mara)
        wire.server("call.error", agent_id="mara", call_id="CA2", error="odd")
        assert not outcome.done
        assert not call._over


class TestRecording:
    def test_a_live_call(self) -> None:
        """call.recording reaches the handlers of its call."""
        wire = Wire()
        call = wire.call()
        heard = wire.listen("call.recording", on=call)
        wire.server("call.recording", call_id="CA1", audio="UklGRg==")
        assert [(event.audio, of) for _, event, of in heard] == [("UklGRg==", call)]
