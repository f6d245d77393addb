"""Deliveries: who is called, what happens when a handler raises, and iterators."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from pinecall.core.kernel.handlers import Delivery
from pinecall.core.kernel.job import Job
from pinecall.core.traces.call_trace import CallTraceBase
from pinecall.core.wire.limits import KIND, KINDS, WARNINGS
from pinecall.errors import CallEnded, ConfigurationError, PinecallError
from pinecall.events import Item

from ..harness import Wire

IDS = {"agent_id": "mara", "call_id": "CA1"}


def word(wire: Wire, text: str = "x") -> None:
    wire.server("bot.word", **IDS, word=text)


def raising(exc: BaseException) -> Any:
    def raises(*args: Any) -> None:
        raise exc

    return raises


class TestWhoIsCalled:
    def test_functions_for_everything_only(self) -> None:
        """``only_items`` leaves out functions for the event itself, also those of once."""
        wire = Wire()
        call = wire.call()
        named = wire.listen("bot.word")
        items = wire.listen("*", on=call)
        wire.pc._add_once("bot.word", lambda e, c: named.append(("once", e, c)))
        once: list[Any] = []
        wire.pc._add_once("*", once.append)
        iterator = wire.engine.subscribe(wire.engine.handlers, ("bot.word",))
        for _ in range(2):
            wire.engine.emit("bot.word", (), call=call, agent=call.agent, only_items=True)
            wire.deliver()
        assert [item.name for _, item in items] == ["bot.word"] * 2
        assert [item.name for item in once] == ["bot.word"]
        assert iterator.take() is not None
        assert named == []
        word(wire)
        assert [name for name, *_ in named] == ["bot.word", "once"]

    def test_not_the_client(self) -> None:
        """Without ``climb`` the client's functions and iterators are left out, and its once stays."""
        wire = Wire()
        mara = wire.agent()
        on_agent = wire.listen("error", on=mara)
        on_client = wire.listen("error")
        wire.pc._add_once("error", lambda err: on_client.append(("once", err)))
        of_agent = wire.engine.subscribe(mara._handlers, ("error",))
        of_client = wire.engine.subscribe(wire.engine.handlers, ("error",))
        error = PinecallError("no")
        wire.engine.emit("error", (error,), event=error, agent=mara, climb=False)
        wire.deliver()
        assert on_agent == [("error", error)]
        assert of_agent.take() is not None
        assert on_client == []
        assert of_client.take() is None
        wire.engine.report(error)
        wire.deliver()
        assert on_client == [("error", error), ("once", error)]

    def test_the_publisher(self) -> None:
        """A publisher gets every event as an item while it is active, whether handled or not."""

        class Board:
            active = True

            def __init__(self) -> None:
                self.items: list[Item] = []

            def publish(self, item: Item) -> None:
                self.items.append(item)

        wire = Wire()
        call = wire.call()
        board = wire.engine.publisher = Board()
        word(wire)
        board.active = False
        word(wire)
        (item,) = board.items
        assert (item.name, item.agent, item.call) == ("bot.word", call.agent, call)

    def test_unknown_names(self) -> None:
        """Events that the SDK does not know reach the functions for everything, under their names."""
        wire = Wire()
        mara = wire.agent()
        for owner in (wire.pc, mara):
            heard = wire.listen("*", on=owner)
            for name in ("brand.new", "brand.newer", "brand.new"):
                wire.server(name, agent_id="mara")
            assert [item.name for _, item in heard] == ["brand.new", "brand.newer", "brand.new"]

    def test_a_handler_that_comes_later(self) -> None:
        """A handler registered after the first event of its name gets the next one."""
        wire = Wire()
        call = wire.call()
        word(wire, "a")
        heard = [wire.listen("bot.word", on=owner) for owner in (wire.pc, call.agent, call)]
        word(wire, "b")
        assert [[event.word for _, event, _ in one] for one in heard] == [["b"]] * 3

    def test_is_anybody_there(self) -> None:
        """``has_handlers`` counts handlers of the agent and the client for that very event."""
        wire = Wire()
        mara, leo = wire.agent("mara"), wire.agent("leo")
        has = wire.engine.has_handlers
        wire.listen("*")
        assert not has("call.ringing", mara)
        wire.listen("call.ringing", on=mara)
        assert (has("call.ringing", mara), has("call.ringing", leo)) == (True, False)
        wire.listen("call.ringing")
        assert has("call.ringing", leo)
        assert has("call.ringing", None)

    def test_done(self) -> None:
        """``done`` is called when the handlers have finished, and at once where there are none."""
        wire = Wire()
        order: list[str] = []
        wire.engine.emit("connected", (), done=lambda: order.append("done"))
        assert order == ["done"]
        wire.pc._add_handler("connected", lambda: order.append("handler"))
        wire.engine.emit("connected", (), done=lambda: order.append("done again"))
        wakes = wire.front.wakes
        wire.deliver()
        assert order == ["done", "handler", "done again"]
        assert wire.front.wakes > wakes

    def test_deliveries_are_taken_once(self) -> None:
        """``deliveries`` gives jobs and events in their order, and each of them once."""
        wire = Wire()
        wire.listen("connected")
        job = Job("a job", print, print, print)
        wire.engine.run(job)
        wire.engine.emit_client("connected", (), None)
        first, second = wire.engine.deliveries()
        assert first is job
        assert isinstance(second, Delivery) and second.name == "connected"
        assert wire.engine.deliveries() == []


