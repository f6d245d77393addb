"""The hub: which reader gets which events, from which one on, and when it is cut."""

from __future__ import annotations

import json

import pytest

from pinecall import events as ev
from pinecall.core.streams.filters import agent_filter
from pinecall.core.streams.hub import BEAT
from pinecall.core.wire.limits import READER, RING
from pinecall.core.wire.sse_reader import SseReader

from ..harness import Wire
from ..hubs import Reader, World
from .scene import Scene, told


def test_a_stream_begins_with_connected() -> None:
    """The first event names the agents, and how long to wait before coming back."""
    world = World()
    world.agent("mara"), world.agent("julia")
    reader = Reader(world)
    assert reader.read()[0][:2] == ("connected", {"agents": ["mara", "julia"]})
    assert reader.bytes.startswith(b"event: connected\ndata: ")
    assert b"\nretry: 3500\n" in reader.bytes


def test_an_agents_own_stream_names_that_agent() -> None:
    """agent.stream() says ``agent``, and has that agent's events only."""
    world = World()
    mara, julia = world.call("1", "mara"), world.call("2", "julia")
    reader = Reader(world, of_agent="julia")
    assert reader.read()[0][:2] == ("connected", {"agent": "julia"})
    world.message(mara, 1)
    world.message(julia, 2)
    assert [data["callId"] for _, data, _ in reader.read()] == ["2"]


def test_every_word_of_a_message_is_written() -> None:
    """Words of one message are not taken for repeats of each other."""
    world = World()
    call = world.call()
    reader = Reader(world)
    reader.read()
    for number in range(5):
        world.word(call, number)
    assert [data["wordIndex"] for _, data, _ in reader.read()] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("name", ["message.confirmed", "bot.finished", "bot.interrupted"])
def test_a_frame_sent_again_is_written_once(name: str) -> None:
    """The server repeats some frames after a reconnect; another message is another event."""
    world = World()
    call = world.call()
    reader = Reader(world)
    reader.read()
    for message in ("m1", "m1", "m2", "m1"):
        world.frame(call, name, message_id=message)
    assert [data["messageId"] for _, data, _ in reader.read()] == ["m1", "m2"]


def test_a_filter_lets_nothing_else_through() -> None:
    """A filtered reader gets only its agents' events: live, replayed and in the snapshot."""
    world = World()
    mine, theirs = world.call("1", "mine"), world.call("2", "theirs")
    reader = Reader(world, agents=frozenset(["mine"]))
    seen = reader.read()
    cursor = seen[-1][2]
    for number in range(3):
        world.message(theirs, number)
        world.message(mine, number)
    seen += reader.read()
    seen += Reader(world, agents=frozenset(["mine"]), last_event_id=cursor).read()
    seen += Reader(world, agents=frozenset(["mine"]), last_event_id="other-9").read()
    assert "theirs" not in json.dumps([data for _, data, _ in seen])
    assert len([1 for name, _, _ in seen if name == "user.message"]) == 6


def test_no_filter_has_later_agents_too() -> None:
    """Without a filter a reader gets later agents too; a filter may name an agent that is still to come."""
    world = World()
    everybody, later = Reader(world), Reader(world, agents=frozenset(["later"]))
    everybody.read(), later.read()
    world.message(world.call("1", "later"), 1)
    assert everybody.names() == later.names() == ["user.message"]


def test_an_empty_filter() -> None:
    """A reader with an empty filter gets no events."""
    world = World()
    call = world.call()
    reader = Reader(world, agents=agent_filter([]))
    assert reader.read()[0][1] == {"agents": []}
    world.message(call, 1)
    assert reader.read() == []


def test_a_cursor_goes_on_without_loss_or_repetition() -> None:
    """After any id exactly the events that followed it are sent, with their own ids and no snapshot."""
    world = World()
    call = world.call()
    reader = Reader(world)
    ids = [reader.read()[-1][2]]
    for number in range(6):
        world.message(call, number)
    events = reader.read()
    ids += [id for _, _, id in events]
    assert len(ids) == 7
    for index, cursor in enumerate(ids):
        again = Reader(world, last_event_id=cursor).read()
        assert again[0][0] == "connected"
        assert again[0][2] == cursor
        assert again[1:] == events[index:]


def test_the_ids_of_an_interrupted_beginning_start_over() -> None:
    """A reader whose connection broke within the snapshot is shown all of it again, without a gap."""
    world = World()
    world.call("1"), world.call("2")
    first = Reader(world).read()
    assert Reader(world, last_event_id=first[1][2]).read() == first


def test_a_cursor_of_another_process_is_a_gap() -> None:
    """A reader with an id of another process gets a gap, and the live calls."""
    world = World()
    world.call()
    seen = Reader(world, last_event_id="ffff-3").read()
    assert [name for name, _, _ in seen] == ["connected", "gap", "call.started"]
    assert seen[1][1]["reason"] == "restarted"


