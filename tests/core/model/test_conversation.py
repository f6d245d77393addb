"""A conversation: the model's history, the transcript of what was heard, and their bounds."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.model.conversation import Conversation, is_spoken, merged, spoken
from pinecall.core.wire.limits import CALL_MESSAGES, CALL_TEXT, CALLS_TEXT, MAX_ID, WARNINGS

from ..kernel.bare import Bare


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def bot(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def begun(runtime: Bare | None = None) -> tuple[Conversation, list[int]]:
    """A conversation, and how many messages it had after each change."""
    conversation = Conversation(runtime or Bare(), "mara", "CA1")
    changes: list[int] = []
    conversation.on_change = lambda: changes.append(len(conversation.messages))
    return conversation, changes


class TestWhatIsSaid:
    def test_remembered(self) -> None:
        """What is said becomes messages in order; without an id the same words are said twice."""
        conversation, changes = begun()
        assert conversation.remember("user", "Hi")
        assert conversation.remember("user", "Hi")
        assert conversation.remember("assistant", "Hello", "b1", "human")
        hello = {**bot("Hello"), "source": "human"}
        assert conversation.messages == [user("Hi"), user("Hi"), hello]
        assert conversation.transcript == conversation.messages
        assert changes == [1, 2, 3]

    def test_without_anybody_who_listens(self) -> None:
        """Nobody need be told of changes."""
        conversation = Conversation(Bare(), "mara", "CA1")
        assert conversation.remember("user", "Hi")
        assert conversation.messages == [user("Hi")]

    def test_said_again(self) -> None:
        """The same message id again updates the message; it is a change if the words are others."""
        conversation, changes = begun()
        conversation.remember("user", "Hi", "m1")
        assert not conversation.remember("user", "Hi", "m1")
        assert changes == [1]
        assert conversation.remember("user", "Hi there", "m1")
        assert conversation.messages == [user("Hi there")]
        assert changes == [1, 1]

    def test_ids_of_two_roles(self) -> None:
        """Caller and agent may use the same message id."""
        conversation, _ = begun()
        conversation.remember("user", "Hi", "m1")
        conversation.remember("assistant", "Hello", "m1")
        assert conversation.messages == [user("Hi"), bot("Hello")]

    def test_a_long_id(self) -> None:
        """A message id beyond the bound is as good as none."""
        conversation, _ = begun()
        for _ in range(2):
            assert conversation.remember("user", "Hi", "m" * (MAX_ID + 1))
            assert conversation.confirmed("b" * (MAX_ID + 1), "Hello")
        assert conversation.messages == [user("Hi"), bot("Hello")] * 2
        assert conversation.ids() == {}

    def test_ids(self) -> None:
        """``ids`` has the message id of each message that has one."""
        conversation, _ = begun()
        assert conversation.ids() == {}
        conversation.remember("user", "Hi", "u:1")
        conversation.remember("user", "there")
        conversation.remember("assistant", "Hello", "b1")
        first, _, last = conversation.messages
        assert conversation.ids() == {id(first): "u:1", id(last): "b1"}


class TestConfirmed:
    def test_with_text(self) -> None:
        """A confirmed message is the agent's, once."""
        conversation, changes = begun()
        assert conversation.confirmed("b1", "Hello")
        assert not conversation.confirmed("b1", "Hello")
        assert conversation.messages == [bot("Hello")]
        assert changes == [1]

    def test_without_text(self) -> None:
        """One without text adds nothing, and is still known when it is repeated."""
        conversation, changes = begun()
        assert conversation.confirmed("b1", None)
        assert not conversation.confirmed("b1", "Hello")
        assert (conversation.messages, changes) == ([], [])

    def test_without_an_id(self) -> None:
        """One without an id is never a repeat."""
        conversation, _ = begun()
        for text in ("Hello", "Hello", ""):
            assert conversation.confirmed("", text)
        assert conversation.messages == [bot("Hello"), bot("Hello")]


