"""A call's speech and its questions to the server."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from pinecall import (
    ConfigurationError,
    NotConnected,
    RegistrationError,
    RequestRejected,
    RequestTimeout,
)

from .driving import Asyncio, Blocking, Front
from .log import DEADLINE, Log, until
from .server import Server, hangs_up, history, said


@pytest.fixture
def call(front: Front, server: Server) -> Any:
    """A call that has just been answered by the agent ``mara``."""
    begun = Log()
    pc = front.connected(server, "mara")
    pc.on("call.started", begun)
    server.start_call()
    return begun.wait_count(1)[0]


def test_a_call_is_what_the_server_said(call: Any) -> None:
    """The facts of call.started are on the object, and in no handler's way."""
    assert (call.id, call.agent.id) == ("CA1", "mara")
    assert (call.from_, call.to) == ("+34607827824", "+13186330963")
    assert (call.direction, call.transport, call.status) == ("inbound", "phone", "active")
    assert call.agent.call("CA1") is call
    assert dict(call.agent.calls) == {"CA1": call}


def test_say(front: Front, server: Server, call: Any) -> None:
    """say() sends at once; waiting for it ends when the reply was heard."""
    playback = front.do(call.say, "Good morning.")
    frame = server.frames.wait_for(lambda frame: frame["event"] == "bot.reply")
    assert frame == {
        "event": "bot.reply",
        "call_id": "CA1",
        "message_id": playback.message_id,
        "text": "Good morning.",
        "in_reply_to": "",
    }
    assert front.heard(playback).interrupted is False
    assert playback.done


def test_say_is_interrupted(front: Front, server: Server, call: Any) -> None:
    """A reply that the caller cuts off says so."""

    def cut(connection: Any, frame: dict[str, Any]) -> None:
        about = {"call_id": "CA1", "message_id": frame["message_id"]}
        connection.send({"event": "bot.interrupted", **about})

    server.replies["bot.reply"] = cut
    assert front.heard(front.do(call.say, "A long story.")).interrupted is True


def test_reply(front: Front, server: Server, call: Any) -> None:
    """reply() answers the caller's last message."""
    heard = Log()
    call.on("user.message", lambda event, call: heard(event.text))
    server.connection().send(said("hello", message_id="m7"))
    heard.wait_for("hello")
    front.do(call.reply, "Hello yourself.")
    frame = server.frames.wait_for(lambda frame: frame["event"] == "bot.reply")
    assert frame["in_reply_to"] == "m7"


def test_reply_stream(front: Front, server: Server, call: Any) -> None:
    """A stream's tokens go out as they are written, between a start and an end."""

    def write() -> None:
        with call.reply_stream() as stream:
            stream.write("Good ")
            stream.write("morning.")

    front.do(write)
    server.frames.wait_for(lambda frame: frame.get("action") == "end")
    sent = [f for f in server.frames if f["event"] == "bot.reply.stream"]
    assert [f["action"] for f in sent] == ["start", "chunk", "chunk", "end"]
    assert "".join(f.get("token", "") for f in sent) == "Good morning."


def test_verbs_from_any_thread(front: Front, server: Server, call: Any) -> None:
    """Verbs that only send may be used from any thread, and nothing is lost or torn."""
    import threading

    def talk(number: int) -> None:
        for count in range(50):
            call.say(f"{number}.{count}")

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    until(lambda: sum(f["event"] == "bot.reply" for f in server.frames) == 400, "all of them")
    for number in range(8):
        texts = [f.get("text", "") for f in server.frames if f["event"] == "bot.reply"]
        mine = [text for text in texts if text.startswith(f"{number}.")]
        assert mine == [f"{number}.{count}" for count in range(50)]


def test_get_history(front: Front, call: Any) -> None:
    """A question gives its answer."""
    assert front.do(call.get_history) == [{"role": "user", "content": "of CA1"}]


def test_changes(front: Front, server: Server, call: Any) -> None:
    """A change gives how many messages there are then."""
    assert front.do(call.add_history, [{"role": "user", "content": "x"}]) == 3
    assert front.do(call.set_prompt_vars, {"name": "Ana", "age": 5}) == 3
    frame = server.frames.wait_for(lambda frame: frame["event"] == "history.set_vars")
    assert frame["vars"] == {"name": "Ana", "age": "5"}


