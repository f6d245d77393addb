"""The DEBUG lines: one for each frame, with names, ids and sizes, and words only where asked for."""

from __future__ import annotations

import logging

import pytest

from pinecall.core.wire.tracing import Tracing

from ..harness import KEY, Wire

IDS = {"agent_id": "mara", "call_id": "CA1"}


def lines(caplog: pytest.LogCaptureFixture, name: str = "pinecall.wire") -> list[str]:
    return [r.getMessage() for r in caplog.records if r.name == name]


def test_each_frame(caplog: pytest.LogCaptureFixture) -> None:
    """A frame in and a frame out are a line each, without what was said."""
    caplog.set_level(logging.DEBUG, "pinecall")
    wire = Wire()
    call = wire.call()
    wire.sent()
    caplog.clear()
    wire.server("user.message", **IDS, message_id="u1", text="a secret wish")
    call._speak("another wish", "u1", "m1")
    wire.sent()
    first, second = lines(caplog)
    assert first.startswith("in  user.message agent_id=mara call_id=CA1 message_id=u1 ")
    assert second.startswith("out bot.reply call_id=CA1 message_id=m1 ")
    assert first.endswith(" characters") and "wish" not in caplog.text


def test_the_key_is_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    """The first frame holds the key, and its line does not, words or not."""
    caplog.set_level(logging.DEBUG, "pinecall")
    Wire().up()
    tracing = Tracing(words=True)
    tracing.sent([f'{{"event":"connect","api_key":"{KEY}"}}', '{"event":"ping"}', "nonsense"])
    assert KEY not in caplog.text
    shown = lines(caplog)
    assert any(line.startswith("out connect") for line in shown)
    assert '{"event":"ping"}' in shown[-2]
    assert shown[-1] == "out (no frame) 8 characters"


def test_the_level(caplog: pytest.LogCaptureFixture) -> None:
    """Tracing is on while the log is at DEBUG, and that is looked up when it is asked for."""
    tracing = Tracing(words=False)
    caplog.set_level(logging.DEBUG, "pinecall.wire")
    assert not tracing.on
    assert tracing.look()
    assert tracing.on
    caplog.set_level(logging.INFO, "pinecall.wire")
    assert tracing.on
    assert not tracing.look()
    assert not tracing.on


@pytest.mark.parametrize(
    ("frame", "line"),
    [
        ('{"event":"ping"}', "in  ping - 16 characters"),
        ('{"event":"x","call_id":5,"code":"C"}', "in  x code=C 36 characters"),
        (f'{{"event":"x","reason":"{"r" * 100}"}}', f"in  x reason={'r' * 80} 125 characters"),
        (f'{{"event":"{"e" * 100}"}}', f"in  {'e' * 80} - 112 characters"),
        ('{"call_id":"CA1"}', "in   call_id=CA1 17 characters"),
        ("[5]", "in  (no frame) 3 characters"),
        ('{"event":5}', "in  (no frame) 11 characters"),
        ('{"event":"\ud83d"}', "in  (no frame) 13 characters"),
        ("[" * 100_000, "in  (no frame) 100000 characters"),
    ],
    ids=lambda text: f"{text:.40}".encode("ascii", "replace").decode(),
)
def test_lines(frame: str, line: str, caplog: pytest.LogCaptureFixture) -> None:
    """A line has the frame's name and those ids that are texts, each cut to 80 characters."""
    caplog.set_level(logging.DEBUG, "pinecall")
    Tracing(words=False).received(frame)
    assert lines(caplog) == [line]


def test_words(caplog: pytest.LogCaptureFixture) -> None:
    """With words a line ends in the beginning of its frame."""
    caplog.set_level(logging.DEBUG, "pinecall")
    frame = f'{{"event":"x","text":"{"w" * 3000}"}}'
    Tracing(words=True).received(frame)
    assert lines(caplog) == [f"in  x - {len(frame)} characters {frame[:2000]}…"]


def test_nothing_below_debug(caplog: pytest.LogCaptureFixture) -> None:
    """A healthy call says at INFO that the client is connected, and no more."""
    caplog.set_level(logging.INFO, "pinecall")
    wire = Wire()
    wire.call()
    wire.server("user.message", **IDS, message_id="u1", text="Hi")
    wire.sent()
    assert [r.getMessage() for r in caplog.records] == ["connected to wss://voice.example/client"]


def test_the_link(caplog: pytest.LogCaptureFixture) -> None:
    """Connecting, the loss of the connection and its end are logged by ``pinecall.link``."""
    caplog.set_level(logging.DEBUG, "pinecall.link")
    wire = Wire().up()
    wire.lost()
    wire.reconnect()
    wire.engine.disconnect()
    told = lines(caplog, "pinecall.link")
    assert told == [
        "connecting to wss://voice.example/client, attempt 1",
        "connected to wss://voice.example/client",
        "the connection is gone: connection_lost",
        "connecting to wss://voice.example/client, attempt 2",
        "connected to wss://voice.example/client",
        "disconnected: client_disconnect",
    ]
