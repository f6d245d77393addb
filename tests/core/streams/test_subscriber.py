"""One reader of a stream: what waits for it, what is left out, and how it ends."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from typing import Any

import pytest

from pinecall.core.streams.chunk import Chunk
from pinecall.core.streams.sse import PING, to_json
from pinecall.core.streams.subscriber import PORTION, Subscriber
from pinecall.core.wire.sse_reader import SseReader


def message(number: int = 0, *, session: str = "", size: int = 0, only_ws: bool = False) -> Chunk:
    """An event that is never left out."""
    data = {"number": number, "text": "x" * size}
    return Chunk("user.message", to_json(data), session=session, only_ws=only_ws)


def word(number: int = 0) -> Chunk:
    """An event that may be left out for a reader who is late."""
    return Chunk("bot.word", to_json({"number": number}))


class Reader:
    """A subscriber, a count of its wakes, and what it has been given."""

    def __init__(
        self,
        *,
        session: str = "",
        ws: bool = False,
        queue: int = 10,
        queue_bytes: int = 1 << 20,
        first: Iterable[Chunk] = (),
    ) -> None:
        self.wakes = 0
        self.one = Subscriber(
            threading.RLock(),
            self._wake,
            agents=None,
            session=session,
            ws=ws,
            queue=queue,
            queue_bytes=queue_bytes,
            first=first,
        )

    def _wake(self) -> None:
        self.wakes += 1

    def put(self, *frames: Chunk) -> list[bool]:
        return [self.one.put(frame) for frame in frames]

    def read(self) -> list[tuple[str, Any]]:
        """Everything that waits, as (event, its number or data)."""
        reader, found = SseReader(), []
        while piece := self.one.take():
            found += [(event.event, json.loads(event.data)) for event in reader.feed(piece)]
        return [(name, data.get("number", data)) for name, data in found]


class TestQueue:
    def test_in_order(self) -> None:
        """Events are handed out once, in their order; then there is nothing."""
        reader = Reader()
        assert reader.put(message(1), word(2), message(3)) == [True] * 3
        assert reader.one.queued == 3
        assert reader.read() == [("user.message", 1), ("bot.word", 2), ("user.message", 3)]
        assert (reader.one.take(), reader.one.queued) == (b"", 0)

    def test_first(self) -> None:
        """The first events are there from the start."""
        reader = Reader(first=[message(1), message(2)])
        assert reader.one.queued == 2
        reader.put(message(3))
        assert [number for _, number in reader.read()] == [1, 2, 3]

    def test_bytes_of_one_event(self) -> None:
        """One event is handed out as the very bytes that all readers share."""
        reader, frame = Reader(), message(1)
        reader.put(frame)
        assert reader.one.take() is frame.sse

    def test_woken_once(self) -> None:
        """A reader is woken for the first of several events, and again after it has taken them."""
        reader = Reader()
        reader.put(message(1), message(2), message(3))
        assert reader.wakes == 1
        reader.read()
        reader.put(message(4))
        assert reader.wakes == 2

    def test_portions(self) -> None:
        """Much is handed out in portions of about 64 KiB, each of whole events."""
        reader = Reader(queue=100)
        reader.put(*(message(number, size=5000) for number in range(100)))
        sizes, numbers = [], []
        while piece := reader.one.take():
            sizes.append(len(piece))
            numbers += [json.loads(event.data)["number"] for event in SseReader().feed(piece)]
        assert numbers == list(range(100))
        assert len(sizes) == 8
        assert max(sizes) < PORTION + 6000

    def test_room_after_portions(self) -> None:
        """What was taken makes room, in events and in bytes."""
        reader = Reader(queue=30, queue_bytes=200_000)
        for _ in range(3):
            assert all(reader.put(*(message(size=5000) for _ in range(30))))
            assert len(reader.read()) == 30

    def test_room_after_one_portion(self) -> None:
        """A portion that was taken makes room while the rest still waits."""
        reader = Reader(queue=100, queue_bytes=160_000)
        assert all(reader.put(*(message(size=5000) for _ in range(30))))
        assert reader.put(*(message(size=5000) for _ in range(3))) == [True, False, False]
        assert len(reader.one.take()) > PORTION
        assert all(reader.put(*(message(size=5000) for _ in range(12))))


class TestFilters:
    def test_only_for_websockets(self) -> None:
        """An event for WebSockets alone is not written to an event stream."""
        stream, socket = Reader(), Reader(ws=True)
        for reader in (stream, socket):
            assert reader.put(message(1, only_ws=True)) == [True]
        assert (stream.one.queued, socket.one.queued) == (0, 1)

    def test_session(self) -> None:
        """A reader of one call gets that call's events, and none that name no call."""
        reader = Reader(session="CA1")
        sessions = ["CA1", "CA2", "", "CA1"]
        frames = [message(number, session=one) for number, one in enumerate(sessions)]
        assert reader.put(*frames) == [True] * 4
        assert [number for _, number in reader.read()] == [0, 3]


