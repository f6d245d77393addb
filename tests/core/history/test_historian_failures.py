"""Whatever a history store raises is reported, and its call goes on and ends as every call."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ..harness import Wire
from .world import Lookup

BAD = [
    asyncio.CancelledError(),
    GeneratorExit(),
    SystemExit(2),
    StopIteration(),
    StopAsyncIteration(),
    ValueError("half \ud83d a pair"),
    BaseException("bare"),
]


class Failing:
    """A history store one of whose methods raises."""

    def __init__(self, exc: BaseException, failing: str) -> None:
        self.exc, self.failing = exc, failing

    def save(self, record: Any) -> None:
        if self.failing == "save":
            raise self.exc

    def find_by_contact(self, contact: str, limit: int) -> Any:
        if self.failing == "find":
            raise self.exc
        if self.failing == "records":
            return self._records()
        return []

    def _records(self) -> Any:
        yield {"call_id": "CA0", "agent_id": "mara"}
        raise self.exc


@pytest.mark.parametrize("exc", BAD, ids=lambda exc: type(exc).__name__)
@pytest.mark.parametrize("failing", ["save", "find", "records"])
def test_a_store_that_raises(exc: BaseException, failing: str) -> None:
    """A history store that raises is reported, and its call ends as every call."""
    wire = Wire()
    wire.agent("mara", history=Failing(exc, failing))
    told = wire.listen("error", "call.ended")
    wire.call()
    wire.server("call.ended", agent_id="mara", call_id="CA1", reason="hangup")
    names = [name for name, *_ in told]
    assert "error" in names and names.count("call.ended") == 1


@pytest.mark.parametrize("exc", BAD, ids=lambda exc: type(exc).__name__)
def test_methods_that_cannot_be_looked_up(exc: BaseException) -> None:
    """A store whose methods raise when they are looked up is reported, and its call ends."""
    wire = Wire()
    store = Lookup(exc)
    wire.agent("mara", history=store)
    store.broken = True
    told = wire.listen("error", "call.ended")
    wire.call()
    wire.server("call.ended", agent_id="mara", call_id="CA1", reason="hangup")
    names = [name for name, *_ in told]
    assert "error" in names and names.count("call.ended") == 1


def test_ctrl_c_gets_out() -> None:
    """KeyboardInterrupt out of the look-up of a store's method is not taken for its failure."""
    wire = Wire()
    agent = wire.agent("mara")
    broken = Lookup(KeyboardInterrupt())
    agent.configure(history=broken)
    broken.broken = True
    with pytest.raises(KeyboardInterrupt):
        wire.call(agent)
