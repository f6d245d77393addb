"""The stream of one call: what a page receives from its start to its end."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.streams.filters import describe
from pinecall.core.streams.subscriber import Subscriber

from ..harness import Wire
from ..hubs import Reader, World

IDS = {"agent_id": "mara", "call_id": "CA1"}


class Scene:
    """A live call of a real session, and readers of its stream."""

    def __init__(self, wire: Wire | None = None, **call: Any) -> None:
        self.wire = wire or Wire()
        self.call = self.wire.call(**call)
        self.hub = self.wire.engine.open_hub()

    def reader(self, **options: Any) -> Reader:
        return Reader(self, call=self.call, **options)  # type: ignore[arg-type]

    def watchers(self) -> list[Subscriber]:
        """The readers of the call's stream."""
        return list(self.hub._call_streams[self.call].readers)

    def say(self, message_id: str, *words: str) -> None:
        """The agent's words, and the server's confirmation of them."""
        self.words(message_id, *words)
        self.wire.server("bot.finished", **IDS, message_id=message_id)
        self.wire.server("message.confirmed", **IDS, message_id=message_id, text=" ".join(words))

    def words(self, message_id: str, *words: str) -> None:
        self.wire.server("bot.speaking", **IDS, message_id=message_id)
        for index, word in enumerate(words):
            self.wire.server("bot.word", **IDS, message_id=message_id, word=word, word_index=index)

    def hear(self, message_id: str, text: str) -> None:
        self.wire.server("user.message", **IDS, message_id=message_id, text=text)

    def end(self, reason: str = "hangup") -> None:
        self.wire.server("call.ended", **IDS, reason=reason, duration_seconds=12.6)


def told(reader: Reader) -> list[tuple[str, dict[str, Any]]]:
    return [(name, data) for name, data, _ in reader.read()]


def said(text: str, message_id: str) -> dict[str, str]:
    return {"text": text, "messageId": message_id}


def test_a_call_from_start_to_end() -> None:
    """call.started, growing bot text, what is confirmed, what the caller says, tool calls, the end;
    nothing follows."""
    scene = Scene()
    reader = scene.reader()
    assert told(reader) == [("call.started", {"callId": "CA1"})]
    scene.say("m1", "Hello", "there.")
    scene.wire.server("user.speaking", **IDS, text="A ta", message_id="u1")
    scene.hear("u1", "A table.")
    arguments = '{"persons": 2}'
    scene.wire.server(
        "llm.tool_call",
        **IDS,
        msg_id="r1",
        tool_calls=[
            {"id": "1", "name": "find_table", "arguments": arguments},
            {"id": "2", "function": {"name": "call_chef", "arguments": "now!"}},
            {"id": "3", "name": "log", "arguments": ""},
            {"id": "4", "name": "note", "arguments": {"a": 1}},
        ],
    )
    assert told(reader) == [
        ("bot.word", said("Hello", "m1")),
        ("bot.word", said("Hello there.", "m1")),
        ("bot.confirmed", said("Hello there.", "m1")),
        ("user.speaking", said("A ta", "u1")),
        ("user.message", said("A table.", "u1")),
        ("tool.call", {"name": "find_table", "args": {"persons": 2}}),
        ("tool.call", {"name": "call_chef", "args": "now!"}),
        ("tool.call", {"name": "log", "args": {}}),
        ("tool.call", {"name": "note", "args": {"a": 1}}),
    ]
    scene.end()
    assert reader.subscriber.over
    assert told(reader) == [("call.ended", {"reason": "hangup", "duration": 13})]
    assert scene.hub.subscribers == 0


def test_only_that_call() -> None:
    """Another call's events do not come, nor those that a page of one call has no use for."""
    scene = Scene()
    scene.wire.call(call_id="CA2")
    reader = scene.reader()
    told(reader)
    scene.wire.server("user.message", agent_id="mara", call_id="CA2", message_id="u", text="no")
    scene.wire.server("audio.metrics", **IDS)
    scene.wire.server("call.held", **IDS)
    scene.wire.server("message.confirmed", **IDS, message_id="m0")
    scene.hear("u1", "yes")
    assert told(reader) == [("user.message", said("yes", "u1"))]


def test_a_frame_sent_again_is_written_once() -> None:
    """A frame that the server repeats after a reconnect is written once here too."""
    scene = Scene()
    reader = scene.reader()
    told(reader)
    for _ in range(2):
        scene.say("m1", "Hello")
    assert told(reader).count(("bot.confirmed", said("Hello", "m1"))) == 1


def test_the_greeting_comes_first() -> None:
    """The given one, else the one it was dialled with; not beside the same words in the transcript."""
    scene = Scene()
    assert told(scene.reader(greeting="Hi!"))[1:] == [("bot.confirmed", said("Hi!", "greeting"))]
    scene.call._greeting = "Good day."
    assert told(scene.reader())[1:] == [("bot.confirmed", said("Good day.", "greeting"))]
    assert told(scene.reader(greeting=""))[1:] == []
    scene.say("m1", "Good", "day.")
    assert told(scene.reader())[1:] == [("bot.confirmed", said("Good day.", "m1"))]