class TestLateReaders:
    def test_count(self) -> None:
        """A reader whose queue is full is too slow."""
        reader = Reader(queue=3)
        assert reader.put(*map(message, range(4))) == [True, True, True, False]

    def test_bytes(self) -> None:
        """A reader whose queue holds too many bytes is too slow; the first event may be larger."""
        reader = Reader(queue_bytes=5000)
        assert reader.put(*(message(size=2000) for _ in range(3))) == [True, True, False]
        assert Reader(queue_bytes=5000).put(message(size=9000)) == [True]

    def test_the_last_byte(self) -> None:
        """A queue is filled to its last byte, without leaving out interim events."""
        size, small = message(0).size, word(0).size
        full, over = Reader(queue_bytes=size + small), Reader(queue_bytes=size + small - 1)
        assert full.put(word(0), message(0)) == over.put(word(0), message(0)) == [True, True]
        assert full.read() == [("bot.word", 0), ("user.message", 0)]
        assert [name for name, _ in over.read()] == ["gap", "user.message"]

    def test_first_events_do_not_count(self) -> None:
        """The first events of a reader do not count for its limits."""
        first = [message(number, size=2000) for number in range(50)]
        reader = Reader(queue=2, queue_bytes=5000, first=first)
        assert reader.put(*(message(size=2000) for _ in range(3))) == [True, True, False]

    def test_interim_events_go_first(self) -> None:
        """Interim events are left out of a full queue; a gap says how many."""
        reader = Reader(queue=10)
        given = [message(0), *map(word, range(9)), message(1), word(9), *map(message, range(2, 5))]
        assert reader.put(*given) == [True] * 15
        assert reader.read() == [
            ("gap", {"event": "gap", "reason": "slow", "missed": 9}),
            ("user.message", 0),
            ("user.message", 1),
            ("bot.word", 9),
            *(("user.message", number) for number in range(2, 5)),
        ]

    def test_a_gap_is_told_once(self) -> None:
        """After the gap the events go on without it."""
        reader = Reader(queue=2)
        reader.put(word(1), word(2), message(3))
        assert reader.read()[0][0] == "gap"
        reader.put(message(4), message(5))
        assert reader.read() == [("user.message", 4), ("user.message", 5)]

    def test_interim_events_only(self) -> None:
        """A gap comes before a single event too."""
        reader = Reader(queue=2)
        reader.put(word(1), word(2), word(3))
        missed = {"event": "gap", "reason": "slow", "missed": 2}
        assert reader.read() == [("gap", missed), ("bot.word", 3)]

    def test_no_room_for_an_interim_event(self) -> None:
        """Behind a queue of other events a word is left out and counted; the reader stays."""
        reader = Reader(queue=3)
        assert reader.put(*map(message, range(3)), word(1), word(2)) == [True] * 5
        missed = {"event": "gap", "reason": "slow", "missed": 2}
        assert reader.read() == [("gap", missed), *(("user.message", one) for one in range(3))]

    def test_room_after_interim_events(self) -> None:
        """Interim events that are left out make room in bytes."""
        reader = Reader(queue=1000, queue_bytes=5000)
        reader.put(message(0, size=2000), *map(word, range(300)))
        assert reader.put(message(1, size=2000)) == [True]
        assert [number for name, number in reader.read() if name == "user.message"] == [0, 1]


