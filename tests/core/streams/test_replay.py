"""The last events of a stream, and where a reader who comes back with an id goes on."""

from __future__ import annotations

import pytest

from pinecall.core.streams.chunk import Chunk
from pinecall.core.streams.replay import Ring

from ..hubs import Reader, World


def add(ring: Ring, *agents: str, size: int = 0) -> list[str]:
    """An event for each agent; returns their ids."""
    ids = []
    for agent in agents:
        ids.append(ring.next_id())
        ring.add(Chunk("user.message", b'{"x":"%b"}' % (b"x" * size), id=ids[-1], agent=agent))
    return ids


def ring(kept: int = 5, kept_bytes: int = 10_000) -> Ring:
    return Ring("e", kept, kept_bytes)


def test_ids() -> None:
    """Ids are the epoch and a number that grows by one; the first event's is 2."""
    one = ring()
    assert (one.number, one.id(7)) == (1, "e-7")
    assert add(one, "mara", "mara") == ["e-2", "e-3"]
    assert one.number == 3


def test_going_on() -> None:
    """From each id that is kept, exactly the events after it follow."""
    one = ring()
    ids = ["e-1", *add(one, "a", "b", "a")]
    for index, last_id in enumerate(ids):
        number, reason = one.cursor(last_id)
        assert (number, reason) == (index + 1, "")
        assert [frame.id for frame in one.after(number)] == ids[index + 1 :]


@pytest.mark.parametrize("last_id", ["", "e-0"])
def test_nothing_seen(last_id: str) -> None:
    """Without an id, or with that of an interrupted beginning, there is no cursor and no reason."""
    assert ring().cursor(last_id) == (0, "")


@pytest.mark.parametrize(
    "last_id", ["f-1", "nonsense", "-", "x" * 300, "e-", "e-²", "e--1", "e-" + "1" * 19, "e.2-1"]
)
def test_another_epoch(last_id: str) -> None:
    """An id of another process, or of none, says that the program was restarted."""
    assert ring().cursor(last_id) == (0, "restarted")


@pytest.mark.parametrize("last_id", ["e-99", "e-" + "1" * 18])
def test_an_id_to_come(last_id: str) -> None:
    """An id that was not given out yet is expired."""
    assert ring().cursor(last_id) == (0, "expired")


def test_count() -> None:
    """So many events are kept; an id from before the first of them is expired."""
    one = ring(kept=3)
    ids = add(one, *["a"] * 5)
    assert [frame.id for frame in one.after(3)] == ids[2:]
    assert one.cursor(ids[1]) == (3, "")
    assert one.cursor(ids[0]) == (0, "expired")
    assert one.forgotten == 3


def test_bytes() -> None:
    """Large events push out the old ones before the count does."""
    one = ring(kept_bytes=1000)
    ids = add(one, "a", "a", "a", "a", size=400)
    assert [frame.id for frame in one.after(0)] == ids[2:]
    assert one.cursor(ids[0]) == (0, "expired")


def test_the_last_byte() -> None:
    """Events fill the memory to its last byte, also after clear(); one byte more is too much."""
    size = Chunk("user.message", b'{"x":""}', id="e-2").size
    one = ring(kept_bytes=2 * size)
    for _ in range(2):
        ids = add(one, "a", "a")
        assert [frame.id for frame in one.after(0)] == ids
        one.clear()
    less = ring(kept_bytes=2 * size - 1)
    add(less, "a", "a")
    assert [frame.id for frame in less.after(0)] == ["e-3"]


def test_an_event_too_large_to_keep() -> None:
    """An event larger than the whole memory is not kept, and leaves it empty."""
    one = ring(kept_bytes=1000)
    ids = add(one, "a") + add(one, "a", size=2000)
    assert list(one.after(0)) == []
    assert one.cursor(ids[0]) == (0, "expired")
    assert one.cursor(ids[1]) == (3, "")
    assert add(one, "a") == [frame.id for frame in one.after(0)]


def test_clear() -> None:
    """After clear() every id given out is expired, and the next event is one further."""
    one = ring()
    ids = add(one, "a", "a")
    one.clear()
    assert [one.cursor(last_id) for last_id in ids] == [(0, "expired")] * 2
    assert list(one.after(0)) == []
    assert add(one, "a") == ["e-5"]
    assert one.cursor("e-4") == (4, "")


@pytest.mark.parametrize(
    ("agents", "expected"),
    [
        ({"quiet"}, (2, "")),
        ({"quiet", "later"}, (2, "")),
        (set(), (2, "")),
        ({"busy"}, (0, "expired")),
        ({"quiet", "busy"}, (0, "expired")),
        (None, (0, "expired")),
    ],
)
def test_agents(agents: set[str] | None, expected: tuple[int, str]) -> None:
    """An id is expired only where an event of the reader's own agents is no longer kept."""
    one = ring(kept=3)
    [last_id] = add(one, "quiet")
    add(one, *["busy"] * 10)
    assert one.cursor(last_id, agents) == expected


def test_opening() -> None:
    """Only the last of the first events has the present id, and only the first one the retry."""
    parts = [("connected", b"{}"), ("gap", b"{}"), ("call.started", b"{}")]
    frames = ring().opening(parts, 4, 2500)
    assert [frame.sse.partition(b"\n")[0] for frame in frames] == [
        b"event: connected",
        b"event: gap",
        b"event: call.started",
    ]
    assert [frame.id for frame in frames] == ["e-0", "e-0", "e-4"]
    assert [frame.sse.count(b"retry: ") for frame in frames] == [1, 0, 0]
    assert b"\nretry: 2500\n" in frames[0].sse


def test_a_cursor_out_of_reach_is_a_gap() -> None:
    """A reader whose id is from before what is kept, or is yet to come, gets a gap."""
    world = World(kept=5)
    call = world.call()
    reader = Reader(world)
    cursor = reader.read()[-1][2]
    for number in range(6):
        world.message(call, number)
    for late in (cursor, f"{world.hub.epoch}-99"):
        seen = Reader(world, last_event_id=late).read()
        assert seen[1][:2] == ("gap", {"event": "gap", "reason": "expired"})


def test_other_agents_events_are_no_gap() -> None:
    """A reader of a quiet agent resumes however many events of other agents were forgotten."""
    world = World(kept=5)
    quiet, busy = world.call("1", "quiet"), world.call("2", "busy")
    mine = frozenset(["quiet"])
    reader = Reader(world, agents=mine)
    cursor = reader.read()[-1][2]
    for number in range(50):
        world.message(busy, number)
    assert Reader(world, agents=mine, last_event_id=cursor).names() == ["connected"]
    world.message(quiet, 1)
    assert Reader(world, agents=mine, last_event_id=cursor).names()[1:] == ["user.message"]
