"""A bounded queue for one consumer that may fall behind."""

from __future__ import annotations

import pytest

from pinecall.core.kernel.inbox import INTERIM, Inbox, size_of
from pinecall.core.wire import codec
from pinecall.events import EventsGap


def drained(inbox: Inbox[str]) -> list[str]:
    return [inbox.get() for _ in range(len(inbox))]


def test_order() -> None:
    """Values come out in the order they went in."""
    inbox: Inbox[str] = Inbox(limit=2)
    for text in "abc":
        inbox.put("bot.word", "CA1", text)
    assert drained(inbox) == ["a", "b", "c"]
    with pytest.raises(IndexError):
        inbox.get()


@pytest.mark.parametrize("name", sorted(INTERIM))
def test_interim_events_are_coalesced(name: str) -> None:
    """Beyond the limit only the newest interim event of a kind and call is kept, in its place."""
    inbox: Inbox[str] = Inbox(limit=2)
    for text in ("1", "2", "3", "4"):
        inbox.put(name, "CA1", text)
    inbox.put("turn.end", "CA1", "end")
    inbox.put(name, "CA2", "other call")
    inbox.put(name, "CA1", "5")
    assert drained(inbox) == ["1", "2", "5", "end", "other call"]
    assert inbox.take_missed() == 2
    assert inbox.take_missed() == 0


@pytest.mark.parametrize(
    "name", ["call.ended", "llm.tool_call", "user.message", "call.dtmf_received", "error"]
)
def test_nothing_else_is_lost(name: str) -> None:
    """What must not be lost is kept beyond the limit, up to a hundred times as much."""
    inbox: Inbox[str] = Inbox(limit=2)
    for number in range(100):
        inbox.put(name, "CA1", str(number))
    assert drained(inbox) == [str(number) for number in range(100)]
    assert inbox.take_missed() == 0


def test_a_consumer_that_takes_nothing() -> None:
    """Far beyond the limit everything new is left out, and counted; what is taken makes room."""
    inbox: Inbox[str] = Inbox(limit=2, most=5)
    for number in range(10):
        inbox.put("user.message", "CA1", str(number))
    inbox.put("bot.word", "CA1", "a")
    inbox.put("bot.word", "CA1", "b")
    assert (len(inbox), inbox.take_missed()) == (6, 6)
    assert drained(inbox) == ["0", "1", "2", "3", "4", "b"]
    inbox.put("user.message", "CA1", "again")
    assert drained(inbox) == ["again"]


def test_what_waits_is_bounded_in_size_too() -> None:
    """Large values fill it before their number does; a single one always finds room."""
    inbox: Inbox[str] = Inbox(limit=2, most_text=100)
    inbox.put("user.message", "CA1", "large", 1000)
    inbox.put("user.message", "CA1", "small", 1)
    assert drained(inbox) == ["large"]
    for size in (60, 40, 1):
        inbox.put("user.message", "CA1", str(size), size)
    inbox.put("bot.word", "CA1", "word", 0)
    inbox.put("bot.word", "CA1", "newer", 10)
    assert inbox.text == 110
    assert drained(inbox) == ["60", "40", "newer"]
    assert inbox.text == 0
    assert inbox.take_missed() == 3


def test_nothing_is_kept_of_what_was_taken() -> None:
    """Nothing is kept about calls whose interim events were merged, though the queue is never empty."""
    inbox: Inbox[str] = Inbox(limit=1)
    inbox.put("turn.end", "CA0", "first")
    for number in range(100):
        inbox.put("bot.word", f"CA{number}", "word")
        inbox.get()
    assert len(inbox) == 1
    assert len(inbox._interim) == 1


def test_sizes() -> None:
    """An event is as large as its frame; what the SDK makes itself is nothing."""
    text = '{"event":"bot.word","word":"hi"}'
    assert size_of(codec.decode(text)) == len(text)
    assert size_of(EventsGap(missed=1)) == 0
    assert size_of(None) == 0


def test_below_the_limit_nothing_is_merged() -> None:
    """A consumer that keeps up gets every interim event, also after it was behind."""
    inbox: Inbox[str] = Inbox(limit=2)
    for text in "abcd":
        inbox.put("bot.word", "CA1", text)
    drained(inbox)
    inbox.take_missed()
    for text in "ef":
        inbox.put("bot.word", "CA1", text)
    assert drained(inbox) == ["e", "f"]
    assert inbox.take_missed() == 0


def test_a_slot_that_was_taken() -> None:
    """An interim event taken while others wait is not changed any more; the next is new."""
    inbox: Inbox[str] = Inbox(limit=1)
    inbox.put("turn.end", "CA1", "end")
    inbox.put("bot.word", "CA1", "a")
    inbox.put("turn.end", "CA1", "end 2")
    assert [inbox.get(), inbox.get()] == ["end", "a"]
    inbox.put("bot.word", "CA1", "b")
    assert drained(inbox) == ["end 2", "b"]
    assert inbox.missed == 0


def test_wake() -> None:
    """Whoever waits is woken for each new value and at the end."""
    inbox: Inbox[str] = Inbox(limit=1)
    woken: list[int] = []
    inbox.put("bot.word", "CA1", "a")
    inbox.wake = lambda: woken.append(len(inbox))
    inbox.put("bot.word", "CA1", "b")
    inbox.put("bot.word", "CA1", "c")
    inbox.close()
    assert woken == [2, 2]
    assert inbox.closed
    assert drained(inbox) == ["a", "c"]


def test_close_without_a_waiter() -> None:
    """It can be closed when nobody waits."""
    inbox: Inbox[str] = Inbox()
    inbox.close()
    assert inbox.closed


def test_several_at_once() -> None:
    """As many as are wanted, the oldest first; the rest stays."""
    inbox: Inbox[str] = Inbox()
    for text in "abcde":
        inbox.put("turn.end", "CA1", text)
    assert "".join(inbox.take(3)) == "abc"
    assert "".join(inbox.take(3)) == "de"
    assert "".join(inbox.take(3)) == ""


def test_given_back() -> None:
    """What was taken and not used comes first again, in its order."""
    inbox: Inbox[str] = Inbox()
    for text in "abcde":
        inbox.put("turn.end", "CA1", text)
    taken = inbox.take(3)
    taken.popleft()
    inbox.put_back(taken)
    assert drained(inbox) == ["b", "c", "d", "e"]
