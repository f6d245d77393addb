"""The hub: who gets what, from where, and what becomes of who does not read."""

from __future__ import annotations

import json

import pytest

from pinecall import events as ev
from pinecall.core.streams.filters import agent_filter
from pinecall.core.streams.hub import BEAT
from pinecall.core.wire.sse_reader import SseReader
from pinecall.errors import ConfigurationError

from ..harness import Wire
from ..hubs import Reader, World


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


def test_bytes_are_shared() -> None:
    """Two readers get the very same bytes object."""
    world = World()
    call = world.call()
    readers = [Reader(world), Reader(world)]
    for reader in readers:
        reader.read()
    world.message(call, 1)
    first, second = (reader.subscriber.take() for reader in readers)
    assert first is second
    assert first


def test_a_filter_lets_nothing_else_through() -> None:
    """Live, replayed and in the snapshot: only the filter's agents."""
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
    """None means everybody, also who comes later; a filter may name who comes later."""
    world = World()
    everybody, later = Reader(world), Reader(world, agents=frozenset(["later"]))
    everybody.read(), later.read()
    world.message(world.call("1", "later"), 1)
    assert everybody.names() == later.names() == ["user.message"]


def test_an_empty_filter_is_nobody() -> None:
    """A tenant without agents sees nothing, not everything."""
    world = World()
    call = world.call()
    reader = Reader(world, agents=agent_filter([]))
    assert reader.read()[0][1] == {"agents": []}
    world.message(call, 1)
    assert reader.read() == []


def test_a_filter_is_of_ids() -> None:
    """One id may be given bare; an Agent is refused with the fix."""
    assert agent_filter("mara") == {"mara"}
    assert agent_filter(None) is None
    with pytest.raises(ConfigurationError, match=r"agents=\[agent\.id\]"):
        agent_filter([object()])  # type: ignore[list-item]
    with pytest.raises(ConfigurationError, match="is a str, not list"):
        agent_filter([["mara"]])  # type: ignore[list-item]
    with pytest.raises(ConfigurationError, match="a list of agents' ids, not int; write agents="):
        agent_filter(5)  # type: ignore[arg-type]


def test_a_new_reader_is_shown_the_live_calls() -> None:
    """Each as the event that began it, with what was said; the present id comes with the last."""
    world = World()
    world.call("1", transcript=[{"role": "user", "content": "hi"}])
    world.call("chat-1", transport="chat")
    world.call("3", _announced=False)
    seen = Reader(world).read()
    assert [name for name, _, _ in seen] == ["connected", "call.started", "chat.started"]
    assert seen[1][1]["snapshot"] is True
    assert seen[1][1]["transcript"] == [{"role": "user", "content": "hi"}]
    assert [id for _, _, id in seen] == [f"{world.hub.epoch}-{n}" for n in (0, 0, 1)]


def test_the_snapshot_is_of_now() -> None:
    """What has been said since the last reader came is in the next one's snapshot."""
    world = World()
    call = world.call()
    Reader(world).read()
    call.transcript.append({"role": "user", "content": "said 1"})
    world.message(call, 1)
    assert Reader(world).read()[1][1]["transcript"] == call.transcript


def test_a_cursor_goes_on_without_loss_or_repetition() -> None:
    """From any id on: exactly the events after it, with their own ids, and no snapshot."""
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
    """Torn off within the snapshot, a reader is shown all of it again, and no gap."""
    world = World()
    world.call("1"), world.call("2")
    first = Reader(world).read()
    assert Reader(world, last_event_id=first[1][2]).read() == first


@pytest.mark.parametrize("cursor", ["ffff-3", "nonsense", "-", "x" * 300, "{epoch}-", "{epoch}-²"])
def test_a_cursor_of_another_process_is_a_gap(cursor: str) -> None:
    """After a restart the browser gets a gap, and the calls there are."""
    world = World()
    world.call()
    seen = Reader(world, last_event_id=cursor.format(epoch=world.hub.epoch)).read()
    assert [name for name, _, _ in seen] == ["connected", "gap", "call.started"]
    assert seen[1][1]["reason"] == "restarted"


def test_a_cursor_out_of_reach_is_a_gap() -> None:
    """An id from before what is kept gives a gap; so does an id that is yet to come."""
    world = World(kept=5)
    call = world.call()
    reader = Reader(world)
    cursor = reader.read()[-1][2]
    for number in range(6):
        world.message(call, number)
    for late in (cursor, f"{world.hub.epoch}-99"):
        seen = Reader(world, last_event_id=late).read()
        assert seen[1][:2] == ("gap", {"event": "gap", "reason": "expired"})


def test_the_memory_is_bounded_in_bytes() -> None:
    """Large events push out the old ones before the count does."""
    world = World(kept_bytes=10_000)
    call = world.call()
    reader = Reader(world)
    cursor = reader.read()[-1][2]
    for number in range(20):
        world.frame(call, "user.message", message_id=f"u{number}", text="x" * 2000)
    kept = Reader(world, last_event_id=reader.read()[-3][2]).read()
    assert [data["messageId"] for _, data, _ in kept[1:]] == ["u18", "u19"]
    assert Reader(world, last_event_id=cursor).names()[1] == "gap"


