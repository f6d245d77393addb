"""The two fronts and the bare loops beside them, each reading the same flood of events."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import websocket
import websockets
from attrs import define

import pinecall
import pinecall_sync

from . import mix
from .load import Server

__all__ = [
    "KEY",
    "Sample",
    "asyncio_front",
    "bare_websocket_client",
    "bare_websockets",
    "blocking_front",
    "count_frames",
]

KEY = "pk_benchmark"
HELLO = json.dumps({"event": "connect", "api_key": KEY})
#: Seconds after which something is broken.
PATIENCE = 120.0


@define
class Sample:
    """Of one flood: from the first message to the last, and of the CPU that this process used."""

    events: int
    seconds: float = 0.0
    cpu: float = 0.0
    missed: int = 0

    @property
    def per_second(self) -> float:
        return self.events / self.seconds

    @property
    def cpu_each(self) -> float:
        """Microseconds."""
        return self.cpu / self.events * 1e6


class Watch:
    """Runs from the first event of a part to the last, and adds up."""

    def __init__(self, count: int, parts: int) -> None:
        self.sample = Sample(count)
        self.part = count // parts
        self.seen = 0
        self.on_part_over: Callable[[], None] = lambda: None
        self._began = self._cpu = 0.0

    def begin(self) -> None:
        self._cpu = time.process_time()
        self._began = time.perf_counter()

    def end(self) -> None:
        self.sample.seconds += time.perf_counter() - self._began
        self.sample.cpu += time.process_time() - self._cpu
        self.on_part_over()

    def event(self, event: Any, call: Any) -> None:
        """A handler."""
        self.seen += 1
        if self.seen == 1:
            self.begin()
        elif self.seen == self.part:
            self.seen = 0
            self.end()


# -- the fronts ---------------------------------------------------------------------------------


async def asyncio_front(server: Server, count: int, *, parts: int = 1, agents: int = 10) -> Sample:
    """``agents`` agents with a call each, and a handler of the client for every event."""
    watch = Watch(count, parts)
    async with pinecall.Pinecall(KEY, url=server.url) as pc:
        made = [pc.agent(mix.agent_id(number)) for number in range(agents)]
        for agent in made:
            await agent.wait_ready(PATIENCE)
        started = _until(pc, agents)
        server.ask("start_calls", count=agents)
        await asyncio.wait_for(started, PATIENCE)
        for name in mix.NAMES:
            pc.on(name, watch.event)  # type: ignore[call-overload]
        for part in range(parts):
            over = asyncio.get_running_loop().create_future()
            watch.on_part_over = lambda over=over: over.set_result(None)  # type: ignore[misc]
            server.tell("flood", part=part)
            await asyncio.wait_for(over, PATIENCE)
            server.answer()
    return watch.sample


def _until(pc: pinecall.Pinecall, calls: int) -> asyncio.Future[None]:
    """So many calls have begun."""
    begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def started(call: Any) -> None:
        if len(pc._runtime.registry.calls) == calls and not begun.done():
            begun.set_result(None)

    pc.on("call.started", started)
    return begun


def blocking_front(server: Server, count: int, *, parts: int = 1, agents: int = 10) -> Sample:
    """As :func:`asyncio_front`; the events of each call come in a lane of their own."""
    watch = LaneWatch(count, parts)
    begun = threading.Event()
    with pinecall_sync.Pinecall(KEY, url=server.url) as pc:
        made = [pc.agent(mix.agent_id(number)) for number in range(agents)]
        for agent in made:
            agent.wait_ready(PATIENCE)

        def started(call: Any) -> None:
            if len(pc._runtime.registry.calls) == agents:
                begun.set()

        pc.on("call.started", started)
        server.ask("start_calls", count=agents)
        _wait(begun)
        for name in mix.NAMES:
            pc.on(name, watch.event)  # type: ignore[call-overload]
        pc.on("events.gap", watch.gap)
        for part in range(parts):
            over = threading.Event()
            watch.on_part_over = over.set
            server.tell("flood", part=part)
            _wait(over)
            server.answer()
    return watch.sample


class LaneWatch(Watch):
    """Called from several threads: a number is an event's, whoever counts it."""

    def __init__(self, count: int, parts: int) -> None:
        super().__init__(count, parts)
        self._lock = threading.Lock()

    def event(self, event: Any, call: Any) -> None:
        with self._lock:
            super().event(event, call)

    def gap(self, event: Any, call: Any) -> None:
        """Events that were merged, because the handlers were far behind."""
        with self._lock:
            self.sample.missed += event.missed
            self.seen += event.missed
            if self.seen >= self.part:
                self.seen = 0
                self.end()


def _wait(event: threading.Event) -> None:
    if not event.wait(PATIENCE):
        raise TimeoutError("the events did not come")


# -- bare loops ---------------------------------------------------------------------------------


async def bare_websockets(server: Server, count: int, *, parts: int = 1) -> Sample:
    """``json.loads(await connection.recv())``."""
    watch = Watch(count, parts)
    async with websockets.connect(server.url, compression=None) as connection:
        await connection.send(HELLO)
        await connection.recv()
        for part in range(parts):
            server.tell("flood", part=part)
            json.loads(await connection.recv())
            watch.begin()
            for _ in range(watch.part - 1):
                json.loads(await connection.recv())
            watch.end()
            server.answer()
    return watch.sample


def bare_websocket_client(server: Server, count: int, *, parts: int = 1) -> Sample:
    """``json.loads(connection.recv())``, with ``skip_utf8_validation``."""
    watch = Watch(count, parts)
    connection = websocket.create_connection(server.url, skip_utf8_validation=True)
    try:
        connection.send(HELLO)
        connection.recv()
        for part in range(parts):
            server.tell("flood", part=part)
            json.loads(connection.recv())
            watch.begin()
            for _ in range(watch.part - 1):
                json.loads(connection.recv())
            watch.end()
            server.answer()
    finally:
        connection.close()
    return watch.sample


def count_frames(server: Server, count: int, *, parts: int = 1) -> Sample:
    """What the server can do: nothing but the frames' lengths is looked at."""
    watch = Watch(count, parts)
    connection = websocket.create_connection(server.url, skip_utf8_validation=True)
    try:
        connection.send(HELLO)
        connection.recv()
        raw = connection.sock
        assert raw is not None
        for part in range(parts):
            server.tell("flood", part=part)
            raw.recv(1, socket.MSG_PEEK)
            watch.begin()
            _read_frames(raw, watch.part)
            watch.end()
            server.answer()
    finally:
        connection.close()
    return watch.sample


def _read_frames(raw: socket.socket, count: int) -> None:
    buffer, seen = b"", 0
    while seen < count:
        buffer += raw.recv(1 << 18)
        at, end = 0, len(buffer)
        while at + 4 <= end:
            size = buffer[at + 1]
            if size == 126:
                size = 2 + (buffer[at + 2] << 8) + buffer[at + 3]
            if at + 2 + size > end:
                break
            at += 2 + size
            seen += 1
        buffer = buffer[at:]
