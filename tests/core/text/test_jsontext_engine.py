"""Text that is not quite Unicode, and numbers that are not quite JSON, on their way through the engine."""

from __future__ import annotations

from pinecall.core.rest.op import Reply, json_body
from pinecall.tools import tool

from ..harness import Wire

IDS = '"agent_id":"mara","call_id":"CA1"'
HALF = "\\ud83d"


def test_frames() -> None:
    """An event is delivered with the bad part replaced, and that is reported once for its kind."""
    wire = Wire()
    wire.call()
    told = wire.listen("error", "user.message")
    for number in range(3):
        wire.text(f'{{"event":"user.message",{IDS},"message_id":"u{number}","text":"a{HALF}"}}')
    names = [name for name, *_ in told]
    assert names == ["error", "user.message", "user.message", "user.message"]
    assert "half a surrogate pair" in told[0][1].message
    event = told[1][1]
    assert event.text == event.raw["text"] == "a\ufffd"


def test_the_end_of_a_call() -> None:
    """``call.ended`` with half a pair in its transcript ends the call."""
    wire = Wire()
    call = wire.call()
    messages = f'[{{"role":"user","content":"{HALF}"}}]'
    wire.text(
        f'{{"event":"call.ended",{IDS},"reason":"x","duration_seconds":NaN,"messages":{messages}}}'
    )
    assert call._over and call.transcript == [{"role": "user", "content": "\ufffd"}]


@tool
def shout(text: str) -> str:
    """Shout."""
    return text + "\ud83d"


def test_tools() -> None:
    """Arguments and results that hold half a pair are read, and answered."""
    wire = Wire()
    wire.call(wire.agent(tools=[shout]))
    wire.sent()
    calls = '[{"id":"t1","name":"shout","arguments":"{\\"text\\":\\"a\\\\ud83d\\"}"}]'
    wire.text(f'{{"event":"llm.tool_call",{IDS},"msg_id":"m1","tool_calls":{calls}}}')
    (frame,) = wire.sent()
    assert frame["results"][0]["result"] == "a\ufffd\ufffd"


def test_what_the_program_says() -> None:
    """Speech, history and metadata that hold half a pair are sent as UTF-8 can hold them."""
    wire = Wire()
    call = wire.call()
    wire.sent()
    call._speak("a\ud83d", "", None)
    call._ask_change("history.add_context", text="\ud83d")
    assert [frame["text"] for frame in wire.sent()] == ["a\ufffd", "\ufffd"]


def test_an_answer_of_rest() -> None:
    """A list with one such name, or number, is read whole."""
    body = b'{"agents":[{"id":"a","name":"x\\ud83d"},{"id":"b","since":NaN}]}'
    reply = Reply(status=200, headers={}, body=body, base="https://a.example")
    assert reply.object() == {
        "agents": [{"id": "a", "name": "x\ufffd"}, {"id": "b", "since": None}]
    }
    assert json_body("what", {"name": "x\ud83d"}) == '{"name":"x\ufffd"}'.encode()