def test_other_agents_events_are_no_gap() -> None:
    """A quiet tenant resumes, however much the others have pushed out of the memory."""
    world = World(kept=5)
    quiet, busy = world.call("1", "quiet"), world.call("2", "busy")
    mine = frozenset(["quiet"])
    reader = Reader(world, agents=mine)
    cursor = reader.read()[-1][2]
    for number in range(50):
        world.message(busy, number)
    assert Reader(world, agents=mine, last_event_id=cursor).names() == ["connected"]
    world.message(quiet, 1)
    assert Reader(world, agents=mine, last_event_id=cursor).names()[1:] == ["user.message"]


def test_nothing_is_done_before_the_first_reader() -> None:
    """Publishing to nobody encodes nothing and keeps nothing."""
    world = World()
    call = world.call()
    world.message(call, 1)
    assert not world.hub.active
    assert world.hub.published == 0
    assert Reader(world).names() == ["connected", "call.started"]


def test_a_reader_that_comes_back_finds_what_it_missed() -> None:
    """Between two connections of the only reader events are kept, until it cannot resume anyway."""
    world = World(kept=3)
    call = world.call()
    reader = Reader(world)
    cursor = reader.read()[-1][2]
    world.hub.unsubscribe(reader.subscriber)
    for number in range(3):
        world.message(call, number)
    assert Reader(world, last_event_id=cursor).names()[1:] == ["user.message"] * 3


def test_the_hub_goes_to_sleep_when_nobody_comes_back() -> None:
    """Past the memory's reach events cost nothing; a reader that comes back then gets a gap."""
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


def test_interim_events_are_the_first_to_go() -> None:
    """A full queue gives up words and metrics, keeps the rest, and says how much is missing."""
    world = World(queue=10)
    call = world.call()
    reader = Reader(world)
    reader.read()
    world.message(call, 0)
    for number in range(30):
        world.word(call, number)
    for number in range(1, 7):
        world.message(call, number)
    seen = reader.read()
    assert seen[0][0] == "gap"
    assert seen[0][1]["reason"] == "slow"
    words = [data for name, data, _ in seen if name == "bot.word"]
    assert seen[0][1]["missed"] + len(words) == 30
    assert [d["messageId"] for n, d, _ in seen if n == "user.message"] == [
        f"u{number}" for number in range(7)
    ]


def test_who_does_not_read_at_all_is_cut() -> None:
    """Its queue is let go; the others do not notice; it resumes from the memory."""
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


def test_a_queue_is_bounded_in_bytes_too() -> None:
    """A few huge events cut a reader as many small ones do."""
    world = World(queue_bytes=10_000)
    call = world.call()
    reader = Reader(world)
    for number in range(20):
        world.frame(call, "user.message", message_id=f"u{number}", text="x" * 2000)
    assert reader.subscriber.cut


def test_a_long_replay_does_not_cut_the_reader() -> None:
    """What is replayed does not count as the reader's slowness."""
    world = World(queue=5)
    call = world.call()
    reader = Reader(world)
    cursor = reader.read()[-1][2]
    for number in range(50):
        world.message(call, number)
        reader.read()
    late = Reader(world, last_event_id=cursor)
    world.message(call, 50)
    assert len(late.read()) == 52


def test_a_portion_is_bounded() -> None:
    """A long replay is handed out in pieces, so that it is never in memory twice."""
    world = World()
    call = world.call()
    reader = Reader(world)
    cursor = reader.read()[-1][2]
    for number in range(100):
        world.frame(call, "user.message", message_id=f"u{number}", text="x" * 5000)
    late = Reader(world, last_event_id=cursor)
    assert len(late.subscriber.take()) < 80_000
    assert len(late.read()) >= 80
    assert (late.subscriber.queued, late.subscriber._bytes) == (0, 0)


def test_an_idle_stream_is_pinged() -> None:
    """After 15 s without an event, once; an event puts it off."""
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


def test_a_tick_too_early_changes_nothing() -> None:
    """Time counts, not the number of calls."""
    world = World()
    reader = Reader(world)
    reader.read()
    for _ in range(20):
        world.hub.tick(1.0)
    assert reader.subscriber.take() == b""


def test_who_is_stuck_for_30_seconds_is_cut() -> None:
    """A stalled write ends by the clock even when there are few events."""
    world = World()
    call = world.call()
    reader = Reader(world)
    reader.read()
    world.message(call, 1)
    for beat in range(6):
        world.hub.tick(beat * BEAT)
    assert reader.subscriber.cut
    assert world.hub.subscribers == 0


def test_the_reader_is_woken_once() -> None:
    """It is woken for the first of several events, and again after it has taken them."""
    world = World()
    call = world.call()
    reader = Reader(world)
    reader.read()
    for number in range(5):
        world.message(call, number)
    assert reader.wakes == 1
    reader.read()
    world.message(call, 9)
    assert reader.wakes == 2