def test_who_comes_later_is_told_what_was_said() -> None:
    """The transcript under its own message ids, and what is being said."""
    scene = Scene()
    scene.say("m1", "Hello.")
    scene.hear("u1", "A table.")
    scene.words("m2", "For", "two?")
    assert told(scene.reader())[1:] == [
        ("bot.confirmed", said("Hello.", "m1")),
        ("user.message", said("A table.", "u1")),
        ("bot.word", said("For two?", "m2")),
    ]


def test_a_word_of_an_unknown_message() -> None:
    """Where the beginning was not heard, the word is all there is."""
    scene = Scene()
    reader = scene.reader()
    told(reader)
    scene.wire.server("bot.word", **IDS, message_id="m9", word="there", word_index=3)
    assert told(reader) == [("bot.word", said("there", "m9"))]


def test_a_chat_in_tokens_and_in_one_piece() -> None:
    """Tokens grow; an answer that was not streamed is there at once."""
    wire = Wire()
    wire.agent("mara")
    ids = {"agent_id": "mara", "call_id": "chat-1"}
    wire.server("llm.chat.started", **ids)
    scene = Scene.__new__(Scene)
    scene.wire, scene.hub = wire, wire.engine.open_hub()
    scene.call = wire.engine.registry.calls["chat-1"]
    reader = scene.reader()
    told(reader)
    for token in ("One ", "two."):
        wire.server("llm.chat.chunk", **ids, message_id="m1", token=token)
    wire.server("chat.response", **ids, text="One two.")
    wire.server("chat.response", **ids, text="Whole.")
    assert told(reader) == [
        ("bot.word", said("One ", "m1")),
        ("bot.word", said("One two.", "m1")),
        ("bot.confirmed", said("Whole.", "said-1")),
    ]


def test_an_id_goes_on_without_loss_or_repetition() -> None:
    """From any id on: which call it is, then exactly what came after it, the end included."""
    scene = Scene()
    reader = scene.reader()
    ids = [reader.read()[-1][2]]
    scene.say("m1", "Hello", "there.")
    scene.hear("u1", "Hi")
    scene.end()
    events = reader.read()
    ids += [id for _, _, id in events]
    assert len(ids) == 6
    for index, cursor in enumerate(ids):
        again = scene.reader(last_event_id=cursor).read()
        assert again[0][:2] == ("call.started", {"callId": "CA1"})
        assert again[1:] == events[index:]


def test_torn_off_while_being_told_what_was_said() -> None:
    """A reader whose connection broke during the replay gets all of it again, without a gap."""
    scene = Scene()
    scene.say("m1", "Hello.")
    scene.hear("u1", "Hi")
    first = scene.reader().read()
    assert scene.reader(last_event_id=first[1][2]).read() == first


@pytest.mark.parametrize("cursor", ["before-3", "{epoch}-3", "{epoch}.2-1"])
def test_an_id_of_something_else_is_a_gap(cursor: str) -> None:
    """The id of another program, of the client's stream or of another call gives a gap."""
    scene = Scene()
    scene.reader()
    scene.hear("u1", "Hi")
    seen = told(scene.reader(last_event_id=cursor.format(epoch=scene.hub.epoch)))
    assert seen[1:] == [
        ("gap", {"event": "gap", "reason": "restarted"}),
        ("user.message", said("Hi", "u1")),
    ]


def test_two_calls_have_ids_of_their_own() -> None:
    """One call's id says nothing of another's stream."""
    scene = Scene()
    cursor = scene.reader().read()[-1][2]
    other = scene.wire.call(call_id="CA2")
    seen = Reader(scene, call=other, last_event_id=cursor).read()  # type: ignore[arg-type]
    assert [name for name, _, _ in seen] == ["call.started", "gap"]


def test_what_was_missed_while_nobody_watched() -> None:
    """Past the hub's memory nothing is recorded of a call; a reader that comes back then gets a gap."""
    scene = Scene()
    reader = scene.reader()
    cursor = reader.read()[-1][2]
    scene.hub.unsubscribe(reader.subscriber)
    for number in range(2100):
        scene.hear(f"u{number}", "Hi")
    assert not scene.hub.active
    seen = told(scene.reader(last_event_id=cursor))
    assert seen[1] == ("gap", {"event": "gap", "reason": "expired"})
    assert len(seen) == 2102


def test_a_call_that_is_over() -> None:
    """Its stream is what was said, in order, and the end."""
    scene = Scene()
    scene.say("m1", "Hello.")
    scene.hear("u1", "Hi")
    scene.end()
    reader = scene.reader()
    assert reader.subscriber.over
    assert told(reader)[1:] == [
        ("bot.confirmed", said("Hello.", "said-0")),
        ("user.message", said("Hi", "said-1")),
        ("call.ended", {"reason": "hangup", "duration": 13}),
    ]
    assert scene.hub.subscribers == 0


