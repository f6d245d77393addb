"""The frames of a call, read as a conversation."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinecall.core.traces.entry import TraceEntry
from pinecall.core.traces.reading import Reading
from pinecall.core.traces.turns import TraceTurn

from .script import GREETING, TABLE, back, came, sent, went


def reading(*entries: TraceEntry) -> Reading:
    made = Reading()
    for entry in entries:
        made.take(entry)
    return made


def turns(*entries: TraceEntry) -> tuple[TraceTurn, ...]:
    made = reading(*entries)
    return made.turns(None if made.told.end is None else made.told.end.at)


def parts(turn: TraceTurn) -> dict[str, float]:
    return {name: round(value, 6) for name, value in turn.parts.items() if value > 1e-9}


def test_a_greeting_and_a_turn() -> None:
    """The greeting is a turn without a caller; then a question, a tool, and the answer."""
    greeting, table = turns(*GREETING, *TABLE)
    assert (greeting.heard, greeting.said, greeting.wait) == ("", "How can I help?", None)
    assert (greeting.said_from, greeting.said_to) == (0.5, 1.5)
    assert (table.index, table.heard, table.said) == (1, "a table for two", "At 20:30.")
    assert (table.heard_from, table.heard_to, table.said_from, table.said_to) == (
        2.0,
        3.0,
        4.2,
        5.0,
    )
    assert table.wait == pytest.approx(1.2)
    assert parts(table) == {"end_of_turn": 0.2, "model": 0.6, "tools": 0.3, "other": 0.1}
    assert [tool.name for tool in table.tools] == ["find"]


def test_tools_know_their_turn() -> None:
    """A tool names the turn that it ran for, None before the first one."""
    made = reading(went(0.1, "t0", round_="m0"), *GREETING, *TABLE)
    assert [tool.turn for tool in made.tools()] == [None, 1]
    assert made.turns(None)[1].tools == made.tools()[1:]


def test_several_rounds() -> None:
    """Each round counts as tools while one of its calls runs; the rest is the model's."""
    made = turns(
        *TABLE[:5],
        went(4.0, "t1", round_="m1"),
        back(5.0, "t1", round_="m1"),
        went(6.0, "t2", round_="m2"),
        went(6.1, "t2", round_="m2"),
        back(8.0, "t2", round_="m2"),
        came(9.0, "bot.speaking", message_id="b1", text="At 20:30."),
    )
    assert parts(made[0]) == {"end_of_turn": 0.2, "model": 2.8, "tools": 3.0}
    assert len(made[0].tools) == 2


def test_an_interruption() -> None:
    """The cut reply ends there with what was heard, and the caller's words are a new turn."""
    first, second = turns(
        *TABLE[:-2],
        came(4.7, "speech.started", turn_id=2),
        came(4.7, "barge_in", cancelled_message_id="b1"),
        came(4.7, "message.confirmed", message_id="b1", text="At"),
        came(4.7, "bot.interrupted", message_id="b1", played_ms=300, reason="user_spoke"),
        came(5.5, "user.message", turn_id=2, message_id="u2", text="no, three"),
        came(5.5, "speech.ended", turn_id=2),
        came(5.6, "turn.end", turn_id=2),
        came(6.0, "bot.speaking", message_id="b2", text="Three, then."),
    )
    assert (first.said, first.said_to, first.interrupted) == ("At", 4.7, True)
    assert (second.heard, second.heard_from, second.wait) == ("no, three", 4.7, 0.5)
    assert (second.said_to, second.interrupted) == (None, False)


@pytest.mark.parametrize("first", ["turn.continued", "bot.interrupted"])
def test_a_caller_who_goes_on(first: str) -> None:
    """turn.continued drops the answer: the turn has the wait after the last word, uninterrupted."""
    dropping = [
        came(4.7, "turn.continued", turn_id=1),
        came(4.7, "bot.interrupted", message_id="b1", played_ms=300, reason="continuation"),
    ]
    [turn] = turns(
        *TABLE[:-2],
        *(dropping if first == "turn.continued" else reversed(dropping)),
        came(4.8, "message.confirmed", message_id="b1", text="At"),
        came(4.8, "speech.started", turn_id=1),
        came(5.5, "user.message", turn_id=1, message_id="u2", text="at nine"),
        came(5.5, "speech.ended", turn_id=1),
        came(5.6, "turn.end", turn_id=1, message_id="u2"),
        came(6.0, "bot.speaking", message_id="b2", text="At nine."),
        came(6.5, "bot.finished", message_id="b2"),
    )
    assert (turn.heard, turn.said) == ("a table for two at nine", "At nine.")
    assert (turn.heard_from, turn.heard_to, turn.wait) == (2.0, 5.5, 0.5)
    assert (turn.interrupted, len(turn.tools)) == (False, 1)
    assert parts(turn) == {"end_of_turn": 0.1, "model": 0.4}


