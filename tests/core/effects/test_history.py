"""The server's answers to questions about a call's history."""

from __future__ import annotations

from typing import Any

import pytest

from ..harness import Wire


@pytest.mark.parametrize(
    ("verb", "event", "fields", "result"),
    [
        ("history.get", "history.data", {"messages": []}, []),
        ("history.clear", "history.updated", {"count": 0}, 0),
    ],
)
def test_an_answer(verb: str, event: str, fields: dict[str, Any], result: object) -> None:
    """An answer settles what was asked, and reaches the handlers with its call."""
    wire = Wire()
    call = wire.call()
    outcome = call._ask_history() if verb == "history.get" else call._ask_change(verb)
    heard = wire.listen(event, on=call)
    (frame,) = wire.sent()
    assert frame["event"] == verb
    wire.server(event, call_id="CA1", request_id=frame["request_id"], **fields)
    assert outcome.result() == result
    assert [of for _, _, of in heard] == [call]


def test_an_answer_that_nobody_asked_for() -> None:
    """An answer without a question reaches the handlers, and nothing is reported."""
    wire = Wire()
    call = wire.call()
    heard = wire.listen("history.updated", "error", on=call)
    wire.server("history.updated", call_id="CA1", request_id="rq_1", count=3)
    assert [(name, event.count) for name, event, _ in heard] == [("history.updated", 3)]
