"""The table of effects, and where an event without an effect goes."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.events import UnknownEvent

from ..harness import EVENTS, Wire

GOOD = {"event": "bot.word", "agent_id": "mara", "call_id": "CA1", "word": "on"}


class TestDelivery:
    @pytest.mark.parametrize(
        "event",
        [
            "speech.started",
            "speech.ended",
            "user.speaking",
            "user.message",
            "eager.turn",
            "turn.pause",
            "turn.end",
            "turn.resumed",
            "turn.continued",
            "bot.speaking",
            "bot.word",
            "bot.finished",
            "bot.interrupted",
            "barge_in",
            "message.confirmed",
            "message.aborted",
            "reply.rejected",
            "audio.metrics",
            "call.updated",
            "call.held",
            "call.unheld",
            "call.muted",
            "call.unmuted",
            "call.forwarded",
            "call.dtmf_sent",
            "call.dtmf_received",
            "call.recording",
            "llm.tool_call",
            "skill.loaded",
            "skill.unloaded",
            "session.idle_warning",
            "session.timeout",
            "credits.exhausted",
        ],
    )
    def test_climbing(self, event: str) -> None:
        """A call's event goes to the handlers of the call, the agent and the client, in that order."""
        wire = Wire()
        call = wire.call()
        order: list[tuple[str, Any]] = []
        for owner in (wire.pc, call.agent, call):
            owner._add_handler(event, lambda e, c, whose=owner: order.append((whose, c)))
        wire.server({**EVENTS[event]["example"], "agent_id": "mara", "call_id": "CA1"})
        assert order == [(owner, call) for owner in (call, call.agent, wire.pc)]

    def test_unmuted(self) -> None:
        """call.unmuted brings what was said meanwhile."""
        wire = Wire()
        call = wire.call()
        told = wire.listen("call.unmuted", on=call)
        wire.server("call.unmuted", agent_id="mara", call_id="CA1", muted_transcript="one moment")
        assert told[0][1].muted_transcript == "one moment"

    def test_idle_warning(self) -> None:
        """session.idle_warning gives call and agent the seconds that are left, and the limit."""
        wire = Wire()
        call = wire.call()
        lists = [wire.listen("session.idle_warning", on=owner) for owner in (call, call.agent)]
        wire.server(
            "session.idle_warning",
            agent_id="mara",
            call_id="CA1",
            remaining_seconds=15,
            idle_timeout_seconds=60,
        )
        for told in lists:
            event = told[0][1]
            assert (event.remaining_seconds, event.idle_timeout_seconds) == (15, 60)
            assert told[0][2] is call

    def test_timeout_comes_before_the_end(self) -> None:
        """session.timeout, with its reason, fires before call.ended."""
        wire = Wire()
        wire.call()
        told = wire.listen("session.timeout", "call.ended")
        wire.server("session.timeout", call_id="CA1", session_id="CA1", reason="idle_timeout")
        wire.server("call.ended", call_id="CA1", reason="idle_timeout")
        assert [name for name, *_ in told] == ["session.timeout", "call.ended"]
        assert told[0][1].reason == told[1][2] == "idle_timeout"

    def test_rejected(self) -> None:
        """call.rejected reaches the agent."""
        wire = Wire()
        mara = wire.agent()
        told = wire.listen("call.rejected")
        wire.server("call.rejected", agent_id="mara", call_id="CA1", reason="busy")
        assert told[0][1].reason == "busy"
        assert told[0][2] is mara

    def test_frames_for_a_call_nobody_knows(self) -> None:
        """An event of an unknown call without an agent is dropped."""
        wire = Wire().up()
        told = wire.listen("*")
        wire.server("bot.word", call_id="CA7", word="x")
        assert told == []
        assert wire.pc.stats()["dropped"] == 1

    def test_events_of_nobody(self) -> None:
        """An event that names neither call nor agent reaches the client."""
        wire = Wire().up()
        told = wire.listen("registered")
        wire.server("registered", app_id="app")
        assert told[0][1].app_id == "app"
        assert told[0][2] is None

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

    def test_a_models_event_without_a_call(self) -> None:
        """A model's event that names no call reaches the agent's handlers with None for the call."""
        wire = Wire()
        mara = wire.agent()
        heard = wire.listen("llm.response", on=mara)
        wire.server("llm.response", agent_id="mara", text="Hi")
        assert [(event.text, call) for _, event, call in heard] == [("Hi", None)]

    def test_an_event_of_a_call_that_is_not_here(self) -> None:
        """An event of a call that is not here reaches the agent's * only."""
        wire = Wire()
        mara = wire.agent()
        heard = wire.listen("call.forwarded", "*", on=mara)
        wire.server("call.forwarded", agent_id="mara", call_id="CA7", to="+1555")
        assert [(name, item.name, item.call) for name, item in heard] == [
            ("*", "call.forwarded", None)
        ]


