"""A call whose start this process has not seen: its first event makes it."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.effects.missed import SHOW_A_CALL
from pinecall.tools import tool

from ..harness import Wire

IDS = {"agent_id": "mara", "call_id": "CA7"}


@tool
def lookup() -> str:
    """Look it up."""
    return "found"


@pytest.mark.parametrize("name", sorted(cls.EVENT for cls in SHOW_A_CALL))
def test_each_event_of_a_conversation(name: str) -> None:
    """Any event of a conversation that goes on makes its call, and fires its start once."""
    wire = Wire()
    mara = wire.agent()
    told = wire.listen("call.started", "chat.started", on=mara)
    for _ in range(2):
        wire.server(name, **IDS, token="x", text="x", message_id="m1", skill="s", digit="1")
    (started,) = told
    assert started[1] is mara._live_calls["CA7"]


@pytest.mark.parametrize(
    "name",
    [
        "call.ended",
        "call.error",
        "call.recording",
        "call.forwarded",
        "history.data",
        "history.updated",
        "llm.chat.ended",
        "llm.chat.error",
        "memory.ops",
        "session.configured",
        "session.paused",
        "call.analysed",
    ],
)
def test_what_makes_no_call(name: str) -> None:
    """Events that may come after a call, answers, and events of a newer server make no call."""
    wire = Wire()
    mara = wire.agent()
    told = wire.listen("call.started", "chat.started", on=mara)
    wire.server(name, **IDS, request_id="rq", error="no", url="u", session_id="CA7", ops=[])
    assert told == [] and mara._live_calls == {}


def test_what_the_frame_says_of_it() -> None:
    """From, to, direction, transport, metadata and language are the call's where the frame has them."""
    wire = Wire()
    mara = wire.agent()
    facts = {"from": "+34607827824", "to": "+13186330963", "direction": "outbound"}
    wire.server("turn.end", **IDS, **facts, transport="phone", metadata={"a": 1}, language="es")
    call = mara._live_calls["CA7"]
    assert (call.from_, call.to, call.direction) == ("+34607827824", "+13186330963", "outbound")
    assert (call.transport, call.metadata, call.language) == ("phone", {"a": 1}, "es")


def test_a_start_that_comes_later() -> None:
    """``call.started`` behind its events completes the call, and does not fire again."""
    wire = Wire()
    mara = wire.agent()
    told = wire.listen("call.started", on=mara)
    wire.server("user.speaking", **IDS, text="Hi", metadata="odd", language=5)
    call = mara._live_calls["CA7"]
    assert (call.transport, call.metadata, call.language) == ("unknown", {}, None)
    for _ in range(2):
        wire.server(
            "call.started", **IDS, from_="+34607827824", to="+13186330963", direction="outbound",
            transport="phone", metadata={"a": 1},
        )  # fmt: skip
    assert (call.from_, call.direction, call.metadata) == ("+34607827824", "outbound", {"a": 1})
    assert [name for name, *_ in told] == ["call.started"]


def test_it_is_used_like_any_other() -> None:
    """A call that was made late runs its tools and handlers, and ends."""
    wire = Wire()
    mara = wire.agent(tools=[lookup])
    told = wire.listen("call.started", "user.message", "call.ended", on=mara)
    wire.sent()
    calls = [{"id": "t1", "name": "lookup", "arguments": "{}"}]
    wire.server("llm.tool_call", **IDS, msg_id="m1", tool_calls=calls)
    (frame,) = wire.sent()
    assert frame["results"] == [{"tool_call_id": "t1", "result": "found"}]
    wire.server("user.message", **IDS, message_id="u1", text="Hi")
    wire.server("call.ended", **IDS, reason="hangup")
    assert [name for name, *_ in told] == ["call.started", "user.message", "call.ended"]


def test_it_is_not_greeted() -> None:
    """A call that was made late is not greeted."""
    wire = Wire()
    greeted: list[Any] = []
    mara = wire.agent(greeting=lambda call: greeted.append(call))
    wire.server("user.message", **IDS, message_id="u1", text="Hi", direction="inbound")
    assert mara._live_calls and greeted == []


