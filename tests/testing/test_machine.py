"""Callers as a state machine: they find each of five mistakes, and nothing in the agent without."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings

from pinecall.testing import CallerMachine
from pinecall.testing.failing import ExpectationFailed

from . import guests

FRONTS = ["asyncio", "blocking"]
RULES = {
    "a tool that is not safe to repeat": "a repeated tool changes nothing more: book_table",
    "a reply after the end": "nothing after the end: say or reply",
    "a lost digit": "every digit arrives: the caller pressed",
    "shared state": "callers share nothing: '",
    "no barge-in": "an interrupted agent stops: while the caller spoke over it",
}


def machine(front: str, mistake: str | None, **more: Any) -> type[CallerMachine]:
    """Callers over the demo agent."""

    class Guests(CallerMachine):
        sync = front == "blocking"
        phrases = ("hello", "a table for two", "please book a table for 3")
        repeatable = ("book_table",)

        def build(self, pinecall: Any) -> object:
            deploy = guests.build_sync if self.sync else guests.build
            return deploy(pinecall, mistake)

    for name, value in more.items():
        setattr(Guests, name, value)
    return Guests


def run(callers: type[CallerMachine], examples: int, *, shrink: bool = True) -> None:
    """Run it as pytest would, the same each time; without ``shrink`` the first failure is told."""
    case = callers.TestCase
    known = settings(case.settings, max_examples=examples, derandomize=True, database=None)
    if not shrink:
        known = settings(known, phases=[Phase.generate])
    case.settings = known
    case("runTest").debug()


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("mistake", guests.MISTAKES)
def test_each_mistake_is_found(front: str, mistake: str) -> None:
    """The failure names the rule, then the lines of the callers, then the call."""
    # Making the failure small takes most of the time; once is enough.
    small = front == "asyncio"
    with pytest.raises(ExpectationFailed) as found:
        run(machine(front, mistake), 2000, shrink=small)
    head, *rest = str(found.value).splitlines()
    assert head.startswith(RULES[mistake])
    assert any(" = caller." in line for line in rest)
    assert rest[-1].startswith("    >> expected  ")
    if small:
        assert "    call  picked up" in str(found.value)
        assert len(rest) < 40


@pytest.mark.parametrize("front", FRONTS)
def test_the_right_agent(front: str) -> None:
    """Nothing is found in the agent without a mistake."""
    run(machine(front, None), 100)


def test_the_script_is_a_test(tmp_path: Path) -> None:
    """The lines of a failure, pasted into a test, make the same calls."""
    with pytest.raises(ExpectationFailed) as found:
        run(machine("asyncio", "no barge-in"), 2000)
    _head, script, *_story = str(found.value).split("\n\n")
    callers = re.findall(r"(\w+) = caller", script)
    test = tmp_path / "test_again.py"
    test.write_text(
        "from tests.testing import guests\n"
        "def test_again(pinecall, caller, clock, emulator):\n"
        f"    guests.build(pinecall, 'no barge-in')\n{script}\n    clock.advance(20)\n"
        f"    assert any('Then' in reply for one in [{', '.join(callers)}] for reply in one.heard)\n"
        + "".join(f"    {name}.hangs_up()\n" for name in callers)
    )
    run_pytest(test)


def run_pytest(test: Path) -> None:
    """Run one file in a process of its own."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_check_of_the_users_own() -> None:
    """``check`` sees every call after each step; what it asserts fails like a built-in rule."""

    def check(self: Any, call: Any) -> None:
        assert not call.heard, "nobody must hear anything"

    with pytest.raises(ExpectationFailed) as found:
        run(machine("asyncio", None, check=check), 200)
    assert str(found.value).startswith("check(call): AssertionError: nobody must hear anything")
    assert isinstance(found.value.__cause__, AssertionError)


def test_a_handler_that_raises() -> None:
    """What the program raises is the cause of the failure."""

    def build(self: Any, pinecall: Any) -> None:
        agent = guests.build(pinecall)

        @agent.on("user.message")
        async def broken(event: Any, call: Any) -> None:
            raise KeyError("no such guest")

    with pytest.raises(ExpectationFailed) as found:
        run(machine("asyncio", None, build=build), 200)
    assert str(found.value).startswith("no code of the program raises: KeyError: 'no such guest'")
    assert isinstance(found.value.__cause__, KeyError)


def test_a_turn_without_an_answer() -> None:
    """An agent that says nothing is found, unless answers are not expected of it."""

    def build(self: Any, pinecall: Any) -> None:
        pinecall.agent("mute").add_channel("chat")

    with pytest.raises(ExpectationFailed, match=r"an answer within 15 s: the caller had no answer"):
        run(machine("asyncio", None, build=build), 200)
    run(machine("asyncio", None, build=build, answers_within=None), 20)


def test_nobody_to_call() -> None:
    """A program that cannot be called is an error that says what was deployed."""

    def build(self: Any, pinecall: Any) -> None:
        pinecall.agent("mute")

    with pytest.raises(ExpectationFailed, match=r"no way for a caller.*agents mute"):
        run(machine("asyncio", None, build=build), 1)
    with pytest.raises(ExpectationFailed, match=r"no way to 'bela' for a caller.*agents bella"):
        run(machine("asyncio", None, agent="bela"), 1)


def test_without_build() -> None:
    """A machine without an agent says where to deploy one."""
    with pytest.raises(NotImplementedError, match=r"CallerMachine.build\(pinecall\): deploy"):
        CallerMachine()


def test_own_settings_need_no_others() -> None:
    """With a user's own settings, neither a deadline nor a health check stands in the way."""
    callers = machine("asyncio", None)
    callers.TestCase.settings = settings(max_examples=3, deadline=1, database=None)
    callers.TestCase("runTest").debug()


def test_it_is_loaded_when_used() -> None:
    """Neither the plugin nor the package loads Hypothesis, the SDK or the emulator."""
    code = (
        "import sys, pinecall.testing, pinecall.testing.plugin\n"
        "assert 'hypothesis' not in sys.modules and 'pinecall.client' not in sys.modules\n"
        "from pinecall.testing import CallerMachine\n"
        "assert 'hypothesis' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
