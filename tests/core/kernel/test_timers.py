"""Deadlines for a core without a clock."""

from __future__ import annotations

import pytest

from pinecall.core.kernel.timers import Timers


def fire(timers: Timers, now: float) -> None:
    for action, due in timers.expired(now):
        action(now - due)


def test_a_delay_begins_when_it_is_armed() -> None:
    """A timer set before the time is known counts from the next look at it."""
    timers = Timers()
    late: list[float] = []
    timers.set("a", 5, late.append)
    assert timers.arm(100) == 105
    assert timers.arm(102) == 105
    fire(timers, 104)
    assert late == []
    fire(timers, 105)
    assert late == [0]
    assert timers.arm(105) is None
    assert len(timers) == 0


def test_lateness() -> None:
    """An action gets the seconds by which it is late."""
    timers = Timers()
    late: list[float] = []
    timers.set("a", 5, late.append)
    timers.arm(0)
    fire(timers, 8)
    assert late == [3]


def test_order() -> None:
    """Timers fire in the order of their deadlines, those of one moment in the order of setting."""
    timers = Timers()
    order: list[str] = []
    for key, delay in (("c", 3), ("a", 1), ("b", 2), ("a2", 1)):
        timers.set(key, delay, lambda _late, key=key: order.append(key))
    timers.arm(0)
    fire(timers, 10)
    assert order == ["a", "a2", "b", "c"]


def test_replaced() -> None:
    """Setting a key again replaces the former timer."""
    timers = Timers()
    order: list[str] = []
    timers.set("a", 1, lambda _late: order.append("old"))
    timers.arm(0)
    timers.set("a", 5, lambda _late: order.append("new"))
    assert "a" in timers
    fire(timers, 2)
    assert order == []
    fire(timers, 7)
    assert order == ["new"]


def test_cleared() -> None:
    """A cleared timer does not fire, be it armed or not; clearing an unknown one is nothing."""
    timers = Timers()
    order: list[str] = []
    timers.set("a", 1, lambda _late: order.append("a"))
    timers.arm(0)
    timers.set("b", 1, lambda _late: order.append("b"))
    timers.clear("a")
    timers.clear("b")
    timers.clear("c")
    fire(timers, 5)
    assert order == []
    assert timers.arm(5) is None


def test_cleared_by_another_that_is_due() -> None:
    """A timer that another one clears does not fire, though both are due."""
    timers = Timers()
    order: list[str] = []

    def first(_late: float) -> None:
        order.append("first")
        timers.clear("second")

    timers.set("first", 1, first)
    timers.set("second", 1, lambda _late: order.append("second"))
    timers.set("third", 2, lambda _late: order.append("third"))
    timers.arm(0)
    fire(timers, 5)
    assert order == ["first", "third"]


def test_set_while_firing() -> None:
    """A timer set by an action waits for the next look, even without a delay."""
    timers = Timers()
    count: list[int] = []

    def again(_late: float) -> None:
        count.append(1)
        timers.set("a", 0, again)

    timers.set("a", 0, again)
    fire(timers, 1)
    assert count == [1]
    fire(timers, 1)
    assert count == [1, 1]


def test_clear_all() -> None:
    """Clearing all leaves nothing to wait for."""
    timers = Timers()
    timers.set("a", 1, lambda _late: None)
    timers.arm(0)
    timers.set("b", 1, lambda _late: None)
    timers.clear_all()
    assert timers.arm(0) is None
    assert len(timers) == 0


@pytest.mark.parametrize("other", [1000, 1])
def test_cleared_timers_do_not_pile_up(other: int) -> None:
    """Timers that are set and cleared over and over take no memory, before and behind another."""
    timers = Timers()
    timers.set("other", other, lambda _late: None)
    for number in range(1000):
        timers.set(number, 500, lambda _late: None)
        timers.arm(0)
        timers.clear(number)
    assert timers.arm(0) == other
    assert len(timers._heap) < 70
