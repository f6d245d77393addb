"""Phone and WebRTC calls: start and end, order of events, replies, turns, barge-in, lost links."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.emulator.errors import EmulatorError, Nobody
from pinecall.errors import CallEnded

from .world import CALLER, NUMBER, Client, World

WORDS = ("bot.word", "user.speaking")


def of_call(client: Client, since: int) -> list[str]:
    """The names of what arrived, without words."""
    return [n for n in client.names(since) if n not in WORDS]


def test_a_call_is_announced_with_its_ends(world: World, client: Client) -> None:
    """``call.started`` has from, to, direction, transport, language and metadata."""
    client.agent(language="es")
    call = world.phone(metadata={"tenant": "acme"})
    frame = client.last("call.started")
    assert frame.pop("seq") == 1
    assert frame == {
        "event": "call.started", "agent_id": "mara", "call_id": call.id, "session_id": call.id,
        "from": CALLER, "to": NUMBER, "direction": "inbound", "transport": "phone", "language": "es",
        "metadata": {"tenant": "acme"}, "ts": world.now,
    }  # fmt: skip
    assert call.id.startswith("CA")


def test_the_greeting_is_spoken_once_and_whole(world: World, client: Client) -> None:
    """The first frame has the greeting's text with templates filled in; the words follow."""
    client.agent(greeting="Hi {{name}}", vars={"name": "Ana"})
    world.phone()
    assert client.names()[-5:] == [
        "bot.speaking",
        "bot.word",
        "bot.word",
        "message.confirmed",
        "bot.finished",
    ]
    assert client.last("bot.speaking")["text"] == "Hi Ana"
    assert [f["word"] for f in client.events("bot.word")] == ["Hi", "Ana"]


def test_a_greeting_map_follows_the_language(world: World, client: Client) -> None:
    """The greeting is that of the call's language, else of its base, else the first entry."""
    client.agent(greeting={"en": "Hello", "es": "Hola"})
    for language, said in (("es-MX", "Hola"), ("en", "Hello"), ("fr", "Hello")):
        world.phone(language=language)
        assert client.last("bot.speaking")["text"] == said


def test_the_order_of_a_phone_turn(world: World, client: Client) -> None:
    """The events of a turn come as captured, without the second user.message."""
    client.agent()
    call = world.phone()
    since = len(client.inbox)
    world.say(call, "hello")
    assert of_call(client, since) == [
        "speech.started", "user.message", "eager.turn", "speech.ended", "turn.end",
        "bot.speaking", "message.confirmed", "bot.finished",
    ]  # fmt: skip
    assert call.next_reply() is not None


def test_the_order_of_a_webrtc_turn(world: World, client: Client) -> None:
    """The events come as captured: user.message and message.confirmed are sent twice."""
    client.agent()
    call = world.webrtc()
    since = len(client.inbox)
    world.say(call, "hello")
    assert of_call(client, since) == [
        "speech.started", "user.message", "eager.turn", "speech.ended", "user.message", "turn.end",
        "bot.speaking", "message.confirmed", "bot.finished", "message.confirmed",
    ]  # fmt: skip
    first, second = client.events("user.message")
    assert (first["message_id"], first["lag_ms"], second["lag_ms"]) == (
        second["message_id"],
        0,
        449,
    )
    one, two = client.events("message.confirmed")
    assert (one["seq"], one["ts"]) == (two["seq"], two["ts"])
    assert "session_id" not in two
    assert two["phone_number"].startswith("session:")
    assert client.last("bot.speaking")["text"] == ""


def test_interim_text_replaces_itself(world: World, client: Client) -> None:
    """Each user.speaking holds everything so far; interim=False sends none."""
    client.agent()
    call = world.phone()
    world.say(call, "a b c")
    world.say(call, "quiet", interim=False)
    assert [f["text"] for f in client.events("user.speaking")] == ["a", "a b", "a b c"]


