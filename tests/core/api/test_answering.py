"""The hook through which a front hands out what the server answers."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.api.answering import Answering
from pinecall.core.api.calls import HistoryVerbs
from pinecall.core.calls.call import CallBase
from pinecall.core.kernel.outcome import Outcome

from ..harness import Wire


class Call(HistoryVerbs[Any, Any], CallBase):
    """A call of a front that gives its users the outcome in a tuple."""

    def _answer(self, outcome: Outcome[Any]) -> Any:
        return ("the front's", outcome)


def test_what_a_verb_gives() -> None:
    """A verb that the server answers gives what the front makes of the outcome."""
    wire = Wire()
    call = Call(wire.engine, wire.agent(), "CA1")
    wire.engine.start_call(call)
    whose, outcome = call.clear_history()
    assert (whose, outcome.done) == ("the front's", False)
    request_id = wire.sent()[0]["request_id"]
    wire.server("history.updated", call_id="CA1", request_id=request_id, count=1)
    assert outcome.result() == 1


def test_without_a_front() -> None:
    """A class without a front's hook raises NotImplementedError."""
    with pytest.raises(NotImplementedError):
        Answering()._answer(Outcome())
