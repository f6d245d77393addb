"""EventStream on a loop, without a server: what an ASGI server would see."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pinecall import ConfigurationError
from pinecall import events as ev
from pinecall._asyncio.websocket_stream import serve_ws
from pinecall.stream import EventStream

from ..core.hubs import World


class Exchange:
    """An ASGI request whose client reads as long as ``reading`` is set."""

    def __init__(
        self, method: str = "GET", headers: list[tuple[bytes, bytes]] | None = None
    ) -> None:
        self.scope = {"type": "http", "method": method, "headers": headers or []}
        self.sent: list[dict[str, Any]] = []
        self.reading = asyncio.Event()
        self.reading.set()
        self.gone = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)
        await self.reading.wait()

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)

    def start(self, stream: EventStream) -> asyncio.Task[None]:
        return asyncio.ensure_future(stream(self.scope, self.receive, self.send))


async def until(true: Callable[[], bool]) -> None:
    async def look() -> None:
        while not true():
            await asyncio.sleep(0)

    await asyncio.wait_for(look(), 5)


def run(test: Callable[[World], Awaitable[None]]) -> None:
    async def main() -> None:
        world = World(queue=10)
        world.call()
        await asyncio.wait_for(test(world), 10)
        assert world.hub.subscribers == 0
        for _ in range(5):
            await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_a_response_from_start_to_end() -> None:
    """Start, events as they happen, and the last body when the hub closes."""

    async def test(world: World) -> None:
        exchange = Exchange()
        task = exchange.start(EventStream(world.hub))
        await until(lambda: b"call.started" in exchange.body)
        world.message(world.calls["CA1"], 1)
        await until(lambda: b"user.message" in exchange.body)
        world.hub.close()
        await task
        assert exchange.sent[0]["status"] == 200
        assert exchange.sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}

    run(test)


def test_an_event_from_another_thread_wakes_the_stream() -> None:
    """The client may run on another loop or in threads."""

    async def test(world: World) -> None:
        exchange = Exchange()
        task = exchange.start(EventStream(world.hub))
        await until(lambda: b"call.started" in exchange.body)
        thread = threading.Thread(target=world.message, args=(world.calls["CA1"], 1))
        thread.start()
        await until(lambda: b"user.message" in exchange.body)
        thread.join()
        exchange.gone.set()
        await task
        assert exchange.body.index(b"call.started") < exchange.body.index(b"user.message")

    run(test)


def test_a_stuck_write_is_given_up_when_the_reader_is_cut() -> None:
    """The application returns, without a last body, and the task is not left cancelled."""

    async def test(world: World) -> None:
        exchange = Exchange()
        exchange.reading.clear()
        stream = EventStream(world.hub)

        async def serve() -> str:
            await stream(exchange.scope, exchange.receive, exchange.send)
            await asyncio.sleep(0)
            return "went on"

        task = asyncio.ensure_future(serve())
        await until(lambda: len(exchange.sent) == 1)
        exchange.reading.set()
        await until(lambda: len(exchange.sent) == 2)
        exchange.reading.clear()
        for number in range(20):
            world.message(world.calls["CA1"], number)
            await asyncio.sleep(0)
        assert await task == "went on"
        assert world.hub.cut == 1
        assert exchange.sent[-1]["more_body"] is True

    run(test)


def test_a_reader_that_is_cut_before_it_begins_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before Python 3.12 a task begins in the next turn of the loop, and may have no more to do."""
    monkeypatch.setattr(
        "pinecall._asyncio.feed.begin", lambda loop, writing, _: loop.create_task(writing)
    )

    async def test(world: World) -> None:
        exchange = Exchange()
        task = exchange.start(EventStream(world.hub))
        await until(lambda: len(exchange.sent) == 2)
        world.message(world.calls["CA1"], 0)

        def flood() -> None:
            for number in range(1, 20):
                world.message(world.calls["CA1"], number)

        asyncio.get_running_loop().call_soon(flood)
        await task
        assert world.hub.cut == 1

    run(test)


def test_a_client_that_goes_while_a_write_is_stuck() -> None:
    """The disconnect ends the write too."""

    async def test(world: World) -> None:
        exchange = Exchange()
        task = exchange.start(EventStream(world.hub))
        await until(lambda: len(exchange.sent) == 2)
        exchange.reading.clear()
        world.message(world.calls["CA1"], 1)
        await until(lambda: len(exchange.sent) == 3)
        exchange.gone.set()
        await task
        assert len(exchange.sent) == 3

    run(test)


