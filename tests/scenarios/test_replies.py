"""What the agent says: replies, playback, streams; and the caller's turns."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall import CallEnded, NotConnected

from ..fronts.log import until
from .scene import Scene


def stream_writer(scene: Scene, *tokens: str, end: bool = True) -> list[Any]:
    """Answer each turn by a stream; the streams, for the test to look at."""
    streams: list[Any] = []

    def answer(turn: Any, call: Any) -> None:
        stream = call.reply_stream(turn)
        for token in tokens:
            stream.write(token)
        if end:
            stream.end()
        streams.append(stream)

    scene.pc.on("turn.end", answer)
    return streams


def test_say_is_heard(scene: Scene) -> None:
    """``say`` is unsolicited speech; its playback says that it was heard to its end."""
    scene.agent()
    caller, call = scene.ring()
    playback = scene.do(call.say, "Good morning")
    assert scene.heard(playback) is False
    frame = scene.sent("bot.reply", message_id=playback.message_id)
    assert (frame["text"], frame["in_reply_to"]) == ("Good morning", "")
    assert "add_to_history" not in frame
    assert caller.wait_reply() == "Good morning"
    assert scene.got("bot.speaking").text == "Good morning"
    assert scene.got("bot.word", word_index=1).word == "morning"
    assert scene.got("bot.finished").message_id == playback.message_id
    assert scene.got("message.confirmed").text == "Good morning"


def test_say_may_enter_the_history(scene: Scene) -> None:
    """``add_to_history=True`` is on the wire, and the model's history has the words."""
    scene.model()
    _, call = scene.ring()
    scene.heard(scene.do(call.say, "A word", add_to_history=True))
    assert scene.sent("bot.reply")["add_to_history"] is True
    assert scene.do(call.get_history) == [{"role": "assistant", "content": "A word"}]


def test_reply_answers_the_message_being_handled(scene: Scene) -> None:
    """Inside a handler, ``reply`` answers the message that the handler was called for."""
    scene.agent()
    scene.pc.on("turn.end", lambda turn, call: call.reply(f"You said {turn.text}"))
    caller, _ = scene.ring()
    caller.say("one")
    assert caller.wait_reply() == "You said one"
    turn = scene.got("turn.end")
    assert scene.sent("bot.reply")["in_reply_to"] == turn.message_id != ""


def test_reply_to_an_obsolete_message(scene: Scene) -> None:
    """The server refuses an answer to an older message; the playback counts as interrupted."""
    scene.agent()
    caller, call = scene.ring()
    caller.say("one")
    first = scene.got("turn.end")
    caller.say("two")
    second = scene.got("turn.end", count=2)
    playback = scene.do(call.reply, "too late", in_reply_to=first.message_id)
    assert scene.heard(playback) is True
    rejected = scene.got("reply.rejected")
    assert rejected.in_reply_to == first.message_id
    assert rejected.expected_reply_to == second.message_id == call.last_message_id


def test_barge_in_interrupts_a_reply(scene: Scene) -> None:
    """A caller who speaks over a reply interrupts its playback; only what was heard is confirmed."""
    scene.agent()
    caller, call = scene.ring()
    caller.interrupt("Stop please")
    playback = scene.do(call.say, "one two three four five")
    assert scene.heard(playback) is True
    event = scene.got("bot.interrupted")
    assert (event.reason, event.words_spoken, event.last_word) == ("user_spoke", 2, "two")
    assert scene.got("barge_in").cancelled_message_id == playback.message_id
    assert scene.got("message.confirmed").text == "one two"
    assert scene.got("turn.end").text == "Stop please"


def test_playback_ends_with_the_call(scene: Scene) -> None:
    """A playback that the end of its call cut off is interrupted; verbs then raise CallEnded."""
    scene.emu.pace = 1.0
    scene.agent()
    caller, call = scene.ring()
    playback = scene.do(call.say, "a long story that takes some time to be told")
    scene.sent("bot.reply")
    caller.hangup()
    assert scene.heard(playback) is True
    scene.got("call.ended")
    with pytest.raises(CallEnded, match="is over"):
        scene.do(call.say, "more")
    with pytest.raises(CallEnded):
        scene.do(call.get_history)
    scene.do(call.hangup)
    assert not scene.frames("call.hangup")