class TestReports:
    def test_once_for_each_kind(self) -> None:
        """``report_once`` reports the first error of a kind, and 256 kinds at most."""
        wire = Wire()
        told = wire.listen("error")
        for kind in ("a", "b", "a"):
            wire.engine.report_once(kind, PinecallError(kind))
        wire.deliver()
        assert [error.message for _, error in told] == ["a", "b"]
        for number in range(KINDS):
            wire.engine.report_once(str(number), PinecallError("more"))
        wire.deliver()
        assert len(told) == KINDS

    def test_a_long_kind(self) -> None:
        """Two kinds that begin alike for 200 characters are one."""
        wire = Wire()
        told = wire.listen("error")
        for end in "ab":
            wire.engine.report_once("x" * KIND + end, PinecallError(end))
        wire.deliver()
        assert [error.message for _, error in told] == ["a"]

    def test_a_flood_in_the_log(self, caplog: pytest.LogCaptureFixture) -> None:
        """Errors of one kind are warnings ten times a minute; handlers get them all."""
        caplog.set_level(logging.DEBUG, "pinecall")
        wire = Wire()
        mara = wire.agent()
        told = wire.listen("error", on=mara)
        for _ in range(WARNINGS + 1):
            wire.engine.report(PinecallError("no", "NO"), agent=mara)
        wire.deliver()
        levels = [record.levelname for record in caplog.records if record.message.endswith("no")]
        assert levels == ["WARNING"] * WARNINGS + ["DEBUG"]
        assert len(told) == WARNINGS + 1


class TestFailures:
    def test_the_others_run(self, caplog: pytest.LogCaptureFixture) -> None:
        """A handler that raises stops nobody; it is logged once, and error fires with it."""
        wire = Wire()
        call = wire.call()
        order: list[str] = []
        told = wire.listen("error", on=call.agent)

        def broken(event: Any, call: Any) -> None:
            raise KeyError("gone")

        wire.pc._add_handler("bot.word", broken)
        wire.pc._add_handler("bot.word", lambda e, c: order.append("next"))
        word(wire)
        assert order == ["next"]
        error = told[0][1]
        assert isinstance(error, PinecallError)
        assert (error.code, error.agent_id, error.call_id) == ("HANDLER_ERROR", "mara", "CA1")
        assert "broken for bot.word, call CA1, agent 'mara' raised KeyError" in error.message
        assert isinstance(error.__cause__, KeyError)
        tracebacks = [r for r in caplog.records if r.exc_info and r.levelno == logging.ERROR]
        assert len(tracebacks) == 1

    def test_coroutines(self) -> None:
        """A coroutine handler that raises is reported likewise."""
        wire = Wire()
        wire.call()
        told = wire.listen("error")

        async def broken(event: Any, call: Any) -> None:
            raise KeyError("gone")

        wire.pc._add_handler("bot.word", broken)
        word(wire)
        assert "KeyError" in told[0][1].message

    def test_our_own_errors_are_told_as_they_are(self) -> None:
        """A handler that lets one of our errors through is reported with that very error."""
        wire = Wire()
        wire.call()
        told = wire.listen("error")
        error = ConfigurationError("mine")

        def broken(event: Any, call: Any) -> None:
            raise error

        wire.pc._add_handler("bot.word", broken)
        word(wire)
        assert told == [("error", error)]

    def test_outside_a_call(self) -> None:
        """A handler that fails without a call or an agent is reported on the client."""
        wire = Wire()
        told = wire.listen("error")

        def broken() -> None:
            raise ValueError("x")

        wire.pc._add_handler("connected", broken)
        wire.up()
        assert (told[0][1].agent_id, told[0][1].call_id) == (None, None)

    def test_error_handlers_that_fail(self, caplog: pytest.LogCaptureFixture) -> None:
        """An error handler that raises is logged, and does not get its own error."""
        wire = Wire().up()
        count: list[int] = []

        def broken(err: Any) -> None:
            count.append(1)
            raise ValueError("again")

        wire.pc._add_handler("error", broken)
        wire.server("error", error="x")
        assert count == [1]
        assert "broken raised" in caplog.text

    def test_the_call_ended_meanwhile(self, caplog: pytest.LogCaptureFixture) -> None:
        """CallEnded of the handler's own call is not a failure; of another call it is."""
        wire = Wire()
        one, two = wire.call(call_id="CA1"), wire.call(call_id="CA2")
        told = wire.listen("error")
        wire.server("call.ended", call_id="CA2")

        def slow(event: Any, call: Any) -> None:
            if one._over:
                one.hold()
            two.hold()

        one._add_handler("turn.pause", slow)
        wire.server("turn.pause", **IDS)
        assert len(told) == 1
        assert isinstance(told[0][1], CallEnded)
        wire.engine.receive('{"event":"turn.pause","agent_id":"mara","call_id":"CA1"}', 0)
        late = wire.engine.deliveries()
        wire.engine.take_failure()
        wire.server("call.ended", call_id="CA1")
        wire.run_delivery(late[0])  # type: ignore[arg-type]
        wire.settle()
        assert len(told) == 1
        assert wire.engine.take_failure() is None

    def test_strict(self) -> None:
        """The first failure is kept for strict, and given once."""
        wire = Wire()
        wire.call()

        def broken(event: Any, call: Any) -> None:
            raise KeyError(event.word)

        wire.pc._add_handler("bot.word", broken)
        word(wire, "first")
        word(wire, "second")
        assert repr(wire.engine.take_failure()) == "KeyError('first')"
        assert wire.engine.take_failure() is None