class Store:
    """A history store that knows the contact."""

    def __init__(self) -> None:
        self.saved: list[Any] = []

    def save(self, record: Any) -> None:
        self.saved.append(record)

    def find_by_contact(self, contact: str, limit: int) -> list[Any]:
        return list(self.saved)


def test_nothing_is_restored() -> None:
    """A call that was made late keeps its conversation: the store's is not put in its place."""
    wire = Wire()
    store = Store()
    wire.agent(history=store)
    facts = {"from": "+34607827824", "transport": "phone", "message_id": "u1", "text": "Hi"}
    wire.server("user.message", agent_id="mara", call_id="CA6", **facts)
    wire.server("call.ended", agent_id="mara", call_id="CA6", reason="hangup")
    wire.server("user.message", **IDS, **facts)
    wire.after(1.0)
    assert "history.set" not in wire.sent_events()
    assert {record.call_id for record in store.saved} == {"CA6", "CA7"}


def test_late_frames_of_an_ended_call() -> None:
    """A call that ended lately is not made again."""
    wire = Wire()
    call = wire.call(call_id="CA7")
    wire.server("call.ended", **IDS, reason="hangup")
    told = wire.listen("call.started", "user.message", on=call.agent)
    wire.server("user.message", **IDS, message_id="u1", text="Hi")
    assert told == []


@pytest.mark.parametrize("agent_id", [None, "stranger", "line:+12186633772"])
def test_of_nobody_here(agent_id: str | None) -> None:
    """An event without an agent of this client makes no call, and neither does one of a line."""
    wire = Wire()
    wire.agent()
    wire.pc.line("+12186633772")
    told = wire.listen("call.started", "call")
    wire.server("user.message", agent_id=agent_id, call_id="CA7", message_id="u1", text="Hi")
    assert told == []


@pytest.mark.parametrize(
    ("call_id", "frame", "started"),
    [
        ("chat-1", {"event": "llm.tool_call", "msg_id": "m", "tool_calls": []}, "chat.started"),
        ("s1", {"event": "chat.message", "text": "Hi", "message_id": "m"}, "chat.started"),
        ("wa-1", {"event": "llm.tool_call", "msg_id": "m", "tool_calls": []}, "whatsapp.started"),
        ("wa-1", {"event": "llm.response", "text": "x"}, "whatsapp.started"),
    ],
)
def test_chats_and_whatsapp(call_id: str, frame: dict[str, Any], started: str) -> None:
    """A chat begins as a chat, a WhatsApp session as one."""
    wire = Wire()
    mara = wire.agent()
    told = wire.listen("call.started", "chat.started", "whatsapp.started", on=mara)
    wire.server({**frame, "agent_id": "mara", "call_id": call_id})
    assert [name for name, *_ in told] == [started]


def test_a_chats_start_that_comes_later() -> None:
    """``llm.chat.started`` behind its events completes the chat."""
    wire = Wire()
    mara = wire.agent()
    told = wire.listen("chat.started", on=mara)
    ids = {"agent_id": "mara", "call_id": "chat-1"}
    wire.server("chat.message", **ids, text="Hi", message_id="m")
    wire.server("llm.chat.started", **ids, metadata={"a": 1}, language="es")
    call = mara._live_calls["chat-1"]
    assert (call.metadata, call.language, len(told)) == ({"a": 1}, "es", 1)


class TestUnseen:
    def test_unseen_call_of_a_known_agent(self) -> None:
        """The first event of a call that began before this process makes it and fires its start,
        once; each event then reaches its handlers, with the call."""
        wire = Wire()
        mara = wire.agent()
        names = (
            "bot.word",
            "bot.speaking",
            "bot.finished",
            "message.confirmed",
            "user.message",
            "eager.turn",
            "turn.end",
            "turn.continued",
            "reply.rejected",
        )
        told = wire.listen("call.started", *names, on=mara)
        for name in names:
            wire.server(name, agent_id="mara", call_id="CA7", message_id="m1", text="Hi")
        call = mara._live_calls["CA7"]
        assert [name for name, *_ in told] == ["call.started", *names]
        assert all(arguments[-1] is call for _, *arguments in told)