def test_a_refused_question(front: Front, server: Server, call: Any) -> None:
    """A refusal is RequestRejected with the server's words, the call and the agent."""

    def refuse(connection: Any, frame: dict[str, Any]) -> None:
        about = {"call_id": "CA1", "request_id": frame["request_id"]}
        connection.send({"event": "history.updated", "error": "no such message", **about})

    server.replies["history.add"] = refuse
    with pytest.raises(RequestRejected, match="no such message") as caught:
        front.do(call.add_history, [{"role": "user", "content": "x"}])
    assert (caught.value.call_id, caught.value.agent_id) == ("CA1", "mara")


def test_an_unanswered_question(
    front: Front, server: Server, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an answer it is RequestTimeout, which says what was waited for."""
    server.replies["history.get"] = None
    ask = call._runtime.requests.ask
    monkeypatch.setattr(
        call._runtime.requests, "ask", lambda *a, **k: ask(*a, **{**k, "timeout": 0.1})
    )
    with pytest.raises(RequestTimeout, match=r"get_history on call CA1 .* no history\.data"):
        front.do(call.get_history)
    assert call._runtime.stats()["requests"] == 0


def test_questions_side_by_side(front: Front, server: Server, call: Any) -> None:
    """Answers that come in another order reach those who asked."""
    asked = Log()

    def later(connection: Any, frame: dict[str, Any]) -> None:
        asked(frame)
        if len(asked) == 10:
            for one in reversed(asked.items):
                connection.send(history(one, [{"role": "user", "content": one["request_id"]}]))

    server.replies["history.get"] = later
    futures = [front.begin(call.get_history) for _ in range(10)]
    answers = {future.result(DEADLINE)[0]["content"] for future in futures}
    assert answers == {frame["request_id"] for frame in asked}


def test_late_answers_are_discarded(
    front: Front, server: Server, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to a question that timed out does not become the next one's."""
    asked = Log()
    server.replies["history.get"] = lambda connection, frame: asked(frame)
    ask = call._runtime.requests.ask
    monkeypatch.setattr(
        call._runtime.requests, "ask", lambda *a, **k: ask(*a, **{**k, "timeout": 0.1})
    )
    with pytest.raises(RequestTimeout):
        front.do(call.get_history)
    monkeypatch.undo()
    second = front.begin(call.get_history)
    first, later = asked.wait_count(2)
    server.connection().send(history(first, [{"role": "user", "content": "late"}]))
    server.connection().send(history(later, [{"role": "user", "content": "mine"}]))
    assert second.result(DEADLINE)[0]["content"] == "mine"


def test_a_cancelled_question(server: Server, log: Log) -> None:
    """asyncio: cancelling a wait forgets the question, and its late answer is discarded."""
    front = Asyncio()
    asked = Log()
    server.replies["history.get"] = lambda connection, frame: asked(frame)
    pc = front.connected(server, "mara")
    pc.on("call.started", log)
    server.start_call()
    call = log.wait_count(1)[0]
    first = front.begin(call.get_history)
    asked.wait_count(1)
    first.cancel()
    until(lambda: pc.stats()["requests"] == 0, "forgotten")
    second = front.begin(call.get_history)
    one, two = asked.wait_count(2)
    server.connection().send(history(one, [{"role": "user", "content": "late"}]))
    server.connection().send(history(two, [{"role": "user", "content": "mine"}]))
    assert second.result(DEADLINE)[0]["content"] == "mine"
    front.close()


def test_a_forgotten_await_still_sends(server: Server, log: Log) -> None:
    """asyncio: a change without ``await`` is made all the same, and nothing complains."""
    front = Asyncio()
    pc = front.connected(server, "mara")
    pc.on("call.started", log)
    server.start_call()
    call = log.wait_count(1)[0]

    async def forget() -> None:
        call.set_prompt_vars({"name": "Ana"})

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        front.do(forget)
        gc.collect()
    frame = server.frames.wait_for(lambda frame: frame["event"] == "history.set_vars")
    assert frame["vars"] == {"name": "Ana"}
    until(lambda: pc.stats()["requests"] == 0, "answered")
    front.close()


def test_one_answer_for_many(server: Server, log: Log) -> None:
    """asyncio: an answer or a playback may be awaited several times, and with wait_for."""
    front = Asyncio()
    pc = front.connected(server, "mara")
    pc.on("call.started", log)
    server.start_call()
    call = log.wait_count(1)[0]

    async def main() -> None:
        answer = call.get_history()
        one, two = await asyncio.gather(answer, answer)
        assert one == two == await answer
        playback = call.say("hello")
        assert not (await asyncio.wait_for(playback, DEADLINE)).interrupted
        assert not (await playback).interrupted

    front.do(main)
    front.close()


def test_a_question_in_a_handler(front: Front, server: Server, log: Log) -> None:
    """A handler may ask and wait: the link goes on meanwhile."""
    pc = front.connected(server, "mara")

    def started(call: Any) -> Iterator[Any]:
        messages = yield call.get_history
        log(messages[0]["content"])

    pc.on("call.started", front.handler(started))
    server.start_call()
    assert log.wait_count(1) == ["of CA1"]


def test_questions_while_the_link_is_down(front: Front, server: Server, call: Any) -> None:
    """While the link is down get_history() raises at once; a change waits, and is made once."""
    server.takeover = hangs_up
    server.connection().reset()
    until(lambda: call.status == "detached", "detached")
    with pytest.raises(NotConnected):
        front.do(call.get_history)
    changing = front.begin(call.set_prompt_vars, {"name": "Ana"})
    until(lambda: call._runtime.stats()["held"] == 1, "held")
    server.takeover = None
    there = server.connection(2)
    there.frames.wait_for(lambda frame: frame["event"] == "agent.create")
    assert changing.result(DEADLINE) == 3
    asked = [frame for frame in server.frames if frame["event"] == "history.set_vars"]
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("verb", "arguments", "says"),
    [
        ("say", (5,), "text is a str"),
        ("forward", ("12",), "not a phone number"),
        ("send_dtmf", ("x",), "digits are"),
        ("add_history", ("hello",), "messages are a list"),
        ("set_prompt_vars", ("hello",), "prompt vars are a dict"),
        ("set_prompt_file", ("/no/such/file",), "/no/such/file"),
    ],
)
def test_bad_arguments(
    front: Front, server: Server, call: Any, verb: str, arguments: Any, says: str
) -> None:
    """A wrong argument raises where the verb is used, and nothing is sent."""
    before = len(server.frames)
    with pytest.raises(ConfigurationError, match=says):
        front.do(getattr(call, verb), *arguments)
    front.do(call.get_history)
    assert [frame["event"] for frame in server.frames.items[before:]] == ["history.get"]