@pytest.mark.parametrize("make", [SystemExit, StopIteration, asyncio.CancelledError])
def test_strict_with_what_others_take_for_theirs(make: type[BaseException]) -> None:
    """What would end the program or a coroutine is raised by ``strict`` as a PinecallError."""
    wire = Wire()

    def fails(call: Any) -> None:
        raise make

    wire.pc._add_handler("call.started", fails)
    wire.call()
    failure = wire.engine.take_failure()
    assert isinstance(failure, PinecallError)
    assert isinstance(failure.__cause__, make)
    assert wire.engine.take_failure() is None


def numbers() -> Any:
    yield 1


def test_work_that_nobody_does() -> None:
    """A handler that returns a generator, or a coroutine without a loop, is reported as a failure."""
    wire = Wire()
    agent = wire.agent("mara")
    told = wire.listen("error")
    agent._add_handler("call.started", lambda call: numbers())
    wire.call()
    assert len(told) == 1 and "returned a generator" in told[0][1].message


def test_a_job_that_goes_wrong_at_its_end(caplog: pytest.LogCaptureFixture) -> None:
    """What a job's own end raises is reported, and the job fails; nothing else stops."""
    wire = Wire().up()
    told = wire.listen("error")
    failed: list[BaseException] = []

    def job(finished: Any, failing: Any = failed.append) -> Job:
        return Job("a job", lambda: None, finished, failing)

    with caplog.at_level(logging.CRITICAL, "pinecall"):
        wire.engine.job_finished(job(raising(SystemExit())), None)
        assert [type(exc) for exc in failed] == [SystemExit]
        wire.engine.job_finished(job(raising(PinecallError("full")), failed.append), None)
        wire.engine.job_failed(job(print, raising(PinecallError("refused"))), ValueError())
        wire.engine.job_failed(job(print, raising(ValueError("mistake"))), ValueError())
        with pytest.raises(KeyboardInterrupt):
            wire.engine.job_finished(job(raising(KeyboardInterrupt())), None)
    wire.settle()
    assert [error.message for _, error in told] == [
        "full",
        "refused",
        "a job raised ValueError: mistake",
    ]


