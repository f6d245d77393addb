"""One event of a stream, encoded once for all readers."""

from __future__ import annotations

import json

import pytest

from pinecall.core.streams.chunk import Chunk

from ..hubs import Reader, World


def test_event_of_a_stream() -> None:
    """The bytes are a server-sent event; its size is theirs."""
    chunk = Chunk("user.message", b'{"a":1}', id="e-1", retry=2500)
    assert chunk.sse == b'event: user.message\ndata: {"a":1}\nid: e-1\nretry: 2500\n\n'
    assert chunk.size == len(chunk.sse)
    assert Chunk("ping", b"{}").sse == b"event: ping\ndata: {}\n\n"


@pytest.mark.parametrize("name", ["a", "user.message", "whatsapp.sessionStarted"])
@pytest.mark.parametrize("data", [{"id": 3, "text": "ñ"}, {"event": "x", "eventId": "no"}])
def test_text_of_a_websocket(name: str, data: dict[str, object]) -> None:
    """The text is the event's JSON with its id as eventId; without an id it is the JSON alone."""
    written = json.dumps(data, ensure_ascii=False).encode()
    assert json.loads(Chunk(name, written, id="e-1", retry=1).text) == {**data, "eventId": "e-1"}
    assert json.loads(Chunk(name, written).text) == data


@pytest.mark.parametrize(
    ("name", "interim"),
    [("bot.word", True), ("user.speaking", True), ("audio.metrics", True), ("bot.speaking", False)],
)
def test_interim(name: str, interim: bool) -> None:
    """Only words, interim transcripts and metrics may be left out for a reader who is late."""
    assert Chunk(name, b"{}").interim is interim


def test_bytes_are_shared() -> None:
    """Two readers get the very same bytes object."""
    world = World()
    call = world.call()
    readers = [Reader(world), Reader(world)]
    for reader in readers:
        reader.read()
    world.message(call, 1)
    first, second = (reader.subscriber.take() for reader in readers)
    assert first
    assert first is second


def test_texts_are_shared() -> None:
    """Two WebSockets get the very same text."""
    world = World()
    call = world.call()
    readers = [Reader(world, ws=True), Reader(world, ws=True)]
    for reader in readers:
        reader.subscriber.take_texts()
    world.message(call, 1)
    [[one], [two]] = [reader.subscriber.take_texts() for reader in readers]
    assert one is two
