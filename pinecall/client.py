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
    proxy: a proxy's URL; None: the one of the usual environment variables
    allow_insecure: allow ``ws://`` to a host that is not this one
    strict: raise a handler's exception from ``disconnect()`` or ``run_forever()``; for tests

    It may be created at import time or in a notebook cell: it binds nothing before ``connect()``.
    """

    _driver: Driver

    def _make_host(self) -> Host:
        return Host(self, agent, coroutines=True)

    def _make_driver(self) -> Driver:
        return Driver(self._engine, self._settings)

    async def connect(self) -> None:
        """Connect and authenticate; return once the server has confirmed. Repeating it changes
        nothing.

        Raises AuthenticationError at once for a refused key, ConnectError (with its ``phase``) for
        a host that does not exist or is not a Pinecall server; temporary failures are retried until
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
        """Flush, close, and end every call with ``client_disconnect``; takes about ``timeout``
        seconds at most. Repeating it does nothing; handlers may call it. Raises ConfigurationError,
        and closes nothing, on an event loop other than the connection's.
        """
        await self._close(timeout)
        self._raise_failure()

    async def _close(self, timeout: float = 1.0) -> None:
        self._driver.check_loop()
        await self._close_web()
        await self._driver.disconnect(timeout)

    async def drain(self, timeout: float = 30.0) -> DrainReport:
        """Stop taking calls, let calls and tools finish for at most ``timeout`` seconds, flush and
        disconnect. The report lists what was cut.
        """
        self._driver.check_loop()
        report = await wait(self._engine, self._place_drain(timeout))
        await self.disconnect()
        return report

    async def run_forever(self) -> None:
        """Connect if necessary; return after ``disconnect()``, SIGINT or SIGTERM.

        SIGTERM drains first; SIGINT or a second signal disconnects at once. The previous signal
        handlers are restored. Raises the error that ended the connection for good (a refused key, a
        displacement), and the refusal when all agents are refused for good, so that no call can
        come.
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