def test_turn_ids_count_up_and_join_the_frames(world: World, client: Client) -> None:
    """Speech, message and end of one turn have the same id; the next turn has the next."""
    client.agent()
    call = world.phone()
    world.say(call, "one")
    world.say(call, "two")
    names = ("speech.started", "speech.ended", "user.message", "eager.turn", "turn.end")
    assert [f["turn_id"] for f in client.events(*names)] == [1] * 5 + [2] * 5
    assert client.last("turn.end")["message_id"] == client.last("user.message")["message_id"]


def test_nobody_answers_an_unknown_number(world: World, client: Client) -> None:
    """The error names the numbers that are answered."""
    client.agent()
    with pytest.raises(Nobody, match=r"\+13186330963"):
        world.phone(to="+15550001111")
    with pytest.raises(EmulatorError, match="not a phone number"):
        world.phone(to="12")


def test_the_end_carries_history_and_figures(world: World, client: Client) -> None:
    """``call.ended`` has the duration from start to end, and the model's messages."""
    client.agent(greeting="Hi")
    call = world.phone()
    world.say(call, "hello")
    world.pass_time(5)
    call.caller_hangs_up()
    world.pump()
    end = client.last("call.ended")
    assert (end["reason"], end["duration_seconds"]) == ("hangup", 5.0)
    assert end["messages"] == [
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "Hello! How can I help you?"},
    ]
    assert world.server.sessions.live == {}
    with pytest.raises(CallEnded):
        world.say(call, "anybody?")


def test_the_agent_hangs_up(world: World, client: Client) -> None:
    """The call ends at once, with the agent's reason; a second hangup does nothing."""
    client.agent()
    call = world.phone()
    client.send("call.hangup", call_id=call.id, reason="done")
    assert (call.ended, call.reason) == (True, "done")
    assert client.send("call.hangup", call_id=call.id) == []


def test_bot_reply_is_spoken_with_the_clients_id(world: World, client: Client) -> None:
    """The first frame has the text; it enters the history if it answers a message or asks to."""
    client.agent(llm=None)
    call = world.phone()
    client.send("bot.reply", call_id=call.id, message_id="msg_1", text="Hi there", in_reply_to="")
    client.send(
        "bot.reply",
        call_id=call.id,
        message_id="msg_2",
        text="Kept",
        in_reply_to="",
        add_to_history=True,
    )
    assert [f["text"] for f in client.events("bot.speaking")] == ["Hi there", "Kept"]
    assert [f["message_id"] for f in client.events("bot.finished")] == ["msg_1", "msg_2"]
    assert call.messages == [{"role": "assistant", "content": "Kept"}]


def test_replies_are_spoken_one_after_the_other() -> None:
    """The second reply begins when the first is finished."""
    world = World(pace=1.0)
    client = world.client()
    client.agent(llm=None)
    call = world.phone()
    for name in ("a", "b"):
        client.send("bot.reply", call_id=call.id, message_id=name, text="one two", in_reply_to="")
    world.pass_time(10)
    names = [
        (f["event"], f["message_id"])
        for f in client.inbox
        if f["event"] in ("bot.speaking", "bot.finished")
    ]
    assert names == [
        ("bot.speaking", "a"),
        ("bot.finished", "a"),
        ("bot.speaking", "b"),
        ("bot.finished", "b"),
    ]


def test_speech_takes_time_at_full_pace() -> None:
    """Words come at two and a half a second after the latency, with stamps that follow the clock."""
    world = World(pace=1.0)
    client = world.client()
    client.agent(greeting="one two three four five")
    world.phone()
    start = world.now
    world.pass_time(10)
    offsets = [round(f["ts"] - start, 2) for f in client.events("bot.word")]
    assert offsets == [0.6, 1.0, 1.4, 1.8, 2.2]
    assert client.last("bot.finished")["duration_ms"] == 2000
    assert round(client.last("bot.finished")["ts"] - start, 2) == 2.6


