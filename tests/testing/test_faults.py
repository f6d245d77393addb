"""The named faults: under each of them a correct program's calls go as without."""

from __future__ import annotations

import asyncio
import functools
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pinecall.testing.faults.known import FAULTS

from .conftest import NUMBER, Program
from .running import Run, run_pytest

#: Seconds after which both ends of a call know of its end, whatever was lost.
ALL_KNOWN = 70.0

EACH = [pytest.param(marks=pytest.mark.pinecall(faults=[name]), id=name) for name in FAULTS]


class Mara:
    """The agent, and how often its own code was run."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.tools: list[str] = []
        self.started: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
        tools = [self._tool(self.find_tables), self._tool(self.book)]
        self.agent = program.deploy(tools=tools)
        handler = program.handler
        self.agent.on("call.started", handler(lambda call: self.started.update([call.id])))
        self.agent.on("chat.started", handler(lambda call: self.started.update([call.id])))
        self.agent.on("call.ended", handler(lambda call, reason: self.ended.update([call.id])))

    def _tool(self, function: Any) -> Any:
        @functools.wraps(function)
        def run(**given: Any) -> Any:
            return function(**given)

        return self.program.module.tool(self.program.handler(run))

    def find_tables(self, party: int) -> list[str]:
        """Find tables."""
        self.tools.append(f"find_tables {party}")
        return ["20:30"]

    def book(self, time: str) -> str:
        """Book a table."""
        self.tools.append(f"book {time}")
        return "booked"

    def went_well(self, call: Any, clock: Any, *tools: str) -> None:
        """The program has seen one call begin and end, and has run each tool once."""
        clock.advance(ALL_KNOWN)
        assert self.tools == list(tools)
        assert self.started == {call.id: 1}
        assert self.ended == {call.id: 1}


@pytest.fixture
def mara(program: Program) -> Mara:
    """Mara on either front."""
    return Mara(program)


def books_a_table(mara: Mara, caller: Any, model: Any, clock: Any) -> None:
    """The README's conversation."""
    model.on("table for two").calls("find_tables", party=2).then("There is one at 20:30.")
    call = caller.phones(NUMBER, from_="+34607827824")
    call.hears("How can I help")
    call.says("a table for two tonight")
    call.expects_tool("find_tables", party=2)
    call.hears("20:30", within=0.8)
    call.interrupts("no, three")
    call.presses("1")
    call.hangs_up()
    call.ended("hangup")
    call.nothing_more()
    mara.went_well(call, clock, "find_tables 2")


def two_rounds(mara: Mara, caller: Any, model: Any, clock: Any) -> None:
    """The model calls one tool with the result of another."""
    rule = model.on("book").calls("find_tables", party=3).calls("book", time="20:30")
    rule.then("It is booked.")
    call = caller.phones("mara")
    call.hears("How can I help")
    call.says("please book a table for three")
    call.expects_tool("find_tables", party=3)
    call.expects_tool("book", time="20:30")
    call.hears("booked")
    call.hangs_up()
    call.ended("disconnected")
    call.nothing_more()
    mara.went_well(call, clock, "find_tables 3", "book 20:30")


def chats(mara: Mara, caller: Any, model: Any, clock: Any) -> None:
    """A chat with a tool."""
    model.on("book").calls("find_tables", party=3).then("There is a table at 20:30.")
    call = caller.chats("mara")
    call.says("hello there")
    call.hears("hello there")
    call.says("book a table")
    call.expects_tool("find_tables")
    call.hears("20:30")
    call.hangs_up()
    call.ended()
    call.nothing_more()
    mara.went_well(call, clock, "find_tables 3")


CONVERSATIONS = [two_rounds, chats]


@pytest.mark.parametrize((), EACH)
def test_a_call(mara: Mara, caller: Any, model: Any, clock: Any) -> None:
    """Each fault happens in the README's call, which goes as without it."""
    books_a_table(mara, caller, model, clock)


@pytest.mark.parametrize("conversation", CONVERSATIONS)
@pytest.mark.parametrize("_pinecall_chaos", FAULTS)
def test_other_conversations(
    conversation: Any, mara: Mara, caller: Any, model: Any, clock: Any
) -> None:
    """Two rounds of tools, in a browser, and chats go as without the fault."""
    conversation(mara, caller, model, clock)


@pytest.fixture
def asyncio_mara(pinecall: Any) -> Mara:
    """Mara on the asyncio front."""
    return Mara(Program(pinecall))


