"""Whose turn the agent's words belong to, and how far they were heard."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.traces.replies import Replies
from pinecall.core.traces.turns import Turn


class World:
    """Replies with the caller's turns that were heard so far."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.replies = Replies(self.turns)

    def heard(self, message_id: str = "u1") -> Turn:
        turn = Turn(guess="a")
        self.turns.append(turn)
        self.replies.heard = self.replies.messages[message_id] = turn
        return turn

    def said(self) -> list[list[str]]:
        return [[reply.text() for reply in turn.replies] for turn in self.turns]


def test_unasked() -> None:
    """What the agent says before the caller is a turn of its own, each time."""
    world = World()
    for key in ("a", "b"):
        world.replies.begins({"message_id": key, "text": key}, 1.0)
        world.replies.finished({"message_id": key}, 2.0)
    assert world.said() == [["a"], ["b"]]


def test_an_answer_in_pieces() -> None:
    """All that the agent says after the caller's words is the answer."""
    world = World()
    turn = world.heard()
    for key in ("a", "b"):
        world.replies.begins({"message_id": key}, 1.0)
        world.replies.word({"message_id": key, "word": key}, 1.1)
        world.replies.finished({"message_id": key}, 2.0)
    assert [reply.text() for reply in turn.replies] == ["a", "b"]


def test_say() -> None:
    """A say() answers a caller who waits; after that it is a turn of its own."""
    world = World()
    turn = world.heard()
    for at, key in enumerate(("a", "b")):
        frame = {"message_id": key, "in_reply_to": "", "text": key}
        world.replies.sent(frame, float(at))
        world.replies.begins({"message_id": key, "text": key}, at + 0.5)
    assert [reply.ready for reply in turn.replies] == [0.0]
    assert len(world.turns) == 2


def test_reply() -> None:
    """An answer goes to the turn of the message that it names, or to the last one."""
    world = World()
    first, second = world.heard("u1"), world.heard("u2")
    for key, answers in (("a", "u1"), ("b", "u9")):
        world.replies.sent({"message_id": key, "in_reply_to": answers, "text": key}, 1.0)
        world.replies.confirmed({"message_id": key, "text": key}, 2.0)
    assert ([r.text() for r in first.replies], [r.text() for r in second.replies]) == (["a"], ["b"])
    assert first.worked == 1.0


def test_a_stream() -> None:
    """A stream's text is its tokens; the platform had it from the first one on."""
    world = World()
    turn = world.heard()
    parts: list[dict[str, Any]] = [
        {"action": "start"},
        {"token": "Hel"},
        {"token": "lo"},
        {"action": "end"},
    ]
    for at, part in enumerate(parts):
        world.replies.sent({"message_id": "a", "in_reply_to": "u1", **part}, float(at))
    world.replies.begins({"message_id": "a"}, 4.0)
    world.replies.sent({"message_id": "late", "in_reply_to": "u1", "text": "x"}, 4.5)
    world.replies.finished({"message_id": "a"}, 5.0)
    assert (turn.replies[0].whole, turn.replies[0].ready) == ("Hello", 1.0)
    assert (turn.replies[0].text(), turn.worked) == ("Hello", 0.0)


def test_an_interruption() -> None:
    """barge_in and bot.interrupted cut a reply off once, at the first of them."""
    world = World()
    world.replies.barged({"cancelled_message_id": "a"}, 0.5)
    world.replies.begins({"message_id": "a", "text": "At 20:30"}, 1.0)
    world.replies.word({"message_id": "a", "word": "At"}, 1.1)
    world.replies.barged({"cancelled_message_id": "a"}, 1.5)
    world.replies.barged({"cancelled_message_id": "a"}, 1.6)
    world.replies.interrupted({"message_id": "a", "played_ms": 400}, 1.7)
    [reply] = world.turns[0].replies
    assert (reply.interrupted, reply.ended, reply.text()) == (True, 1.5, "At")