def test_nothing_is_done_before_the_first_reader() -> None:
    """Publishing to nobody encodes nothing and keeps nothing."""
    world = World()
    call = world.call()
    world.message(call, 1)
    assert not world.hub.active
    assert world.hub.published == 0
    assert Reader(world).names() == ["connected", "call.started"]


def test_a_reader_that_comes_back_finds_what_it_missed() -> None:
    """Events between two connections of the only reader are kept as far as the memory reaches."""
    world = World(kept=3)
    call = world.call()
    reader = Reader(world)
    cursor = reader.read()[-1][2]
    world.hub.unsubscribe(reader.subscriber)
    for number in range(3):
        world.message(call, number)
    assert Reader(world, last_event_id=cursor).names()[1:] == ["user.message"] * 3


def test_the_hub_goes_to_sleep_when_nobody_comes_back() -> None:
    """Past the memory's reach nothing is published; a reader that comes back then gets a gap."""
    world = World(kept=3)
    call = world.call()
    reader = Reader(world)
    cursor = reader.read()[-1][2]
    world.hub.unsubscribe(reader.subscriber)
    for number in range(10):
        world.message(call, number)
    assert not world.hub.active
    assert world.hub.published == 4
    assert Reader(world, last_event_id=cursor).names()[:2] == ["connected", "gap"]


def test_who_does_not_read_at_all_is_cut() -> None:
    """A reader that does not read loses its queue, and resumes from the memory; others do not notice."""
    world = World(queue=10)
    call = world.call()
    slow, quick = Reader(world), Reader(world)
    cursor = slow.read()[-1][2]
    quick.read()
    read = []
    for number in range(30):
        world.message(call, number)
        read += quick.read()
    assert slow.subscriber.cut
    assert slow.read() == []
    assert slow.subscriber.queued == 0
    assert world.hub.subscribers == 1
    assert world.hub.cut == 1
    assert len(read) == 30
    assert Reader(world, last_event_id=cursor).read()[1:] == read


def test_a_tick_too_early_changes_nothing() -> None:
    """A beat is counted by time, not by the number of ticks."""
    world = World()
    reader = Reader(world)
    reader.read()
    for _ in range(20):
        world.hub.tick(1.0)
    assert reader.subscriber.take() == b""


def test_closing_ends_streams_after_what_is_queued() -> None:
    """close() ends streams after what is queued, and later ones after ``connected``, until reopen()."""
    world = World()
    call = world.call()
    reader = Reader(world)
    reader.read()
    world.message(call, 1)
    world.hub.close()
    assert reader.subscriber.over
    assert reader.names() == ["user.message"]
    late = Reader(world)
    assert late.names()[0] == "connected"
    assert late.subscriber.over
    assert world.hub.subscribers == 0
    world.hub.reopen()
    assert not Reader(world).subscriber.over


def test_who_leaves_is_forgotten() -> None:
    """A reader that leaves, also twice, is forgotten; an abandoned one is with the next event."""
    world = World()
    call = world.call()
    readers = [Reader(world, agents=frozenset(["mara", "x"])) for _ in range(3)]
    readers[0].subscriber.abandon()
    world.hub.unsubscribe(readers[1].subscriber)
    world.hub.unsubscribe(readers[1].subscriber)
    world.message(call, 1)
    assert world.hub.subscribers == 1
    assert world.hub.cut == 0
    assert readers[1].read() == []
    world.hub.unsubscribe(readers[2].subscriber)
    world.message(call, 2)
    assert world.hub.subscribers == 0


def test_another_reader_of_the_same_agent_stays() -> None:
    """After a reader has left, the agent's other readers and later ones get its events."""
    world = World()
    call = world.call()
    first, second = (Reader(world, agents=frozenset(["mara"])) for _ in range(2))
    second.read()
    world.hub.unsubscribe(first.subscriber)
    world.message(call, 1)
    assert second.names() == ["user.message"]
    world.hub.unsubscribe(second.subscriber)
    third = Reader(world, agents=frozenset(["mara"]))
    third.read()
    world.message(call, 2)
    assert (second.names(), third.names()) == ([], ["user.message"])


def test_events_that_are_not_for_streams() -> None:
    """Events that browsers have no use for, and frames of a shape that is not known, reach nobody."""
    world = World()
    call = world.call()
    reader = Reader(world)
    reader.read()
    world.frame(call, "call.held")
    world.frame(call, "bot.word", message_id=5)
    assert (world.hub.published, world.hub.unwritable) == (0, 0)
    assert reader.read() == []


