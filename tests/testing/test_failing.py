"""A failed expectation reads like the call: who said what and when, and what was expected."""

from __future__ import annotations

import re

import pytest

from pinecall.testing import ExpectationFailed
from pinecall.testing.caller import Caller
from pinecall.testing.failing import picture
from pinecall.testing.model import Model
from pinecall.testing.story import Story

from .conftest import GUEST, NUMBER, Program
from .test_calls import with_tables


def test_a_failure_as_text(program: Program, caller: Caller, model: Model) -> None:
    """The conversation so far, with times, tools, and the expectation at the end."""
    with_tables(program)
    model.on("table for two").calls("find_tables", party=2).then("We are full tonight.")
    call = caller.phones(NUMBER, GUEST)
    call.hears("How can I help")
    call.says("a table for two tonight")
    with pytest.raises(ExpectationFailed) as failed:
        call.hears("20:30", within=0.8)
    assert str(failed.value).splitlines() == [
        "call.hears('20:30', within=0.8): the agent's next reply was 'We are full tonight.'",
        "",
        "   0.0    call  picked up",
        "   0.6   agent  Hello. How can I help you?",
        "   3.0  caller  a table for two tonight",
        "   5.0    tool  find_tables(party=2) → ['20:30']",
        "   5.6   agent  We are full tonight.",
        "    >> expected  call.hears('20:30', within=0.8)",
    ]
    call.hangs_up()


def test_everything_that_happened(program: Program, caller: Caller) -> None:
    """Interruptions, keys, holds, transfers and the end have lines of their own."""
    mara = program.deploy(greeting="one two three four five six")

    def said(event: object, call: object) -> None:
        call.hold()  # type: ignore[attr-defined]
        call.unhold()  # type: ignore[attr-defined]
        call.send_dtmf("5")  # type: ignore[attr-defined]
        call.forward("+34600000000")  # type: ignore[attr-defined]

    mara.on("user.message", said)
    call = caller.phones(NUMBER, GUEST)
    call.presses("12")
    call.interrupts("a person, please")
    call.ended("forwarded")
    assert [f"{line.who}: {line.text}" for line in call.story.lines] == [
        "call: picked up",
        "keys: 12",
        "agent: one two -",
        "caller: a person, please",
        "call: on hold",
        "call: off hold",
        "call: the agent plays 5",
        "call: forwarded to +34600000000",
        "call: over (forwarded)",
    ]


def test_at_most_forty_lines() -> None:
    """A long call is shown from its end; a long text is cut."""
    story = Story("CA1", 0.0)
    for number in range(200):
        story.tell(float(number), "agent", f"number {number} " + "word " * 100)
    text = picture(story, "call.hears('x')", "the agent's next reply was " + "long " * 200)
    lines = text.splitlines()
    assert len(lines) <= 40
    assert "lines before)" in text
    assert "number 199" in text
    assert max(map(len, lines[1:])) <= 100


def test_colour() -> None:
    """On a terminal the same text has colours, and nothing else differs."""
    story = Story("CA1", 0.0)
    story.tell(0.0, "agent", "Hello.")
    story.tell(1.0, "caller", "Good evening.")
    plain = picture(story, "call.hears('x')", "no reply within 30 s")
    bright = picture(story, "call.hears('x')", "no reply within 30 s", colour=True)
    assert "\x1b[" in bright
    assert re.sub(r"\x1b\[[\d;]*m", "", bright) == plain


def test_without_a_call() -> None:
    """A failure that concerns no call says only what and why."""
    text = picture(None, "caller.phones('+1')", "nobody answers")
    assert text.splitlines()[0] == "caller.phones('+1'): nobody answers"