def test_going_on_without_a_turn() -> None:
    """turn.continued means the last turn where it names none, and nothing before the first one."""
    assert turns(came(0.1, "turn.continued", turn_id=[1])) == ()
    [turn] = turns(*TABLE, came(6.0, "turn.continued"))
    assert (turn.said, turn.wait) == ("", None)


def test_a_pause() -> None:
    """Speech that resumes in the same turn moves its end; after the first sound it does not."""
    [turn] = turns(
        *TABLE[:5],
        came(3.3, "turn.resumed", turn_id=1),
        came(3.3, "speech.started", turn_id=1),
        came(4.0, "speech.ended", turn_id=1),
        came(4.1, "turn.end", turn_id=1),
        came(4.5, "bot.speaking", message_id="b1", text="At 20:30."),
        came(4.6, "turn.resumed", turn_id=1),
        came(4.7, "turn.end", turn_id=1),
    )
    assert (turn.heard_to, turn.wait) == (4.0, 0.5)
    assert parts(turn) == {"end_of_turn": 0.1, "model": 0.4}


def test_a_cough() -> None:
    """Speech without words is no turn, and takes no answer from the turn before it."""
    [turn] = turns(
        *TABLE[:5],
        came(3.5, "speech.started", turn_id=2),
        came(3.6, "speech.ended", turn_id=2),
        came(4.2, "bot.speaking", message_id="b1", text="At 20:30."),
    )
    assert turn.wait == pytest.approx(1.2)


def test_repeated_words() -> None:
    """A repeated user.message is the same words, also when the next turn has begun."""
    repeat = came(3.2, "user.message", message_id="u1", text="a table for two!", lag_ms=449)
    first, second = turns(*TABLE, came(6.0, "user.speaking", turn_id=0, text="thanks"), repeat)
    assert (first.heard, second.heard) == ("a table for two!", "thanks")


def test_words_so_far() -> None:
    """While the caller speaks, interim words are shown; those of an earlier turn are not."""
    [turn] = turns(came(1.0, "user.speaking", turn_id=0, text="a ta"))
    assert (turn.heard, turn.heard_from, turn.heard_to) == ("a ta", 1.0, None)
    assert turns(
        came(1.0, "user.speaking", turn_id=0, text="hm"),
        came(2.0, "speech.started", turn_id=1),
        came(3.0, "speech.started", turn_id=2),
    ) == ()  # fmt: skip


def test_numbers_of_turns() -> None:
    """A turn that began without a number gets it; frames without one mean the turn that is open."""
    made = turns(
        came(1.0, "user.speaking", turn_id=0, text="a"),
        came(1.5, "speech.ended", turn_id=1, duration_ms=500),
        came(1.5, "eager.turn", turn_id=1, message_id="u1", text="a table"),
        came(1.6, "turn.end", latency_ms=100),
        came(2.0, "user.message", turn_id=True, message_id="u2", text="two"),
    )
    assert [turn.heard for turn in made] == ["a table", "two"]


def test_the_end_of_speech_by_the_platform() -> None:
    """Where speech.ended did not come, turn.end and its latency tell it."""
    [turn] = turns(
        came(1.0, "user.message", turn_id=1, message_id="u1", text="a"),
        came(2.0, "turn.end", turn_id=1, text="a", latency_ms=250),
        came(3.0, "bot.speaking", message_id="b1"),
    )
    assert (turn.heard_to, turn.wait) == (1.75, 1.25)


def test_the_programs_own_answer() -> None:
    """A reply of this program's is the model's time until it is sent, and then the voice's."""
    [turn] = turns(
        *TABLE[:5],
        sent(3.7, "bot.reply", message_id="r", in_reply_to="u1", text="At 20:30."),
        came(4.2, "bot.speaking", message_id="r", text="At 20:30."),
    )
    assert parts(turn) == {"end_of_turn": 0.2, "model": 0.5, "voice": 0.5}


def test_the_models_text_by_the_platform() -> None:
    """llm.response says when the text was there; without a turn it says nothing."""
    [turn] = turns(
        came(0.1, "llm.response", text="hi"),
        came(0.1, "llm.before", turn=1),
        sent(0.1, "llm.ready", turn=1),
        *TABLE[:5],
        came(3.7, "llm.response", text="At 20:30."),
        came(4.2, "bot.speaking", message_id="b1"),
        came(4.3, "llm.response", text="late"),
    )
    assert parts(turn)["voice"] > 0


def test_preparing() -> None:
    """llm.ready ends the first llm.before; a second one changes nothing."""
    [turn] = turns(
        *TABLE[:7], sent(3.5, "llm.ready", turn=1), came(4.2, "bot.speaking", message_id="b1")
    )
    assert parts(turn)["other"] == 0.1


