"""Messages that are not frames, and frames with a bad field: reported, survived, and the stream
goes on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pinecall.core.engine import MALFORMED_REPORTED
from pinecall.errors import (
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


@pytest.mark.parametrize("what", sorted(BAD))
def test_no_frame(what: str) -> None:
    """It is counted, reported as a ProtocolError in few words, and the next frame is handled."""
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
    """It does not fail connect()."""
    wire = Wire()
    outcome = wire.connect()
    wire.opened()
    wire.text(BAD[what])
    assert not outcome.done
    wire.server("connected")
    assert outcome.result() is None


def test_floods() -> None:
    """A flood of them is reported ten times for a connection, and counted."""
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


class TestForTheWeb:
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