def test_wait_ready_refused(front: Front, server: Server, log: Log) -> None:
    """wait_ready() raises what refused the agent."""
    refused = {"event": "error", "code": "REGISTRATION_ERROR", "error": "bad voice"}
    server.replies["agent.create"] = lambda connection, frame: connection.send(
        {**refused, "agent_id": frame["agent_id"]}
    )
    pc = front.connected(server)
    pc.on("error", log)
    with pytest.raises(RegistrationError, match="bad voice") as caught:
        front.do(pc.agent("mara").wait_ready)
    assert caught.value.agent_id == "mara"
    assert isinstance(log.wait_count(1)[0], RegistrationError)


def test_wait_ready_unanswered(front: Front, server: Server) -> None:
    """Without an answer it is AGENT_NOT_REGISTERED, and says how long was waited."""
    server.replies["agent.create"] = None
    pc = front.connected(server)
    with pytest.raises(RegistrationError, match="mara") as caught:
        front.do(pc.agent("mara").wait_ready, 0.1)
    assert caught.value.code == "AGENT_NOT_REGISTERED"


def test_dial(front: Front, server: Server) -> None:
    """dial() gives the call once it is answered."""

    def ring(connection: Any, frame: dict[str, Any]) -> None:
        about = {
            "agent_id": "mara",
            "call_id": "CA9",
            "to": frame["to"],
            "from": frame["from"],
            "direction": "outbound",
        }
        connection.send({"event": "call.dialing", **about}, {"event": "call.started", **about})

    server.replies["call.dial"] = ring
    pc = front.connected(server, "mara")
    pc.get_agent("mara").add_channel("phone", "+13186330963")
    call = front.do(pc.get_agent("mara").dial, "+34607827824")
    assert (call.id, call.to, call.direction) == ("CA9", "+34607827824", "outbound")


