"""The blocking front's client."""

from __future__ import annotations

import ssl as ssl_module
import sys
from typing import TYPE_CHECKING

from pinecall._shared.client import BaseClient, Host
from pinecall._shared.shutdown import end_streams_on_signals
from pinecall.core.calls.chat_requests import ChatReply
from pinecall.core.drain import DrainReport
from pinecall.errors import NotConnected
from pinecall.options import ReconnectPolicy

from . import agent
from ._threads.driver import Driver
from ._threads.signals import Signals
from .agent import Agent, Events, Line
from .waiting import Answers, wait
from .web import ClientWeb

if TYPE_CHECKING:
    from typing_extensions import Self


__all__ = ["Pinecall"]

#: Servers that wait for the threads of open responses when they stop.
_THREADED_SERVERS = frozenset({"cheroot", "gunicorn", "waitress"})


class Pinecall(Events, ClientWeb, Answers, BaseClient[Agent, Line, ChatReply]):
    """A connection to the platform, for programs without an event loop.

    ::

        with Pinecall() as pc:
            mara = pc.deploy("mara", prompt="You are Mara.", channels=["chat"])

            @mara.on("call.started")
            def started(call):
                print("ringing:", call.from_)

            pc.run_forever()

    Handlers run in threads: those of one call in order and one at a time, those of different calls
    side by side. Every method may be called from any thread, handlers included.

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
    threads: how many handlers (and as many tools) may run at once
    """

    _driver: Driver

    def __init__(
        self,
        api_key: str | None = None,
        *,
        url: str | None = None,
        reconnect: bool | ReconnectPolicy = True,
        ping_interval: float | None = 30.0,
        connect_timeout: float = 10.0,
        ssl: ssl_module.SSLContext | str | None = None,
        proxy: str | None = None,
        allow_insecure: bool = False,
        strict: bool = False,
        threads: int = 16,
    ) -> None:
        self._threads = threads
        super().__init__(
            api_key,
            url=url,
            reconnect=reconnect,
            ping_interval=ping_interval,
            connect_timeout=connect_timeout,
            ssl=ssl,
            proxy=proxy,
            allow_insecure=allow_insecure,
            strict=strict,
        )

    def _make_host(self) -> Host:
        return Host(self, agent, coroutines=False)

    def _make_driver(self) -> Driver:
        return Driver(self._engine, self._settings, self._threads)

    def connect(self) -> None:
        """Connect and authenticate; return once the server has confirmed. Repeating it changes
        nothing.

        Raises AuthenticationError at once for a refused key, ConnectError (with its ``phase``) for
        a host that does not exist or is not a Pinecall server; temporary failures are retried until
        ``connect_timeout``.
        """
        self._driver.check_process()
        if not _THREADED_SERVERS.isdisjoint(sys.modules):
            # Their views run in threads, where Python allows no signal handlers; here it does.
            end_streams_on_signals(self._engine.open_hub())
        if self._replace_formers():
            self._hurry()
        outcome = self._begin_connecting()
        self._driver.start()
        self._driver.wake()
        try:
            wait(self._engine, outcome)
        except KeyboardInterrupt:
            self._driver.disconnect(1.0)
            raise

    def _replace(self, former: Pinecall) -> None:
        former._close()

    def disconnect(self, timeout: float = 1.0) -> None:
        """Flush, close, and end every call with ``client_disconnect``; takes about ``timeout``
        seconds at most. Repeating it does nothing; any thread or handler may call it.
        """
        self._driver.check_process()
        self._close(timeout)
        self._raise_failure()

    def _close(self, timeout: float = 1.0) -> None:
        self._close_web()
        self._driver.disconnect(timeout)

    def drain(self, timeout: float = 30.0) -> DrainReport:
        """Stop taking calls, let calls and tools finish for at most ``timeout`` seconds, flush and
        disconnect. The report lists what was cut.
        """
        report = wait(self._engine, self._place_drain(timeout))
        self.disconnect()
        return report

    def run_forever(self) -> None:
        """Connect if necessary; return after ``disconnect()``, SIGINT or SIGTERM.

        SIGTERM drains first; SIGINT or a second signal disconnects at once. The previous signal
        handlers are restored. Raises the error that ended the connection for good (a refused key, a
        displacement), and the refusal when all agents are refused for good, so that no call can
        come.
        """
        with Signals(self.drain, self.disconnect) as signals:
            try:
                self._until_over(signals)
            finally:
                self._close()
        if signals.failure is not None:
            raise signals.failure
        self._raise_failure()

    def _until_over(self, signals: Signals) -> None:
        try:
            self.connect()
        except NotConnected:
            return  # disconnect() was called, by another thread or by a signal
        with self._engine.guard:
            over = self._when_over()
            lost = signals.came and self._engine.drain is None
        if not lost:  # the signal came before there was a connection to close
            wait(self._engine, over)

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(self, _type: object, exc: BaseException | None, _tb: object) -> None:
        self._close()
        if exc is None:
            self._raise_failure()