def test_what_json_cannot_hold_is_counted() -> None:
    """An event that JSON cannot hold is counted, and the reader goes on."""
    world = World()
    call = world.call()
    reader = Reader(world)
    reader.read()
    call.from_ = object()
    world.message(call, 1)
    assert world.hub.unwritable == 1
    assert reader.read() == []


def test_a_websocket_gets_texts_with_ids() -> None:
    """A WebSocket gets the same data with ``eventId``, tool calls too, and its own kind of ping."""
    world = World()
    call = world.call()
    reader = Reader(world, of_agent="mara", ws=True)
    texts = [json.loads(text) for text in reader.subscriber.take_texts()]
    assert texts[0] == {
        "event": "connected", "agent": "mara", "eventId": f"{world.hub.epoch}-0",
    }  # fmt: skip
    world.frame(call, "llm.tool_call", msg_id="m_42", tool_calls=[{"id": "1", "name": "look"}])
    [text] = reader.subscriber.take_texts()
    data = json.loads(text)
    assert (data["event"], data["msgId"], data["callId"]) == ("llm.toolCall", "m_42", "CA1")
    assert data["toolCalls"] == [{"id": "1", "name": "look"}]
    assert data["eventId"] == f"{world.hub.epoch}-2"
    assert reader.subscriber.take_texts() == []
    for beat in range(3):
        world.hub.tick(beat * BEAT)
    assert reader.subscriber.take_texts() == ['{"event":"ping"}']


def test_an_event_without_an_agent() -> None:
    """An event without an agent goes to readers without a filter, and names no agent."""
    world = World()
    everybody, some = Reader(world), Reader(world, agents=frozenset(["mara"]))
    everybody.read(), some.read()
    world.publish("session.paused", ev.SessionPaused())
    [(name, data, _)] = everybody.read()
    assert (name, "agent" in data) == ("session.paused", False)
    assert some.read() == []


def test_what_happens_on_a_client_is_streamed() -> None:
    """A client has one hub, which streams its calls' events; after close() the next connect() opens
    it again."""
    wire = Wire().up()
    hub = wire.engine.open_hub()
    assert wire.engine.open_hub() is hub
    reader = hub.subscribe(lambda: None)
    wire.call()
    wire.server("user.message", agent_id="mara", call_id="CA1", message_id="u1", text="hi")
    shown = [event.event for event in SseReader().feed(reader.take())]
    assert shown == ["connected", "call.started", "user.message"]
    hub.close()
    assert reader.over
    assert hub.subscribe(lambda: None).over
    wire.engine.disconnect()
    wire.up()
    assert not hub.subscribe(lambda: None).over


def test_a_session_filter_is_strict() -> None:
    """A reader of one call gets that call's events only, and none that name no call."""
    world = World()
    one, two = world.call("1"), world.call("2")
    reader = Reader(world, of_agent="mara", session="2", ws=True)
    assert [json.loads(t).get("callId") for t in reader.subscriber.take_texts()] == [None, "2"]
    world.message(one, 1)
    world.publish("session.paused", ev.SessionPaused(agent_id="mara"), world.agents["mara"])
    world.message(two, 2)
    assert [json.loads(t)["callId"] for t in reader.subscriber.take_texts()] == ["2"]


def test_an_idle_stream_is_pinged() -> None:
    """A reader is pinged once after 15 s without an event; an event puts it off."""
    world = World()
    call = world.call()
    reader = Reader(world)
    reader.read()
    now = world.hub.tick(0.0)
    assert now == BEAT
    for _ in range(2):
        now = world.hub.tick(now)
    assert reader.subscriber.take() == b":ping\n\n"
    assert reader.subscriber.take() == b""
    world.hub.tick(now)
    world.message(call, 1)
    reader.read()
    for _ in range(2):
        now = world.hub.tick(now + BEAT)
    assert reader.subscriber.take() == b""


def test_who_is_stuck_for_30_seconds_is_cut() -> None:
    """A reader that has not read for 30 s is cut, also when there are few events."""
    world = World()
    call = world.call()
    reader = Reader(world)
    reader.read()
    world.message(call, 1)
    for beat in range(6):
        world.hub.tick(beat * BEAT)
    assert reader.subscriber.cut
    assert world.hub.subscribers == 0


def test_a_forked_child() -> None:
    """Where check() raises, nobody can subscribe."""
    world = World()

    def check() -> None:
        raise RuntimeError("forked")

    world.hub.check = check
    with pytest.raises(RuntimeError, match="forked"):
        Reader(world)
    assert (world.hub.active, world.hub.subscribers) == (False, 0)


def test_the_memory() -> None:
    """The latest 2,000 events can be replayed; an id from before them gives a gap."""
    world = World()
    call = world.call()
    reader = Reader(world)
    cursors = [reader.read()[-1][2]]
    for number in range(RING + 1):
        world.message(call, number)
        cursors.append(reader.read()[-1][2])
    seen = Reader(world, last_event_id=cursors[1]).read()
    assert [data["messageId"] for _, data, _ in seen[1:]] == [f"u{n}" for n in range(1, RING + 1)]
    assert Reader(world, last_event_id=cursors[0]).names()[1] == "gap"


