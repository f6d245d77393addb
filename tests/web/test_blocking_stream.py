"""EventStream in threads, without a server: what a WSGI server would see."""

from __future__ import annotations

import gc
import threading
from typing import Any

import pytest

from pinecall_sync import stream as module
from pinecall_sync.stream import EventStream

from ..core.hubs import World


@pytest.fixture
def world() -> World:
    world = World(queue=10)
    world.call()
    return world


def ask(stream: EventStream, **environ: Any) -> tuple[str, dict[str, str], Any]:
    answer: list[Any] = []
    body = stream({"REQUEST_METHOD": "GET", **environ}, lambda *head: answer.extend(head))
    return answer[0], dict(answer[1]), body


def test_a_response_from_start_to_end(world: World) -> None:
    """Events as they happen; the end when the hub closes; then nothing is left."""
    status, headers, body = ask(EventStream(world.hub))
    assert status == "200 OK"
    assert headers["Content-Type"] == "text/event-stream"
    assert b"call.started" in next(body)
    threading.Thread(target=world.message, args=(world.calls["CA1"], 1)).start()
    assert next(body).startswith(b"event: user.message\n")
    threading.Thread(target=world.hub.close).start()
    assert list(body) == []
    assert world.hub.subscribers == 0


def test_the_last_event_id_comes_from_the_request(world: World) -> None:
    """The header, and where there is none the query."""
    cursor = f"{world.hub.epoch}-1"
    for environ in ({"HTTP_LAST_EVENT_ID": cursor}, {"QUERY_STRING": f"last_event_id={cursor}"}):
        _, _, body = ask(EventStream(world.hub), **environ)
        assert b"call.started" not in next(body)
        body.close()


def test_too_many_streams_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with Retry-After past the cap; a place is free again when one has closed."""
    monkeypatch.setattr(EventStream, "max_streams", 2)
    bodies = [ask(EventStream(world.hub))[2] for _ in range(2)]
    status, headers, refusal = ask(EventStream(world.hub))
    assert status.startswith("503 ")
    assert int(headers["Retry-After"]) > 0
    assert int(headers["Content-Length"]) == len(b"".join(refusal))
    bodies[0].close()
    assert ask(EventStream(world.hub))[0] == "200 OK"
    bodies[1].close()


def test_a_quiet_stream_is_pinged(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread learns that its client has gone only by writing."""
    monkeypatch.setattr(module, "_PING_AFTER", 0.01)
    _, _, body = ask(EventStream(world.hub))
    next(body)
    assert next(body) == b":ping\n\n"
    body.close()


def test_a_response_that_is_dropped_is_forgotten(world: World) -> None:
    """A server that never closes what it was given leaves nothing behind."""
    body = EventStream(world.hub).open()
    assert world.hub.subscribers == 1
    del body
    gc.collect()
    world.message(world.calls["CA1"], 1)
    assert world.hub.subscribers == 0
    assert world.hub.cut == 0


def test_head_opens_no_stream(world: World) -> None:
    """A HEAD request gets the headers alone."""
    status, _, body = ask(EventStream(world.hub), REQUEST_METHOD="HEAD")
    assert status == "200 OK"
    assert list(body) == []
    assert world.hub.subscribers == 0


def test_a_reader_that_is_cut_ends(world: World) -> None:
    """The response ends; the browser comes back with its last id."""
    _, _, body = ask(EventStream(world.hub))
    next(body)
    for number in range(20):
        world.message(world.calls["CA1"], number)
    assert list(body) == []
    assert world.hub.cut == 1


def test_it_is_iterable(world: World) -> None:
    """Each ``iter()`` is a reader of its own, and no iterator by itself (Flask calls it then)."""
    stream = EventStream(world.hub)
    assert not hasattr(stream, "__next__")
    chunks = iter(stream)
    assert b"connected" in next(chunks)
    chunks.close()  # type: ignore[attr-defined]