def test_without_an_id() -> None:
    """A frame without an id means the reply in flight, if there is one."""
    world = World()
    world.replies.finished({}, 0.5)
    world.replies.interrupted({"played_ms": 400}, 0.5)
    assert world.turns == []
    world.replies.begins({"text": "a"}, 1.0)
    world.replies.word({"word": "a"}, 1.1)
    world.replies.interrupted({}, 1.5)
    world.replies.begins({"text": "b"}, 2.0)
    world.replies.finished({"text": "b!"}, 2.5)
    assert world.said() == [["a"], ["b!"]]


@pytest.mark.parametrize(
    ("frame", "begun", "interrupted"),
    [
        ({"message_id": "a", "played_ms": 400}, 1.6, True),
        ({"message_id": "a", "duration_ms": 500}, 1.5, False),
        ({"message_id": "a", "duration_ms": 9000}, 0.0, False),
    ],
)
def test_a_reply_whose_beginning_is_missing(
    frame: dict[str, Any], begun: float, interrupted: bool
) -> None:
    """A trace that began in the middle of a reply reckons from the reply's length."""
    world = World()
    (world.replies.interrupted if interrupted else world.replies.finished)(frame, 2.0)
    [reply] = world.turns[0].replies
    assert (reply.begun, reply.ended, reply.interrupted) == (begun, 2.0, interrupted)


def test_a_reply_that_nobody_heard() -> None:
    """What is cut off before its first sound is no reply, and no interruption."""
    world = World()
    world.replies.interrupted({"message_id": "a", "played_ms": 0}, 1.0)
    assert world.turns == []
    world.replies.confirmed({"message_id": "b", "text": "b"}, 1.0)
    world.replies.confirmed({"message_id": "c", "text": ""}, 1.0)
    world.replies.interrupted({"message_id": "b", "played_ms": 0}, 1.0)
    [reply] = world.turns[0].replies
    assert (reply.begun, reply.interrupted) == (None, False)


def test_writing() -> None:
    """Tokens are joined as they are; the response is the whole and its end."""
    world = World()
    turn = world.heard()
    world.replies.token({"message_id": "a", "token": "Hel"}, 1.0)
    world.replies.token({"message_id": "a", "text": "lo"}, 1.1)
    assert turn.replies[0].text() == "Hello"
    world.replies.written({"text": "Hello!"}, 1.2)
    world.replies.written({"text": ""}, 1.3)
    assert [(r.begun, r.ended, r.text()) for r in turn.replies] == [
        (1.0, 1.2, "Hello!"),
        (1.3, 1.3, ""),
    ]


def test_answers_that_follow_each_other() -> None:
    """Another written answer ends the one before it."""
    world = World()
    turn = world.heard()
    world.replies.token({"message_id": "a", "token": "One"}, 1.0)
    world.replies.token({"message_id": "b", "token": "Two"}, 2.0)
    world.replies.word({"message_id": "a", "word": "!"}, 3.0)
    world.replies.token({"message_id": "b", "token": "."}, 4.0)
    assert [(r.text(), r.ended) for r in turn.replies] == [("One!", 2.0), ("Two.", None)]


def test_dropping() -> None:
    """A dropped reply is nobody's any more, also when frames without an id follow."""
    world = World()
    turn = world.heard()
    world.replies.begins({"message_id": "a"}, 1.0)
    world.replies.drop([])
    world.replies.drop(turn.go_on())
    world.replies.interrupted({}, 1.2)
    world.replies.confirmed({"message_id": "a", "text": "a"}, 1.2)
    assert turn.replies == []


def test_other_types() -> None:
    """What should be a text and is not counts as missing."""
    world = World()
    world.replies.begins({"message_id": 5, "text": ["a"]}, 1.0)
    world.replies.finished({"message_id": 5, "duration_ms": "x"}, 2.0)
    assert world.said() == [[""]]
