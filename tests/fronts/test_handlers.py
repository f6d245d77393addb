"""Handlers: what is refused, in which order they run, and what happens when they fail."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from pinecall import ConfigurationError, PinecallError

from .driving import Asyncio, Front
from .log import DEADLINE, Log, until
from .server import Server, said, started


def test_wrong_arity(front: Front) -> None:
    """A handler with the wrong number of parameters is refused by on(), with the right one."""
    pc = front.client("ws://localhost:1")
    with pytest.raises(ConfigurationError, match=r"def handler\(turn, call\)"):
        pc.on("turn.end", lambda turn: None)
    with pytest.raises(ConfigurationError, match=r"def handler\(call\)"):

        @pc.on("call.started")
        def started(call: Any, reason: str) -> None:
            raise AssertionError


def test_star_args_are_fine(front: Front, server: Server, log: Log) -> None:
    """``*args`` takes whatever an event gives."""
    pc = front.connected(server, "mara")
    pc.on("call.started", lambda *args: log(len(args)))
    server.start_call()
    assert log.wait_count(1) == [1]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="asyncio begins no task at once before 3.12")
def test_coroutines_begin_at_once(server: Server, log: Log) -> None:
    """From Python 3.12 on an ``async def`` has its turn as a ``def`` has, up to its first wait."""
    front = Asyncio()
    pc = front.connected(server, "mara")

    @pc.on("call.started")
    async def first(call: Any) -> None:
        log("first begins")
        await asyncio.sleep(0)
        log("first ends")

    pc.on("call.started", lambda call: log("second"))
    server.start_call()
    assert log.wait_count(3) == ["first begins", "second", "first ends"]
    front.close()


def test_a_handler_that_disconnects_first_thing(server: Server, log: Log) -> None:
    """What has come is delivered before what the disconnecting brings about."""
    front = Asyncio()
    pc = front.connected(server, "mara")

    @pc.on("call.started")
    async def leave(call: Any) -> None:
        log("started")
        await pc.disconnect()

    pc.on("user.message", lambda event, call: log("message"))
    pc.on("call.ended", lambda call, reason: log(reason))
    server.connection().send(started("CA1"), said("Bye", "CA1", "m1"))
    items = log.wait_count(3)
    assert (set(items[:2]), items[2]) == ({"started", "message"}, "client_disconnect")
    front.close()


def test_misspelt_event(front: Front) -> None:
    """An event that does not exist is refused with the nearest name."""
    pc = front.client("ws://localhost:1")
    with pytest.raises(ConfigurationError, match=r"did you mean 'turn\.end'"):
        pc.on("turn_end", lambda turn, call: None)
    with pytest.raises(ConfigurationError, match=r"did you mean"):
        pc.events("call.start")
    with pytest.raises(ConfigurationError, match="wants a function"):
        pc.on("turn.end", "print")


def test_coroutine_functions(front: Front, server: Server, log: Log) -> None:
    """The asyncio front runs them as tasks; the blocking one refuses them, with the way out."""
    pc = front.client(server)

    async def handler(call: Any) -> None:
        log(call.id)

    if not isinstance(front, Asyncio):
        with pytest.raises(ConfigurationError, match=r"'def' instead of 'async def'.* pinecall$"):
            pc.on("call.started", handler)
        return
    pc.on("call.started", handler)
    front.do(pc.connect)
    front.do(pc.agent("mara").wait_ready)
    server.start_call()
    log.wait_for("CA1")


def test_handlers_of_call_agent_and_client(front: Front, server: Server, log: Log) -> None:
    """An event goes to the call's handlers, then the agent's, then the client's."""
    pc = front.connected(server, "mara")

    @pc.on("call.started")
    def started(call: Any) -> None:
        call.on("user.message", lambda event, call: log(("call", event.text)))

    pc.on("user.message", lambda event, call: log(("client", event.text)))
    pc.get_agent("mara").on("user.message", lambda event, call: log(("agent", event.text)))
    there = server.start_call()
    until(lambda: pc.get_agent("mara").calls, "the call")
    log_started = Log()
    pc.on("call.dtmf_received", lambda event, call: log_started(1))
    there.send({"event": "call.dtmf_received", "call_id": "CA1", "digit": "1"})
    log_started.wait_count(1)
    there.send(said("hello"))
    assert log.wait_count(3) == [(whose, "hello") for whose in ("call", "agent", "client")]