def test_dial_that_is_not_answered(front: Front, server: Server) -> None:
    """A busy line is DialError("busy")."""
    from pinecall import DialError

    def busy(connection: Any, frame: dict[str, Any]) -> None:
        about = {"agent_id": "mara", "call_id": "CA9", "to": frame["to"], "direction": "outbound"}
        connection.send(
            {"event": "call.dialing", **about},
            {"event": "call.ended", "reason": "busy", **about},
        )

    server.replies["call.dial"] = busy
    pc = front.connected(server, "mara")
    with pytest.raises(DialError) as caught:
        front.do(pc.get_agent("mara").dial, "+34607827824", from_="+13186330963")
    assert caught.value.reason == "busy"


def test_transcript_follows(front: Front, server: Server, call: Any) -> None:
    """State is right before the handlers run."""
    seen = Log()
    call.on("user.message", lambda event, call: seen(list(call.transcript)))
    server.connection().send(said("hello"))
    assert seen.wait_count(1)[0] == [{"role": "user", "content": "hello"}]


def test_waiting_for_the_end(front: Front, server: Server, log: Log) -> None:
    """``wait_ended`` gives the reason, at once where the call is over; too long a wait is an error."""
    pc = front.connected(server, "mara")
    pc.on("call.started", log)
    server.start_call()
    (call,) = log.wait_count(1)
    with pytest.raises(RequestTimeout, match="the end of call CA1: not within"):
        front.do(call.wait_ended, 0.01)
    waiting = front.begin(call.wait_ended)
    server.connection().send(
        {"event": "call.ended", "agent_id": "mara", "call_id": "CA1", "reason": "hangup"}
    )
    assert waiting.result(DEADLINE) == "hangup"
    assert front.do(call.wait_ended, timeout=1) == "hangup"


def test_a_question_that_is_refused(front: Front, server: Server, log: Log) -> None:
    """An ``error`` frame with a question's id rejects it at once, and fires no ``error``."""

    def refuse(connection: Any, frame: dict[str, Any]) -> None:
        connection.send({"event": "error", "request_id": frame["request_id"], "error": "no"})

    server.replies["history.get"] = refuse
    pc = front.connected(server, "mara")
    pc.on("call.started", log)
    pc.on("error", lambda error: log(error))
    server.start_call()
    (call,) = log.wait_count(1)
    with pytest.raises(RequestRejected, match="get_history on call CA1"):
        front.do(call.get_history)
    assert len(log) == 1


def test_a_call_that_began_before(front: Front, server: Server, log: Log) -> None:
    """A call whose start this process missed fires its start, and its events reach typed handlers."""
    pc = front.connected(server, "mara")
    pc.on("call.started", lambda call: log(("started", call.id, call.from_)))
    pc.on("user.message", lambda event, call: log((event.text, call.id)))
    server.connection().send({**said("hi"), "call_id": "CA7", "from": "+34607827824"})
    assert log.wait_count(2) == [("started", "CA7", "+34607827824"), ("hi", "CA7")]


def test_a_dial_before_the_registration(front: Front, server: Server, log: Log) -> None:
    """``dial`` waits for the agent's registration within its timeout, and raises what refused it."""
    server.replies["agent.create"] = None
    pc = front.client(server)
    front.do(pc.connect)
    agent = pc.agent("mara", phone_number="+13186330963")
    waiting = front.begin(agent.dial, "+34607827824", timeout=DEADLINE)
    there = server.connection()
    there.frames.wait_for(lambda frame: frame["event"] == "agent.create")
    there.send(
        {"event": "error", "agent_id": "mara", "code": "MODEL_NOT_ALLOWED", "error": "not this"}
    )
    with pytest.raises(RegistrationError, match="not this"):
        waiting.result(DEADLINE)
    assert not [frame for frame in there.frames if frame["event"] == "call.dial"]


def test_playback_that_takes_too_long(server: Server, log: Log) -> None:
    """Blocking front: ``Playback.wait`` with a timeout raises RequestTimeout."""
    front = Blocking()
    server.replies["bot.reply"] = None
    pc = front.connected(server, "mara")
    pc.on("call.started", log)
    server.start_call()
    (call,) = log.wait_count(1)
    with pytest.raises(RequestTimeout, match="playback: not within"):
        call.say("hello").wait(0.01)
    with pytest.raises(ConfigurationError, match="did you mean 30"):
        call.say("hello").wait(30000)
    front.close()