class TestIterators:
    def test_items(self) -> None:
        """An iterator gets the events named from then on, in order, with their surroundings."""
        wire = Wire()
        call = wire.call()
        word(wire, "early")
        subscription = wire.engine.subscribe(wire.engine.handlers, ("bot.word", "turn.pause"))
        assert subscription.take() is None
        word(wire, "a")
        wire.server("turn.resumed", **IDS)
        wire.server("turn.pause", **IDS)
        items = [subscription.take(), subscription.take(), subscription.take()]
        assert [item and item.name for item in items] == ["bot.word", "turn.pause", None]
        assert items[0] is not None
        assert items[0].call is call

    def test_everything(self) -> None:
        """Without names it gets everything, unknown events too."""
        wire = Wire()
        call = wire.call()
        subscription = wire.engine.subscribe(call._handlers, ())
        wire.server("brand.new", call_id="CA1")
        item = subscription.take()
        assert item is not None
        assert item.name == "brand.new"

    def test_ends_with_the_client(self) -> None:
        """It ends when the client disconnects, after what is still there."""
        wire = Wire()
        wire.call()
        subscription = wire.engine.subscribe(wire.engine.handlers, ("call.ended",))
        wire.engine.disconnect()
        assert not subscription.over
        assert subscription.take() is not None
        assert subscription.over
        subscription.close()

    def test_made_after_the_end(self) -> None:
        """An iterator made after disconnect() is over; one made before connect() is not."""
        wire = Wire()
        early = wire.engine.subscribe(wire.engine.handlers, ())
        assert not early.over
        wire.up()
        wire.engine.disconnect()
        late = wire.engine.subscribe(wire.engine.handlers, ())
        assert late.over
        wire.connect()
        wire.opened()
        wire.server("connected")
        assert late.take() is None

    def test_of_one_table(self) -> None:
        """``unsubscribe_all`` ends the iterators of one table, and no others."""
        wire = Wire()
        mara, leo = wire.agent("mara"), wire.agent("leo")
        first, second = (wire.engine.subscribe(mara._handlers, names) for names in ((), ("error",)))
        other = wire.engine.subscribe(leo._handlers, ())
        wire.engine.unsubscribe_all(mara._handlers)
        assert (first.over, second.over, other.over) == (True, True, False)

    def test_closed(self) -> None:
        """A closed one gets nothing more."""
        wire = Wire()
        wire.call()
        subscription = wire.engine.subscribe(wire.engine.handlers, ())
        subscription.close()
        word(wire)
        assert subscription.take() is None
        assert subscription.over

    def test_gap(self) -> None:
        """One that is far behind gets the number of missed events before it goes on."""
        wire = Wire()
        wire.call()
        subscription = wire.engine.subscribe(wire.engine.handlers, ("bot.word",))
        for number in range(1005):
            word(wire, str(number))
        gap = subscription.take()
        assert gap is not None
        assert (gap.name, gap.event.missed) == ("events.gap", 4)
        words = []
        while (item := subscription.take()) is not None:
            words.append(item.event.word)
        assert words == [*(str(n) for n in range(1000)), "1004"]

    def test_gap_of_a_lane(self) -> None:
        """A front reports handlers that are behind; the report reaches agent and client."""
        wire = Wire()
        call = wire.call()
        told = wire.listen("events.gap")
        wire.engine.report_gap(call, 3)
        wire.engine.report_gap(call.agent, 4)
        wire.settle()
        assert [(gap.missed, of) for _, gap, of in told] == [(3, call), (4, None)]


def test_a_calls_iterators_end_with_it() -> None:
    """An iterator of a call's events ends after ``call.ended``; one of an ended call is empty."""
    wire = Wire()
    call = wire.call()
    subscription = wire.engine.subscribe(call._handlers, ())
    other = wire.engine.subscribe(wire.pc._handlers, ("call.ended",))
    wire.server("call.ended", agent_id="mara", call_id="CA1", reason="hangup")
    item = subscription.take()
    assert item is not None
    assert item.name == "call.ended"
    assert subscription.over
    assert not other.over
    assert call._events_over
    assert not call.agent._events_over


class TestTraces:
    def test_what_is_reported_of_a_call(self) -> None:
        """Errors of a call are in its trace: what a handler raised, and what only names the call."""
        wire = Wire()
        call = wire.call()
        recorder = wire.engine.record(CallTraceBase)
        call._add_handler("bot.word", raising(ValueError("no")))
        told = wire.listen("error")
        word(wire)
        wire.engine.report(PinecallError("of the call", call_id="CA1"))
        wire.engine.report(PinecallError("of another", call_id="CA2"))
        wire.engine.report(PinecallError("of none"))
        wire.deliver()
        assert [error.code for error in recorder.traces["CA1"].errors] == [
            "HANDLER_ERROR",
            "PINECALL_ERROR",
        ]
        assert recorder.traces["CA1"].errors == tuple(error for _, error in told[:2])
