"""Closing: from anywhere, at any time, and what is left afterwards."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

import pinecall

from .driving import FAST, Asyncio, Front
from .log import DEADLINE, Log, until
from .server import KEY, Server


def test_disconnect_is_idempotent(front: Front, server: Server, log: Log) -> None:
    """Repeating disconnect() does nothing; ``disconnected`` fires once, with the reason."""
    pc = front.client(server)
    front.do(pc.disconnect)
    pc.on("disconnected", log)
    front.do(pc.connect)
    front.do(pc.disconnect)
    front.do(pc.disconnect)
    log.wait_count(1)
    assert log.items == ["client_disconnect"]
    assert pc.state == "closed"


def test_disconnect_ends_calls(front: Front, server: Server, log: Log) -> None:
    """disconnect() ends each call with ``client_disconnect``, on call, agent and client."""
    pc = front.connected(server, "mara")

    @pc.on("call.started")
    def started(call: Any) -> None:
        call.on("call.ended", lambda call, reason: log(("call", call.id, reason)))
        log("started")

    pc.get_agent("mara").on("call.ended", lambda call, reason: log(("agent", call.id, reason)))
    pc.on("call.ended", lambda call, reason: log(("client", call.id, reason)))
    server.start_call()
    log.wait_for("started")
    front.do(pc.disconnect)
    assert log.wait_count(4)[1:] == [
        (whose, "CA1", "client_disconnect") for whose in ("call", "agent", "client")
    ]


def test_disconnect_flushes(front: Front, server: Server, log: Log) -> None:
    """What was said before disconnect() still reaches the server, before the goodbye."""
    pc = front.connected(server, "mara")
    pc.on("call.started", log)
    server.start_call()
    call = log.wait_count(1)[0]
    server.replies["bot.reply"] = None

    def last_words() -> Any:
        for number in range(200):
            call.say(f"{number}")
        return pc.disconnect()

    front.do(last_words)
    there = server.connection()
    assert there.over.wait(DEADLINE)
    texts = [frame["text"] for frame in there.frames if frame["event"] == "bot.reply"]
    assert texts == [str(number) for number in range(200)]
    assert there.close_code == 1000


def test_disconnect_from_a_handler(front: Front, server: Server, log: Log) -> None:
    """A handler may disconnect; it goes on after it."""
    pc = front.connected(server, "mara")

    def started(call: Any) -> Iterator[Any]:
        yield pc.disconnect
        log(pc.state)

    pc.on("call.started", front.handler(started))
    server.start_call()
    assert log.wait_count(1) == ["closed"]


def test_disconnect_wakes_every_waiter(front: Front, server: Server, log: Log) -> None:
    """What waits when the client closes comes back: requests, playbacks, iterators, wait_ready()."""
    server.replies.update({"history.get": None, "bot.reply": None})
    pc = front.connected(server, "mara")
    pc.on("call.started", log)
    server.start_call()
    call = log.wait_count(1)[0]
    asking = front.begin(call.get_history)
    iterating = front.begin(lambda: front_take(front, pc))
    playback = front.do(call.say, "hello")
    server.frames.wait_for(lambda frame: frame["event"] == "bot.reply")
    server.replies["agent.create"] = None
    late = front.do(pc.agent, "late")
    registering = front.begin(late.wait_ready, timeout=2 * DEADLINE)
    until(lambda: late._registration._ready is not None, "the wait")
    front.do(pc.disconnect)
    with pytest.raises(pinecall.PinecallError):
        asking.result(DEADLINE)
    with pytest.raises(pinecall.NotConnected):
        registering.result(DEADLINE)
    assert front.heard(playback).interrupted
    assert iterating.result(DEADLINE) is None


def front_take(front: Front, pc: Any) -> Any:
    """Iterate to the end, in the front's own way."""
    iterator = pc.events("turn.end")
    if isinstance(front, Asyncio):

        async def run() -> None:
            async for _ in iterator:
                pass

        return run()
    for _ in iterator:
        pass
    return None


def test_disconnect_does_not_wait_for_a_dead_peer(front: Front, server: Server, log: Log) -> None:
    """A peer that answers nothing, not even the goodbye, holds disconnect() up for its timeout."""
    pc = front.connected(server)
    server.connection().blackhole()
    front.do(pc.disconnect, timeout=0.1)
    assert pc.state == "closed"
    assert server.connection().over.wait(DEADLINE)


def test_disconnect_cuts_a_handler_that_hangs(front: Front, server: Server, log: Log) -> None:
    """A handler that does not end does not keep disconnect() from ending."""
    release = threading.Event()
    pc = front.connected(server, "mara")
    if isinstance(front, Asyncio):

        async def started(call: Any) -> None:
            log("in it")
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                log("cancelled")
                raise
    else:

        def started(call: Any) -> None:  # type: ignore[misc]
            log("in it")
            release.wait(DEADLINE)
            log("released")

    pc.on("call.started", started)
    server.start_call()
    log.wait_for("in it")
    front.do(pc.disconnect, timeout=0.2)
    assert pc.state == "closed"
    release.set()
    log.wait_count(2)


def test_verbs_after_the_end(front: Front, server: Server, log: Log) -> None:
    """On a call that is over verbs raise CallEnded, and hangup() does nothing."""
    pc = front.connected(server, "mara")
    pc.on("call.started", log)
    server.start_call()
    call = log.wait_count(1)[0]
    front.do(pc.disconnect)
    call.hangup()
    with pytest.raises(pinecall.CallEnded, match="CA1"):
        front.do(call.say, "too late")
    with pytest.raises(pinecall.NotConnected):
        pc.send({"event": "ping"})


