"""From the wire to a handler, and from its reply back to the wire, beside a bare echo.

The server stamps both ends: it writes a message and reads what comes back.
"""

from __future__ import annotations

import asyncio
import queue
import select
import socket
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from statistics import median, quantiles
from typing import Any

import websocket
import websockets
from attrs import frozen

import pinecall
import pinecall_sync

from . import mix
from .clients import HELLO, KEY, PATIENCE
from .load import Server
from .report import Result, Target, at_most, measured
from .running import Plan, alternate, run_async

__all__ = ["latency"]

ANSWER = "Of course. For what time shall I book it?"
_PROBE = '"probe-'
_LIMIT = "no SDK, but a thread for the handler"


@frozen
class Round:
    """Microseconds."""

    p50: float
    p99: float


def _round(took: list[float]) -> Round:
    return Round(median(took) * 1e6, quantiles(took, n=100, method="inclusive")[98] * 1e6)


async def _asyncio_front(server: Server, probe: dict[str, Any], *, coroutine: bool) -> Round:
    async with pinecall.Pinecall(KEY, url=server.url) as pc:
        agent = pc.agent(mix.agent_id(0))
        await agent.wait_ready(PATIENCE)
        started = asyncio.Event()
        pc.on("call.started", lambda _call: started.set())

        def answer(event: Any, call: Any) -> None:
            call.reply(ANSWER)

        async def answer_later(event: Any, call: Any) -> None:
            call.reply(ANSWER)

        _listen_to_the_rest(pc)
        pc.on("user.message", answer_later if coroutine else answer)
        server.ask("start_calls", count=1)
        await asyncio.wait_for(started.wait(), PATIENCE)
        server.tell("probe", **probe)
        return _round(await asyncio.to_thread(server.answer))


def _blocking_front(server: Server, probe: dict[str, Any]) -> Round:
    with pinecall_sync.Pinecall(KEY, url=server.url) as pc:
        agent = pc.agent(mix.agent_id(0))
        agent.wait_ready(PATIENCE)
        started = threading.Event()
        pc.on("call.started", lambda _call: started.set())
        _listen_to_the_rest(pc)
        pc.on("user.message", lambda _event, call: call.reply(ANSWER))
        server.ask("start_calls", count=1)
        started.wait(PATIENCE)
        return _round(server.ask("probe", **probe))


def _listen_to_the_rest(pc: Any) -> None:
    def heard(event: Any, call: Any) -> None:
        """An event that is not to be answered."""

    for name in mix.NAMES:
        if name != "user.message":
            pc.on(name, heard)


async def _bare_websockets(server: Server, probe: dict[str, Any]) -> Round:
    async with websockets.connect(server.url, compression=None) as connection:
        await connection.send(HELLO)
        await connection.recv()

        async def echo() -> None:
            async for text in connection:
                if _PROBE in text:
                    await connection.send(text)

        echoing = asyncio.ensure_future(echo())
        server.tell("probe", **probe)
        took = await asyncio.to_thread(server.answer)
        echoing.cancel()
    return _round(took)


def _bare_websocket_client(server: Server, probe: dict[str, Any]) -> Round:
    connection = websocket.create_connection(server.url, skip_utf8_validation=True)
    connection.send(HELLO)
    connection.recv()

    def echo() -> None:
        while text := connection.recv():
            if _PROBE in text:
                connection.send(text)

    echoing = threading.Thread(target=echo, daemon=True)
    echoing.start()
    took = server.ask("probe", **probe)
    connection.send_close()
    echoing.join(PATIENCE)
    connection.close()
    return _round(took)


def _through_a_thread(server: Server, probe: dict[str, Any]) -> Round:
    """A bare echo that answers from another thread, by way of the one that has the socket: the
    least that a handler which may block costs."""
    connection = websocket.create_connection(server.url, skip_utf8_validation=True)
    connection.send(HELLO)
    connection.recv()
    heard: queue.SimpleQueue[str] = queue.SimpleQueue()
    said: deque[str] = deque()
    wake_in, wake_out = socket.socketpair()

    def handle() -> None:
        while text := heard.get():
            said.append(text)
            wake_out.send(b".")

    def carry() -> None:
        raw = connection.sock
        while True:
            for ready in select.select([raw, wake_in], [], [])[0]:
                if ready is wake_in:
                    wake_in.recv(4096)
                    while said:
                        connection.send(said.popleft())
                    continue
                text = connection.recv()
                if not text:
                    heard.put("")
                    return
                if _PROBE in text:
                    heard.put(str(text))

    threads = [threading.Thread(target=run, daemon=True) for run in (handle, carry)]
    for thread in threads:
        thread.start()
    took = server.ask("probe", **probe)
    connection.send_close()
    for thread in threads:
        thread.join(PATIENCE)
    connection.close()
    for end in (wake_in, wake_out):
        end.close()
    return _round(took)


def latency(plan: Plan) -> list[Result]:
    results: list[Result] = []
    with Server() as server:
        for situation, rate in (("idle", 0), ("at 1,000 events/s", 1000)):
            probe = {"count": plan.of(1_000, 50), "gap": 0.001, "rate": rate}
            results += _compared(
                plan,
                situation,
                "websockets",
                lambda probe=probe: run_async(partial(_bare_websockets, server, probe)),  # type: ignore[misc]
                {
                    "asyncio, def": lambda probe=probe: run_async(  # type: ignore[misc]
                        partial(_asyncio_front, server, probe, coroutine=False)
                    ),
                    "asyncio, async def": lambda probe=probe: run_async(  # type: ignore[misc]
                        partial(_asyncio_front, server, probe, coroutine=True)
                    ),
                },
            )
            results += _compared(
                plan,
                situation,
                "websocket-client",
                partial(_bare_websocket_client, server, probe),
                {
                    "blocking": partial(_blocking_front, server, probe),
                    _LIMIT: partial(_through_a_thread, server, probe),
                },
            )
    return results


def _compared(
    plan: Plan,
    situation: str,
    library: str,
    bare: Callable[[], Round],
    ours: dict[str, Callable[[], Round]],
) -> list[Result]:
    echoed, *found = alternate(plan.rounds, bare, *ours.values())
    results = []
    for name, rounds in zip(ours, found, strict=True):
        for figure in ("p50", "p99"):
            mine = [getattr(one, figure) for one in rounds]
            theirs = [getattr(one, figure) for one in echoed]
            results.append(
                measured(
                    "latency",
                    f"{name}, {situation}, {figure}",
                    "us",
                    mine,
                    theirs,
                    against=f"bare echo, {library}",
                    target=None if name == _LIMIT else _target(figure, theirs),
                )
            )
    return results


def _target(figure: str, baseline: list[float]) -> Target:
    return at_most(1.3) if figure == "p50" else _added(2000.0, baseline)


def _added(most: float, baseline: list[float]) -> Target:
    """Microseconds more than the baseline."""
    return Target(f"<= {most / 1000:g} ms added", lambda value, _: value - median(baseline) <= most)