@pytest.fixture
def blocking_mara(pinecall_sync: Any) -> Mara:
    """Mara on the blocking front."""
    return Mara(Program(pinecall_sync))


@pytest.mark.parametrize("_pinecall_chaos", FAULTS)
async def test_dial(asyncio_mara: Mara, caller: Any, model: Any, clock: Any) -> None:
    """A call that the program makes goes as without the fault: the test begins when the agent is
    registered."""
    model.on("yes").calls("find_tables", party=1).then("Thank you.")
    callee = caller.answers("+34600000000").picks_up()
    dial = asyncio_mara.agent.dial("+34600000000", greeting="It is Mara.")
    dialling = asyncio.ensure_future(dial)
    _answers(callee)
    await dialling
    asyncio_mara.went_well(callee, clock, "find_tables 1")


@pytest.mark.parametrize("_pinecall_chaos", FAULTS)
def test_dial_on_the_blocking_front(
    blocking_mara: Mara, caller: Any, model: Any, clock: Any
) -> None:
    """A call that the program makes goes as without the fault."""
    model.on("yes").calls("find_tables", party=1).then("Thank you.")
    callee = caller.answers("+34600000000").picks_up()
    blocking_mara.agent.dial("+34600000000", greeting="It is Mara.")
    _answers(callee)
    blocking_mara.went_well(callee, clock, "find_tables 1")


def _answers(callee: Any) -> None:
    callee.hears("it is Mara")
    callee.says("yes please")
    callee.expects_tool("find_tables")
    callee.hears("Thank you")
    callee.hangs_up()
    callee.ended("hangup")


@pytest.mark.parametrize("_pinecall_chaos", FAULTS)
def test_an_agent_that_answers_itself(program: Program, caller: Any) -> None:
    """Turns that the program answers are answered, though the platform tells each of them once."""
    agent = program.pc.agent("parrot", greeting="I repeat.", phone_number=NUMBER)

    def repeat(turn: Any, call: Any) -> None:
        call.reply(f"You said {turn.text}")

    agent.on("turn.end", program.handler(repeat))
    call = caller.phones(NUMBER)
    call.hears("I repeat")
    for words in ("one two three", "four five six"):
        call.says(words)
        call.hears(words)
    call.hangs_up()
    call.ended("hangup")


@pytest.mark.pinecall(faults=["cut-during-tool", "repeated-events", "slow-link"])
def test_several_at_once(mara: Mara, caller: Any, model: Any, clock: Any) -> None:
    """Faults that a test names together happen together."""
    books_a_table(mara, caller, model, clock)


@pytest.mark.pinecall(faults=["restart-during-tool"])
def test_lines_of_the_story(mara: Mara, caller: Any, model: Any, clock: Any) -> None:
    """The story of a call tells what the fault did, and when the program was back."""
    books_a_table(mara, caller, model, clock)
    told = [line.text for line in caller.calls[0].story.lines if line.who == "link"]
    assert told[0] == "closed (1012 service restart)"
    assert told[1].startswith("back after ")
    assert 2.0 <= float(told[1].split()[2]) < 4.0


@pytest.mark.pinecall(faults=["black-hole"])
def test_a_silent_link(program: Program, caller: Any, clock: Any) -> None:
    """A link that goes silent is found by the client's keepalive, and the call goes on."""
    program.deploy()
    call = caller.phones(NUMBER)
    call.hears("How can I help")
    clock.advance(30.0)
    call.says("hello again")
    call.hears("hello again")
    call.hangs_up()
    assert any(line.text.startswith("back after 1") for line in call.story.lines)


@pytest.mark.pinecall(clock="real")
@pytest.mark.parametrize(
    (),
    [
        pytest.param(marks=pytest.mark.pinecall(faults=[name]), id=name)
        for name in ("handshake-503", "cut-during-tool", "repeated-events", "slow-link")
    ],
)
def test_over_sockets(program: Program, caller: Any, model: Any) -> None:
    """Faults happen to real sockets too."""
    mara = Mara(program)
    model.on("table").calls("find_tables", party=2).then("There is one at 20:30.")
    call = caller.phones(NUMBER)
    call.hears("How can I help")
    call.says("a table please")
    call.hears("20:30", within=0.0001)
    call.hangs_up()
    call.ended("hangup")
    assert mara.tools == ["find_tables 2"]