def test_words_while_they_are_spoken(scene: Scene) -> None:
    """``current_bot_text`` grows by the word, is readable in bot.finished, and then empty."""
    scene.agent()
    seen = scene.notes
    scene.pc.on("bot.word", lambda event, call: seen(("word", event.word)))
    scene.pc.on("bot.finished", lambda event, call: seen(call.current_bot_text))
    _, call = scene.ring()
    scene.heard(scene.do(call.say, "one two three"))
    seen.wait_for("one two three")
    until(lambda: call.current_bot_text == "", "the end of the reply")
    assert [item[1] for item in seen if isinstance(item, tuple)] == ["one", "two", "three"]


def test_reply_stream_is_heard(scene: Scene) -> None:
    """A stream sends start, a chunk for each write and one end; the caller hears it whole."""
    scene.agent()
    streams = stream_writer(scene, "Your order ", "has ", "shipped.")
    caller, call = scene.ring()
    caller.say("Where is it?")
    assert caller.wait_reply() == "Your order has shipped."
    turn = scene.got("turn.end")
    start = scene.sent("bot.reply.stream", action="start")
    assert start["in_reply_to"] == turn.message_id
    assert start["message_id"] == streams[0].message_id
    assert [f["action"] for f in scene.frames("bot.reply.stream")] == [
        "start",
        *["chunk"] * 3,
        "end",
    ]
    assert scene.got("message.confirmed").message_id == streams[0].message_id
    assert (streams[0].ended, streams[0].aborted) == (True, False)
    assert call.transcript[-1] == {"role": "assistant", "content": "Your order has shipped."}


def test_stream_aborts_when_the_caller_goes_on(scene: Scene) -> None:
    """``turn.continued`` aborts an open stream; what is written then is not sent."""
    scene.agent()
    streams = stream_writer(scene, "Let me ", end=False)
    caller, _ = scene.ring()
    caller.say("My order")
    until(lambda: streams, "a stream")
    scene.sent("bot.reply.stream", action="chunk")
    caller.continue_("is number twelve")
    scene.got("turn.continued")
    until(lambda: streams[0].aborted, "the abort")
    scene.do(streams[0].write, "never sent")
    scene.do(streams[0].end)
    scene.got("turn.end", count=2)
    until(lambda: len(streams) == 2, "the second stream")
    scene.sent("bot.reply.stream", action="end", message_id=streams[0].message_id)
    scene.sent("bot.reply.stream", action="chunk", message_id=streams[1].message_id)
    assert "never sent" not in [f.get("token") for f in scene.frames("bot.reply.stream")]
    first = [
        f for f in scene.frames("bot.reply.stream") if f["message_id"] == streams[0].message_id
    ]
    assert [f["action"] for f in first] == ["start", "chunk", "end"]
    assert scene.got("turn.end", count=2).text == "is number twelve"


def test_stream_aborts_when_interrupted(scene: Scene) -> None:
    """A barge-in on the stream's own message aborts it."""
    scene.agent()
    streams = stream_writer(scene, "one two three four ", end=False)
    caller, _ = scene.ring()
    caller.say("Go on")
    until(lambda: streams, "a stream")
    message_id = streams[0].message_id
    scene.got("bot.word", message_id=message_id, word_index=3)
    caller.interrupt("Enough")
    assert scene.got("bot.interrupted").message_id == message_id
    until(lambda: streams[0].aborted, "the abort")


def test_stream_aborts_with_its_call(scene: Scene) -> None:
    """The end of the call aborts its stream, and no frame is sent for the call any more."""
    scene.agent()
    streams = stream_writer(scene, "one ", end=False)
    caller, _ = scene.ring()
    caller.say("Go on")
    until(lambda: streams, "a stream")
    scene.sent("bot.reply.stream", action="chunk")
    caller.hangup()
    scene.got("call.ended")
    assert streams[0].aborted
    scene.do(streams[0].write, "two")
    scene.agent("other", None)
    assert [f["action"] for f in scene.frames("bot.reply.stream")] == ["start", "chunk"]


