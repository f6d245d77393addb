"""User code that the core asks for."""

from __future__ import annotations

from typing import Any

from pinecall.core.kernel.job import Job, title_of

from ..harness import Wire


def test_whose_it_is() -> None:
    """A call is named with its agent, an agent and a line by themselves, all else is the client's."""
    wire = Wire()
    call = wire.call()
    line = wire.pc.line("+12186633772")
    assert title_of(call) == "call CA1 of agent mara"
    assert title_of(call.agent) == "agent mara"
    assert title_of(line) == "line +12186633772"
    assert title_of(wire.engine) == title_of(None) == "the client"


def job(stop: Any = None) -> Job:
    return Job("a tool", print, print, print, stop=stop)


def test_nobody_wants_its_result() -> None:
    """A job that is cancelled is over, and its run is stopped once."""
    stopped: list[str] = []
    running = job(lambda: stopped.append("stopped"))
    assert not running.over
    running.cancel()
    running.cancel()
    assert running.over
    assert stopped == ["stopped"]


def test_cancelled_before_it_runs() -> None:
    """A job that nothing can stop is over all the same."""
    waiting = job()
    waiting.cancel()
    assert waiting.over
