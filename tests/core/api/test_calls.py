"""The verbs of a call, with a front that gives the outcome itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pinecall.core.calls.speech import SayResult

from .front import Call, Count, a_call

MESSAGE = {"role": "user", "content": "x"}


@pytest.mark.parametrize(
    ("ask", "frame"),
    [
        (lambda call: call.add_history([MESSAGE]), {"event": "history.add", "messages": [MESSAGE]}),
        (lambda call: call.set_history([]), {"event": "history.set", "messages": []}),
        (lambda call: call.clear_history(), {"event": "history.clear"}),
        (
            lambda call: call.add_context("VIP"),
            {"event": "history.add_context", "text": "VIP"},
        ),
        (
            lambda call: call.set_prompt("Hi"),
            {"event": "history.set_instructions", "prompt": "Hi"},
        ),
        (
            lambda call: call.set_prompt_vars({"a": 1}),
            {"event": "history.set_vars", "vars": {"a": "1"}},
        ),
    ],
)
def test_changes(ask: Callable[[Call], Count], frame: dict[str, Any]) -> None:
    """Each change of the history is its frame, with checked values, and its answer the count."""
    wire, call = a_call()
    outcome = ask(call)
    sent = wire.sent()[0]
    request_id = sent.pop("request_id")
    assert sent == {"call_id": "CA1", **frame}
    wire.server("history.updated", call_id="CA1", request_id=request_id, count=4)
    assert outcome.result() == 4


def test_history() -> None:
    """get_history gives the messages."""
    wire, call = a_call()
    outcome = call.get_history()
    request_id = wire.sent()[0]["request_id"]
    wire.server("history.data", call_id="CA1", request_id=request_id, messages=[MESSAGE])
    assert outcome.result() == [MESSAGE]


def test_say() -> None:
    """say() answers nothing, and is through when it has been heard."""
    wire, call = a_call()
    said = call.say("hello", add_to_history=True)
    frame = wire.sent()[0]
    assert (frame["text"], frame["in_reply_to"], frame["add_to_history"]) == ("hello", "", True)
    wire.server("bot.finished", call_id="CA1", message_id=frame["message_id"])
    assert said.result() == SayResult(interrupted=False)


def test_reply() -> None:
    """reply() answers the caller's last message, or the one that is named."""
    wire, call = a_call()
    call.last_message_id = "um_1"
    call.reply("yes")
    call.reply("no", in_reply_to="um_0", message_id="mine")
    first, second = wire.sent()
    assert (first["text"], first["in_reply_to"]) == ("yes", "um_1")
    assert (second["in_reply_to"], second["message_id"]) == ("um_0", "mine")
