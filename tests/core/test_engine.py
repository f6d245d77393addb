"""The engine: messages that are not frames, whose an event is, timers, and what the front takes."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from pinecall.core.kernel.outbox import MAX_UNSENT_BYTES
from pinecall.core.link.link import Failure
from pinecall.core.traces.call_trace import CallTraceBase
from pinecall.core.wire.limits import MALFORMED_REPORTED, MAX_MESSAGE
from pinecall.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectError,
    NotConnected,
    ProtocolError,
)

from .harness import EVENTS, Wire

GOOD = {"event": "bot.word", "agent_id": "mara", "call_id": "CA1", "word": "on"}

BAD = {
    "nothing": "",
    "words": "hello",
    "html": "<html><body>502</body></html>",
    "a cut frame": '{"event":"bot.word","agent_id":"mara"',
    "an array": '[{"event":"bot.word"}]',
    "a number": "5",
    "null": "null",
    "a text": '"bot.word"',
    "no event": '{"word":"x"}',
    "a null event": '{"event":null}',
    "a numeric event": '{"event":7}',
    "5 MB": '{"event":"bot.word","word":"' + "x" * 5_000_000 + '"}',
    "5 MB of nothing": "x" * 5_000_000,
    "nested arrays": '{"event":"bot.word","x":' + "[" * 200_000,
    "nested objects": '{"a":' * 200_000,
    "NUL": "\x00",
    "a word for a number": '{"event":"bot.word","start_time":nan}',
}


IDS = {"agent_id": "mara", "call_id": "CA1"}


@pytest.mark.parametrize("what", sorted(BAD))
def test_no_frame(what: str) -> None:
    """A message that is not a frame is counted and reported in few words, and the next frame is handled."""
    wire = Wire()
    wire.call()
    told = wire.listen("error", "bot.word")
    wire.text(BAD[what])
    wire.server(GOOD)
    assert [name for name, *_ in told] == ["error", "bot.word"]
    error = told[0][1]
    assert isinstance(error, ProtocolError)
    assert len(error.message) < 400
    assert wire.pc.stats()["malformed"] == 1
    assert wire.pc.connected


@pytest.mark.parametrize("what", sorted(BAD))
def test_no_frame_before_connected(what: str) -> None:
    """A message that is not a frame does not fail connect()."""
    wire = Wire()
    outcome = wire.connect()
    wire.opened()
    wire.text(BAD[what])
    assert not outcome.done
    wire.server("connected")
    assert outcome.result() is None


def test_floods() -> None:
    """A flood of bad messages is reported ten times for a connection, and counted."""
    wire = Wire().up()
    told = wire.listen("error")
    for _ in range(100):
        wire.text("hello")
    assert len(told) == MALFORMED_REPORTED
    assert wire.pc.stats()["malformed"] == 100
    wire.lost()
    wire.reconnect()
    wire.text("hello")
    assert len(told) == MALFORMED_REPORTED + 1


def test_binary() -> None:
    """A binary message is reported and survived."""
    wire = Wire().up()
    told = wire.listen("error")
    wire.engine.receive_other("a binary message of 5 bytes", 0)
    wire.settle()
    assert "a binary message of 5 bytes" in told[0][1].message


@pytest.mark.parametrize("name", sorted(set(EVENTS) - {"agent.displaced", "error"}))
def test_null_fields(name: str) -> None:
    """Every field of every event may be null."""
    wire = Wire()
    wire.call()
    told = wire.listen("error")
    wire.text(json.dumps({"event": name, **dict.fromkeys(EVENTS[name]["fields"])}))
    allowed = {"CALL_ERROR"} if name == "call.error" else set()
    assert {error.code for _, error in told} <= allowed
    assert wire.pc.connected


WRONG: list[Any] = [5, -1.5, True, "text", [], [1], {}, {"a": 1}, [None], [[]]]


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_wrong_types(name: str) -> None:
    """Every field of every event may be of any type: the session survives it, and says so once."""
    wire = Wire()
    wire.call()
    wire.call(call_id="U1")
    told = wire.listen("error")
    for field in EVENTS[name]["fields"]:
        for value in WRONG:
            wire.text(json.dumps({**EVENTS[name]["example"], field: value}))
    mistakes = [error for _, error in told if "the SDK's own handling" in error.message]
    assert mistakes == []
    assert wire.pc.connected
    wire.server("ping")
    assert "pong" in wire.sent_events()


def test_events_named_like_ours() -> None:
    """A frame that bears the name of an event the SDK makes itself is only an unknown one."""
    wire = Wire().up()
    named = wire.listen("disconnected", "reconnecting", "events.gap", "call", "chat.started")
    for name in ("disconnected", "reconnecting", "events.gap", "call", "chat.started", "*"):
        wire.server(name)
    assert named == []


def test_large_frames_below_the_limit() -> None:
    """A frame of some megabytes is a frame."""
    wire = Wire()
    wire.call()
    told = wire.listen("call.recording")
    wire.server("call.recording", call_id="CA1", audio="A" * 3_000_000)
    assert len(told[0][1].audio) == 3_000_000


def test_nothing_is_raised_while_closed() -> None:
    """Frames of a link that is not up are ignored, whatever they are."""
    wire = Wire()
    told = wire.listen("*")
    for name in EVENTS:
        wire.server(EVENTS[name]["example"])
    wire.text("hello")
    assert [item.name for _, item in told] == ["error"]
    assert wire.pc.state == "idle"


class TestWhoseEvent:
    @pytest.mark.parametrize("event", ["session.configured", "session.timeout"])
    def test_named_by_session(self, event: str) -> None:
        """Events that name the call by session_id reach it."""
        wire = Wire()
        call = wire.call()
        told = wire.listen(event, on=call)
        wire.server(event, session_id="CA1", reason="idle_timeout")
        assert told[0][2] is call
        wire.server(event, session_id="CA7", reason="idle_timeout")
        assert len(told) == 1

    @pytest.mark.parametrize("ids", [IDS, {"call_id": "CA1"}, {"session_id": "CA1"}])
    def test_of_a_call(self, ids: dict[str, str]) -> None:
        """An event that names a call by either id is the call's and its agent's."""
        wire = Wire()
        call = wire.call()
        heard = wire.listen("*", on=call)
        wire.server("brand.new" if "call_id" in ids else "session.timeout", **ids)
        ((_, item),) = heard
        assert (item.call, item.agent) == (call, call.agent)

    def test_of_a_missed_call(self) -> None:
        """An event of a conversation whose start was missed makes its call."""
        wire = Wire()
        mara = wire.agent()
        heard = wire.listen("call.started", "turn.end", on=mara)
        wire.server("turn.end", **IDS, message_id="m1")
        assert [name for name, *_ in heard] == ["call.started", "turn.end"]
        assert list(mara._live_calls) == ["CA1"]

    @pytest.mark.parametrize(
        ("event", "status"), [("user.speaking", "active"), ("call.ended", "ended")]
    )
    def test_of_a_detached_call(self, event: str, status: str) -> None:
        """An event of a detached call makes it live again, unless it is its end."""
        wire = Wire()
        call = wire.call()
        wire.lost()
        wire.reconnect()
        call.hangup()
        wire.sent()
        wire.server(event, **IDS)
        assert call.status == status
        assert wire.sent_events() == (["call.hangup"] if status == "active" else [])


class TestForTheWeb:
    def test_streams_of_a_closed_client(self) -> None:
        """A hub that is opened on a closed client is closed: its streams end at once."""
        wire = Wire().up()
        wire.engine.disconnect()
        assert wire.engine.open_hub().closed

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

    def test_one_hub(self) -> None:
        """A client has one hub, which publishes its events from then on."""
        wire = Wire()
        hub = wire.engine.open_hub()
        assert wire.engine.open_hub() is hub
        assert wire.engine.publisher is hub
        assert not hub.closed

    def test_a_client_that_must_not_be_used(self) -> None:
        """A client that must not be used here (in a forked child) opens no hub."""
        wire = Wire()
        front: Any = wire.front

        def check() -> None:
            raise ConfigurationError("forked")

        front.check = check
        with pytest.raises(ConfigurationError, match="forked"):
            wire.engine.open_hub()

    def test_agents_of_a_call(self) -> None:
        """The agent of a call is known while it lives and for a while after; of an unknown call any
        agent may be the one."""
        wire = Wire()
        wire.agent("leo")
        wire.call()
        assert wire.engine.agents_of_call("CA1") == ["mara"]
        wire.server("call.ended", **IDS)
        assert wire.engine.agents_of_call("CA1") == ["mara"]
        assert wire.engine.agents_of_call("CA7") == ["leo", "mara"]

    @pytest.mark.parametrize(
        ("ids", "expected"),
        [(["mara"], ["mara"]), (["org_1:mara", "nobody"], ["mara"]), (["line:+12186633772"], [])],
    )
    def test_local_agents(self, ids: list[str], expected: list[str]) -> None:
        """From the ids in a token: those for which this client has an agent; a line does not count."""
        wire = Wire()
        wire.agent("mara")
        wire.pc.line("+12186633772")
        assert [agent.id for agent in wire.engine.local_agents(ids)] == expected


class TestFacts:
    def test_a_socket_that_cannot_be_opened(self) -> None:
        """A failed attempt without a reconnect policy fails connect() with what was wrong."""
        wire = Wire(reconnect=None)
        outcome = wire.connect()
        wire.failed(Failure("tcp", "connection refused"))
        assert isinstance(outcome.error, ConnectError)
        assert "connection refused" in str(outcome.error)

    def test_a_refused_key(self) -> None:
        """An error before connected fails connect()."""
        wire = Wire()
        outcome = wire.connect()
        wire.opened()
        wire.server("error", error="unknown key", code="INVALID_KEY")
        assert isinstance(outcome.error, AuthenticationError)

    def test_a_ping_before_connected(self) -> None:
        """A ping before connected is answered; other frames are ignored then."""
        wire = Wire()
        heard = wire.listen("*")
        wire.connect()
        wire.opened()
        wire.server("ping")
        wire.server("registered", app_id="app")
        assert wire.sent_events() == ["connect", "pong"]
        assert heard == []

    def test_a_lost_socket(self) -> None:
        """A socket that is lost fires disconnected with its reason."""
        wire = Wire().up()
        heard = wire.listen("disconnected")
        wire.lost(1006, "reset")
        assert heard == [("disconnected", "reset")]


class TestTimers:
    def test_no_room(self) -> None:
        """A timer that finds no room for what it sends is reported, and the link goes on."""
        wire = Wire(ping_interval=None)
        wire.listen("call.preparing", on=wire.call())
        heard = wire.listen("error")
        wire.engine.receive(json.dumps({"event": "llm.before", **IDS, "turn": 1}), 0)
        wire.engine.deliveries()
        wire.pc.send({"event": "brand.new", "text": "x" * MAX_UNSENT_BYTES})
        wire.after(1)
        assert [error.code for _, error in heard] == ["SEND_BUFFER_FULL"]
        assert wire.pc.connected

    def test_a_mistake(self) -> None:
        """A timer that fails is reported as a mistake of the SDK, and the next one fires."""
        wire = Wire().up()
        heard = wire.listen("error")
        fired: list[float] = []

        def broken(late: float) -> None:
            raise KeyError("x")

        wire.engine.timers.set("broken", 1.0, broken)
        wire.engine.timers.set("good", 1.0, fired.append)
        wire.settle()
        wire.blocked(3.0)
        assert fired == [2.0]
        ((_, error),) = heard
        assert "a timer of the SDK" in error.message
        assert isinstance(error.__cause__, KeyError)

    def test_the_next_deadline(self) -> None:
        """deadline() is the time of the next timer, or None without timers."""
        wire = Wire()
        assert wire.engine.deadline(0.0) is None
        wire.engine.timers.set("one", 2.0, lambda late: None)
        wire.engine.timers.set("two", 1.0, lambda late: None)
        assert wire.engine.deadline(5.0) == 6.0


class TestBadMessages:
    def test_too_long(self) -> None:
        """A message beyond the bound is refused with a short piece of it."""
        wire = Wire().up()
        heard = wire.listen("error")
        wire.text("x" * (MAX_MESSAGE + 1))
        ((_, error),) = heard
        assert f"{MAX_MESSAGE + 1} characters, more than {MAX_MESSAGE}: x" in error.message
        assert len(error.message) < 300

    def test_what_was_left_out(self, caplog: pytest.LogCaptureFixture) -> None:
        """The log has how many reports were left out, when the connection is gone."""
        wire = Wire().up()
        for _ in range(MALFORMED_REPORTED + 3):
            wire.text("hello")
        assert "more messages of that connection" not in caplog.text
        wire.lost()
        assert "3 more messages of that connection were not valid frames" in caplog.text

    def test_nothing_was_left_out(self, caplog: pytest.LogCaptureFixture) -> None:
        """The log has no word of reports that were left out where there are none."""
        wire = Wire().up()
        for _ in range(MALFORMED_REPORTED):
            wire.text("hello")
        wire.lost()
        assert "more messages of that connection" not in caplog.text

    def test_mended(self) -> None:
        """Half a surrogate pair is delivered as U+FFFD, and reported once for each event."""
        wire = Wire()
        wire.call()
        words, errors = wire.listen("bot.word"), wire.listen("error")
        for _ in range(2):
            wire.text('{"event":"bot.word","agent_id":"mara","call_id":"CA1","word":"a\\ud800b"}')
        assert [event.word for _, event, _ in words] == ["a\ufffdb"] * 2
        ((_, error),) = errors
        assert "half a surrogate pair" in error.message


class TestMistakes:
    def test_an_error_of_the_core(self) -> None:
        """An event that cannot be handled is reported with its agent, and the next frame is handled."""
        wire = Wire()
        mara = wire.agent()
        heard = wire.listen("error", "call.started", on=mara)
        wire.server("call.started", agent_id="mara", call_id="x" * 1000)
        wire.server("call.started", **IDS)
        assert [name for name, *_ in heard] == ["error", "call.started"]
        assert isinstance(heard[0][1], ProtocolError)

    def test_an_object_of_the_users(self) -> None:
        """An exception of a front's or user's object is reported, and the next frame is handled."""
        wire = Wire()
        mara = wire.agent()
        heard = wire.listen("error", "call.started", on=mara)
        front: Any = wire.front
        make_call = front.make_call

        def broken(*args: Any, **facts: Any) -> Any:
            raise ZeroDivisionError("x")

        front.make_call = broken
        wire.server("call.started", **IDS)
        front.make_call = make_call
        wire.server("call.started", **IDS)
        assert [name for name, *_ in heard] == ["error", "call.started"]
        assert "the SDK's own handling of call.started" in heard[0][1].message
        assert isinstance(heard[0][1].__cause__, ZeroDivisionError)

    def test_a_keyboard_interrupt(self) -> None:
        """A keyboard interrupt passes through."""
        wire = Wire()
        wire.agent()
        front: Any = wire.front

        def interrupted(*args: Any, **facts: Any) -> Any:
            raise KeyboardInterrupt

        front.make_call = interrupted
        with pytest.raises(KeyboardInterrupt):
            wire.server("call.started", **IDS)


class TestTracing:
    def test_each_frame(self, caplog: pytest.LogCaptureFixture) -> None:
        """At the level DEBUG each frame in and out is a line of the log; above it none is."""
        wire = Wire().up()
        wire.server("ping")
        wire.sent()
        assert caplog.text == ""
        caplog.set_level(logging.DEBUG, "pinecall.wire")
        wire.sent()  # the level is looked up with each read
        wire.server("ping")
        wire.sent()
        traced = [r.getMessage().split()[:2] for r in caplog.records if r.name == "pinecall.wire"]
        assert traced == [["in", "ping"], ["out", "pong"]]


class TestStats:
    def test_stats(self) -> None:
        """stats() counts messages since the client was made, and has what there is now."""
        wire = Wire()
        call = wire.call()
        wire.pc.line("+12186633772")
        call._ask_history()
        wire.server("brand.new")
        wire.text("hello")
        wire.server("bot.word", call_id="CA7")
        before = wire.engine.stats()
        assert (before["agents"], before["lines"], before["calls"]) == (1, 1, 1)
        assert (before["unknown"], before["malformed"], before["dropped"]) == (1, 1, 1)
        assert (before["requests"], before["unsent"], before["held"]) == (1, 2, 0)
        assert before["state"] == "connected"
        wire.sent()
        wire.lost()
        call.hangup()
        wire.reconnect()
        after = wire.engine.stats()
        assert after["received"] == before["received"] + 1
        assert after["sent"] > before["sent"]
        assert (after["held"], after["reconnects"]) == (1, 1)


class TestTraces:
    def test_what_passed(self) -> None:
        """Frames in and out are in the trace of their call, with the link's time."""
        wire = Wire()
        mara = wire.agent()
        recorder = wire.engine.record(CallTraceBase)
        wire.at(10)
        wire.call(mara)
        wire.at(11)
        wire.server(GOOD)
        wire.server("agent.configured", agent_id="mara")
        wire.server({**GOOD, "session_id": "CA1", "call_id": None})
        wire.at(12)
        wire.engine.registry.calls["CA1"]._speak("Hi", "", "m1")
        wire.sent()
        assert [(e.at, e.way, e.name) for e in recorder.traces["CA1"].entries] == [
            (0.0, "in", "call.started"),
            (1.0, "in", "bot.word"),
            (1.0, "in", "bot.word"),
            (2.0, "out", "bot.reply"),
        ]

    def test_calls_that_are_there(self) -> None:
        """A call that goes on already has its trace from then on; a second time changes nothing."""
        wire = Wire()
        wire.call()
        wire.at(10)
        recorder = wire.engine.record(CallTraceBase)
        wire.server(GOOD)
        assert wire.engine.record(CallTraceBase) is recorder
        trace = recorder.traces["CA1"]
        assert [(e.at, e.name) for e in trace.entries] == [(0.0, "bot.word")]
        assert (trace.from_, trace.started_at) == ("+15551230000", 1_800_000_000.0)

    def test_traces_and_lines(self, caplog: pytest.LogCaptureFixture) -> None:
        """Frames are logged at DEBUG whether traces are kept or not, and kept at any level."""
        wire = Wire()
        wire.call()
        recorder = wire.engine.record(CallTraceBase)
        wire.sent()
        assert caplog.messages == []
        caplog.set_level(logging.DEBUG, "pinecall.wire")
        wire.sent()
        wire.server(GOOD)
        assert len(caplog.messages) == 1
        caplog.set_level(logging.INFO, "pinecall.wire")
        wire.sent()
        wire.server(GOOD)
        assert len(caplog.messages) == 1
        assert len(recorder.traces["CA1"].entries) == 2

    def test_what_a_recorder_reports(self) -> None:
        """An error of the recorder is one of the client, and of the call while it goes on."""
        wire = Wire()
        call = wire.call()
        on_agent, on_client = wire.listen("error", on=call.agent), wire.listen("error")
        recorder = wire.engine.record(CallTraceBase)
        recorder.redact_with(lambda frame: {}[0])
        wire.server(GOOD)
        assert [error.code for _, error in on_agent] == ["REDACT_FAILED"]
        wire.server("call.ended", **IDS)
        wire.engine._report_of_trace(on_agent[0][1], "CA1")
        wire.deliver()
        assert (len(on_agent), len(on_client)) == (1, 2)
