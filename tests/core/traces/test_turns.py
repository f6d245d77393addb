"""Turns: what was heard, what was said to it, and the wait between them."""

from __future__ import annotations

import pytest

from pinecall.core.traces.tools import ToolRun
from pinecall.core.traces.turns import Reply, TraceTurn, Turn


def shown(turn: Turn, *, interim: bool = True, ended: float | None = None) -> TraceTurn:
    made = turn.shown(0, interim=interim, holds=[], ended=ended)
    assert made is not None
    return made


def test_the_text_of_a_reply() -> None:
    """What the platform confirmed comes first; a whole text counts once it was heard to its end."""
    assert Reply(words=["At", "20:30"], whole="At 20:30, ok?").text() == "At 20:30"
    assert Reply(words=["At"], whole="At 20:30", ended=2.0).text() == "At 20:30"
    assert Reply(words=["At"], whole="At 20:30", ended=2.0, interrupted=True).text() == "At"
    assert Reply(words=["At"], whole="At 20:30", confirmed="At 20").text() == "At 20"
    assert Reply(words=["He", "llo "], space="", ended=2.0).text() == "Hello"


def test_what_was_heard() -> None:
    """Final words come before the platform's guess, that before interim ones, if those count."""
    turn = Turn(interim="a ta")
    assert (turn.heard(interim=True), turn.heard(interim=False)) == ("a ta", "")
    turn.guess = "a table"
    assert turn.heard(interim=False) == "a table"
    turn.messages = {"u1": "a table", "u2": "", "u3": "for two"}
    assert turn.heard(interim=True) == "a table for two"


def test_an_empty_turn() -> None:
    """A noise is no turn; a tool, a word or a sound makes one."""
    assert Turn(heard_from=1.0, heard_to=1.2).shown(0, interim=True, holds=[], ended=None) is None
    assert Turn(replies=[Reply()]).is_empty(interim=True)
    for turn in (
        Turn(tools=[ToolRun("a", {}, 1.0)]),
        Turn(interim="a"),
        Turn(replies=[Reply(begun=1.0)]),
        Turn(replies=[Reply(confirmed="a")]),
    ):
        assert not turn.is_empty(interim=True)


def test_the_speech() -> None:
    """Speech that goes on before an answer has its end at the last word."""
    turn = Turn()
    turn.begin_speech(1.0)
    turn.end_speech(2.0, 0.9)
    turn.begin_speech(2.5)
    assert (turn.heard_from, turn.heard_to) == (1.0, None)
    turn.end_speech(3.0, 0.4)
    turn.replies.append(Reply(begun=4.0))
    turn.begin_speech(5.0)
    turn.end_speech(6.0, None)
    assert (turn.heard_from, turn.heard_to) == (1.0, 3.0)


@pytest.mark.parametrize(("seconds", "begun"), [(0.5, 1.5), (9.0, 0.0), (None, None)])
def test_speech_whose_beginning_is_missing(seconds: float | None, begun: float | None) -> None:
    """The length of the speech counts only where its beginning was not seen."""
    turn = Turn()
    turn.end_speech(2.0, seconds)
    assert (turn.heard_from, turn.heard_to) == (begun, 2.0)


def test_the_wait() -> None:
    """It is from the caller's last word to the first sound, and its parts are that long."""
    turn = Turn(guess="a", heard_to=1.0, over=1.2, replies=[Reply(begun=2.0), Reply(begun=3.0)])
    turn.tools.append(ToolRun("find", {}, 1.5, 1.75))
    turn.preparing.append([1.2, 1.25])
    made = shown(turn)
    assert made.wait == 1.0
    assert sum(made.parts.values()) == pytest.approx(1.0)
    assert made.parts["tools"] == 0.25 and made.parts["other"] == pytest.approx(0.05)
    assert made.tools[0].turn == 0


def test_no_wait() -> None:
    """Without the end of the speech, or without a sound, there is no wait and nothing in it."""
    for turn in (Turn(guess="a", heard_to=1.0), Turn(guess="a", replies=[Reply(begun=1.0)])):
        assert (shown(turn).wait, shown(turn).parts) == (None, {})


def test_the_platforms_reckoning() -> None:
    """Where the end of the speech was not seen, the end of the turn tells it."""
    made = shown(Turn(guess="a", over=2.0, over_since=1.8, replies=[Reply(begun=3.0)]))
    assert (made.heard_to, made.wait) == (1.8, pytest.approx(1.2))
    assert made.parts["end_of_turn"] == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("worked", "worded", "end_of_turn"), [(1.5, 1.25, 0.5), (None, 1.25, 0.25), (None, None, 0.0)]
)
def test_a_turn_that_was_never_over(
    worked: float | None, worded: float | None, end_of_turn: float
) -> None:
    """Without turn.end the turn was over when something worked on it, or when its words came."""
    turn = Turn(guess="a", heard_to=1.0, replies=[Reply(begun=2.0)])
    turn.worded = worded
    if worked is not None:
        turn.work(worked)
        turn.work(9.0)
    assert shown(turn).parts["end_of_turn"] == end_of_turn


def test_the_voice() -> None:
    """It is from the text's arrival at the platform, by this program's frame or the platform's."""
    turn = Turn(guess="a", heard_to=1.0, over=1.0, ready=1.75, replies=[Reply(begun=2.0)])
    assert shown(turn).parts["voice"] == 0.25
    turn.replies[0].ready = 1.5
    assert shown(turn).parts["voice"] == 0.5


def test_an_agent_that_was_faster() -> None:
    """An agent that is heard before the caller has ended made nobody wait."""
    made = shown(Turn(guess="a", heard_to=3.0, over=3.1, replies=[Reply(begun=2.0)]))
    assert (made.wait, sum(made.parts.values())) == (0.0, 0.0)


def test_the_end_of_what_was_said() -> None:
    """It is that of the last reply; what the call's end cuts off ends there."""
    turn = Turn(replies=[Reply(begun=1.0, ended=2.0), Reply(begun=3.0), Reply()])
    assert (shown(turn).said_to, shown(turn).interrupted) == (None, False)
    assert (shown(turn, ended=3.5).said_to, shown(turn, ended=3.5).interrupted) == (3.5, True)
    turn.replies[1].ended = 4.0
    assert (shown(turn, ended=9.0).said_to, shown(turn, ended=9.0).interrupted) == (4.0, False)
    assert shown(Turn(guess="a")).said_to is None


def test_going_on() -> None:
    """A caller who goes on takes the answer back: what is left is what was heard."""
    turn = Turn(guess="a", heard_from=0.5, heard_to=1.0, over=1.2, over_since=1.1, ready=1.3)
    turn.replies = [Reply(begun=2.0)]
    [dropped] = turn.go_on()
    assert dropped.begun == 2.0
    assert turn == turn and turn.replies == [] and turn.heard_from == 0.5
    assert (turn.heard_to, turn.over, turn.over_since, turn.ready) == (None, None, None, None)