def test_a_stream_is_spoken_as_it_comes(world: World, client: Client) -> None:
    """A word is spoken once it is complete; the first frame has no text."""
    client.agent(llm=None)
    call = world.phone()
    world.say(call, "hi")
    answered = client.last("user.message")["message_id"]
    stream = {"call_id": call.id, "message_id": "msg_s"}
    client.send("bot.reply.stream", **stream, action="start", in_reply_to=answered)
    client.send("bot.reply.stream", **stream, action="chunk", token="Hel")
    assert client.events("bot.word") == []
    client.send("bot.reply.stream", **stream, action="chunk", token="lo you")
    assert [f["word"] for f in client.events("bot.word")] == ["Hello"]
    client.send("bot.reply.stream", **stream, action="end")
    assert client.last("bot.speaking")["text"] == ""
    assert client.last("message.confirmed")["text"] == "Hello you"
    assert client.names()[-1] == "bot.finished"


def test_an_empty_reply_still_finishes(world: World, client: Client) -> None:
    """It starts and ends without words; nothing is confirmed."""
    client.agent(llm=None)
    call = world.phone()
    stream = {"call_id": call.id, "message_id": "msg_s"}
    client.send("bot.reply.stream", **stream, action="start", in_reply_to="")
    client.send("bot.reply.stream", **stream, action="end")
    assert client.names()[-2:] == ["bot.speaking", "bot.finished"]


def test_an_obsolete_reply_is_rejected(world: World, client: Client) -> None:
    """A reply to a message that is not the last one is rejected."""
    client.agent(llm=None)
    call = world.phone()
    world.say(call, "one")
    old = client.last("user.message")["message_id"]
    world.say(call, "two")
    new = client.last("user.message")["message_id"]
    for event, more in (("bot.reply", {"text": "late"}), ("bot.reply.stream", {"action": "start"})):
        client.send(event, call_id=call.id, message_id="msg_x", in_reply_to=old, **more)
        rejected = client.last("reply.rejected")
        assert (rejected["in_reply_to"], rejected["expected_reply_to"]) == (old, new)
        assert rejected["reason"] == "message_obsolete"
    assert client.events("bot.speaking") == []


def test_the_caller_waits_until_the_agent_is_silent() -> None:
    """Words said during the greeting are heard after it."""
    world = World(pace=1.0)
    client = world.client()
    client.agent(greeting="one two three")
    call = world.phone()
    world.say(call, "hello")
    world.pass_time(10)
    names = [n for n in client.names() if n in ("bot.finished", "speech.started")]
    assert names[:2] == ["bot.finished", "speech.started"]
    reply = call.next_reply()
    assert reply is not None
    assert reply.text == "Hello! How can I help you?"


def test_a_barge_in_cuts_the_agent_off() -> None:
    """barge_in comes first, then bot.interrupted with what was heard; the new turn is answered."""
    world = World(pace=1.0)
    client = world.client()
    client.agent(greeting="one two three four five six")
    call = world.phone()
    world.pass_time(1.5)
    world.say(call, "wait", cut=True)
    cut = client.last("bot.interrupted")
    assert (cut["reason"], cut["words_spoken"], cut["last_word"], cut["played_ms"]) == (
        "user_spoke",
        3,
        "three",
        1200,
    )
    assert client.last("barge_in")["cancelled_message_id"] == cut["message_id"]
    assert client.names().index("speech.started") < client.names().index("barge_in")
    world.pass_time(10)
    assert [h.interrupted for h in call.heard] == [True, False]
    reply = call.next_reply()
    assert reply is not None
    assert reply.text == "You said: wait"


def test_an_armed_barge_in_cuts_the_next_reply(world: World, client: Client) -> None:
    """At full speed an interruption is requested beforehand, and cuts after two words."""
    client.agent()
    call = world.phone()
    world.say(call, "stop", cut=True)
    world.say(call, "!words 9")
    assert client.last("bot.interrupted")["words_spoken"] == 2
    assert [h.text for h in call.heard] == ["word1 word2", "You said: stop"]


