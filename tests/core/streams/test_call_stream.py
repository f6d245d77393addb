"""The stream of one call: what a page receives from its start to its end."""

from __future__ import annotations

import pytest

from ..harness import Wire
from .scene import IDS, Scene, said, told


def test_a_call_from_start_to_end() -> None:
    """A page gets call.started, growing bot text, confirmed text, the caller's words, tool calls and
    the end; nothing follows."""
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
    """A page gets no events of another call, and none that it has no use for."""
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
    """A frame that the server repeats after a reconnect is written once."""
    scene = Scene()
    reader = scene.reader()
    told(reader)
    for _ in range(2):
        scene.say("m1", "Hello")
    assert told(reader).count(("bot.confirmed", said("Hello", "m1"))) == 1


def test_the_greeting_comes_first() -> None:
    """The first text is the given greeting, else the dialled one, unless the transcript has it too."""
    scene = Scene()
    assert told(scene.reader(greeting="Hi!"))[1:] == [("bot.confirmed", said("Hi!", "greeting"))]
    scene.call._greeting = "Good day."
    assert told(scene.reader())[1:] == [("bot.confirmed", said("Good day.", "greeting"))]
    assert told(scene.reader(greeting=""))[1:] == []
    scene.say("m1", "Good", "day.")
    assert told(scene.reader())[1:] == [("bot.confirmed", said("Good day.", "m1"))]


def test_a_later_reader() -> None:
    """A later reader gets the transcript under its own message ids, and what is being said."""
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
    """A word of a message whose beginning was not heard is sent alone."""
    scene = Scene()
    reader = scene.reader()
    told(reader)
    scene.wire.server("bot.word", **IDS, message_id="m9", word="there", word_index=3)
    assert told(reader) == [("bot.word", said("there", "m9"))]


def test_a_chat_in_tokens_and_in_one_piece() -> None:
    """A chat's tokens grow; an answer that was not streamed is confirmed at once."""
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
    """After any id the call is named, then exactly what followed is sent, the end included."""
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


def test_an_interrupted_beginning() -> None:
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


def test_a_call_that_is_over() -> None:
    """The stream of a call that is over is what was said, in order, and the end."""
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
    """A reader with the id of the end has been sent everything; one with any other id has not."""
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
    """A reader with the id of the end is complete, also where the call ended before its first reader."""
    scene = Scene()
    scene.end()
    assert not scene.hub.is_complete(scene.call, "")
    assert scene.hub.is_complete(scene.call, scene.reader().read()[-1][2])


def test_growing_text_is_the_first_to_go() -> None:
    """A reader who is late gets the newest of a growing text, which has all of it."""
    scene = Scene()
    reader = scene.reader()
    reader.read()
    words = [f"w{number}" for number in range(800)]
    scene.words("m1", *words)
    seen = told(reader)
    assert (seen[0][0], reader.subscriber.over) == ("gap", False)
    assert seen[-1] == ("bot.word", said(" ".join(words), "m1"))


def test_a_transcript_with_more_than_text() -> None:
    """Messages of the conversation that are not text are left out."""
    scene = Scene()
    scene.call.messages.append({"role": "user", "content": [{"type": "image_url"}]})
    scene.call.messages.append({"role": "user", "content": "What is that?"})
    assert told(scene.reader())[1:] == [("user.message", said("What is that?", "said-1"))]


def test_a_voice_is_told_by_its_words() -> None:
    """``bot.speaking`` of a phone call is left out, since its words follow."""
    scene = Scene()
    reader = scene.reader()
    told(reader)
    scene.wire.server("bot.speaking", **IDS, message_id="m1", text="Hello")
    assert told(reader) == []
