"""The caller's verbs and expectations, on both fronts."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pinecall import DialError, tool
from pinecall.testing import ExpectationFailed
from pinecall.testing.caller import Caller
from pinecall.testing.doubles import Tools
from pinecall.testing.model import Model

from .conftest import GUEST, NUMBER, Program


def with_tables(program: Program, **options: Any) -> Any:
    """Mara with a tool that finds tables."""

    def find_tables(party: int, where: str = "inside") -> list[str]:
        """Find free tables.

        Args:
            party: how many people
            where: inside or outside
        """
        return ["20:30"] if party < 5 else []

    return program.deploy(tools=[tool(program.handler(find_tables))], **options)


def test_the_contract(program: Program, caller: Caller, model: Model) -> None:
    """The first example of the documentation."""
    with_tables(program)
    model.on("table for two").calls("find_tables", party=2).then("There is one at 20:30.")
    call = caller.phones(NUMBER, from_=GUEST)
    call.hears("How can I help")
    call.says("a table for two tonight")
    call.expects_tool("find_tables", party=2)
    call.hears("20:30", within=0.8)
    call.interrupts("no, three")
    call.presses("1")
    call.hangs_up()
    call.ended("hangup")
    call.nothing_more()


async def test_awaited(pinecall: Any, caller: Caller, model: Model) -> None:
    """Each verb may be awaited in an ``async def`` test."""
    pinecall.deploy("mara", prompt="x", greeting="Hello.", channels=[NUMBER])
    call = await caller.phones(NUMBER)
    assert await call.hears("Hello") == "Hello."
    await call.says("it rains")
    await call.interrupts("no")
    await call.presses("1")
    await call.waits(1)
    await call.hangs_up()
    await call.ended("hangup")
    await call.nothing_more()


@pytest.mark.parametrize(
    "expected",
    [None, "YOU SAID", re.compile("^You said: .*ns$"), lambda text: text.endswith("ns")],
    ids=["any", "text", "pattern", "function"],
)
def test_hears(program: Program, caller: Caller, expected: Any) -> None:
    """A reply is expected by a part of it, a pattern, a function, or just any."""
    program.deploy()
    call = caller.phones(NUMBER)
    call.says("it rains")
    assert call.hears(expected) == "You said: it rains"
    call.hangs_up()


def test_hears_the_next_reply(program: Program, caller: Caller) -> None:
    """Each reply is heard once, in order; another text fails."""
    mara = program.deploy()
    mara.on("call.started", lambda call: call.say("It is late.") and None)
    call = caller.phones(NUMBER)
    call.hears("How can I help")
    call.hears("It is late")
    call.says("it rains")
    with pytest.raises(ExpectationFailed, match=r"next reply was .You said: it rains"):
        call.hears("Goodbye")
    call.hangs_up()


def test_within(program: Program, caller: Caller, model: Model) -> None:
    """``within`` is the wait from the end of the caller's speech to the first sound."""
    program.deploy()
    call = caller.phones(NUMBER)
    call.hears("Hello", within=0.6)
    call.says("it rains")
    with pytest.raises(ExpectationFailed, match=r"its first sound came after 0\.60 s"):
        call.hears(within=0.5)
    call.hangs_up()


def test_no_reply(program: Program, caller: Caller) -> None:
    """A reply that does not come fails at the timeout, or at the end of the call."""
    program.deploy(greeting=None)
    call = caller.phones(NUMBER)
    with pytest.raises(ExpectationFailed, match="no reply within 7 s"):
        call.hears(timeout=7)
    call.hangs_up()
    with pytest.raises(ExpectationFailed, match=r"no reply before the call was over \(hangup\)"):
        call.hears()


def test_expects_tool(program: Program, caller: Caller, model: Model) -> None:
    """Tools are expected in order, by some of their arguments, with others in between."""
    with_tables(program)
    (model.on("table").calls("find_tables", party=8).calls("find_tables", party=4, where="outside")
     .then("At 20:30."))  # fmt: skip
    call = caller.phones(NUMBER)
    call.says("a table")
    use = call.expects_tool("find_tables", party=lambda n: n < 5)
    assert use.arguments == {"party": 4, "where": "outside"}
    call.hears("20:30")
    assert use.result == ["20:30"]
    assert [str(one) for one in call.tools] == [
        "find_tables(party=8)", "find_tables(party=4, where='outside')"
    ]  # fmt: skip
    with pytest.raises(ExpectationFailed, match="no tool was called within 3 s"):
        call.expects_tool("find_tables", timeout=3)
    call.hangs_up()