def test_strict_raises_what_a_handler_raised(front: Front, server: Server, log: Log) -> None:
    """With strict=True disconnect() raises the first exception of a handler, once."""
    pc = front.connected(server, "mara", strict=True)

    @pc.on("call.started")
    def started(call: Any) -> None:
        raise LookupError("mine")

    pc.on("error", log)
    server.start_call()
    log.wait_count(1)
    with pytest.raises(LookupError, match="mine"):
        front.do(pc.disconnect)
    front.do(pc.disconnect)


def test_with_block_raises_what_a_handler_raised(front: Front, server: Server, log: Log) -> None:
    """With strict=True so does the end of a with block."""
    pc = front.client(server, strict=True)
    pc.agent("mara")
    pc.on("error", log)

    @pc.on("call.started")
    def started(call: Any) -> None:
        raise LookupError("mine")

    def body() -> None:
        there = server.connection()
        there.send({"event": "agent.created", "agent_id": "mara"})
        server.start_call()
        if not isinstance(front, Asyncio):
            log.wait_count(1)

    async def through_the_loop() -> None:
        async with pc:
            body()
            await asyncio.to_thread(log.wait_count, 1)

    with pytest.raises(LookupError, match="mine"):
        if isinstance(front, Asyncio):
            front.do(through_the_loop)
        else:
            front.within(pc, body)


def test_drain_lets_calls_finish(front: Front, server: Server, log: Log) -> None:
    """drain() closes the channels, waits for the call, and reports that it finished."""
    pc = front.connected(server, "mara")
    pc.get_agent("mara").add_channel("chat")
    pc.on("call.started", log)
    server.start_call()
    log.wait_count(1)
    draining = front.begin(pc.drain, 30.0)
    server.frames.wait_for(lambda frame: frame["event"] == "channel.remove")
    server.connection().send({"event": "call.ended", "call_id": "CA1", "reason": "hangup"})
    report = draining.result(DEADLINE)
    assert (report.finished, report.cut) == (["CA1"], [])
    assert pc.state == "closed"


def test_drain_cuts_what_does_not_finish(front: Front, server: Server, log: Log) -> None:
    """A call that goes on when the time is up is cut, and the report says so."""
    pc = front.connected(server, "mara")
    pc.on("call.started", log)
    server.start_call()
    log.wait_count(1)
    report = front.do(pc.drain, 0.1)
    assert (report.finished, report.cut) == ([], ["CA1"])


def test_constructors_bind_nothing(front: Front) -> None:
    """Making a client, agents and handlers starts no thread and opens no socket or file."""
    threads, files = threading.active_count(), len(os.listdir("/proc/self/fd"))
    pc = front.module.Pinecall(KEY, url="ws://localhost:1")
    agent = pc.deploy("mara", prompt="You are Mara.", channels=["chat"])
    agent.on("call.started", lambda call: None)
    pc.events("turn.end")
    assert threading.active_count() == threads
    assert len(os.listdir("/proc/self/fd")) == files
    assert pc.state == "idle"


def test_nothing_is_left(server: Server) -> None:
    """After 20 connections on each front: no thread, task, file descriptor or warning more."""
    files = len(os.listdir("/proc/self/fd"))

    async def asynchronous() -> None:
        for _ in range(20):
            pc = pinecall.Pinecall(KEY, url=server.url, reconnect=FAST)
            pc.deploy("mara", channels=["chat"])
            async with pc:
                await pc.get_agent("mara").wait_ready()  # type: ignore[union-attr]
            assert asyncio.all_tasks() == {asyncio.current_task()}

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(asynchronous())
        for _ in range(20):
            import pinecall_sync

            pc = pinecall_sync.Pinecall(KEY, url=server.url, reconnect=FAST)
            pc.deploy("mara", channels=["chat"])
            with pc:
                pc.get_agent("mara").wait_ready()  # type: ignore[union-attr]
            left = [t.name for t in threading.enumerate() if t.name.startswith("pinecall")]
            assert left == []
        gc.collect()
    assert len(server.connections) == 40
    for connection in server.connections:
        assert connection.over.wait(DEADLINE)
    until(lambda: len(os.listdir("/proc/self/fd")) <= files, "files closed")


def test_no_task_is_left_of_a_connect_that_was_given_up(server: Server) -> None:
    """asyncio: right after disconnect() the task that was connecting is gone, too."""
    from .server import silent

    server.takeover = silent

    async def main() -> None:
        pc = pinecall.Pinecall(KEY, url=server.url, connect_timeout=600)
        connecting = asyncio.ensure_future(pc.connect())
        while pc._runtime.link.stage != "handshake":
            await asyncio.sleep(0.01)
        await pc.disconnect()
        with pytest.raises(pinecall.NotConnected):
            await connecting
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
    assert len(os.listdir("/proc/self/fd")) > 0


def test_a_cancelled_connect_leaves_nothing(server: Server) -> None:
    """asyncio: cancelling connect() closes what it had begun."""
    from .server import silent

    server.takeover = silent

    async def main() -> None:
        pc = pinecall.Pinecall(KEY, url=server.url, connect_timeout=600)
        connecting = asyncio.ensure_future(pc.connect())
        while pc._runtime.link.stage != "handshake":
            await asyncio.sleep(0.01)
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        assert pc.state == "closed"
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
