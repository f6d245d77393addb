"""The asyncio front's client."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from . import agent
from ._asyncio.driver import Driver
from ._shared.client import BaseClient, Host
from .agent import Agent, Events, Line
from .core.calls.chat_requests import ChatReply
from .core.drain import DrainReport
from .errors import ConfigurationError, NotConnected
from .waiting import Answer, Answers, wait
from .web import ClientWeb

if TYPE_CHECKING:
    from typing_extensions import Self


__all__ = ["Pinecall"]


class Pinecall(Events, ClientWeb, Answers, BaseClient[Agent, Line, Answer[ChatReply]]):
    """A connection to the platform, for asyncio.

    ::

        async with Pinecall() as pc:
            mara = pc.deploy("mara", prompt="You are Mara.", channels=["chat"])

            @mara.on("call.started")
            async def started(call):
                print("ringing:", call.from_)

            await pc.run_forever()

    api_key: default ``$PINECALL_API_KEY``; without either, ConfigurationError
    url: default ``$PINECALL_URL``, else the platform; ``http(s)``, ``ws(s)`` and a missing
        ``/client`` are accepted
    reconnect: True, False or a :class:`ReconnectPolicy`
    ping_interval: seconds; None switches keepalive and the detection of a dead peer off
    connect_timeout: seconds for ``connect()`` as a whole
    ssl: an ``ssl.SSLContext``, or the path of a CA bundle
    proxy: a proxy's URL; None: what the usual environment variables say
    allow_insecure: allow ``ws://`` to a host that is not this one
    strict: raise what a handler raised, from ``disconnect()`` or ``run_forever()``; for tests

    It may be made at import time or in a notebook cell: nothing is bound before ``connect()``.
    """

    _driver: Driver

    def _make_host(self) -> Host:
        return Host(self, agent, coroutines=True)

    def _make_driver(self) -> Driver:
        return Driver(self._engine, self._settings)

    async def connect(self) -> None:
        """Open and authenticate; returns once the server says so. Repeating it changes nothing.

        Raises AuthenticationError at once for a refused key, ConnectError (with its ``phase``) for
        a host that is not there or is not a Pinecall server; what may pass is tried again until
        ``connect_timeout``.
        """
        self._driver.bind()
        for former in self._formers():
            await former._give_way()
            self._hurry()
        outcome = self._begin_connecting()
        self._driver.wake()
        try:
            await wait(self._engine, outcome)
        except asyncio.CancelledError:
            if not self.connected and self.state == "connecting":
                await self.disconnect()
            raise

    def _replace(self, former: Pinecall) -> None:
        self._driver.run_soon(former._give_way(), "closing a former client")

    async def _give_way(self) -> None:
        with contextlib.suppress(ConfigurationError):  # it is on another loop
            await self._close()

    async def disconnect(self, timeout: float = 1.0) -> None:
        """Flush, close, end every call with ``client_disconnect``; takes at most about ``timeout``
        seconds. Repeating it does nothing; handlers may call it. Raises ConfigurationError, and closes
        nothing, on another event loop than the one that has the connection."""
        await self._close(timeout)
        self._raise_failure()

    async def _close(self, timeout: float = 1.0) -> None:
        self._driver.check_loop()
        await self._close_web()
        await self._driver.disconnect(timeout)

    async def drain(self, timeout: float = 30.0) -> DrainReport:
        """Stop taking calls, let calls and tools finish for at most ``timeout`` seconds, flush,
        disconnect; the report says what was cut."""
        self._driver.check_loop()
        report = await wait(self._engine, self._place_drain(timeout))
        await self.disconnect()
        return report

    async def run_forever(self) -> None:
        """Connect if need be; return after ``disconnect()``, SIGINT or SIGTERM.

        SIGTERM drains first; SIGINT or a second signal disconnects at once. The handlers that were
        there are restored. Raises what ended the connection for good (a refused key, a displacement),
        and what refused the agents when all of them are refused for good, so that nothing can come.
        """
        self._driver.check_loop()
        loop = asyncio.get_running_loop()
        stopped: asyncio.Future[None] = loop.create_future()
        draining: asyncio.Task[DrainReport] | None = None

        def at_once(_: object = None) -> None:
            if not stopped.done():
                stopped.set_result(None)

        def stop(signum: int) -> None:
            nonlocal draining
            if signum == signal.SIGTERM and draining is None:
                draining = loop.create_task(self.drain())
                draining.add_done_callback(at_once)
            else:
                at_once()

        with _signals(loop, stop):
            running = loop.create_task(self._until_over())
            try:
                await asyncio.wait({stopped, running}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in filter(None, (running, draining)):
                    task.cancel()
                await asyncio.gather(running, return_exceptions=True)
                await self._close()
        if not running.cancelled():
            running.result()
        self._raise_failure()

    async def _until_over(self) -> None:
        try:
            await self.connect()
        except NotConnected:
            return  # disconnect() was called, here or by a signal
        await wait(self._engine, self._when_over())

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, _type: object, exc: BaseException | None, _tb: object) -> None:
        await self._close()
        if exc is None:
            self._raise_failure()


@contextlib.contextmanager
def _signals(loop: asyncio.AbstractEventLoop, stop: Any) -> Iterator[None]:
    """Send SIGINT and SIGTERM to ``stop``; the former handlers are restored."""
    former: dict[int, Any] = {}
    for signum in (signal.SIGINT, signal.SIGTERM):
        try:
            before = signal.getsignal(signum)
            loop.add_signal_handler(signum, stop, signum)
        except (NotImplementedError, RuntimeError, ValueError):
            continue  # not the main thread, or a platform without them
        former[signum] = before
    try:
        yield
    finally:
        for handled, before in former.items():
            loop.remove_signal_handler(handled)
            signal.signal(handled, before)
