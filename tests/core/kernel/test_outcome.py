"""Outcomes: settled once, waited for by anybody, given up by the last who waits."""

from __future__ import annotations

import traceback

import pytest

from pinecall.core.kernel.outcome import Outcome, settled, too_late
from pinecall.errors import RequestTimeout


def test_a_value() -> None:
    """An outcome that is set is done, without an error, and gives its value to whoever asks."""
    outcome: Outcome[int] = Outcome("the answer")
    assert (outcome.done, outcome.error) == (False, None)
    outcome.set(42)
    assert (outcome.done, outcome.error) == (True, None)
    assert outcome.result() == outcome.result() == 42


def test_an_error() -> None:
    """An outcome that failed raises its error to whoever asks."""
    outcome: Outcome[int] = Outcome()
    error = ValueError("no")
    outcome.fail(error)
    assert outcome.done and outcome.error is error
    for _ in range(2):
        with pytest.raises(ValueError, match="no") as caught:
            outcome.result()
        assert caught.value is error


def test_tracebacks_do_not_grow() -> None:
    """An error raised many times has the traceback of the last time only."""
    outcome: Outcome[int] = Outcome()
    outcome.fail(ValueError("no"))
    depths = []
    for _ in range(3):
        with pytest.raises(ValueError) as caught:
            outcome.result()
        depths.append(len(traceback.extract_tb(caught.value.__traceback__)))
    assert depths == [2, 2, 2]


def test_settled_once() -> None:
    """What comes after the first value or error changes nothing."""
    for first in ("set", "fail"):
        outcome: Outcome[int] = Outcome()
        outcome.set(1) if first == "set" else outcome.fail(KeyError("first"))
        outcome.set(2)
        outcome.fail(KeyError("second"))
        assert repr(outcome.error) == ("None" if first == "set" else "KeyError('first')")
    assert settled(1).result() == 1


def test_waiters() -> None:
    """Whoever waits is woken once, when the outcome is done, in the order of asking."""
    outcome: Outcome[int] = Outcome()
    woken: list[tuple[str, bool]] = []
    outcome.waiters.append(lambda: woken.append(("one", outcome.done)))
    outcome.waiters.append(lambda: woken.append(("two", outcome.done)))
    outcome.set(1)
    outcome.set(2)
    assert woken == [("one", True), ("two", True)]
    assert outcome.waiters == []


def test_the_last_waiter_gives_up() -> None:
    """``on_abandon`` is called when nobody waits any more, not while somebody does."""
    outcome: Outcome[int] = Outcome()
    abandoned: list[str] = []
    outcome.on_abandon = lambda: abandoned.append("abandoned")
    one, two = (lambda: None), (lambda: None)
    outcome.waiters += [one, two]
    outcome.leave(one)
    outcome.leave(one)
    assert abandoned == []
    outcome.leave(two)
    assert abandoned == ["abandoned"]


def test_leaving_what_is_done() -> None:
    """A waiter that gives up after the outcome is done takes nothing back."""
    outcome: Outcome[int] = Outcome()
    abandoned: list[str] = []
    outcome.on_abandon = lambda: abandoned.append("abandoned")
    outcome.set(1)
    outcome.leave(lambda: None)
    assert abandoned == []


def test_leaving_what_cannot_be_taken_back() -> None:
    """A waiter may give up where nothing is to be done about it."""
    outcome: Outcome[int] = Outcome()
    wake = lambda: None  # noqa: E731
    outcome.waiters.append(wake)
    outcome.leave(wake)
    assert not outcome.done and outcome.waiters == []


def test_a_wait_that_is_too_long() -> None:
    """The error of a wait that timed out says what was waited for, and is a TimeoutError too."""
    error = too_late(Outcome("the end of call CA1"), 2.5)
    assert isinstance(error, RequestTimeout) and isinstance(error, TimeoutError)
    assert str(error) == "the end of call CA1: not within 2.5 s"
    assert str(too_late(Outcome("x"), 30.0)) == "x: not within 30 s"
