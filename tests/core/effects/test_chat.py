"""Chat sessions: calls without a voice."""

from __future__ import annotations

import pytest

from pinecall.core.calls.call import CallBase

from ..harness import Wire


def start(wire: Wire, **fields: object) -> CallBase:
    if "mara" not in wire.engine.registry.agents:
        wire.agent()
    wire.server("llm.chat.started", agent_id="mara", call_id="chat-1", **fields)
    return wire.engine.registry.calls["chat-1"]


def test_started() -> None:
    """llm.chat.started makes one chat call and fires chat.started."""
    wire = Wire()
    told = wire.listen("chat.started", "call.started")
    call = start(wire, metadata={"userId": "u1"}, language="es")
    assert told == [("chat.started", call)]
    assert (call.from_, call.to, call.transport, call.direction) == (
        "chat",
        "mara",
        "chat",
        "inbound",
    )
    assert (call.metadata, call.language) == ({"userId": "u1"}, "es")


def test_started_twice() -> None:
    """A repeated start keeps the call and emits nothing."""
    wire = Wire()
    call = start(wire)
    told = wire.listen("chat.started")
    assert start(wire) is call
    assert told == []


def test_started_without_a_call() -> None:
    """A start without a call id (the requester's) reaches handlers without a call."""
    wire = Wire().up()
    told = wire.listen("*")
    wire.server("llm.chat.started", session_id="s1")
    wire.server("llm.chat.started", agent_id="nobody", call_id="chat-2")
    assert [item.call for _, item in told] == [None]
    assert wire.engine.registry.calls == {}


def test_started_after_its_end() -> None:
    """A start that comes after the end is dropped."""
    wire = Wire()
    start(wire)
    wire.server("llm.chat.ended", agent_id="mara", call_id="chat-1")
    told = wire.listen("*")
    wire.server("llm.chat.started", agent_id="mara", call_id="chat-1")
    assert told == []
    assert wire.engine.registry.calls == {}


@pytest.mark.parametrize("event", ["llm.chat.chunk", "llm.tool_call"])
def test_made_lazily(event: str) -> None:
    """A chunk or a tool call of an unknown chat starts it, as a chat and not as a call."""
    wire = Wire()
    wire.agent()
    told = wire.listen("chat.started", "call.started")
    wire.server(event, agent_id="mara", call_id="chat-9", metadata={"a": 1}, language="es")
    call = wire.engine.registry.calls["chat-9"]
    assert told == [("chat.started", call)]
    assert (call.metadata, call.language, call.transport) == ({"a": 1}, "es", "chat")


@pytest.mark.parametrize("event", ["llm.chat.chunk", "chat.message", "chat.response"])
def test_events_for_nobody(event: str) -> None:
    """A chat event of an unknown agent makes no call."""
    wire = Wire().up()
    wire.server(event, agent_id="nobody", call_id="chat-9")
    assert wire.engine.registry.calls == {}


def test_message() -> None:
    """chat.message fires user.message with confidence 1 and turn 0, and is remembered."""
    wire = Wire()
    call = start(wire)
    told = wire.listen("user.message", on=call)
    wire.server("chat.message", agent_id="mara", call_id="chat-1", text="Hi", message_id="m1")
    event = told[0][1]
    assert (event.text, event.confidence, event.turn_id, event.message_id) == ("Hi", 1.0, 0, "m1")
    assert event.raw["event"] == "chat.message"
    assert call.transcript == [{"role": "user", "content": "Hi"}]
    assert call.last_message_id == "m1"


def test_message_without_an_id() -> None:
    """Messages without ids are each new, and leave the last message id alone."""
    wire = Wire()
    call = start(wire)
    told = wire.listen("user.message")
    for _ in range(2):
        wire.server("chat.message", agent_id="mara", call_id="chat-1", text="Hi", message_id="")
    assert len(told) == 2
    assert call.last_message_id == ""
    assert len(call.transcript) == 2


def test_repeated_message() -> None:
    """A repeated message fires and is remembered once."""
    wire = Wire()
    call = start(wire)
    told = wire.listen("user.message")
    for _ in range(2):
        wire.server("chat.message", agent_id="mara", call_id="chat-1", text="Hi", message_id="m1")
    assert len(told) == len(call.transcript) == 1


def test_response() -> None:
    """chat.response fires bot.speaking, and is remembered."""
    wire = Wire()
    call = start(wire)
    told = wire.listen("bot.speaking")
    wire.server("chat.response", agent_id="mara", call_id="chat-1", text="Hello!")
    assert (told[0][1].text, told[0][2]) == ("Hello!", call)
    assert call.transcript == [{"role": "assistant", "content": "Hello!"}]


def test_response_after_its_chunks() -> None:
    """The whole text of what was streamed does not fire again; it is remembered."""
    wire = Wire()
    call = start(wire)
    told = wire.listen("bot.speaking")
    for token in ("Hel", "lo ", "Ana!"):
        wire.server("llm.chat.chunk", agent_id="mara", call_id="chat-1", token=token)
    assert call.current_bot_text == "Hello Ana!"
    wire.server("chat.response", agent_id="mara", call_id="chat-1", text="Hello Ana!")
    assert [event.text for _, event, _ in told] == ["Hel", "lo ", "Ana!"]
    assert call.transcript == [{"role": "assistant", "content": "Hello Ana!"}]
    assert call.current_bot_text == ""
    wire.server("chat.response", agent_id="mara", call_id="chat-1", text="Hello Ana!")
    assert len(told) == 4