def test_nobody_to_interrupt(world: World, client: Client) -> None:
    """When the agent stays silent for 2 s, an interruption is said as an ordinary turn."""
    client.agent()
    call = world.phone()
    world.say(call, "hello")
    world.say(call, "wait", cut=True)
    world.pass_time(1.9)
    assert client.last("user.message")["text"] == "hello"
    world.pass_time(0.2)
    assert client.last("user.message")["text"] == "wait"
    assert client.events("bot.interrupted", "barge_in") == []
    world.say(call, "!words 3")
    assert [h.interrupted for h in call.heard] == [False, False, False]


def test_an_answer_that_is_awaited_is_interrupted(world: World, client: Client) -> None:
    """While the program still owes an answer, the interruption waits for it."""
    client.agent(llm=None)
    call = world.phone()
    world.say(call, "hello")
    world.say(call, "wait", cut=True)
    world.pass_time(10)
    client.send("bot.reply", call_id=call.id, message_id="m1", text="one two three", in_reply_to="")
    assert client.last("bot.interrupted")["words_spoken"] == 2
    assert client.last("user.message")["text"] == "wait"


def test_nobody_is_interrupted_after_the_end(world: World, client: Client) -> None:
    """An interruption that is still waiting at the end of the call is not said."""
    client.agent()
    call = world.phone()
    world.say(call, "wait", cut=True)
    call.caller_hangs_up()
    world.pass_time(5)
    assert client.events("user.message") == []


def test_an_agent_that_may_not_be_interrupted_is_not() -> None:
    """With interruption: false the agent speaks to its end, and the words are heard and answered after."""
    world = World(pace=1.0)
    client = world.client()
    client.agent(interruption=False, greeting="one two three four")
    call = world.phone()
    world.pass_time(1.5)
    assert client.events("bot.word") != []
    since = len(client.inbox)
    world.say(call, "stop", cut=True)
    world.pass_time(10)
    assert client.events("bot.interrupted", "barge_in") == []
    assert of_call(client, since)[:4] == [
        "message.confirmed",
        "bot.finished",
        "speech.started",
        "user.message",
    ]
    assert client.last("user.message")["text"] == "stop"
    assert [(h.text, h.interrupted) for h in call.heard] == [
        ("one two three four", False),
        ("You said: stop", False),
    ]


def test_going_on_drops_the_answer() -> None:
    """turn.continued comes, the answer is interrupted as a continuation, the same turn ends again."""
    world = World(pace=1.0)
    client = world.client()
    client.agent()
    call = world.phone()
    world.say(call, "!words 20")
    world.pass_time(4)
    first = client.last("user.message")["message_id"]
    since = len(client.inbox)
    world.say(call, "and more", more=True)
    world.pass_time(3)
    names = of_call(client, since)
    assert names[0] == "turn.continued"
    assert client.last("bot.interrupted")["reason"] == "continuation"
    assert [f["turn_id"] for f in client.events("turn.end")] == [1, 1]
    assert client.last("turn.end")["message_id"] != first


def test_a_pause_in_a_turn(world: World, client: Client) -> None:
    """turn.pause and turn.resumed come, and one message with both halves."""
    client.agent()
    call = world.phone()
    since = len(client.inbox)
    world.say(call, "I would", end=False)
    call.caller.silence()
    world.say(call, "like tea")
    assert of_call(client, since)[:5] == [
        "speech.started",
        "speech.ended",
        "turn.pause",
        "turn.resumed",
        "speech.started",
    ]
    assert [f["text"] for f in client.events("user.message")] == ["I would like tea"]
    assert client.last("turn.end")["turn_id"] == 1
    with pytest.raises(EmulatorError, match="end=False"):
        call.caller.silence()


