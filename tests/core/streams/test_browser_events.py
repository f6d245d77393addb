"""The text of server-sent events: keys, names, and the parser."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinecall import events as ev
from pinecall.core.streams import browser_events
from pinecall.core.streams.browser_events import payload_of
from pinecall.core.streams.sse import HEADERS, block
from pinecall.core.wire.sse_reader import SseReader
from pinecall.events import Item
from pinecall.events._base import set_raw

from ..hubs import Reader, World


def test_headers_forbid_caching_and_buffering_and_name_no_hop() -> None:
    """Every stream's response has the headers that keep proxies from holding it back."""
    assert dict(HEADERS)["Content-Type"] == "text/event-stream"
    assert dict(HEADERS)["Cache-Control"] == "no-cache, no-transform"
    assert dict(HEADERS)["X-Accel-Buffering"] == "no"
    assert "connection" not in {name.lower() for name, _ in HEADERS}


def test_a_word_has_the_keys_of_the_platforms_sdk() -> None:
    """Fields in camelCase, then the call's, then ``agent``; the agent under the program's id."""
    world = World()
    call = world.call()
    reader = Reader(world)
    reader.read()
    world.frame(call, "bot.word", message_id="m1", word="Hello", word_index=0, _x=1, seq=4)
    [(name, data, _)] = reader.read()
    assert name == "bot.word"
    assert data == {
        "event": "bot.word",
        "agentId": "mara",
        "callId": "CA1",
        "messageId": "m1",
        "word": "Hello",
        "wordIndex": 0,
        "seq": 4,
        "from": "+34607827824",
        "to": "+13186330963",
        "direction": "inbound",
        "transport": "phone",
        "agent": "mara",
    }


def test_nested_keys_stay_as_they_are() -> None:
    """Only the top level is converted."""
    world = World()
    call = world.call()
    reader = Reader(world)
    reader.read()
    world.frame(call, "user.message", message_id="m", text="x", extra_facts={"inner_key": 1})
    assert reader.read()[0][1]["extraFacts"] == {"inner_key": 1}


def test_the_life_of_a_call_says_only_the_call() -> None:
    """Neither metadata nor the model's history reaches a browser with call.started and .ended."""
    world = World()
    call = world.call(duration=12.5)
    reader = Reader(world, last_event_id=f"{world.hub.epoch}-1")
    reader.read()
    started = ev.CallStarted(call_id="CA1", metadata={"secret": 1})
    world.publish("call.started", started, call=call)
    call.reason = "hangup"
    ended = ev.CallEnded(call_id="CA1", messages=[{"role": "system", "content": "prompt"}])
    world.publish("call.ended", ended, call=call)
    (_, first, _), (_, last, _) = reader.read()
    assert set(first) == {
        "event", "callId", "from", "to", "direction", "transport", "duration", "agentId", "agent",
    }  # fmt: skip
    assert last["reason"] == "hangup"
    assert last["duration"] == 12.5
    assert "messages" not in last


def test_a_turn_is_the_turn_object() -> None:
    """turn.end and eager.turn have the merged turn's keys."""
    world = World()
    call = world.call()
    reader = Reader(world)
    reader.read()
    turn = ev.Turn(agent_id="mara", call_id="CA1", id=3, message_id="m", text="hi", probability=0.9)
    world.publish("turn.end", turn, call=call)
    [(_, data, _)] = reader.read()
    assert (data["id"], data["messageId"], data["text"]) == (3, "m", "hi")
    assert data["latencyMs"] == 0.0
    assert data["callId"] == "CA1"


def test_what_has_no_call_has_the_agent_alone() -> None:
    """WhatsApp events keep their own ``from``; no call is merged over it."""
    world = World()
    world.call("wa-1", from_="other")
    reader = Reader(world)
    reader.read()
    event = ev.WhatsAppMessage(session_id="wa-1", from_="549", text="hi")
    world.publish("whatsapp.message", event, call=world.calls["wa-1"])
    [(_, data, _)] = reader.read()
    assert (data["from"], data["sessionId"], data["agent"]) == ("549", "wa-1", "mara")