def test_chunks_of_two_messages() -> None:
    """The chunks of another message begin another text."""
    wire = Wire()
    call = start(wire)
    for message_id, token in (("m1", "a"), ("m1", "b"), ("m2", "c")):
        wire.server(
            "llm.chat.chunk", agent_id="mara", call_id="chat-1", message_id=message_id, token=token
        )
    assert call.current_bot_text == "c"


@pytest.mark.parametrize(
    ("fields", "text"),
    [({"token": "Hel"}, "Hel"), ({"text": "Hello"}, "Hello"), ({}, ""), ({"token": ""}, "")],
)
def test_chunk(fields: dict[str, str], text: str) -> None:
    """A chunk fires bot.speaking with its token, or else its text."""
    wire = Wire()
    start(wire)
    told = wire.listen("bot.speaking")
    wire.server("llm.chat.chunk", agent_id="mara", call_id="chat-1", message_id="m1", **fields)
    assert (told[0][1].text, told[0][1].message_id) == (text, "m1")


def test_ended() -> None:
    """llm.chat.ended ends the call with chat_completed and the server's messages."""
    wire = Wire()
    call = start(wire)
    told = wire.listen("call.ended")
    wire.server(
        "llm.chat.ended",
        agent_id="mara",
        call_id="chat-1",
        duration_seconds=3.5,
        started_at=1.0,
        ended_at=4.5,
        messages=[{"role": "user", "content": "Hi"}],
    )
    assert told == [("call.ended", call, "chat_completed")]
    assert (call.duration, call.started_at, call.ended_at) == (3.5, 1.0, 4.5)
    assert call.messages == [{"role": "user", "content": "Hi"}]


def test_ended_without_messages() -> None:
    """Without messages from the server the local ones stay."""
    wire = Wire()
    call = start(wire)
    wire.server("chat.message", agent_id="mara", call_id="chat-1", text="Hi")
    wire.server("llm.chat.ended", agent_id="mara", call_id="chat-1", messages=[])
    assert call.messages == [{"role": "user", "content": "Hi"}]


def test_error() -> None:
    """llm.chat.error is an error with the server's words, and ends the call with chat_error."""
    wire = Wire()
    call = start(wire)
    told = wire.listen("error", "call.ended")
    wire.server("llm.chat.error", agent_id="mara", call_id="chat-1", error="model is down")
    assert [name for name, *_ in told] == ["error", "call.ended"]
    assert "model is down" in told[0][1].message
    assert (told[0][1].code, told[0][1].call_id) == ("CHAT_ERROR", "chat-1")
    assert call.reason == "chat_error"


def test_error_without_words() -> None:
    """An error without words is an error all the same."""
    wire = Wire()
    start(wire)
    told = wire.listen("error")
    wire.server("llm.chat.error", agent_id="mara", call_id="chat-1")
    assert "no reason given" in told[0][1].message


@pytest.mark.parametrize("event", ["llm.chat.ended", "llm.chat.error"])
def test_end_of_an_unknown_chat(event: str) -> None:
    """The end of a chat that is not here fires without a call."""
    wire = Wire()
    mara = wire.agent()
    told = wire.listen("*", on=mara)
    wire.server(event, agent_id="mara", call_id="chat-7")
    assert [(item.name, item.call) for _, item in told] == [(event, None)]


@pytest.mark.parametrize(
    "event", ["llm.chat.token", "llm.chat.done", "llm.chat.tool_call", "llm.chat.tool_result"]
)
def test_requester_side(event: str) -> None:
    """Events for the sender of llm.chat reach the client."""
    wire = Wire().up()
    told = wire.listen(event)
    wire.server(event, session_id="s1")
    assert told[0][1].session_id == "s1"


def test_the_requesters_error() -> None:
    """llm.chat.error without a call id is an error of the client's own chat, and reaches handlers."""
    wire = Wire().up()
    heard = wire.listen("error", "*")
    wire.server("llm.chat.error", session_id="s1", error="model is down")
    assert [item.name for name, item in heard if name == "*"] == ["error", "llm.chat.error"]
    assert [(str(error), error.code) for name, error in heard if name == "error"] == [
        ("chat s1 failed: model is down", "CHAT_ERROR")
    ]


def test_the_requesters_answer() -> None:
    """Tokens, tool calls and the end of an answer are the outcome of what the client asked."""
    wire = Wire().up()
    outcome = wire.pc._place_chat("sales", "Hi", session_id="s1", metadata=None, timeout=30.0)
    wire.server("llm.chat.started", session_id="s1", model="gpt")
    wire.server("llm.chat.token", session_id="s1", token="Hel")
    wire.server("llm.chat.token", session_id="s1", token="lo")
    wire.server("llm.chat.tool_call", session_id="s1", tool_calls=[{"name": "find"}])
    wire.server("llm.chat.tool_result", session_id="s1")
    wire.server("llm.chat.done", session_id="s1")
    reply = outcome.result()
    assert (reply.text, reply.model, reply.tool_calls) == ("Hello", "gpt", [{"name": "find"}])