def test_hold() -> None:
    """A call on hold waits for nobody's model."""
    [turn] = turns(
        came(0.1, "call.unheld"),
        *TABLE[:5],
        came(3.5, "call.held"),
        came(3.6, "call.held"),
        came(4.0, "call.unheld"),
        came(4.2, "bot.speaking", message_id="b1", text="Hello?"),
        came(5.0, "call.held"),
    )
    assert parts(turn) == {"end_of_turn": 0.2, "model": 0.5, "other": 0.5}


def test_a_chat() -> None:
    """A message is a turn at one moment; the answer begins with its first token."""
    first, second = turns(
        came(0.0, "llm.chat.started"),
        came(1.0, "chat.message", text="Hi", message_id=""),
        came(1.5, "llm.chat.chunk", message_id="m", token="Hel"),
        came(1.6, "llm.chat.chunk", message_id="m", token="lo!"),
        came(1.7, "chat.response", text="Hello!"),
        came(3.0, "chat.message", text="Bye", message_id=""),
        went(3.1),
        back(3.3),
        came(3.5, "chat.response", text="See you."),
        came(4.0, "llm.chat.ended"),
    )
    assert (first.heard, first.said, first.wait) == ("Hi", "Hello!", 0.5)
    assert (first.heard_from, first.heard_to, first.said_from, first.said_to) == (
        1.0,
        1.0,
        1.5,
        1.7,
    )
    assert parts(first) == {"model": 0.5}
    assert parts(second) == {"model": 0.3, "tools": 0.2}


def test_whatsapp() -> None:
    """WhatsApp is as a chat; a picture is named, and a message without an answer has no wait."""
    made = turns(
        came(1.0, "whatsapp.message", type="image", message_id="w1"),
        came(2.0, "whatsapp.message", type="text", text="this one", message_id="w2"),
        came(4.0, "whatsapp.response", text="Nice."),
    )
    assert [(turn.heard, turn.said, turn.wait) for turn in made] == [
        ("[image]", "", None),
        ("this one", "Nice.", 2.0),
    ]


def test_the_end_of_the_call() -> None:
    """What the end cuts off is interrupted there, and frames after it are of no turn."""
    [_, turn] = turns(
        *GREETING,
        *TABLE[:-2],
        came(4.7, "call.ended", reason="hangup"),
        came(4.8, "bot.finished", message_id="b1"),
        sent(4.9, "bot.reply", message_id="r", text="late"),
    )
    assert (turn.said, turn.said_to, turn.interrupted) == ("At 20:30.", 4.7, True)


def test_a_call_that_goes_on_after_a_line() -> None:
    """A call that a line handed over is read on."""
    made = turns(*TABLE, came(6.0, "call.ended", reason="routed"), *GREETING)
    assert [turn.said for turn in made] == ["At 20:30.", "How can I help?"]


NAMES = [*Reading()._in, "call.started", "call.ended", "unknown"]
VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-2, 3)
    | st.sampled_from(["", "a", "b"])
    | st.floats(0, 900)
)
KEYS = ["turn_id", "message_id", "text", "word", "token", "duration_ms", "played_ms", "latency_ms",
        "in_reply_to", "cancelled_message_id", "type", "reason"]  # fmt: skip
CALLS: Any = st.lists(
    st.fixed_dictionaries({"id": st.sampled_from(["a", "b", ""]), "name": st.just("find")}),
    max_size=3,
)
FRAMES: Any = st.fixed_dictionaries(
    {}, optional={**dict.fromkeys(KEYS, VALUES), "tool_calls": CALLS | VALUES}
)
RESULTS: Any = st.lists(
    st.fixed_dictionaries({"tool_call_id": st.sampled_from(["a", "b"]), "result": VALUES}),
    max_size=2,
)
STEPS = st.lists(
    st.tuples(
        st.floats(0, 3),
        st.sampled_from(
            [("in", name) for name in NAMES] + [("out", name) for name in Reading()._out]
        ),
        FRAMES,
        RESULTS | VALUES,
    ),
    max_size=40,
)


@given(STEPS)
def test_any_order_of_any_frames(steps: list[Any]) -> None:
    """Whatever comes in whatever order: it is read, and each wait is the sum of its parts."""
    made, at = Reading(), 0.0
    for passed, (way, name), frame, results in steps:
        at += passed
        made.take(TraceEntry(at, way, name, {"event": name, "results": results, **frame}))
    end = None if made.told.end is None else made.told.end.at
    shown = made.turns(end)
    assert [turn.index for turn in shown] == list(range(len(shown)))
    assert made.count == len(steps)
    for turn in shown:
        assert (turn.wait is None) == (turn.parts == {})
        if turn.wait is not None:
            assert turn.heard_to is not None and turn.said_from is not None
            assert turn.wait == max(0.0, turn.said_from - turn.heard_to)
            assert math.isclose(sum(turn.parts.values()), turn.wait, abs_tol=1e-9)
            assert all(value >= 0 for value in turn.parts.values())
    placed = [tool for turn in shown for tool in turn.tools]
    assert sorted(map(repr, placed)) == sorted(
        repr(tool) for tool in made.tools() if tool.turn is not None
    )
