"""Connecting and registering many agents, beside the same frames on a bare connection."""

from __future__ import annotations

import json
import time
from functools import partial
from statistics import median

import websocket
import websockets

import pinecall
import pinecall_sync
from pinecall.core.config.wire_form import encode_create
from pinecall.core.wire.codec import encode

from . import mix
from .clients import HELLO, KEY, PATIENCE
from .core import World
from .load import Server
from .report import Result, Target, at_most, measured
from .running import Plan, alternate, run_async

__all__ = ["registering"]

OPTIONS = {"prompt": "You are Mara.", "llm": "openai/gpt-4.1-mini"}


def _frames(count: int) -> list[str]:
    """What the SDK sends for them."""
    world = World(0)
    agents = [world.pc.agent(mix.agent_id(number), **OPTIONS) for number in range(count)]
    return [encode(encode_create(agent.id, agent.config)) for agent in agents]


async def _asyncio_front(server: Server, count: int) -> float:
    began = time.perf_counter()
    async with pinecall.Pinecall(KEY, url=server.url) as pc:
        agents = [pc.agent(mix.agent_id(number), **OPTIONS) for number in range(count)]
        for agent in agents:
            await agent.wait_ready(PATIENCE)
        return time.perf_counter() - began


async def _bare_websockets(server: Server, frames: list[str]) -> float:
    began = time.perf_counter()
    async with websockets.connect(server.url, compression=None) as connection:
        await connection.send(HELLO)
        await connection.recv()
        for frame in frames:
            await connection.send(frame)
        for _ in frames:
            json.loads(await connection.recv())
        return time.perf_counter() - began


def _blocking_front(server: Server, count: int) -> float:
    began = time.perf_counter()
    with pinecall_sync.Pinecall(KEY, url=server.url) as pc:
        agents = [pc.agent(mix.agent_id(number), **OPTIONS) for number in range(count)]
        for agent in agents:
            agent.wait_ready(PATIENCE)
        return time.perf_counter() - began


def _bare_websocket_client(server: Server, frames: list[str]) -> float:
    began = time.perf_counter()
    connection = websocket.create_connection(server.url, skip_utf8_validation=True)
    try:
        connection.send(HELLO)
        connection.recv()
        for frame in frames:
            connection.send(frame)
        for _ in frames:
            json.loads(connection.recv())
        return time.perf_counter() - began
    finally:
        connection.close()


def registering(plan: Plan) -> list[Result]:
    few, many = plan.of(1_000, 50), plan.of(10_000, 200)
    results: list[Result] = []
    with Server() as server:
        for front, ours, bare, library in (
            ("asyncio", _asyncio, _bare_asyncio, "websockets"),
            ("blocking", _blocking_front, _bare_websocket_client, "websocket-client"),
        ):
            medians = []
            for count in (few, many):
                frames = _frames(count)
                mine, theirs = alternate(
                    plan.rounds if count == many else plan.of(3, 1) * plan.rounds,
                    partial(ours, server, count),
                    partial(bare, server, frames),
                )
                medians.append(median(mine))
                results.append(
                    measured(
                        "register",
                        f"{front}, {count} agents",
                        "s",
                        mine,
                        theirs,
                        against=f"the same frames and acks, {library}",
                        target=at_most(2.0),
                    )
                )
            results.append(_growth(front, few, many, medians))
    return results


def _asyncio(server: Server, count: int) -> float:
    return run_async(partial(_asyncio_front, server, count))


def _bare_asyncio(server: Server, frames: list[str]) -> float:
    return run_async(partial(_bare_websockets, server, frames))


def _growth(front: str, few: int, many: int, seconds: list[float]) -> Result:
    """Time per agent with many, beside time per agent with few: 1 is linear, 10 is quadratic."""
    each = [seconds[0] / few * 1e6, seconds[1] / many * 1e6]
    return measured(
        "register",
        f"{front}, time per agent, {many} agents",
        "us",
        [each[1]],
        [each[0]],
        against=f"{few} agents",
        target=Target("linear: <= 1.5 x", lambda _, ratio: ratio is not None and ratio <= 1.5),
    )
