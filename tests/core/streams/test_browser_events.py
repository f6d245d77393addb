"""Events as browsers get them: their names, their keys, and which are left out."""

from __future__ import annotations

import pytest

from pinecall import events as ev
from pinecall.core.streams import browser_events
from pinecall.core.streams.browser_events import NAMES, payload_of
from pinecall.core.wire import codec
from pinecall.core.wire.limits import MAX_ID
from pinecall.core.wire.names import SIGNATURES
from pinecall.events import Item
from pinecall.events._base import set_raw

from ..hubs import Reader, World


def test_a_word_has_the_keys_of_the_platforms_sdk() -> None:
    """An event has its fields in camelCase, the call's facts, and the agent under the program's id."""
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
    """Only keys of the top level are converted."""
    world = World()
    call = world.call()
    reader = Reader(world)
    reader.read()
    world.frame(call, "user.message", message_id="m", text="x", extra_facts={"inner_key": 1})
    assert reader.read()[0][1]["extraFacts"] == {"inner_key": 1}


def test_the_life_of_a_call_says_only_the_call() -> None:
    """call.started and call.ended have the call's facts, and no metadata or model history."""
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
    """WhatsApp events keep their own ``from``: no call's facts are merged over it."""
    world = World()
    world.call("wa-1", from_="other")
    reader = Reader(world)
    reader.read()
    event = ev.WhatsAppMessage(session_id="wa-1", from_="549", text="hi")
    world.publish("whatsapp.message", event, call=world.calls["wa-1"])
    [(_, data, _)] = reader.read()
    assert (data["from"], data["sessionId"], data["agent"]) == ("549", "wa-1", "mara")


def test_what_is_made_up_from_another_frame() -> None:
    """A chat's message is an event of its own name, with the keys of the frame it came with and the
    fields that it has."""
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
    """An event without call and agent names neither."""
    item = Item("whatsapp.status", ev.WhatsAppStatus(session_id="wa-1"), None, None)
    data = payload_of(item)
    assert data is not None
    assert not {"agent", "agentId", "callId"} & set(data)


def test_any_number_of_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every key is respelt; only so many spellings are remembered."""
    monkeypatch.setattr(browser_events, "_camel", known := {"a_b": "aB"})
    monkeypatch.setattr(browser_events, "_CAMEL_REMEMBERED", 2)
    assert [browser_events.camel(key) for key in ("a_b", "c_d", "e_f", "e_f")] == [
        "aB",
        "cD",
        "eF",
        "eF",
    ]
    assert known == {"a_b": "aB", "c_d": "cD"}


def test_a_long_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of more than 256 characters is respelt, and its spelling is not remembered."""
    monkeypatch.setattr(browser_events, "_camel", known := {})
    long = "x" * (MAX_ID - 2)
    assert browser_events.camel(f"a_b{long}") == f"aB{long}"
    assert known == {}
    assert browser_events.camel(f"b_{long}") == f"bX{long[1:]}"
    assert len(known) == 1


def test_names_are_those_of_events() -> None:
    """Every event of a stream is an event of the wire, and has one name."""
    assert set(NAMES) <= set(SIGNATURES)
    assert len(set(NAMES.values())) == len(NAMES) > 20


def test_a_tool_call() -> None:
    """A tool call's name is the SDK's, and its calls are as the server sent them."""
    event = codec.decode('{"event":"llm.tool_call","call_id":"CA1","tool_calls":[{"tool_id":"1"}]}')
    data = payload_of(Item("llm.tool_call", event, None, World().call()))
    assert data is not None
    assert (data["event"], data["toolCalls"]) == ("llm.toolCall", [{"tool_id": "1"}])
    assert data["callId"] == "CA1"


def test_whatsapp_session_names_are_the_platforms() -> None:
    """The stream's name of a WhatsApp session is the SDK's, the data's ``event`` the wire's."""
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
    """Tool calls, holds and events of a newer server are not in an event stream."""
    world = World()
    call = world.call()
    reader = Reader(world)
    reader.read()
    world.frame(call, "llm.tool_call", msg_id="m", tool_calls=[])
    world.frame(call, "call.held")
    world.frame(call, "brand.new")
    world.frame(call, "bot.word", message_id=5)
    assert reader.read() == []
