"""The text of server-sent events, and the headers of a stream."""

from __future__ import annotations

import json

import pytest

from pinecall.core.streams.sse import HEADERS, PING, block, to_json
from pinecall.core.wire.sse_reader import SseReader


def test_headers() -> None:
    """Every stream's response has the headers that keep proxies from holding it back, and no
    hop-by-hop header."""
    headers = dict(HEADERS)
    assert headers["Content-Type"] == "text/event-stream"
    assert headers["Cache-Control"] == "no-cache, no-transform"
    assert headers["X-Accel-Buffering"] == "no"
    assert headers["Content-Encoding"] == "identity"
    assert "connection" not in {name.lower() for name in headers}


def test_block() -> None:
    """An event has its name and its data; the id and the retry are written where they are given."""
    assert block("bot.word", b'{"a":1}') == b'event: bot.word\ndata: {"a":1}\n\n'
    assert block("ñ", b"{}", "e-1", 3000) == (
        "event: ñ\ndata: {}\nid: e-1\nretry: 3000\n\n".encode()
    )


@pytest.mark.parametrize("text", ["plain", 'with "quotes"', "line\nbreak", "\u2028 ✓", "\ud800"])
def test_a_block_is_read_back(text: str) -> None:
    """Any text is written as one event with one line of data."""
    [event] = SseReader().feed(block("user.message", to_json({"text": text}), "e-1", 3000))
    assert (event.event, event.id, event.retry) == ("user.message", "e-1", 3000)
    assert json.loads(event.data) == {"text": text.replace("\ud800", "\N{REPLACEMENT CHARACTER}")}


def test_ping() -> None:
    """A ping is no event for the reader of a stream."""
    reader = SseReader()
    assert reader.feed(PING + PING) == []
    assert [event.data for event in reader.feed(block("a", b"1"))] == ["1"]