def test_cancel_stops_the_current_or_the_named_message() -> None:
    """Cancelled messages are interrupted with reason cancelled; others go on."""
    world = World(pace=1.0)
    client = world.client()
    client.agent(llm=None)
    call = world.phone()
    for name in ("a", "b", "c"):
        client.send(
            "bot.reply", call_id=call.id, message_id=name, text="one two three", in_reply_to=""
        )
    world.pass_time(1)
    client.send("bot.cancel", call_id=call.id, message_id="b")
    client.send("bot.cancel", call_id=call.id)
    world.pass_time(10)
    assert [(f["message_id"], f["reason"]) for f in client.events("bot.interrupted")] == [
        ("b", "cancelled"),
        ("a", "cancelled"),
    ]
    assert [f["message_id"] for f in client.events("bot.finished")] == ["c"]
    assert client.last("message.aborted")["message_id"] == "b"


def test_clear_stops_everything() -> None:
    """What is being spoken and what waits is interrupted."""
    world = World(pace=1.0)
    client = world.client()
    client.agent(llm=None)
    call = world.phone()
    for name in ("a", "b"):
        client.send(
            "bot.reply", call_id=call.id, message_id=name, text="one two three", in_reply_to=""
        )
    world.pass_time(1)
    client.send("bot.clear", call_id=call.id)
    world.pass_time(10)
    assert {f["message_id"] for f in client.events("bot.interrupted")} == {"a", "b"}
    assert client.events("bot.finished") == []


def test_a_call_survives_a_lost_link(world: World, client: Client) -> None:
    """An agent that comes back within the window gets the call announced again, and it goes on."""
    client.agent()
    call = world.phone()
    client.gone()
    world.pass_time(20)
    second = world.client()
    second.agent()
    assert second.last("call.started")["call_id"] == call.id
    world.say(call, "hello")
    assert second.names()[-1] == "bot.finished"


def test_a_call_ends_when_the_agent_stays_away(world: World, client: Client) -> None:
    """After the window the call ends for the caller."""
    client.agent()
    call = world.phone()
    client.gone()
    world.pass_time(31)
    assert (call.ended, call.reason) == (True, "connection_lost")
    assert world.server.registry.agents == []


@pytest.mark.parametrize(
    ("event", "fields"),
    [("bot.reply", {"message_id": "m", "text": "x"}), ("call.hold", {}), ("llm.ready", {"turn": 1}),
     ("llm.tool_result", {"msg_id": "m", "results": []}), ("skill.load", {"skill": "s"})],
)  # fmt: skip
def test_commands_for_calls_that_are_over_are_ignored(
    world: World, client: Client, event: str, fields: dict[str, Any]
) -> None:
    """A command for a call that has ended, or never was, is not answered and changes nothing."""
    client.agent(skills=[{"name": "s", "activation": "manual"}])
    call = world.phone()
    world.say(call, "hello")
    call.caller_hangs_up()
    world.pass_time(5)
    assert client.names()[-1] == "call.ended"

    def state() -> list[Any]:
        return [call.ended, call.held, call.reason, *call.heard, *call.messages, *call.skills]

    before = state()
    assert client.send(event, call_id=call.id, **fields) == []
    assert client.send(event, call_id="CA0", **fields) == []
    world.pass_time(5)
    assert client.names()[-1] == "call.ended"
    assert state() == before


def test_another_connections_call_cannot_be_touched(world: World, client: Client) -> None:
    """A command with another connection's call id has no effect."""
    client.agent()
    call = world.phone()
    world.client().send("call.hangup", call_id=call.id)
    assert not call.ended


def test_the_same_seed_makes_the_same_ids() -> None:
    """Ids depend only on the seed and on what happened."""

    def frames(seed: int) -> list[dict[str, Any]]:
        world = World(seed=seed)
        client = world.client()
        client.agent(greeting="Hi")
        world.say(world.phone(), "hello")
        return client.inbox

    assert frames(1) == frames(1)
    assert frames(1) != frames(2)


@pytest.mark.parametrize("who", ["anonymous", "Restricted", "", None])
def test_a_withheld_caller(world: World, client: Client, who: str | None) -> None:
    """A call from a withheld number starts, with what the carrier reports as its number."""
    client.agent()
    world.phone(from_=who)
    assert client.last("call.started")["from"] == (who or "")