class TestTime:
    def test_idle(self) -> None:
        """A reader without events is woken for a ping every three beats."""
        reader = Reader()
        for _ in range(2):
            assert [reader.one.beat() for _ in range(2)] == [True] * 2
            assert reader.one.take() == b""
            assert reader.one.beat()
            assert reader.one.take() == PING
        assert reader.wakes == 2

    def test_an_event_puts_the_ping_off(self) -> None:
        """Three beats count from the last event that was taken."""
        reader = Reader()
        assert [reader.one.beat() for _ in range(2)] == [True] * 2
        reader.put(message(1))
        reader.read()
        assert [reader.one.beat() for _ in range(2)] == [True] * 2
        assert reader.one.take() == b""

    def test_an_event_stands_for_a_ping(self) -> None:
        """Where a ping and an event wait, the event alone is written."""
        reader = Reader()
        assert all(reader.one.beat() for _ in range(3))
        reader.put(message(1))
        assert reader.read() == [("user.message", 1)]
        assert reader.one.take() == b""

    def test_stuck(self) -> None:
        """A reader that takes nothing for six beats is too slow; taking starts the count anew."""
        reader = Reader()
        for _ in range(2):
            reader.put(message(1))
            assert [reader.one.beat() for _ in range(5)] == [True] * 5
            reader.read()
        reader.put(message(1))
        assert [reader.one.beat() for _ in range(6)] == [True] * 5 + [False]

    def test_stuck_with_a_ping(self) -> None:
        """A ping that is not taken counts like an event."""
        reader = Reader()
        assert [reader.one.beat() for _ in range(9)] == [True] * 8 + [False]


class TestEnd:
    @pytest.mark.parametrize(
        ("reason", "left"), [("closed", 1), ("ended", 1), ("slow", 0), ("gone", 0)]
    )
    def test_reasons(self, reason: str, left: int) -> None:
        """A stream that is closed or has ended hands out what is queued; others drop it."""
        reader = Reader()
        reader.put(message(1))
        reader.one.end(reason)
        assert (reader.one.over, reader.one.reason) == (True, reason)
        assert reader.one.cut is (reason == "slow")
        assert len(reader.read()) == left

    def test_wakes(self) -> None:
        """The end wakes the reader, once; a later one changes nothing."""
        reader = Reader()
        assert (reader.one.over, reader.one.cut) == (False, False)
        reader.one.end("closed")
        reader.one.end("slow")
        assert (reader.one.reason, reader.wakes) == ("closed", 1)

    def test_nothing_after_it(self) -> None:
        """Nothing is queued for a stream that is over."""
        reader = Reader()
        reader.one.end("closed")
        assert reader.put(message(1)) == [False]
        assert reader.read() == []

    def test_abandoned(self) -> None:
        """An abandoned reader is over without a wake; one that was over keeps its reason."""
        reader, closed = Reader(), Reader()
        reader.one.abandon()
        assert (reader.one.reason, reader.wakes, reader.put(message(1))) == ("gone", 0, [False])
        closed.one.end("closed")
        closed.one.abandon()
        assert closed.one.reason == "closed"


class TestTexts:
    def test_texts(self) -> None:
        """A WebSocket gets each event as a JSON text of its own."""
        reader = Reader(ws=True)
        reader.put(message(1), message(2))
        texts = reader.one.take_texts()
        assert [json.loads(text)["number"] for text in texts] == [1, 2]
        assert reader.one.take_texts() == []

    def test_ping(self) -> None:
        """A ping is a message with an event of its own."""
        reader = Reader(ws=True)
        assert all(reader.one.beat() for _ in range(3))
        assert reader.one.take_texts() == ['{"event":"ping"}']
        assert reader.one.take_texts() == []

    def test_gap(self) -> None:
        """A gap is a message before the others."""
        reader = Reader(ws=True, queue=2)
        reader.put(word(1), word(2), message(3))
        gap, one = map(json.loads, reader.one.take_texts())
        assert gap == {"event": "gap", "reason": "slow", "missed": 2}
        assert one["number"] == 3