def test_once_and_off(front: Front, server: Server, log: Log) -> None:
    """once() hears one event; off() takes a handler off."""
    pc = front.connected(server, "mara")
    pc.once("user.message", lambda event, call: log(("once", event.text)))
    gone = pc.on("user.message", lambda event, call: log(("gone", event.text)))
    pc.off("user.message", gone)
    pc.on("user.message", lambda event, call: log(("always", event.text)))
    there = server.start_call()
    there.send(said("one", message_id="m1"), said("two", message_id="m2"))
    assert log.wait_count(3) == [("once", "one"), ("always", "one"), ("always", "two")]


def test_a_handler_that_raises(
    front: Front, server: Server, log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    """The traceback is logged once, ``error`` fires with it, and the next handlers run."""
    pc = front.connected(server, "mara")

    @pc.on("user.message")
    def broken(event: Any, call: Any) -> None:
        raise LookupError(f"no {event.text}")

    pc.on("user.message", lambda event, call: log(event.text))
    pc.on("error", log)
    there = server.start_call()
    there.send(said("one", message_id="m1"), said("two", message_id="m2"))
    items = log.wait_count(4)
    errors = [item for item in items if isinstance(item, PinecallError)]
    assert [item for item in items if isinstance(item, str)] == ["one", "two"]
    assert len(errors) == 2
    assert errors[0].code == "HANDLER_ERROR"
    assert (errors[0].agent_id, errors[0].call_id) == ("mara", "CA1")
    assert isinstance(errors[0].__cause__, LookupError)
    assert "broken for user.message, call CA1" in str(errors[0])
    tracebacks = [r for r in caplog.records if r.exc_info and "broken" in r.getMessage()]
    assert len(tracebacks) == 2


def test_a_coroutine_that_raises(front: Front, server: Server, log: Log) -> None:
    """The same after it has waited for something."""
    pc = front.connected(server, "mara")

    def broken(call: Any) -> Iterator[Any]:
        yield call.get_history
        raise LookupError("later")

    pc.on("call.started", front.handler(broken))
    pc.on("error", log)
    server.start_call()
    error = log.wait_count(1)[0]
    assert isinstance(error.__cause__, LookupError)


def test_an_error_handler_that_raises(front: Front, server: Server, log: Log) -> None:
    """It is logged, and causes no further error event."""
    pc = front.connected(server, "mara")

    @pc.on("error")
    def broken(err: PinecallError) -> None:
        log(err)
        raise LookupError("again")

    there = server.start_call()
    there.send("no json")
    there.send("no json either")
    assert len(log.wait_count(2)) == 2
    front.do(pc.disconnect)
    assert len(log) == 2


def test_call_ended_in_a_handler_is_quiet(
    front: Front, server: Server, log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    """CallEnded of its own call ends a slow handler without an error."""
    caplog.set_level(logging.DEBUG)
    over, ended = threading.Event(), Log()
    pc = front.connected(server, "mara")
    pc.on("error", log)
    pc.on("call.ended", lambda call, reason: ended(reason))

    def slow(event: Any, call: Any) -> Iterator[Any]:
        if isinstance(front, Asyncio):
            yield lambda: front.loop.run_in_executor(None, over.wait, DEADLINE)
        else:
            yield lambda: over.wait(DEADLINE)
        call.say("too late")

    pc.on("user.message", front.handler(slow))
    there = server.start_call()
    there.send(said("hello"), {"event": "call.ended", "call_id": "CA1", "reason": "hangup"})
    until(lambda: not pc.get_agent("mara").calls, "the end of the call")
    over.set()
    until(lambda: "ended with its call" in caplog.text, "the debug line")
    front.do(pc.disconnect)
    assert log.items == []
    assert ended.items == ["hangup"]


def test_order_within_a_call(front: Front, server: Server, log: Log) -> None:
    """Handlers of one call begin in the order of the wire."""
    pc = front.connected(server, "mara")
    pc.on("user.message", lambda event, call: log(event.text))
    there = server.start_call()
    there.send(*(said(str(number), message_id=f"m{number}") for number in range(500)))
    assert log.wait_count(500) == [str(number) for number in range(500)]


def test_calls_do_not_wait_for_each_other(front: Front, server: Server, log: Log) -> None:
    """A handler of one call that waits does not keep another call's from running."""
    release = threading.Event()
    pc = front.connected(server, "mara")

    def wait(call: Any) -> Iterator[Any]:
        log(f"begin {call.id}")
        if call.id == "CA1":
            if isinstance(front, Asyncio):
                yield lambda: front.loop.run_in_executor(None, release.wait, DEADLINE)
            else:
                yield lambda: release.wait(DEADLINE)
        log(f"end {call.id}")

    pc.on("call.started", front.handler(wait))
    server.start_call("CA1")
    log.wait_for("begin CA1")
    server.start_call("CA2")
    log.wait_for("end CA2")
    assert "end CA1" not in log
    release.set()
    log.wait_for("end CA1")


def test_a_recording_follows_the_end(server: Server, log: Log) -> None:
    """Blocking front: what comes after a call's end waits until the handlers of the end have run."""
    from .driving import Blocking

    front = Blocking()
    pc = front.connected(server, "mara")
    recordings = pc.events("call.recording")
    release = threading.Event()

    @pc.on("call.ended")
    def ended(call: Any, reason: str) -> None:
        release.wait(DEADLINE)
        log("ended")

    pc.on("call.recording", lambda event, call: log(event.format))
    there = server.start_call()
    about = {"agent_id": "mara", "call_id": "CA1"}
    there.send(
        {"event": "call.ended", "reason": "hangup", **about},
        {"event": "call.recording", "format": "wav", **about},
    )
    assert front.take(recordings, 1)[0].event.format == "wav"
    release.set()
    assert log.wait_count(2) == ["ended", "wav"]
    front.close()


def test_blocking_lanes(server: Server, log: Log) -> None:
    """Blocking front: one call's handlers never overlap, and run in no more threads than allowed."""
    from .driving import Blocking

    front = Blocking()
    pc = front.connected(server, "mara", threads=3)
    running: dict[str, int] = {}
    together, lock = Log(), threading.Lock()

    @pc.on("user.message")
    def handler(event: Any, call: Any) -> None:
        with lock:
            running[call.id] = running.get(call.id, 0) + 1
            together((dict(running)[call.id], sum(running.values())))
        threading.Event().wait(0.001)
        with lock:
            running[call.id] -= 1
        log((call.id, event.text))

    there = server.connection()
    for call in range(8):
        there.send(started(f"CA{call}"))
    for number in range(20):
        there.send(*(said(str(number), f"CA{call}", f"m{number}") for call in range(8)))
    items = log.wait_count(160)
    for call in range(8):
        assert [text for id, text in items if id == f"CA{call}"] == [str(n) for n in range(20)]
    assert max(own for own, _ in together) == 1
    assert 1 < max(everybody for _, everybody in together) <= 3
    front.close()


def test_blocking_verbs_in_a_full_pool(server: Server, log: Log) -> None:
    """Blocking front: a request inside a handler is answered even if all handlers are waiting."""
    from .driving import Blocking

    front = Blocking()
    pc = front.connected(server, "mara", threads=1)
    pc.on("call.started", lambda call: log(call.get_history()[0]["content"]))
    server.start_call("CA1")
    server.start_call("CA2")
    assert log.wait_count(2) == ["of CA1", "of CA2"]
    front.close()


def test_slow_handler_is_named(
    server: Server, log: Log, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """asyncio front: a plain handler that holds the loop up is named in the log."""
    monkeypatch.setattr("pinecall._asyncio.user_code.SLOW_HANDLER", -1.0)
    front = Asyncio()
    pc = front.connected(server, "mara")

    @pc.on("call.started")
    def lazy(call: Any) -> None:
        log(call)

    server.start_call()
    log.wait_count(1)
    until(lambda: "lazy for call.started took" in caplog.text, "the warning")
    assert "held up the event loop; make it 'async def'" in caplog.text
    front.close()


def test_events_iterator(front: Front, server: Server, log: Log) -> None:
    """events() gives items in order, from now on, and ends when the client disconnects."""
    pc = front.connected(server, "mara")
    iterator = pc.events("call.started", "user.message")
    everything = pc.get_agent("mara").events()
    there = server.start_call()
    there.send(said("one", message_id="m1"), said("two", message_id="m2"))
    items = front.take(iterator, 3)
    assert [item.name for item in items] == ["call.started", "user.message", "user.message"]
    assert [item.event.text for item in items[1:]] == ["one", "two"]
    assert items[2].call.id == "CA1"
    assert items[2].agent is pc.get_agent("mara")
    assert items[0].event.raw["from"] == "+34607827824"
    assert [item.name for item in front.take(everything, 3)] == [item.name for item in items]
    front.do(pc.disconnect)
    assert front.take(iterator, 10) == []


def test_events_iterator_can_be_closed(front: Front, server: Server, log: Log) -> None:
    """Closing an iterator ends it, also for who is waiting in it."""
    pc = front.connected(server, "mara")
    iterator = pc.events("user.message")
    waiting = threading.Thread(target=lambda: log(front.take(iterator, 1)), daemon=True)
    waiting.start()
    front.close_iterator(iterator)
    assert log.wait_count(1) == [[]]
    waiting.join(DEADLINE)


def test_iterator_that_falls_behind(front: Front, server: Server) -> None:
    """Nobody takes: lifecycle and messages stay, interim events are merged, and a gap is reported."""
    pc = front.connected(server, "mara")
    iterator = pc.events("user.message", "bot.word")
    there = server.start_call()
    word = {"event": "bot.word", "call_id": "CA1", "message_id": "b1"}
    for number in range(1500):
        there.send(said(str(number), message_id=f"m{number}"), {**word, "word": f"w{number}"})
    until(lambda: pc.stats()["received"] >= 3000, "everything received")
    items = front.take(iterator, 1)
    assert items[0].name == "events.gap"
    missed = items[0].event.missed
    assert missed > 500
    rest = front.take(iterator, 3000 - missed)
    texts = [item.event.text for item in rest if item.name == "user.message"]
    assert texts == [str(number) for number in range(1500)]
    assert [i for i in rest if i.name == "bot.word"][-1].event.word == "w1499"


def test_star_gets_everything(front: Front, server: Server, log: Log) -> None:
    """on("*") gets one item for each event, those the SDK does not know included."""
    pc = front.connected(server, "mara")
    pc.on("*", log)
    there = server.start_call()
    there.send({"event": "weather.changed", "agent_id": "mara", "call_id": "CA1", "sky": "grey"})
    item = log.wait_for(lambda item: item.name == "weather.changed")
    assert item.event.raw["sky"] == "grey"
    assert item.call.id == "CA1"


variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


def test_reply_answers_the_message_of_its_handler(front: Front, server: Server, log: Log) -> None:
    """reply() inside a handler answers that handler's message, also after a newer one came."""
    release = threading.Event()
    pc = front.connected(server, "mara")

    def slow(event: Any, call: Any) -> Iterator[Any]:
        if event.message_id == "m1":
            if isinstance(front, Asyncio):
                yield lambda: front.loop.run_in_executor(None, release.wait, DEADLINE)
            else:
                yield lambda: release.wait(DEADLINE)
        call.reply(event.text)

    pc.on("user.message", front.handler(slow))
    there = server.start_call()
    there.send(said("one", message_id="m1"), said("two", message_id="m2"))
    until(lambda: any(c.last_message_id == "m2" for c in pc.get_agent("mara").calls.values()), "m2")
    release.set()
    frame = there.frames.wait_for(lambda f: f["event"] == "bot.reply" and f["text"] == "one")
    assert frame["in_reply_to"] == "m1"


def test_contextvars_are_copied(front: Front, server: Server, log: Log) -> None:
    """What is set where the client connects is seen in its handlers."""
    pc = front.client(server)
    pc.agent("mara")
    pc.on("call.started", lambda call: log(variable.get()))

    def connect() -> Any:
        variable.set("mine")
        return pc.connect()

    front.do(connect)
    front.do(pc.get_agent("mara").wait_ready)
    server.start_call()
    assert log.wait_count(1) == ["mine"]


def test_system_exit_in_a_handler(server: Server, log: Log) -> None:
    """Blocking front: SystemExit ends the handler, not the thread that serves all calls."""
    from .driving import Blocking

    front = Blocking()
    pc = front.connected(server, "mara", threads=1)

    @pc.on("call.started")
    def leaves(call: Any) -> None:
        log(call.id)
        raise SystemExit

    server.start_call("CA1")
    server.start_call("CA2")
    assert log.wait_count(2) == ["CA1", "CA2"]
    front.close()