# -- options and marks -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of the tests of ``inner/faults.py``."""
    return run_pytest(tmp_path_factory.mktemp("marked"), ["faults.py"])


@pytest.fixture(scope="module")
def chaos(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The same under every fault, in two processes."""
    where = tmp_path_factory.mktemp("chaos")
    return run_pytest(where, ["faults.py"], "--pinecall-chaos", "-n2", plugins=("xdist",))


def outcome(run: Run, test: str) -> str:
    """The outcome of one test of the file."""
    return run.outcome(f"faults.py::test_{test}")


def text(run: Run, test: str) -> str:
    """What is told of one test of the file."""
    return run.text(f"faults.py::test_{test}")


class TestMarks:
    def test_faults_that_happen(self, marked: Run) -> None:
        """A test passes under the faults that it names, as without any."""
        assert outcome(marked, "plain") == "passed"
        assert outcome(marked, "named") == "passed"

    def test_one_that_does_not_happen(self, marked: Run) -> None:
        """A fault that a test names and that does not happen fails it, with the reason."""
        assert "cut-during-tool never happened: no tool was called" in text(marked, "never")
        assert "handshake-503 never happened: no client connected" in text(marked, "no_client")

    def test_unknown(self, marked: Run) -> None:
        """A name that does not exist is told with the nearest that does."""
        assert (
            "there is no fault 'cut-durin-tool'; did you mean 'cut-during-tool'? pytest "
            "--pinecall-faults lists them"
        ) in text(marked, "unknown")

    def test_no_list(self, marked: Run) -> None:
        """A text in place of a list is refused."""
        assert "a list of names, like ['cut-during-tool']" in text(marked, "no_list")

    def test_real_sockets(self, marked: Run) -> None:
        """What cannot be done to real sockets says so."""
        assert "'black-hole' needs the virtual clock" in text(marked, "real")

    def test_a_failure(self, marked: Run) -> None:
        """A failed expectation shows what the fault did on the way."""
        assert " link  cut\n" in text(marked, "fails")
        assert " link  back after " in text(marked, "fails")

    def test_latency_is_waived(self, marked: Run) -> None:
        """``within`` is not checked once a fault has happened, and is before."""
        assert outcome(marked, "late") == "passed"
        assert "its first sound came after" in text(marked, "late_without")


class TestChaos:
    def test_every_fault(self, chaos: Run) -> None:
        """Each test that has a client is run once under each fault, beside the normal run."""
        runs = {name for name in chaos.reports if name.startswith("faults.py::test_plain[")}
        assert runs == {f"faults.py::test_plain[{name}]" for name in ["no-fault", *FAULTS]}
        assert {chaos.outcome(name) for name in runs} == {"passed"}

    def test_parametrized(self, chaos: Run) -> None:
        """It goes with the user's own parameters."""
        for name in ("no-fault", "restart"):
            for party in ("2", "3"):
                assert outcome(chaos, f"parametrized[{name}-{party}]") == "passed"

    def test_own_faults(self, chaos: Run) -> None:
        """A test that names its faults, or says that there are none, is run with these alone."""
        assert outcome(chaos, "named") == "passed"
        assert outcome(chaos, "calm") == "passed"

    def test_no_client(self, chaos: Run) -> None:
        """A test without a client is run once."""
        assert outcome(chaos, "without_a_client") == "passed"

    def test_real_sockets(self, chaos: Run) -> None:
        """A test with real sockets is run under the faults that these can have."""
        runs = {name for name in chaos.reports if name.startswith("faults.py::test_sockets[")}
        able = {name for name, schedule in FAULTS.items() if schedule.does.real}
        assert runs == {f"faults.py::test_sockets[{name}]" for name in {"no-fault", *able}}
        assert len(able) >= 25


def test_the_list(tmp_path: Path) -> None:
    """``--pinecall-faults`` lists all of them, each with what it does, and collects nothing."""
    run = run_pytest(tmp_path, ["faults.py"], "--pinecall-faults")
    assert run.status == 0
    assert not run.reports
    for schedule in FAULTS.values():
        assert f"\n{schedule.name} " in run.output
        assert schedule.about in run.output


def test_names() -> None:
    """There are at least 25, told apart by their names and by what they do."""
    assert len(FAULTS) >= 25
    assert all(name == schedule.name for name, schedule in FAULTS.items())
    assert len({schedule.about for schedule in FAULTS.values()}) == len(FAULTS)