class TestLate:
    def test_late_frames(self) -> None:
        """No frame that comes after the end brings the call back or reaches a handler."""
        wire = Wire()
        wire.call()
        wire.server("call.ended", agent_id="mara", call_id="CA1")
        told = wire.listen("*")
        for event in (
            "bot.word",
            "user.message",
            "call.started",
            "call.dialing",
            "llm.tool_call",
            "llm.chat.chunk",
            "llm.chat.started",
            "turn.end",
            "eager.turn",
            "message.confirmed",
            "bot.finished",
            "reply.rejected",
            "turn.continued",
            "chat.message",
            "chat.response",
            "llm.chat.ended",
            "llm.chat.error",
            "llm.preparing_timeout",
            "call.error",
            "brand.new",
        ):
            wire.server(
                event, agent_id="mara", call_id="CA1", tool_calls=[{"id": "1", "name": "x"}]
            )
        assert told == []
        assert wire.engine.registry.calls == {}
        assert "llm.tool_result" not in wire.sent_events()

    @pytest.mark.parametrize("event", ["memory.ops", "call.recording"])
    def test_what_may_come_late(self, event: str) -> None:
        """memory.ops and call.recording reach the agent after the end of their call."""
        wire = Wire()
        call = wire.call()
        wire.server("call.ended", agent_id="mara", call_id="CA1")
        told = wire.listen(event, on=call.agent)
        wire.server(event, agent_id="mara", call_id="CA1")
        assert told[0][2] is None

    @pytest.mark.parametrize("event", ["memory.ops", "call.recording"])
    def test_what_comes_late_is_in_order(self, event: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """What may come late follows the handlers of its call; what names no call here, the agent's."""
        wire = Wire()
        call = wire.call()
        wire.listen(event)
        subjects: list[object] = []
        monkeypatch.setattr(wire, "run_delivery", lambda one: subjects.append(one.subject))
        wire.server("call.ended", agent_id="mara", call_id="CA1")
        wire.server(event, agent_id="mara", call_id="CA1")
        wire.server(event, agent_id="mara", call_id="CA0")
        assert subjects == [call, call.agent]

    @pytest.mark.parametrize(
        ("event", "ids"),
        [
            ("call.recording", {"call_id": "CA1"}),
            ("memory.ops", {"call_id": "CA1"}),
            ("memory.ops", {"session_id": "CA1"}),
        ],
    )
    def test_late_and_without_an_agent(self, event: str, ids: dict[str, str]) -> None:
        """memory.ops and call.recording without agent_id reach the agent whose call it was."""
        wire = Wire()
        call = wire.call()
        wire.server("call.ended", agent_id="mara", call_id="CA1")
        told = wire.listen(event, on=call.agent)
        wire.server(event, **ids, audio="UklGRg==", contact="+1555")
        assert len(told) == 1
        assert told[0][1].raw["contact"] == "+1555"

    @pytest.mark.parametrize("event", ["memory.ops", "call.recording", "call.error"])
    @pytest.mark.parametrize("ids", [{"agent_id": "nobody"}, {"call_id": "CA7"}])
    def test_late_of_strangers(self, event: str, ids: dict[str, str]) -> None:
        """Late events of agents and calls that are not here are dropped."""
        wire = Wire()
        wire.agent()
        told = wire.listen("*", "error")
        wire.server(event, **ids, error="odd")
        assert told == []
        assert wire.pc.stats()["dropped"] == 1

    def test_memory_by_session(self) -> None:
        """memory.ops that names its call by session_id gets that call."""
        wire = Wire()
        call = wire.call()
        told = wire.listen("memory.ops", on=call.agent)
        wire.server("memory.ops", session_id="CA1", ops=[])
        wire.server("memory.ops", agent_id="mara", session_id="other", ops=[])
        assert [of for _, _, of in told] == [call, None]


def test_unknown_event_of_a_call() -> None:
    """An unknown event of a call reaches * under its own name, with the call."""
    wire = Wire()
    call = wire.call()
    told = wire.listen("*", on=call)
    wire.server("brand.new", call_id="CA1", nested={"aB": 1})
    item = told[0][1]
    assert (item.name, item.call, item.agent) == ("brand.new", call, call.agent)
    assert item.event.raw == {"event": "brand.new", "call_id": "CA1", "nested": {"aB": 1}}


def test_reported_once_for_each_kind() -> None:
    """A field of the wrong type reaches *, as an UnknownEvent, each time, and is reported once."""
    wire = Wire()
    call = wire.call()
    told = wire.listen("error", "bot.word", "*")
    for _ in range(5):
        wire.server({**GOOD, "word": 5})
    wire.server({**GOOD, "word_index": "x"})
    errors = [args[0] for name, *args in told if name == "error"]
    items = [args[0] for name, *args in told if name == "*" and args[0].name == "bot.word"]
    assert len(errors) == 2
    assert "a field of another type" in errors[0].message
    assert (errors[0].agent_id, errors[0].call_id) == ("mara", "CA1")
    assert len(items) == 6
    assert items[0].call is call
    assert items[0].event.problem
    assert "bot.word" not in [name for name, *_ in told]
    assert wire.pc.stats()["unknown"] == 6


def test_wrong_types_of_strangers() -> None:
    """A garbled event of an unknown agent is reported and dropped."""
    wire = Wire().up()
    told = wire.listen("*")
    wire.server("bot.word", agent_id="nobody", word=5)
    assert [item.name for _, item in told] == ["error"]
    assert wire.pc.stats()["dropped"] == 1


@pytest.mark.parametrize("ids", [{}, {"call_id": "CA1"}, {"agent_id": "mara"}])
def test_unknown_events(ids: dict[str, str]) -> None:
    """An event of a newer server reaches * under its own name, with all its fields."""
    wire = Wire()
    wire.call()
    told = wire.listen("*", "error")
    wire.server("brand.new", **ids, anything={"a": [1]})
    ((_, item),) = told
    assert item.name == "brand.new"
    assert item.event.raw == {"event": "brand.new", **ids, "anything": {"a": [1]}}
    assert wire.pc.stats()["unknown"] == 1


class TestGarbled:
    @pytest.mark.parametrize(
        ("event", "fields"),
        [
            ("call.ended", {"duration_seconds": "long"}),
            ("call.ended", {"reason": 5}),
            ("call.ended", {"messages": "none"}),
        ],
    )
    def test_the_life_of_a_call(self, event: str, fields: dict[str, Any]) -> None:
        """An end with a field of another type ends the call; * gets it as an unknown event."""
        wire = Wire()
        call = wire.call()
        items = wire.listen("*", on=call)
        wire.server(event, agent_id="mara", call_id="CA1", **fields)
        assert call._over
        assert isinstance(items[0][1].event, UnknownEvent)
        assert items[0][1].event.name == event

    def test_a_word(self) -> None:
        """A word with a field of another type is not part of what is being said."""
        wire = Wire()
        call = wire.call()
        wire.server("bot.speaking", agent_id="mara", call_id="CA1", message_id="b1")
        wire.server({**GOOD, "message_id": "b1", "start_time": "soon"})
        assert call.current_bot_text == ""

    def test_a_late_one(self) -> None:
        """An event of another form of a call that is over is reported and dropped."""
        wire = Wire()
        wire.call()
        wire.server("call.ended", agent_id="mara", call_id="CA1")
        heard = wire.listen("error")
        items = wire.listen("*")
        wire.server({**GOOD, "word": 5})
        assert [item.name for _, item in items] == ["error"]
        assert len(heard) == 1
        assert wire.pc.stats()["dropped"] == 1
