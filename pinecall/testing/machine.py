"""Callers who do anything, in any order: a Hypothesis state machine over any agent."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException
from hypothesis.stateful import RuleBasedStateMachine, rule

from pinecall.emulator.responders.types import ToolCall, ToolCalls, Turn

from .call import Call
from .machines.known import Fault
from .machines.people import NAMES, Found, People, speaks
from .machines.test_case import TestCaseOf
from .machines.watching import Watch
from .stage import Options, Stage

__all__ = ["CallerMachine"]

#: What goes wrong: the link breaks, the server asks for the next tool twice, the next result is late,
#: the model calls a tool again.
_TROUBLE = ("link", "again", "late", "model")
#: Seconds by which it is late.
_LATE = 5.0

_who = st.runner().flatmap(lambda machine: st.sampled_from(NAMES[: machine.callers]))
_phrase = st.runner().flatmap(lambda machine: st.sampled_from(list(machine.phrases)))
_keys = st.runner().flatmap(lambda machine: st.sampled_from(list(machine.keys)))
_seconds = st.sampled_from((0.2, 1.0, 3.0, 12.0, 45.0, 120.0))


class CallerMachine(RuleBasedStateMachine):
    """Callers over an agent, to be found wanting.

    ::

        class Guests(CallerMachine):
            phrases = ["a table for two", "no, three", "ORD-12345"]

            def build(self, pinecall):
                return receptionist.deploy(pinecall)

        TestGuests = Guests.TestCase

    Several people call at once, talk, interrupt, go on in a turn that had ended, press keys, are
    silent, hang up and call again; the link breaks, the server asks for a tool twice, a result is
    late. After each step these hold, or the test fails with the shortest story that Hypothesis
    finds, as the lines of a test:

    - no handler and no task of the program raises;
    - each tool call of the model gets one result, and the tool runs once for it;
    - the program says nothing in a call that is over, not from its ``call.ended`` handler either;
    - each turn of a caller gets an answer, a tool or a hang-up within ``answers_within`` seconds;
    - every digit arrives, in order, and what the agent reads back has none left out;
    - a program that was interrupted says nothing more while the caller speaks;
    - what one caller says, and their number, is in no word, tool or prompt of another's call.

    Each run is a new client, a new server and a new call of :meth:`build`. The state of the program
    that lives longer, a database or a variable of its module, is yours to reset in ``build``.

    More runs: ``Guests.TestCase.settings = settings(max_examples=1000)``.
    """

    TestCase: Any = TestCaseOf()

    #: Which front ``build`` gets a client of.
    sync: ClassVar[bool] = False
    #: Who is called: a number, by phone, or an agent, by browser and chat as far as it has these
    #: channels. Without both, everything that ``build`` deploys.
    number: ClassVar[str | None] = None
    agent: ClassVar[str | None] = None
    #: What callers say; their name follows it, so that it can be told where it turns up.
    phrases: Sequence[str] = ("hello", "what can you do", "yes please", "no, three", "ORD-12345")
    #: What they press.
    keys: Sequence[str] = ("1", "*", "#", "23", "4567", "112233#")
    #: How many people call, 1 to 5.
    callers: ClassVar[int] = 2
    #: Seconds in which each turn gets an answer; None if an agent need not answer.
    answers_within: ClassVar[float | None] = 15.0
    #: Tools that the model may call again with the same arguments, as models do. Both results must be
    #: the same, or the tool did its work twice.
    repeatable: Collection[str] = ()
    #: Settings of the emulator, as in ``@pytest.mark.pinecall``.
    emulator_settings: Mapping[str, Any] = {}

    def __init__(self) -> None:
        super().__init__()
        self._failed = False
        self._task_failure: BaseException | None = None
        self._repeats = False
        self._repeated: list[tuple[str, str]] = []
        self._stage = stage = Stage(Options(settings=dict(self.emulator_settings)))
        try:
            core = stage.world.runner.core
            self._watch = Watch(core, self.answers_within)
            self._people = People(stage, self._watch)
            stage.world.loop.set_exception_handler(self._task_raised)
            #: What the model says, and doubles for tools, as in a test; set them up in ``build``.
            self.model = stage.model
            self.tools = stage.tools
            self.emulator = stage.emulator
            self.clock = stage.clock
            self.model.instead = self._asked
            client = stage.client(sync=self.sync)
            self.build(client)
            self._watch.follow(client, sync=self.sync)
            stage.settle()
            self._people.find_ways(type(self).__name__, self.number, self.agent)
        except BaseException:
            self._failed = True
            self._close()
            raise

    # -- from the user --------------------------------------------------------------------------

    def build(self, pinecall: Any) -> object:
        """Deploy the program under test on this client, which is connected."""
        raise NotImplementedError(f"{type(self).__name__}.build(pinecall): deploy your agent there")

    def check(self, call: Call) -> None:
        """Assert what must hold of a call after each step; by default nothing more."""

    # -- what callers do ------------------------------------------------------------------------

    @rule(who=_who, way=st.integers(0, 7))
    def calls(self, who: str, way: int) -> None:
        """Call, if not in a call already."""
        with self._step():
            self._people.of(who, way)

    @rule(who=_who, text=_phrase)
    def says(self, who: str, text: str) -> None:
        """Say something once the agent has finished."""
        with self._step():
            self._people.act(self._people.of(who), who, "says", text)

    @rule(who=_who, text=_phrase)
    def interrupts(self, who: str, text: str) -> None:
        """Speak over the agent."""
        with self._step():
            call = self._people.of(who)
            self._people.act(call, who, "interrupts" if speaks(call) else "says", text)

    @rule(who=_who, text=_phrase)
    def continues(self, who: str, text: str) -> None:
        """Go on in the turn that had ended."""
        with self._step():
            call = self._people.of(who)
            begun = speaks(call) and self._watch.of(call.id).turns
            self._people.act(call, who, "continues" if begun else "says", text)

    @rule(who=_who, digits=_keys)
    def presses(self, who: str, digits: str) -> None:
        """Press keys."""
        with self._step():
            call = self._people.of(who)
            if speaks(call) and not call.over:
                self._people.line(f"{who.lower()}.presses({digits!r})")
                call.presses(digits)

    @rule(who=_who)
    def hangs_up(self, who: str) -> None:
        """Hang up."""
        call = self._people.calls.get(who)
        if call is not None and not call.over:
            with self._step():
                self._people.line(f"{who.lower()}.hangs_up()")
                call.hangs_up()

    @rule(seconds=_seconds)
    def waits(self, seconds: float) -> None:
        """Say nothing, all of them."""
        if self._people.live():
            with self._step():
                self._people.line(f"clock.advance({seconds:g})")
                self._stage.advance(seconds)

    @rule(what=st.sampled_from(_TROUBLE))
    def meets(self, what: str) -> None:
        """Cause trouble of the platform's, or of the model's."""
        if what == "link" and self._people.live():
            with self._step():
                self._people.line("emulator.drop()")
                self._watch.link_broke()
                self._stage.emulator.drop()
        elif what == "again":
            self._fails("llm.tool_call", "repeat")
        elif what == "late":
            self._fails("llm.tool_result", "delay")
        elif what == "model" and self.repeatable and not self._repeats:
            self._people.line("# from here on the model calls its tools twice")
            self._repeats = True

    # -- inside ---------------------------------------------------------------------------------

    def _fails(self, event: str, how: str) -> None:
        pending = self._stage.world.runner.core.faults.pending
        if self._stage.tool_names() and not any(fault.event == event for fault in pending):
            with self._step():
                self._people.line(f"emulator.fail({event!r}, {how!r}, delay={_LATE:g})")
                self._stage.emulator.fail(event, how, delay=_LATE)

    def _asked(self, core: Any, ask: int, turn: Turn, now: float) -> bool:
        """Look at what the model is asked; answer in its place if it is to repeat itself."""
        self._watch.said(turn.call_id, "its prompt", turn.prompt)
        last = turn.messages[-2:]
        if not self._repeats or len(last) < 2 or last[1].get("role") != "tool":
            return False
        if any(message.get("role") == "tool" for message in turn.messages[-4:-2]):
            return False  # it has just done so
        for tool in last[0].get("tool_calls") or ():
            name = tool["function"]["name"]
            if name in self.repeatable and len(last[0]["tool_calls"]) == 1:
                self._repeated.append((turn.call_id, tool["id"]))
                again = ToolCalls.of(ToolCall(name, tool["function"]["arguments"]))
                core.answer(ask, again, now)
                core.answer(ask, None, now)
                return True
        return False

    def _task_raised(self, loop: Any, context: dict[str, Any]) -> None:
        exc = context.get("exception")
        if not self._watch.task_failed(exc) and exc is not None:
            self._task_failure = exc

    @contextmanager
    def _step(self) -> Iterator[None]:
        """Run one step, and look whether all is well; say what was done if it is not."""
        __tracebackhide__ = True
        call: Call | None = None
        try:
            yield
            self._look()
            for call in self._people.calls.values():
                self.check(call)
        except (HypothesisException, Found):
            raise
        except Exception as exc:
            self._failed = True
            lines = str(exc).splitlines()
            what = "no code of the program raises" if call is None else "check(call)"
            why = f"{type(exc).__name__}: {lines[0]}" if lines else type(exc).__name__
            raise self._people.told(call or self._people.last(), what, why) from exc

    def _look(self, *, over: bool = False) -> None:
        __tracebackhide__ = True
        stage, watch = self._stage, self._watch
        stage.settle()
        if self._task_failure is not None:
            raise self._task_failure
        for call in self._people.calls.values():
            for reply in call.story.replies.values():
                if reply.ended is not None and not reply.interrupted:
                    watch.read_back(call.id, reply.line.text)
        timeout = stage.emulator.settings.tool_timeout
        fault = watch.check(stage.world.now, timeout, over=over)
        fault = fault or self._twice()
        if fault is not None:
            self._failed = True
            calls = self._stage.caller.calls
            of = next((call for call in calls if call.id == fault.call_id), None)
            raise self._people.told(of, fault.rule, fault.why)

    def _twice(self) -> Fault | None:
        """Find a tool that did its work twice, of those that were called again."""
        for call_id, first_id in self._repeated:
            uses = list(self._stage.stories.calls[call_id].tools.values())
            at = next(n for n, use in enumerate(uses) if use.id == first_id)
            first, second = uses[at], uses[at + 1] if at + 1 < len(uses) else None
            if second is None or second.ended is None or first.result == second.result:
                continue
            if not (_is_error(first.result) or _is_error(second.result)):
                why = f"{first} gave {first.result!r}, and called again {second.result!r}"
                return Fault(call_id, "a repeated tool changes nothing more", why)
        return None

    def teardown(self) -> None:
        """End the run: let what is due come, hang up, and see that nothing is left."""
        try:
            if not self._failed:
                with self._step():
                    self._stage.advance((self.answers_within or 0.0) + 1.0)
                    self._look()
                    for who, call in self._people.calls.items():
                        if not call.over:
                            self._people.line(f"{who.lower()}.hangs_up()")
                            call.hangs_up()
                    self._stage.advance(1.0)
                    self._look(over=True)
        except BaseException:
            self._failed = True
            raise
        finally:
            self._close()

    def _close(self) -> None:
        try:
            self._stage.close()
        except (Exception, pytest.fail.Exception):
            # What went wrong before says more.
            if not self._failed:
                raise


def _is_error(result: Any) -> bool:
    return isinstance(result, dict) and "error" in result
