"""The transcript of a call through its frames: what was said and heard, also when it is over."""

from __future__ import annotations

from typing import Any

import pytest

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