def test_what_is_made_up_from_another_frame() -> None:
    """A chat's message is an event of its own name: the keys of the frame it came with, and the
    fields it has; those it does not have are left out."""
    world = World()
    reader = Reader(world)
    message = ev.UserMessage(message_id="m1", text="hi")
    set_raw(message, {"event": "llm.chat.started", "session_id": "CA1", "_private": 1})
    reader.read()
    world.publish("user.message", message, call=world.call())
    [(name, data, _)] = reader.read()
    assert (name, data["event"]) == ("user.message", "user.message")
    assert (data["messageId"], data["text"], data["sessionId"]) == ("m1", "hi", "CA1")
    assert not {"language", "_private"} & set(data)


def test_what_has_neither_call_nor_agent() -> None:
    """An event of an agent that is not known here names none."""
    item = Item("whatsapp.status", ev.WhatsAppStatus(session_id="wa-1"), None, None)
    data = payload_of(item)
    assert data is not None
    assert not {"agent", "agentId", "callId"} & set(data)


def test_any_number_of_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that makes up keys without end fills no memory, and they are respelt all the same."""
    monkeypatch.setattr(browser_events, "_camel", known := {"a_b": "aB"})
    monkeypatch.setattr(browser_events, "_CAMEL_REMEMBERED", 2)
    assert [browser_events.camel(key) for key in ("a_b", "c_d", "e_f", "e_f")] == [
        "aB",
        "cD",
        "eF",
        "eF",
    ]
    assert known == {"a_b": "aB", "c_d": "cD"}


def test_whatsapp_session_names_are_the_platforms() -> None:
    """The stream's name is the SDK's, the data's ``event`` the wire's."""
    world = World()
    agent = world.agent()
    reader = Reader(world)
    reader.read()
    event = ev.WhatsAppSessionEnded(session_id="wa-1", contact_phone="549")
    world.publish("whatsapp.session_ended", event, agent)
    [(name, data, _)] = reader.read()
    assert name == "whatsapp.sessionEnded"
    assert data["event"] == "whatsapp.session_ended"
    assert data["contactPhone"] == "549"


def test_events_that_are_not_for_streams_are_left_out() -> None:
    """Tool calls, holds and what a newer server sends stay in the program."""
    world = World()
    call = world.call()
    reader = Reader(world)
    reader.read()
    world.frame(call, "llm.tool_call", msg_id="m", tool_calls=[])
    world.frame(call, "call.held")
    world.frame(call, "brand.new")
    world.frame(call, "bot.word", message_id=5)
    assert reader.read() == []


PIECES = (
    b"event: a\ndata: 1\nid: x-1\n\n",
    b"event: b\r\ndata: 1\r\ndata:2\r\n\r\n",
    b":ping\n\n",
    b"data: three\rretry: 250\r\r",
    "data: \u2028ñ\n\n".encode(),
)
READ = [("a", "1", "x-1"), ("b", "1\n2", "x-1"), ("message", "three", "x-1")]


@given(st.lists(st.integers(0, sum(map(len, PIECES))), max_size=8))
def test_the_parser_reads_a_stream_cut_anywhere(cuts: list[int]) -> None:
    """LF, CRLF and CR end lines, wherever the pieces end; data lines are joined."""
    whole = b"".join(PIECES)
    parser, found = SseReader(), []
    edges = [0, *sorted(cuts), len(whole)]
    for start, end in itertools.pairwise(edges):
        found += parser.feed(whole[start:end])
    assert [(e.event, e.data, e.id) for e in found[:3]] == READ
    assert found[3].data == "\u2028ñ"
    assert found[2].retry == 250
    assert len(found) == 4


def test_mixed_line_ends() -> None:
    """An LF in a piece of its own belongs to the CR before it, the next one does not."""
    parser = SseReader()
    pieces = (b"data: x\r", b"", b"\n", b"\n")
    assert [[event.data for event in parser.feed(piece)] for piece in pieces] == [[], [], [], ["x"]]


@pytest.mark.parametrize("text", ["plain", 'with "quotes"', "line\nbreak", "\u2028 ✓"])
def test_a_block_is_read_back(text: str) -> None:
    """What is written is one event with one line of data."""
    data = json.dumps({"text": text}).encode()
    [event] = SseReader().feed(block("user.message", data, "e-1", 3000))
    assert (event.event, json.loads(event.data), event.id) == (
        "user.message",
        {"text": text},
        "e-1",
    )
    assert event.retry == 3000
