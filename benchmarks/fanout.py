"""Events to many browsers: what one delivery costs the server, and what a subscriber holds."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from importlib.util import find_spec

from attrs import frozen

from .load import Process
from .report import Result, at_most, measured
from .running import Plan, alternate, run_async

__all__ = ["fanout"]

_REQUEST = b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
_MARK = b'"seq":'
PATIENCE = 60.0
#: Events that the SDK's hub keeps.
KEPT = 2000


@frozen
class Round:
    """Of the server: microseconds for each delivery, and KiB for each subscriber."""

    cpu: float
    memory: float


class _Browser(asyncio.Protocol):
    """Counts the events that were published: nothing else in a stream has such a key."""

    def __init__(self, all_of_them: _Browsers) -> None:
        self._all = all_of_them
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(_REQUEST)

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        self._all.seen(data.count(_MARK))
        self._rest = data[-len(_MARK) + 1 :]


class _Browsers:
    def __init__(self) -> None:
        self._left = 0
        self._over: asyncio.Future[None] | None = None

    def expect(self, count: int) -> asyncio.Future[None]:
        self._left = count
        self._over = asyncio.get_running_loop().create_future()
        return self._over

    def seen(self, count: int) -> None:
        self._left -= count
        if self._left <= 0 and self._over is not None and not self._over.done():
            self._over.set_result(None)


async def _round(kind: str, subscribers: int, count: int, rate: float) -> Round:
    loop = asyncio.get_running_loop()
    with Process("benchmarks.fanout_server", kind) as server:
        browsers = _Browsers()
        made: list[_Browser] = []

        async def connect(number: int) -> None:
            for _ in range(number):
                _, browser = await loop.create_connection(
                    lambda: _Browser(browsers), "127.0.0.1", server.port
                )
                made.append(browser)
            deadline = time.monotonic() + PATIENCE
            while await asyncio.to_thread(server.ask, "readers") < len(made):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{kind}: the subscribers did not come")
                await asyncio.sleep(0.02)

        async def publish(count: int, rate: float) -> float:
            over = browsers.expect(count * len(made))
            await asyncio.to_thread(server.ask, "publish", count=count, rate=rate)
            await asyncio.wait_for(over, PATIENCE)
            return float(await asyncio.to_thread(server.ask, "spent"))

        await connect(1)
        # What a server keeps for those who come back is no subscriber's: it is full before they come;
        # in small portions, so that there is no heap left over for them.
        for _ in range(0, KEPT, 20):
            await publish(20, 20_000)
        before = server.ask("memory")
        await connect(subscribers - 1)
        await publish(20, rate)
        held = server.ask("memory") - before
        cpu = await publish(count, rate)
        for browser in made:
            browser.transport.abort()
    return Round(cpu / count / subscribers * 1e6, held / max(1, subscribers - 1) / 1024)


def fanout(plan: Plan) -> list[Result]:
    sizes = [(20, 10, 100)] if plan.quick else [(1, 800, 400), (100, 200, 100), (1000, 40, 20)]
    results: list[Result] = []
    for size in sizes:
        results += _compared(plan, *size)
    return results


def _compared(plan: Plan, subscribers: int, count: int, rate: float) -> list[Result]:
    kinds = ["pinecall", "bare"]
    if find_spec("sse_starlette") is not None:
        kinds.append("sse-starlette")
    ours, bare, *library = alternate(
        plan.rounds,
        *(partial(run_async, partial(_round, kind, subscribers, count, rate)) for kind in kinds),
    )
    figures = [("cpu", "CPU per delivery", "us", at_most(1.15))]
    if subscribers > 1:
        figures.append(("memory", "memory of each", "KiB", at_most(value=12.0, unit="KiB")))
    results = []
    for name, figure, unit, target in figures:
        what = f"{subscribers} subscribers, {figure}"
        mine = [getattr(one, name) for one in ours]
        theirs = [getattr(one, name) for one in bare]
        against = "bare ASGI, ready bytes"
        results.append(measured("fanout", what, unit, mine, theirs, against=against, target=target))
        for other in library:
            theirs = [getattr(one, name) for one in other]
            results.append(
                measured("fanout", f"{what}, library", unit, mine, theirs, against="sse-starlette")
            )
    return results
