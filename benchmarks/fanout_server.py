"""A web server that streams events: the SDK's stream, a bare ASGI application, or sse-starlette's.

``python -m benchmarks.fanout_server pinecall|bare|sse-starlette``; commands as lines of JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from itertools import islice
from pathlib import Path
from typing import Any

import uvicorn

from pinecall.core.streams.sse import block
from pinecall.core.wire import codec
from pinecall.events import Item
from pinecall.stream import EventStream

from . import mix
from .core import World

App = Any


class Pinecall:
    """The hub of a client with ten agents and calls; it encodes each event once."""

    def __init__(self) -> None:
        engine = World(10).engine
        self._hub = engine.open_hub()
        self.app: App = EventStream(self._hub)
        self._calls = engine.registry.calls

    def prepare(self, text: str) -> Item:
        # Decoded anew for each publishing, as from the wire: what an event has decoded, it keeps.
        event: Any = codec.decode(text)
        call = self._calls[event.call_id]
        return Item(event.EVENT, event, call.agent, call)

    def publish(self, item: Item) -> None:
        with self._hub.guard:
            self._hub.publish(item)

    @property
    def readers(self) -> int:
        return self._hub.subscribers


class _Reader:
    def __init__(self) -> None:
        self.queue: deque[Any] = deque()
        self._waiter: asyncio.Future[None] | None = None

    def put(self, event: Any) -> None:
        self.queue.append(event)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def wait(self) -> None:
        if not self.queue:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter


class Bare:
    """No more than must be: ready bytes, a queue and a future for each reader."""

    def __init__(self) -> None:
        self._readers: dict[_Reader, None] = {}
        self.app: App = self._respond

    def prepare(self, text: str) -> Any:
        frame = json.loads(text)
        return block(frame["event"], text.encode(), str(frame["seq"]))

    def publish(self, event: Any) -> None:
        for reader in self._readers:
            reader.put(event)

    @property
    def readers(self) -> int:
        return len(self._readers)

    async def _respond(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        reader = _Reader()
        self._readers[reader] = None
        try:
            while True:
                await reader.wait()
                body = reader.queue.popleft()
                await send({"type": "http.response.body", "body": body, "more_body": True})
        finally:
            del self._readers[reader]


class SseStarlette(Bare):
    """The usual library, as its documentation shows it: a generator for each reader."""

    def __init__(self) -> None:
        super().__init__()
        from sse_starlette import EventSourceResponse, ServerSentEvent

        self._response = EventSourceResponse
        self._event = ServerSentEvent

    def prepare(self, text: str) -> Any:
        frame = json.loads(text)
        return {"event": frame["event"], "data": text, "id": str(frame["seq"])}

    async def _events(self) -> AsyncIterator[Any]:
        reader = _Reader()
        self._readers[reader] = None
        try:
            while True:
                await reader.wait()
                yield self._event(**reader.queue.popleft())
        finally:
            del self._readers[reader]

    async def _respond(self, scope: Any, receive: Any, send: Any) -> None:
        await self._response(self._events())(scope, receive, send)


KINDS: dict[str, Callable[[], Any]] = {
    "pinecall": Pinecall,
    "bare": Bare,
    "sse-starlette": SseStarlette,
}


def _resident() -> int:
    """Bytes of memory that this process has."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


class Commands:
    def __init__(self, kind: Any) -> None:
        self._kind = kind
        # No event comes twice: the hub tells a message only once.
        self._texts = mix.events(100_000)
        self._cpu = 0.0

    async def readers(self) -> int:
        return int(self._kind.readers)

    async def memory(self) -> int:
        return _resident()

    async def publish(self, count: int, rate: float) -> None:
        """``count`` events, ``rate`` a second; ``spent`` then says what that and the writing
        took, when the readers have them all."""
        ready = [self._kind.prepare(text) for text in islice(self._texts, count)]
        began = time.perf_counter()
        self._cpu = time.process_time()
        for number, event in enumerate(ready):
            self._kind.publish(event)
            await asyncio.sleep(max(0.0, began + (number + 1) / rate - time.perf_counter()))

    async def spent(self) -> float:
        return time.process_time() - self._cpu


async def main(kind: str) -> None:
    made = KINDS[kind]()
    config = uvicorn.Config(
        made.app, port=0, log_level="error", loop="asyncio", interface="asgi3", backlog=4096
    )
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    _say(server.servers[0].sockets[0].getsockname()[1])
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    commands = Commands(made)
    while line := await lines.readline():
        command = json.loads(line)
        _say(await getattr(commands, command.pop("do"))(**command))
    server.should_exit = server.force_exit = True
    await serving


def _say(answer: Any) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
