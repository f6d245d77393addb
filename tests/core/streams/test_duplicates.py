"""Frames that the server sends again after a reconnect."""

from __future__ import annotations

import pytest

from pinecall.core.streams.duplicates import Repeats
from pinecall.core.wire.limits import MAX_ID, REPEATS_REMEMBERED


@pytest.mark.parametrize(
    "name", ["bot.finished", "bot.interrupted", "eager.turn", "message.confirmed", "user.message"]
)
def test_a_repeat(name: str) -> None:
    """An event of the same message on the same call is a repeat; of another one it is not."""
    repeats = Repeats()
    seen = [
        repeats.has(call, name, {"messageId": message})
        for call, message in (
            ("CA1", "m1"),
            ("CA1", "m1"),
            ("CA1", "m2"),
            ("CA2", "m1"),
            ("CA1", "m1"),
        )
    ]
    assert seen == [False, True, False, False, True]


def test_another_event() -> None:
    """Two events of one message are not repeats of each other."""
    repeats = Repeats()
    assert not repeats.has("CA1", "bot.finished", {"messageId": "m1"})
    assert not repeats.has("CA1", "message.confirmed", {"messageId": "m1"})


def test_another_text() -> None:
    """Another text under the same message is not a repeat."""
    repeats = Repeats()
    texts = ["hi", "hi there", "hi", None, ""]
    seen = [repeats.has("CA1", "user.message", {"messageId": "m1", "text": one}) for one in texts]
    assert seen == [False, False, True, False, True]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("bot.word", "m1"),
        ("user.message", ""),
        ("user.message", None),
        ("user.message", "x" * (MAX_ID + 1)),
    ],
    ids=lambda value: str(value)[:12],
)
def test_never_a_repeat(name: str, message: str | None) -> None:
    """Events that the server does not repeat, and messages without an id that can be remembered,
    are never repeats."""
    repeats = Repeats()
    for _ in range(2):
        assert not repeats.has("CA1", name, {"messageId": message})


def test_longest_id() -> None:
    """A message's id of 256 characters is remembered."""
    repeats = Repeats()
    data = {"messageId": "x" * MAX_ID}
    assert [repeats.has("CA1", "user.message", data) for _ in range(2)] == [False, True]


def test_repeats_are_known_for_256_messages() -> None:
    """The latest 256 messages of each call are remembered; a repeat from further back is not known."""
    repeats = Repeats()

    def has(number: int) -> bool:
        return repeats.has("CA1", "user.message", {"messageId": f"u{number}"})

    for number in range(REPEATS_REMEMBERED + 1):
        assert not has(number)
    assert has(1)
    assert not has(0)


def test_forget() -> None:
    """After forget() nothing is known of the call, and the others are still known."""
    repeats = Repeats()
    for call in ("CA1", "CA2"):
        repeats.has(call, "user.message", {"messageId": "m1"})
    repeats.forget("CA1")
    repeats.forget("CA9")
    assert not repeats.has("CA1", "user.message", {"messageId": "m1"})
    assert repeats.has("CA2", "user.message", {"messageId": "m1"})


def test_clear() -> None:
    """After clear() nothing is known of any call."""
    repeats = Repeats()
    for _ in range(2):
        assert not repeats.has("CA1", "user.message", {"messageId": "m1"})
        repeats.clear()
