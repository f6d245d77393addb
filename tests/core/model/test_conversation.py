"""The transcript: what was said and heard, in order, also when the call is over."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.history.record import transcript_of
from pinecall.core.kernel.outcome import too_late
from pinecall.core.model.conversation import merged

from ..harness import Wire

IDS = {"agent_id": "mara", "call_id": "CA1"}


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def bot(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def test_what_was_heard_stays() -> None:
    """say() lines are in the transcript after the end too; messages are the server's history."""
    wire = Wire()
    call = wire.call()
    wire.server("message.confirmed", **IDS, message_id="s1", text="One moment")
    wire.server("user.message", **IDS, message_id="u1", text="Hi")
    wire.server("message.confirmed", **IDS, message_id="b1", text="Hello")
    history = [{"role": "system", "content": "x"}, user("Hi"), bot("Hello")]
    wire.server("call.ended", **IDS, reason="hangup", messages=history)
    assert call.transcript == [bot("One moment"), user("Hi"), bot("Hello")]
    assert call.messages == history


@pytest.mark.parametrize(
    ("call_id", "frames", "end"),
    [
        (
            "chat-1",
            [{"event": "chat.message", "text": "Hi", "message_id": "m"}],
            {"event": "llm.chat.ended"},
        ),
        (
            "wa-1",
            [{"event": "whatsapp.message", "session_id": "wa-1", "text": "Hi", "message_id": "m"}],
            {"event": "whatsapp.session_ended", "session_id": "wa-1", "reason": "idle"},
        ),
    ],
)
def test_chats_too(call_id: str, frames: list[dict[str, Any]], end: dict[str, Any]) -> None:
    """A chat's and a WhatsApp session's transcript keeps what the server's history has not."""
    wire = Wire()
    mara = wire.agent()
    start = "llm.chat.started" if call_id == "chat-1" else "whatsapp.session_started"
    wire.server(start, agent_id="mara", call_id=call_id, session_id=call_id, contact_phone="549")
    if not mara._live_calls:  # of a chat the session's own id is the call's
        wire.server("llm.chat.started", agent_id="mara", call_id=call_id)
    call = mara._live_calls[call_id]
    for frame in frames:
        wire.server({**frame, "agent_id": "mara", "call_id": call_id})
    wire.server({**end, "agent_id": "mara", "call_id": call_id, "messages": [bot("only this")]})
    assert call._over and call.transcript == [user("Hi")]
    assert call.messages == [bot("only this")]


def test_a_call_that_was_seen_in_part() -> None:
    """The server's lines are in it too when the call's start was missed, or the link was away."""
    wire = Wire()
    wire.agent()
    wire.server("message.confirmed", **IDS, message_id="s1", text="One moment")
    wire.server("user.message", **IDS, message_id="u1", text="Bye")
    call = wire.engine.registry.calls["CA1"]
    wire.server("call.ended", **IDS, reason="x", messages=[user("Hi"), bot("Hello"), user("Bye")])
    assert call.transcript == [user("Hi"), bot("Hello"), bot("One moment"), user("Bye")]


def test_a_call_of_which_nothing_was_heard() -> None:
    """Where nothing reached this process, the transcript is what the server has."""
    wire = Wire()
    call = wire.call()
    wire.server("call.ended", **IDS, reason="x", messages=[user("Hi")])
    assert call.transcript == [user("Hi")]


@pytest.mark.parametrize(
    ("told", "heard", "both"),
    [
        ([], [bot("a")], [bot("a")]),
        ([bot("a")], [], [bot("a")]),
        ([user("a"), bot("b")], [user("a"), bot("b")], [user("a"), bot("b")]),
        ([user("a"), bot("b")], [bot("b"), user("c")], [user("a"), bot("b"), user("c")]),
        # A line that was cut off in one of them is one line.
        ([bot("I am"), user("x")], [bot("I am Mara"), user("x")], [bot("I am Mara"), user("x")]),
        ([bot("one"), user("x")], [user("one"), user("x")], [bot("one"), user("one"), user("x")]),
    ],
)
def test_merging(told: Any, heard: Any, both: Any) -> None:
    """Two accounts of one conversation are one, in order."""
    assert merged(told, heard) == both


def test_the_end_can_be_waited_for() -> None:
    """``ending`` settles with the reason, whoever asks before or after."""
    wire = Wire()
    call = wire.call()
    before = call._ending
    assert not before.done and call._ending is before
    wire.server("call.ended", **IDS, reason="hangup")
    assert before.result() == "hangup"
    other = wire.call(call_id="CA2")
    wire.engine.disconnect()
    assert other._ending.result() == "client_disconnect"


def test_a_wait_that_is_too_long() -> None:
    """What a wait raises says what was waited for, and is a TimeoutError too."""
    error = too_late(Wire().call()._ending, 2.5)
    assert isinstance(error, TimeoutError)
    assert str(error) == "the end of call CA1: not within 2.5 s"


def test_the_lines_of_a_history() -> None:
    """From a model's history: the messages that somebody said, as copies."""
    line = user("Hi")
    lines = transcript_of([{"role": "system", "content": "x"}, line, bot("")])
    assert lines == [line] and lines[0] is not line