def test_another_tool_call(program: Program, caller: Caller, model: Model) -> None:
    """A tool call with other arguments is told."""
    with_tables(program)
    model.on("table").calls("find_tables", party=8)
    call = caller.phones(NUMBER)
    call.says("a table")
    call.hears()
    with pytest.raises(ExpectationFailed, match=r"called: find_tables\(party=8\)"):
        call.expects_tool("find_tables", party=2, timeout=1)
    call.hangs_up()


def test_a_tool_that_does_not_exist(program: Program, caller: Caller) -> None:
    """A misspelt tool is told at once, with the nearest name."""
    with_tables(program)
    call = caller.phones(NUMBER)
    with pytest.raises(ExpectationFailed, match="did you mean 'find_tables'"):
        call.expects_tool("find_tabels")
    call.hangs_up()


def test_interrupts(program: Program, caller: Caller) -> None:
    """An interruption cuts the agent off; the reply to it is the next one."""
    mara = program.deploy(greeting="one two three four five six seven eight nine ten")
    seen: list[str] = []
    mara.on("bot.interrupted", lambda event, call: seen.append(event.reason))
    call = caller.phones(NUMBER)
    call.interrupts("stop it")
    call.hears("You said: stop it")
    assert call.heard[0] == "one two"
    assert seen == ["user_spoke"]
    call.hangs_up()


def test_continues(program: Program, caller: Caller) -> None:
    """Going on in a turn drops the answer to it."""
    mara = program.deploy(greeting=None)
    seen: list[int] = []
    mara.on("turn.continued", lambda event, call: seen.append(event.turn_id))
    call = caller.phones(NUMBER)
    call.says("a table")
    call.continues("for two")
    call.hears("You said")
    assert seen == [1]
    call.hangs_up()


def test_presses(program: Program, caller: Caller) -> None:
    """Each key reaches the program, in order."""
    mara = program.deploy()
    digits: list[str] = []
    mara.on("call.dtmf_received", lambda event, call: digits.append(event.digit))
    call = caller.phones(NUMBER)
    call.presses("12#")
    call.presses("3")
    assert digits == ["1", "2", "#", "3"]
    call.hangs_up()


def test_ended(program: Program, caller: Caller) -> None:
    """The end is expected with its reason."""
    mara = program.deploy()
    mara.on("user.message", lambda event, call: call.hangup())
    call = caller.phones(NUMBER)
    with pytest.raises(ExpectationFailed, match="the call goes on, 5 s later"):
        call.ended(timeout=5)
    call.says("bye")
    with pytest.raises(ExpectationFailed, match="ended with the reason 'client_hangup"):
        call.ended("caller_got_bored")
    call.ended()
    assert call.over


def test_nothing_more(program: Program, caller: Caller, model: Model) -> None:
    """What the agent says or does unasked is found."""
    with_tables(program)
    model.on("table").calls("find_tables", party=8).then("Sorry.")
    call = caller.phones(NUMBER)
    call.hears("How can I help")
    call.nothing_more()
    call.says("a table")
    with pytest.raises(ExpectationFailed, match="the agent said 'Sorry"):
        call.nothing_more()
    call.hears("Sorry")
    with pytest.raises(ExpectationFailed, match=r"the model called find_tables\(party=8\)"):
        call.nothing_more()
    call.expects_tool("find_tables")
    call.nothing_more()
    call.hangs_up()


def test_chats(program: Program, caller: Caller, model: Model) -> None:
    """A chat has the same verbs, without speech."""
    with_tables(program)
    model.on("table").calls("find_tables", party=2).then("At 20:30.")
    chat = caller.chats("mara", "hello")
    chat.hears("Hello")
    chat.says("a table")
    chat.expects_tool("find_tables")
    chat.hears("20:30", within=0)
    with pytest.raises(ExpectationFailed, match="this is a chat, where there is no speech"):
        chat.interrupts("no")
    chat.hangs_up()
    chat.ended("closed")


def test_browsers(program: Program, caller: Caller) -> None:
    """An agent is called from a browser by its name."""
    program.deploy()
    call = caller.phones("mara", metadata={"name": "Ana"}, language="en")
    call.hears("How can I help")
    call.hangs_up()
    call.ended("disconnected")


def test_several_calls(program: Program, caller: Caller) -> None:
    """Calls go on side by side, each with its own story."""
    program.deploy()
    one, other = caller.phones(NUMBER, GUEST), caller.phones(NUMBER, "+34600000001")
    one.says("I am Ana")
    other.says("I am Bob")
    one.hears("I am Ana")
    other.hears("I am Bob")
    one.hangs_up()
    other.hangs_up()