def test_stream_aborts_with_the_link(scene: Scene) -> None:
    """A lost link aborts the stream; the call goes on after the reconnect."""
    scene.agent()
    streams = stream_writer(scene, "one ", end=False)
    caller, call = scene.ring()
    caller.say("Go on")
    until(lambda: streams, "a stream")
    scene.sent("bot.reply.stream", action="chunk")
    scene.emu.drop()
    scene.got("agent.resumed")
    assert streams[0].aborted
    until(lambda: call.status == "active", "the call's return")
    scene.do(call.say, "I am back")
    assert scene.sent("bot.reply", text="I am back")["call_id"] == call.id
    assert not caller.ended


def test_stream_left_by_an_exception(scene: Scene) -> None:
    """Leaving the ``with`` by an exception aborts the stream; leaving it normally ends it."""
    scene.agent()
    _, call = scene.ring()
    streams = []

    def broken() -> None:
        with call.reply_stream() as stream:
            streams.append(stream)
            stream.write("one ")
            raise KeyError("model")

    with pytest.raises(KeyError):
        scene.do(broken)
    assert streams[0].aborted
    assert scene.sent("bot.reply.stream", action="end")["message_id"] == streams[0].message_id


def test_speech_needs_the_link(scene: Scene) -> None:
    """What must be heard now is refused while the link is down."""
    scene.agent()
    _, call = scene.ring()
    scene.cut()
    with pytest.raises(NotConnected, match="cannot be sent later"):
        scene.do(call.say, "Hello?")


def test_a_turn_from_its_first_sound(scene: Scene) -> None:
    """Speech, interim words, the message, the eager turn and the turn, in the wire's order."""
    scene.agent()
    caller, call = scene.ring(language="es")
    caller.say("buenos días")
    turn = scene.got("turn.end")
    assert scene.got("speech.started").turn_id == 1
    assert scene.got("speech.ended").turn_id == 1
    assert scene.got("user.speaking", text="buenos días").call_id == call.id
    message = scene.got("user.message")
    eager = scene.got("eager.turn")
    assert (eager.message_id, eager.text) == (message.message_id, "buenos días")
    assert (turn.id, turn.message_id, turn.text) == (1, message.message_id, "buenos días")
    assert (turn.confidence, turn.language) == (1.0, "es")
    assert turn.probability == 0.97
    assert turn.latency_ms == 164
    order = [n for n in scene.names(call) if n not in ("user.speaking", "speech.ended")]
    assert order[-4:] == ["speech.started", "user.message", "eager.turn", "turn.end"]
    assert call.last_message_id == message.message_id


def test_a_pause_within_a_turn(scene: Scene) -> None:
    """A pause and speech again fire, and the turn that ends has all the words."""
    scene.agent()
    caller, _ = scene.ring()
    caller.say("My number is", end=False)
    caller.silence()
    assert scene.got("turn.pause").turn_id == 1
    caller.say("twelve")
    assert scene.got("turn.resumed").turn_id == 1
    assert scene.got("turn.end").text == "My number is twelve"


def test_repeated_messages_count_once(scene: Scene) -> None:
    """WebRTC repeats user.message and message.confirmed; transcript and handlers have each once."""
    scene.agent(number=None)
    scene.do(scene.pc.get_agent("mara").add_channel, "webrtc")
    scene.got("channel.added")
    scene.pc.on("turn.end", lambda turn, call: call.reply("Fine"))
    caller = scene.emu.webrtc_call("mara")
    call = scene.call(caller.id)
    caller.say("Hello")
    assert caller.wait_reply() == "Fine"
    caller.hangup()
    scene.got("call.ended")
    assert scene.names(call).count("user.message") == 1
    assert scene.names(call).count("message.confirmed") == 1
    assert call.transcript == [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Fine"},
    ]
    assert (call.transport, call.reason) == ("webrtc", "disconnected")