def test_a_reader_that_has_seen_the_end_is_done() -> None:
    """With the id of the end there is nothing more to ask for; with any other id there is."""
    scene = Scene()
    before = scene.reader()
    cursor = before.read()[-1][2]
    assert not scene.hub.is_complete(scene.call, cursor)
    scene.end()
    assert not scene.hub.is_complete(scene.call, "")
    assert not scene.hub.is_complete(scene.call, cursor)
    assert scene.hub.is_complete(scene.call, before.read()[-1][2])
    assert scene.hub.is_complete(scene.call, scene.reader().read()[-1][2])


def test_the_end_of_a_call_that_nobody_watched() -> None:
    """The id of the end says the same of a call that ended before its first reader."""
    scene = Scene()
    scene.end()
    assert not scene.hub.is_complete(scene.call, "")
    assert scene.hub.is_complete(scene.call, scene.reader().read()[-1][2])


def test_other_streams_are_never_complete() -> None:
    """A client's or an agent's stream has no end of its own."""
    scene = Scene()
    cursor = Reader(scene).read()[-1][2]  # type: ignore[arg-type]
    assert not scene.hub.is_complete(None, cursor)
    assert not scene.hub.is_complete(scene.call, cursor)


def test_beside_other_streams() -> None:
    """The client's stream has its own events of the same call, and goes on after its end."""
    scene = Scene()
    client, page = Reader(scene), scene.reader()  # type: ignore[arg-type]
    client.read(), page.read()
    scene.words("m1", "Hello")
    assert [name for name, _, _ in client.read()] == ["bot.speaking", "bot.word"]
    assert [name for name, _, _ in page.read()] == ["bot.word"]
    scene.end()
    assert (page.subscriber.reason, client.subscriber.over) == ("ended", False)


def test_who_does_not_read_is_cut() -> None:
    """Its queue is let go; it resumes by its id, and others do not notice."""
    scene = Scene()
    scene.hub._queue = 10
    slow, quick = scene.reader(), scene.reader()
    cursor = slow.read()[-1][2]
    quick.read()
    read = []
    for number in range(30):
        scene.hear(f"u{number}", "Hi")
        read += quick.read()
    assert slow.subscriber.cut
    assert len(read) == 30
    assert scene.hub.subscribers == 1
    assert scene.reader(last_event_id=cursor).read()[1:] == read


def test_growing_text_is_the_first_to_go() -> None:
    """The newest has all of it: a reader who is late misses nothing."""
    scene = Scene()
    scene.hub._queue = 10
    reader = scene.reader()
    reader.read()
    scene.say("m1", *"abcdefghijklmnop")
    seen = told(reader)
    assert seen[0][0] == "gap"
    assert seen[-1] == ("bot.confirmed", said(" ".join("abcdefghijklmnop"), "m1"))


def test_who_leaves_is_forgotten() -> None:
    """A reader who has gone gets nothing; closing ends the others."""
    scene = Scene()
    gone, there = scene.reader(), scene.reader()
    gone.read(), there.read()
    scene.hub.unsubscribe(gone.subscriber)
    scene.hear("u1", "Hi")
    assert (gone.read(), len(there.read())) == ([], 1)
    assert scene.watchers() == [there.subscriber]
    scene.hub.unsubscribe(there.subscriber)
    assert scene.watchers() == []
    there = scene.reader()
    scene.hub.close()
    assert scene.watchers() == []
    assert there.subscriber.reason == "closed"
    assert scene.reader().subscriber.reason == "closed"


def test_what_a_stream_is_of() -> None:
    """For the reprs of both fronts."""
    call = World().call()
    assert describe(call, "", frozenset()) == "call CA1"
    assert describe(None, "mara", frozenset(["mara"])) == "mara"
    assert describe(None, "", frozenset(["leo", "ada"])) == "ada, leo"
    assert describe(None, "", frozenset()) == "no agents"
    assert describe(None, "", None) == "all agents"


def test_a_transcript_with_more_than_text() -> None:
    """A page shows words: other things that a program put into the conversation are left out."""
    scene = Scene()
    scene.call.messages.append({"role": "user", "content": [{"type": "image_url"}]})
    scene.call.messages.append({"role": "user", "content": "What is that?"})
    assert told(scene.reader())[1:] == [("user.message", said("What is that?", "said-1"))]


def test_a_voice_is_told_by_its_words() -> None:
    """``bot.speaking`` of a phone call says nothing that its words will not say."""
    scene = Scene()
    reader = scene.reader()
    told(reader)
    scene.wire.server("bot.speaking", **IDS, message_id="m1", text="Hello")
    assert told(reader) == []