def test_closing_ends_streams_after_what_is_queued() -> None:
    """Nothing queued is lost; streams opened later end after ``connected``; until reopened."""
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
    """Leaving twice is leaving once; an abandoned reader goes with the next event."""
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
    """Who leaves takes nobody along: the agent's other readers, and later ones, get its events."""
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


def test_repeats_are_known_for_256_messages() -> None:
    """What is remembered of a call's messages is bounded: a repeat from further back is new."""
    world = World()
    call = world.call()
    reader = Reader(world)
    reader.read()
    for number in range(257):
        world.message(call, number)
    assert len(reader.names()) == 257
    world.message(call, 1)
    assert reader.names() == []
    world.message(call, 0)
    assert reader.names() == ["user.message"]


def test_messages_that_are_no_json_are_left_out_of_the_snapshot() -> None:
    """A program may put anything into a call's messages: a new reader is shown the call all the
    same, without its transcript."""
    world = World()
    world.call(transcript=[{"role": "user", "content": object()}])
    [_, (name, data, _)] = Reader(world).read()
    assert (name, data["callId"], data["snapshot"]) == ("call.started", "CA1", True)
    assert "transcript" not in data


def test_what_json_cannot_hold_is_counted_and_survived() -> None:
    """An event made up by a test or a program must not break the reader."""
    world = World()
    call = world.call()
    reader = Reader(world)
    reader.read()
    call.from_ = object()
    world.message(call, 1)
    assert world.hub.unwritable == 1
    assert reader.read() == []


def test_a_websocket_gets_texts_with_ids() -> None:
    """The same data with ``eventId``, tool calls too, and a ping of its own kind."""
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


def test_websockets_share_their_texts() -> None:
    """A text is made once, for however many WebSockets."""
    world = World()
    call = world.call()
    readers = [Reader(world, ws=True) for _ in range(2)]
    for reader in readers:
        reader.subscriber.take_texts()
    world.message(call, 1)
    [[one], [two]] = [reader.subscriber.take_texts() for reader in readers]
    assert one is two


def test_an_interim_event_that_finds_no_room_is_missed() -> None:
    """Where only events that must not be lost are queued, a word is left out and counted in a gap;
    the reader stays."""
    world = World(queue=3)
    call = world.call()
    reader = Reader(world)
    bound = 3 + len(reader.read())
    for number in range(bound):
        world.message(call, number)
    world.word(call, 1)
    assert not reader.subscriber.over
    (gap, missed, _), *rest = reader.read()
    assert (gap, missed["missed"]) == ("gap", 1)
    assert [name for name, _, _ in rest] == ["user.message"] * bound


def test_a_session_filter_is_strict() -> None:
    """Only that call's events; what names no call does not pass either."""
    world = World()
    one, two = world.call("1"), world.call("2")
    reader = Reader(world, of_agent="mara", session="2", ws=True)
    assert [json.loads(t).get("callId") for t in reader.subscriber.take_texts()] == [None, "2"]
    world.message(one, 1)
    world.publish("session.paused", ev.SessionPaused(agent_id="mara"), world.agents["mara"])
    world.message(two, 2)
    assert [json.loads(t)["callId"] for t in reader.subscriber.take_texts()] == ["2"]


def test_a_queue_full_of_what_matters_loses_only_words() -> None:
    """Behind a queue of messages a word is left out; the reader is not cut for it."""
    world = World(queue=10)
    call = world.call()
    reader = Reader(world)
    reader.read()
    for number in range(12):
        world.message(call, number)
    world.word(call, 0)
    assert not reader.subscriber.over
    seen = reader.read()
    assert (seen[0][0], seen[0][1]["missed"]) == ("gap", 1)
    assert [name for name, _, _ in seen[1:]] == ["user.message"] * 12


def test_texts_are_made_once() -> None:
    """Two WebSockets get the same text; there is none when nothing has happened."""
    world = World()
    call = world.call()
    readers = [Reader(world, ws=True), Reader(world, ws=True)]
    for reader in readers:
        reader.subscriber.take_texts()
        assert reader.subscriber.take_texts() == []
    world.message(call, 1)
    one, two = (reader.subscriber.take_texts() for reader in readers)
    assert one[0] is two[0]


def test_an_event_without_an_agent() -> None:
    """It goes to those who see everything, and names nobody."""
    world = World()
    everybody, some = Reader(world), Reader(world, agents=frozenset(["mara"]))
    everybody.read(), some.read()
    world.publish("session.paused", ev.SessionPaused())
    [(name, data, _)] = everybody.read()
    assert (name, "agent" in data) == ("session.paused", False)
    assert some.read() == []


def test_what_happens_on_a_client_is_streamed() -> None:
    """A client has one hub: what its handlers hear, its streams show; they end with it, and the next
    connect() opens the hub again."""
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