@pytest.mark.parametrize(("how", "reason"), [("busy", "busy"), ("no_answer", "no-answer")])
def test_a_dial_that_fails(program: Program, caller: Caller, how: str, reason: str) -> None:
    """The person who is dialled may be busy, or not there."""
    mara = program.deploy()
    callee = caller.answers("+34600000000", how)
    with pytest.raises(DialError) as failed:
        answer = mara.dial("+34600000000", timeout=60)
        if program.asyncio:
            caller._stage.world.call(finished(answer))
    assert failed.value.reason == reason
    with pytest.raises(ExpectationFailed, match="does not answer"):
        callee.hears()


async def finished(answer: Any) -> Any:
    return await answer


def test_a_dial_that_is_answered(program: Program, caller: Caller) -> None:
    """The person who picks up hears the greeting of the dial."""
    mara = program.deploy()
    callee = caller.answers().picks_up(after=3)
    answer = mara.dial("+34600000000", greeting="It is Mara.")
    if program.asyncio:
        caller._stage.world.call(finished(answer))
    callee.hears("It is Mara")
    callee.says("it rains")
    callee.hears("it rains")
    callee.hangs_up()
    callee.ended("hangup")


def test_nobody_dials(program: Program, caller: Caller) -> None:
    """A dial that never comes is told."""
    program.deploy()
    with pytest.raises(ExpectationFailed, match="the program has not dialled it within 60 s"):
        caller.answers("+34600000000").hears()


def test_nobody_there(program: Program, caller: Caller) -> None:
    """A number that nobody has is told, with those there are."""
    program.deploy()
    with pytest.raises(
        ExpectationFailed,
        match=re.escape(f"nobody answers +49301234567; numbers that are answered: {NUMBER}"),
    ):
        caller.phones("+49301234567")
    with pytest.raises(ExpectationFailed, match="deployed: agents mara; numbers"):
        caller.chats("otto")


def test_doubles(program: Program, caller: Caller, tools: Tools, model: Model) -> None:
    """A double stands for a tool; it notes its calls, returns a value or what a function makes."""
    with_tables(program)
    double = tools.replace("find_tables", returns=lambda party, **more: [f"for {party}"])
    model.on("table").calls("find_tables", party=2)
    call = caller.phones(NUMBER)
    call.says("a table")
    call.hears("for 2")
    assert double.calls == [{"party": 2}]
    tools.replace("find_tables", raises=LookupError("no table left"))
    call.says("another table")
    call.hears("no table left")
    call.hangs_up()


def test_a_double_for_nothing(program: Program, tools: Tools) -> None:
    """A double for a tool that no agent has is told, with the nearest name."""
    with pytest.raises(ExpectationFailed, match="deploy the agent first"):
        tools.replace("find_tables", returns=[])
    with_tables(program)
    with pytest.raises(ExpectationFailed, match="did you mean 'find_tables'"):
        tools.replace("find_table", returns=[])


def test_model_rules(program: Program, caller: Caller, model: Model) -> None:
    """Rules match a part, a pattern or a function; each is used once before a later one."""
    program.deploy()
    model.on("one").says("first")
    model.on(re.compile("^one$")).says("second", "third")
    model.on(lambda said: said == "two" and said.channel == "phone").says(lambda said: said.upper())
    model.on("bad").fails("out of order")
    call = caller.phones(NUMBER)
    for said, heard in [("one", "first"), ("one", "second"), ("one", "third"), ("one", "third"),
                        ("two", "TWO"), ("three", "You said: three")]:  # fmt: skip
        call.says(said)
        assert call.hears() == heard
    call.says("bad")
    call.nothing_more()
    assert any("out of order" in line.text for line in call.story.lines)
    call.hangs_up()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda model: model.on(3),
        lambda model: model.on("x").says(3),
        lambda model: model.on("x").calls(3),
    ],
    ids=["on", "says", "calls"],
)
def test_wrong_rules(model: Model, wrong: Any) -> None:
    """A rule of a wrong type is refused where it is written."""
    with pytest.raises(TypeError, match=r"model\.on"):
        wrong(model)


def test_a_model_function_that_raises(program: Program, caller: Caller, model: Model) -> None:
    """An error in a rule is the model's failure, and is told in the story."""
    program.deploy()
    model.on("x").says(lambda turn: str(1 / 0))
    call = caller.phones(NUMBER)
    call.says("x")
    assert any("division by zero" in line.text for line in call.story.lines)
    call.hangs_up()