def test_repeats_end_with_their_call() -> None:
    """A later call with the same id starts anew, also where the end could not be written."""
    world = World()
    reader = Reader(world)
    reader.read()
    call = world.call()
    world.message(call, 1)
    call.from_ = object()
    world.end(call)
    assert world.hub.unwritable == 1
    world.message(world.call(), 1)
    assert reader.names() == ["user.message"] * 2


class TestCallStreams:
    """The readers of one call's stream, beside those of the client's."""

    def test_beside_other_streams(self) -> None:
        """The client's stream has its own events of the same call, and goes on after its end."""
        scene = Scene()
        client, page = scene.client_reader(), scene.reader()
        client.read(), page.read()
        scene.words("m1", "Hello")
        assert client.names() == ["bot.speaking", "bot.word"]
        assert page.names() == ["bot.word"]
        scene.end()
        assert (page.subscriber.reason, client.subscriber.over) == ("ended", False)
        assert scene.hub.subscribers == 1

    def test_other_calls(self) -> None:
        """Events of a call that nobody watches reach only the client's stream."""
        scene = Scene()
        other = scene.wire.call(call_id="CA2")
        client, page = scene.client_reader(), scene.reader()
        client.read(), page.read()
        scene.wire.server(
            "user.message", agent_id="mara", call_id=other.id, message_id="u", text="x"
        )
        assert (client.names(), page.names()) == (["user.message"], [])

    def test_ids(self) -> None:
        """An id of one call's stream is of no use for another's."""
        scene = Scene()
        cursor = scene.reader().read()[-1][2]
        scene.call = scene.wire.call(call_id="CA2")
        assert scene.reader(last_event_id=cursor).names() == ["call.started", "gap"]

    def test_completeness(self) -> None:
        """Only a call's stream of which all was told is complete; a client's never is."""
        scene = Scene()
        cursor = scene.client_reader().read()[-1][2]
        assert not scene.hub.is_complete(None, cursor)
        assert not scene.hub.is_complete(scene.call, cursor)
        page = scene.reader()
        scene.end()
        assert not scene.hub.is_complete(scene.call, cursor)
        assert scene.hub.is_complete(scene.call, page.read()[-1][2])

    def test_a_slow_reader_is_cut(self) -> None:
        """The queue of a reader who does not read is let go; it resumes by its id, and others do not
        notice."""
        scene = Scene()
        slow, quick = scene.reader(), scene.reader()
        cursor = slow.read()[-1][2]
        quick.read()
        read = []
        for number in range(READER + 2):
            scene.hear(f"u{number}", "Hi")
            read += quick.read()
        assert slow.subscriber.cut
        assert (scene.hub.subscribers, scene.hub.cut) == (1, 1)
        assert len(read) == READER + 2
        scene.hub.unsubscribe(slow.subscriber)
        again = scene.reader(last_event_id=read[-3][2]).read()
        assert again[1:] == read[-2:]
        assert scene.reader(last_event_id=cursor).read()[1][0] == "gap"

    def test_who_leaves_is_forgotten(self) -> None:
        """A reader that has left gets nothing; closing ends the others."""
        scene = Scene()
        gone, there = scene.reader(), scene.reader()
        gone.read(), there.read()
        scene.hub.unsubscribe(gone.subscriber)
        scene.hear("u1", "Hi")
        assert (gone.read(), len(there.read())) == ([], 1)
        assert scene.hub.subscribers == 1
        scene.hub.close()
        assert (there.subscriber.reason, scene.hub.subscribers) == ("closed", 0)
        assert scene.reader().subscriber.reason == "closed"

    def test_a_call_that_is_over(self) -> None:
        """A stream of a call that is over ends after what there is to tell."""
        scene = Scene()
        scene.end()
        reader = scene.reader()
        assert (reader.subscriber.reason, scene.hub.subscribers) == ("ended", 0)
        assert reader.names() == ["call.started", "call.ended"]

    def test_what_was_missed_while_nobody_watched(self) -> None:
        """Past the hub's memory nothing is recorded of a call; a reader that comes back then gets a
        gap, and everything that was said."""
        scene = Scene()
        reader = scene.reader()
        cursor = reader.read()[-1][2]
        scene.hub.unsubscribe(reader.subscriber)
        for number in range(RING + 100):
            scene.hear(f"u{number}", "Hi")
        assert not scene.hub.active
        seen = told(scene.reader(last_event_id=cursor))
        assert seen[1] == ("gap", {"event": "gap", "reason": "expired"})
        assert len(seen) == RING + 102