class TestTools:
    CALLS: list[dict[str, Any]] = [{"id": "t1"}, {"id": "t2"}]  # noqa: RUF012

    def test_a_round(self) -> None:
        """A round is the question and one message for each answer; none of it was spoken."""
        conversation, changes = begun()
        asked = conversation.asked(self.CALLS)
        conversation.answered([("t1", "1"), ("t2", "2")])
        assert asked == {"role": "assistant", "content": None, "tool_calls": self.CALLS}
        assert conversation.messages == [
            asked,
            {"role": "tool", "tool_call_id": "t1", "content": "1"},
            {"role": "tool", "tool_call_id": "t2", "content": "2"},
        ]
        assert conversation.transcript == []
        assert changes == [1, 3]

    def test_no_trace(self) -> None:
        """A round that is taken back leaves no trace, and no equal one goes with it."""
        conversation, _ = begun()
        first, second = conversation.asked(self.CALLS), conversation.asked(self.CALLS)
        assert first == second
        conversation.answered([], forget=second)
        assert [message is first for message in conversation.messages] == [True]


class TestTheServersHistory:
    def test_what_was_heard_stays(self) -> None:
        """The messages are the server's, the transcript is what was heard here."""
        conversation, changes = begun()
        conversation.remember("assistant", "One moment")
        told = [{"role": "system", "content": "x"}, user("Hi")]
        conversation.told(told)
        assert conversation.messages == told
        assert conversation.transcript == [bot("One moment")]
        assert changes == [1]

    def test_heard_in_part(self) -> None:
        """Where some of it was not heard here the transcript has the server's lines as well."""
        conversation, _ = begun()
        conversation.remember("user", "Bye")
        conversation.partial = True
        conversation.told([user("Hi"), bot("Hello"), user("Bye")])
        assert conversation.transcript == [user("Hi"), bot("Hello"), user("Bye")]

    def test_nothing_heard(self) -> None:
        """Where nothing was heard here the transcript is the server's."""
        conversation, _ = begun()
        conversation.told([{"role": "system", "content": "x"}, user("Hi"), bot("")])
        assert conversation.transcript == [user("Hi")]