def test_cancelling_the_request_cancels_it() -> None:
    """A server's or a middleware's cancellation is not swallowed."""

    async def test(world: World) -> None:
        exchange = Exchange()
        task = exchange.start(EventStream(world.hub))
        await until(lambda: len(exchange.sent) == 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(test)


def test_a_server_that_raises_for_a_client_that_is_gone() -> None:
    """OSError from ``send`` ends the stream quietly: it returns, is removed from the readers, and
    writes nothing more."""

    async def test(world: World) -> None:
        tried: list[str] = []

        async def send(message: Any) -> None:
            tried.append(message["type"])
            if message["type"] == "http.response.body":
                raise OSError("gone")

        exchange = Exchange()
        await EventStream(world.hub)(exchange.scope, exchange.receive, send)
        assert world.hub.subscribers == 0
        world.message(world.calls["CA1"], 1)
        await asyncio.sleep(0)
        assert tried == ["http.response.start", "http.response.body"]

    run(test)


def test_a_server_that_raises_something_else() -> None:
    """It does not count as a stream's end, and reaches whoever called the application."""

    async def test(world: World) -> None:
        async def send(message: Any) -> None:
            if message["type"] == "http.response.body":
                raise RuntimeError("not so")

        exchange = Exchange()
        with pytest.raises(RuntimeError, match="not so"):
            await EventStream(world.hub)(exchange.scope, exchange.receive, send)

    run(test)


def test_a_middleware_that_keeps_the_cancellation() -> None:
    """The stream ends all the same, and the task is not left cancelled."""

    async def test(world: World) -> None:
        exchange = Exchange()

        async def receive() -> dict[str, Any]:
            try:
                return await exchange.receive()
            except asyncio.CancelledError:
                return {"type": "http.disconnect"}

        async def serve() -> str:
            await EventStream(world.hub)(exchange.scope, receive, exchange.send)
            await asyncio.sleep(0)
            return "went on"

        task = asyncio.ensure_future(serve())
        await until(lambda: len(exchange.sent) == 2)
        world.hub.end_streams()
        assert await task == "went on"
        assert exchange.sent[-1]["more_body"] is False

    run(test)


def test_the_last_event_id_comes_from_the_request() -> None:
    """The header, and where there is none the query."""

    async def test(world: World) -> None:
        cursor = f"{world.hub.epoch}-1".encode()
        by_header = Exchange(headers=[(b"last-event-id", cursor)])
        by_query = Exchange()
        by_query.scope["query_string"] = b"last_event_id=" + cursor
        tasks = [exchange.start(EventStream(world.hub)) for exchange in (by_header, by_query)]
        await until(lambda: b"connected" in by_header.body and b"connected" in by_query.body)
        assert b"call.started" not in by_header.body + by_query.body
        world.hub.end_streams()
        await asyncio.gather(*tasks)

    run(test)


def test_head_is_the_headers_alone() -> None:
    """A HEAD request does not open a stream."""

    async def test(world: World) -> None:
        exchange = Exchange("HEAD")
        await EventStream(world.hub)(exchange.scope, exchange.receive, exchange.send)
        assert [message["type"] for message in exchange.sent] == [
            "http.response.start",
            "http.response.body",
        ]
        assert exchange.body == b""

    run(test)


def test_a_websocket_is_refused_with_the_way_out() -> None:
    """The message names ``pc.ws``."""

    async def test(world: World) -> None:
        exchange = Exchange()
        exchange.scope["type"] = "websocket"
        with pytest.raises(RuntimeError, match=r"pc\.ws"):
            await EventStream(world.hub)(exchange.scope, exchange.receive, exchange.send)

    run(test)


def test_it_is_an_iterator_of_bytes() -> None:
    """Leaving the loop early lets go of the reader."""

    async def test(world: World) -> None:
        chunks = EventStream(world.hub).__aiter__()
        assert b"connected" in await chunks.__anext__()
        world.message(world.calls["CA1"], 1)
        assert (await chunks.__anext__()).startswith(b"event: user.message\n")
        await chunks.aclose()  # type: ignore[attr-defined]

    run(test)


def test_a_quiet_stream_is_pinged(monkeypatch: pytest.MonkeyPatch) -> None:
    """One clock for all streams of a client writes the heartbeat of those that are idle."""
    monkeypatch.setattr("pinecall.core.streams.hub.BEAT", 0.001)

    async def test(world: World) -> None:
        exchanges = [Exchange(), Exchange()]
        tasks = [exchange.start(EventStream(world.hub)) for exchange in exchanges]
        await until(lambda: all(b"\n\n:ping\n\n" in exchange.body for exchange in exchanges))
        world.hub.end_streams()
        await asyncio.gather(*tasks)
        assert [exchange.sent[-1]["more_body"] for exchange in exchanges] == [False, False]

    run(test)


class Socket:
    """A WebSocket of no framework in particular: ``send`` and ``receive``."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.inbox: asyncio.Queue[str | None] = asyncio.Queue()
        self.closed_with: int | None = None

    async def send(self, text: str) -> None:
        self.sent.append(json.loads(text))

    async def receive(self) -> str | None:
        return await self.inbox.get()

    async def close(self, code: int = 1000) -> None:
        self.closed_with = code


def test_one_session_over_a_websocket() -> None:
    """Only that call's events: no other call's, and none that names no call."""

    async def test(world: World) -> None:
        other = world.call("CA2")
        socket = Socket()
        task = asyncio.ensure_future(serve_ws(world.hub, socket, of_agent="mara", session_id="CA1"))
        await until(lambda: len(socket.sent) == 2)
        world.message(other, 1)
        world.publish("session.paused", ev.SessionPaused(agent_id="mara"), world.agents["mara"])
        world.frame(world.calls["CA1"], "llm.tool_call", msg_id="m", tool_calls=[{"name": "look"}])
        await until(lambda: len(socket.sent) == 3)
        assert [message["event"] for message in socket.sent] == [
            "connected", "call.started", "llm.toolCall",
        ]  # fmt: skip
        assert {message.get("callId", "CA1") for message in socket.sent} == {"CA1"}
        await socket.inbox.put('{"action":"ping"}')
        await until(lambda: socket.sent[-1] == {"event": "pong"})
        world.hub.end_streams()
        await task
        assert socket.closed_with == 1001

    run(test)


def test_a_socket_that_leaves() -> None:
    """The end of what is received ends the reader, and closes nothing again."""

    async def test(world: World) -> None:
        socket = Socket()
        task = asyncio.ensure_future(serve_ws(world.hub, socket))
        await until(lambda: len(socket.sent) == 2)
        await socket.inbox.put(None)
        await task
        assert socket.closed_with is None

    run(test)


def test_what_is_no_websocket() -> None:
    """It is refused with what is missing."""

    async def test(world: World) -> None:
        with pytest.raises(ConfigurationError, match="send_text"):
            await serve_ws(world.hub, object())

    run(test)
