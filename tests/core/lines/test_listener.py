"""Waiting for the keys or the words of a caller, and what was heard."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.lines.listener import Heard, Listener
from pinecall.errors import ConfigurationError
from pinecall.events import Turn

from ..harness import Wire
from .phone_line import call_of


class Listening:
    """A listener of a line's call, without other timers, and the listeners that were done."""

    def __init__(self, **options: Any) -> None:
        self.wire = Wire(ping_interval=None)
        call = call_of(self.wire)
        self.wire.at(6)
        self.done: list[Listener] = []
        given = {"digits": None, "terminator": None, "speech": False, "timeout": 5.0} | options
        self.one = Listener(call, 1, **given, on_done=self.done.append)
        self.outcome = self.one.outcome

    def press(self, keys: str) -> None:
        for key in keys:
            self.one.key(key)

    def timers(self) -> int:
        return len(self.wire.engine.timers)


def test_digits() -> None:
    """A listener for three keys ends with the third."""
    listening = Listening(digits=3)
    listening.press("12")
    assert not listening.outcome.done
    listening.press("3")
    assert listening.outcome.result() == Heard("keypad", "3", "123")


def test_terminator() -> None:
    """The terminator ends it, and is not among the digits."""
    listening = Listening(terminator="#")
    listening.press("12*")
    assert not listening.outcome.done
    listening.press("#")
    assert listening.outcome.result() == Heard("keypad", "#", "12*")


def test_terminator_before_the_last_digit() -> None:
    """With both, whichever comes first ends it."""
    first, second = (Listening(digits=3, terminator="#") for _ in range(2))
    first.press("1#")
    second.press("123")
    assert first.outcome.result() == Heard("keypad", "#", "1")
    assert second.outcome.result() == Heard("keypad", "3", "123")


def test_keys_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a number of digits so many keys are kept; the terminator still ends it."""
    monkeypatch.setattr("pinecall.core.lines.listener.KEYS", 5)
    listening = Listening(terminator="#")
    listening.press("123456789#")
    assert listening.outcome.result() == Heard("keypad", "#", "12345")


def test_speech() -> None:
    """With speech the turn ends it, with its words and the keys so far."""
    listening = Listening(digits=4, speech=True)
    listening.press("1")
    listening.one.spoken(Turn(text="sales", confidence=0.9))
    assert listening.outcome.result() == Heard("speech", None, "1", "sales", 0.9)


def test_speech_that_is_not_wanted() -> None:
    """Without speech a turn is ignored."""
    listening = Listening(digits=1)
    listening.one.spoken(Turn(text="sales"))
    assert not listening.outcome.done
    assert listening.done == []


def test_timeout() -> None:
    """The timeout counts from the start of the clock; the keys so far are given."""
    listening = Listening(digits=4)
    listening.press("12")
    listening.wire.at(20)
    assert not listening.outcome.done
    listening.one.start_clock()
    listening.wire.at(24.9)
    assert not listening.outcome.done
    listening.wire.at(25)
    assert listening.outcome.result() == Heard("timeout", "2", "12")


def test_a_short_timeout() -> None:
    """A timeout may be less than a second; nothing was said then."""
    listening = Listening(timeout=0.5)
    listening.one.start_clock()
    listening.wire.after(0.5)
    heard = listening.outcome.result()
    assert (heard.by, heard.text, heard.confidence) == ("timeout", "", 0.0)


def test_giving_up() -> None:
    """give_up() is a timeout; without keys there is no last one."""
    listening = Listening(speech=True)
    listening.one.give_up()
    assert listening.outcome.result() == Heard("timeout", None, "")


def test_nobody_waits() -> None:
    """A listener that nobody waits for any more gives up."""
    listening = Listening()
    listening.one.start_clock()
    listening.outcome.leave(lambda: None)
    assert listening.outcome.result().by == "timeout"
    assert (listening.done, listening.timers()) == ([listening.one], 0)


@pytest.mark.parametrize("end", ["12", "#", "speech", "timeout"])
def test_done(end: str) -> None:
    """However it ends, it reports itself done once and leaves no timer."""
    listening = Listening(digits=2, terminator="#", speech=True)
    listening.one.start_clock()
    assert listening.timers() == 1
    ends = {
        "speech": lambda: listening.one.spoken(Turn(text="sales")),
        "timeout": lambda: listening.wire.at(11),
    }
    ends.get(end, lambda: listening.press(end))()
    assert listening.outcome.done
    assert (listening.done, listening.timers()) == ([listening.one], 0)


def test_clock_after_the_end() -> None:
    """A clock that is started after the end sets no timer."""
    listening = Listening(digits=1)
    listening.press("1")
    listening.one.start_clock()
    assert listening.timers() == 0
    assert listening.outcome.result() == Heard("keypad", "1", "1")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        *(({"digits": one}, "digits is how many keys, 1 or more") for one in (0, -1, True, "3")),
        *(({"terminator": one}, "terminator is one key like '#'") for one in ("##", "", 5)),
        *(
            ({"timeout": one}, "timeout is seconds, more than 0")
            for one in (0, True, "5", float("inf"), float("nan"))
        ),
        ({"timeout": 5000}, "timeout"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_bad_options(options: dict[str, Any], words: str) -> None:
    """A bad option is refused under its name; so is a timeout that looks like milliseconds."""
    with pytest.raises(ConfigurationError, match=f"listen: {words}"):
        Listening(**options)