class TestBounds:
    def test_what_is_counted(self) -> None:
        """The runtime knows how much was said on all calls; a call that is over counts no more."""
        runtime = Bare()
        conversation, _ = begun(runtime)
        conversation.remember("user", "four", "m1")
        conversation.remember("user", "fourteen chars", "m1")
        conversation.answered([("t1", "12")])
        assert runtime.call_text == 16
        conversation.close()
        assert (runtime.call_text, conversation.over) == (0, True)
        conversation.remember("user", "late", "m1")
        assert runtime.call_text == 0
        assert len(conversation.messages) == 3

    def test_many_messages(self, caplog: pytest.LogCaptureFixture) -> None:
        """Of more than 5,000 messages the older half is forgotten, with their ids; that is said."""
        runtime = Bare()
        conversation, _ = begun(runtime)
        for number in range(CALL_MESSAGES):
            conversation.remember("user", "x", f"m{number}")
        assert (len(conversation.messages), caplog.messages) == (CALL_MESSAGES, [])
        conversation.remember("user", "last", "last")
        assert len(conversation.messages) == CALL_MESSAGES // 2
        assert conversation.messages[-1] == user("last")
        assert runtime.call_text == CALL_MESSAGES // 2 + 3
        assert caplog.messages == [
            "call CA1 of agent 'mara': so much was said that the beginning is forgotten here"
        ]
        assert not conversation.remember("user", "last", "last")
        assert conversation.remember("user", "x", "m0")
        assert conversation.messages[-1] == user("x")

    def test_much_text(self) -> None:
        """Of more than 8 million characters those that fit the half of it are kept."""
        runtime = Bare()
        conversation, _ = begun(runtime)
        quarter = "x" * (CALL_TEXT // 4)
        for _ in range(4):
            conversation.remember("user", quarter)
        assert len(conversation.messages) == 4
        conversation.remember("user", "y")
        assert [message["content"][0] for message in conversation.messages] == ["x", "y"]
        assert runtime.call_text == len(quarter) + 1

    def test_one_large_message(self) -> None:
        """The last message stays, however large it is."""
        conversation, _ = begun()
        conversation.remember("user", "Hi")
        conversation.remember("user", "x" * (CALL_TEXT + 1))
        assert [len(message["content"]) for message in conversation.messages] == [CALL_TEXT + 1]

    def test_a_flood(self, caplog: pytest.LogCaptureFixture) -> None:
        """A call that is over the bound again and again is named ten times a minute."""
        runtime = Bare()
        conversation, _ = begun(runtime)
        large = "x" * (CALL_TEXT + 1)
        for number in range(WARNINGS + 1):
            conversation.remember("user", large)
            assert len(conversation.messages) == 1, number
        assert len(caplog.messages) == WARNINGS
        assert runtime.call_text == len(large)

    def test_all_calls_together(self) -> None:
        """When all calls hold too much, one that grows forgets half of its own."""
        runtime = Bare()
        conversation, _ = begun(runtime)
        for _ in range(4):
            conversation.remember("user", "x" * 100)
        others = runtime.call_text = CALLS_TEXT
        conversation.remember("user", "y" * 100)
        assert [message["content"][0] for message in conversation.messages] == ["x", "y"]
        assert runtime.call_text == others + 200 - 400

    def test_tool_calls_are_weighed_too(self) -> None:
        """A message without words is as large as its tool calls, when it is decided what stays."""
        runtime = Bare()
        conversation, _ = begun(runtime)
        conversation.asked([{"id": "x" * CALL_TEXT}])
        conversation.remember("user", "a" * (CALL_TEXT // 4))
        runtime.call_text = CALLS_TEXT
        conversation.remember("user", "b")
        assert [message["content"][0] for message in conversation.messages] == ["b"]

    def test_ids_without_messages(self) -> None:
        """Ids of more than 5,000 confirmations without text are forgotten, and no message is."""
        conversation, _ = begun()
        conversation.remember("assistant", "Hello", "hello")
        for number in range(CALL_MESSAGES):
            conversation.confirmed(f"b{number}", None)
        assert conversation.messages == [bot("Hello")]
        assert not conversation.confirmed("hello", "Hello")
        assert conversation.confirmed("b0", None)


def test_what_is_spoken() -> None:
    """What somebody said is a user's or assistant's message with words."""
    tool = {"role": "tool", "content": "{}"}
    system = {"role": "system", "content": "x"}
    asked = {"role": "assistant", "content": None, "tool_calls": []}
    every = [system, user("Hi"), asked, tool, bot("Hello"), bot(""), {}]
    assert spoken(every) == [user("Hi"), bot("Hello")]
    assert [message for message in every if is_spoken(message)] == [bot("Hello")]


@pytest.mark.parametrize(
    ("told", "heard", "both"),
    [
        ([], [bot("a")], [bot("a")]),
        ([bot("a")], [], [bot("a")]),
        ([user("a"), bot("b")], [user("a"), bot("b")], [user("a"), bot("b")]),
        ([user("a"), bot("b")], [bot("b"), user("c")], [user("a"), bot("b"), user("c")]),
        # A line that was cut off in one of them is one line.
        ([bot("I am"), user("x")], [bot("I am Mara"), user("x")], [bot("I am Mara"), user("x")]),
        ([bot("one"), user("x")], [user("one"), user("x")], [bot("one"), user("one"), user("x")]),
    ],
)
def test_merging(told: Any, heard: Any, both: Any) -> None:
    """Two accounts of one conversation are one, in order."""
    assert merged(told, heard) == both
