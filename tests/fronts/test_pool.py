"""The blocking front's threads and lanes, by themselves."""

from __future__ import annotations

import threading
import weakref

import pytest

from pinecall._shared.pool import Pool
from pinecall_sync._threads.lanes import Lanes

from .log import DEADLINE, Log, until


def names(pool: Pool) -> list[str]:
    return [thread.name for thread in pool._threads]


def test_threads_are_bounded() -> None:
    """At most as many threads as the pool may have, each with one piece of work at a time."""
    pool = Pool("test", 3)
    begun, go = Log(), threading.Event()

    def work() -> None:
        begun(threading.current_thread())
        go.wait(DEADLINE)

    for _ in range(10):
        pool.submit(work)
    begun.wait_count(3)
    assert names(pool) == ["pinecall-test"] * 3
    assert len(begun) == 3
    go.set()
    assert pool.wait_idle(DEADLINE)
    assert len(begun) == 10
    pool.close()
    assert names(pool) == []


def test_one_thread_is_enough() -> None:
    """Work that comes when the last has ended is for the thread that is there."""
    pool = Pool("test", 3)
    ran = Log()
    for number in range(20):
        pool.submit(lambda: ran(threading.current_thread()))
        ran.wait_count(number + 1)
        assert pool.wait_idle(DEADLINE)
    assert len(set(ran.items)) == 1
    pool.close()


def test_an_idle_thread_keeps_nothing() -> None:
    """What has run may go, while its thread waits for more."""

    class Work:
        def __call__(self) -> None:
            """It is done."""

    pool = Pool("test", 1)
    work = Work()
    gone = weakref.ref(work)
    pool.submit(work)
    del work
    assert pool.wait_idle(DEADLINE)
    until(lambda: gone() is None, "its end")
    assert len(names(pool)) == 1
    pool.close()


def test_work_after_the_end() -> None:
    """A pool that was closed takes work again."""
    pool = Pool("test", 2)
    ran = Log()
    for _ in range(3):
        pool.submit(lambda: ran("ran"))
        assert pool.wait_idle(DEADLINE)
        pool.close()
        assert names(pool) == []
    assert len(ran) == 3


def test_closed_by_its_own_work() -> None:
    """Work may close the pool it runs in and wait for the rest: its own thread ends behind it."""
    pool = Pool("test", 2)
    found = Log()

    def work() -> None:
        found(pool.wait_idle(DEADLINE))
        pool.close()

    pool.submit(work)
    assert found.wait_count(1) == [True]
    until(lambda: names(pool) == [], "no thread is left")


def test_who_waits_in_vain() -> None:
    """wait_idle() ends with its timeout while work goes on."""
    pool = Pool("test", 1)
    go = threading.Event()
    pool.submit(lambda: go.wait(DEADLINE) and None)
    assert not pool.wait_idle(0.0)
    go.set()
    assert pool.wait_idle(DEADLINE)
    pool.close()


@pytest.mark.parametrize("ends", [SystemExit, KeyboardInterrupt])
def test_a_handler_that_ends_its_thread(
    ends: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged; what follows in its lane is run, in order, and the thread goes on."""
    pool = Pool("test", 1)
    ran = Log()

    def run(thing: int) -> None:
        ran(thing)
        if thing == 1:
            raise ends

    lanes: Lanes[int] = Lanes(pool, run, lambda key, missed: None)
    lanes.put(("CA1", "turn.end", number) for number in range(5))
    assert ran.wait_count(5) == [0, 1, 2, 3, 4]
    assert pool.wait_idle(DEADLINE)
    assert "was to be ended" in caplog.text
    assert lanes._lanes == {}
    pool.close()


def test_a_busy_lane_lets_others_go_first() -> None:
    """A lane with much to do has its turn, and then another lane has one."""
    pool = Pool("test", 1)
    ran = Log()
    lanes: Lanes[tuple[str, int]] = Lanes(pool, ran, lambda key, missed: None)
    many = [("CA1", "turn.end", ("CA1", number)) for number in range(200)]
    lanes.put([*many, ("CA2", "turn.end", ("CA2", 0))])
    items = ran.wait_count(201)
    assert items.index(("CA2", 0)) < items.index(("CA1", 199))
    assert [number for key, number in items if key == "CA1"] == list(range(200))
    pool.close()
