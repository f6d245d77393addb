"""The blocking front's client."""

from __future__ import annotations

import ssl as ssl_module
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pinecall._shared.client import BaseClient, HostBase
from pinecall._shared.notebook import former_clients
from pinecall._shared.shutdown import end_streams_on_signals
from pinecall.core.drain import DrainReport
from pinecall.errors import NotConnected
from pinecall.logs import Log
from pinecall.options import AgentOptions, ReconnectPolicy

from ._threads.driver import Driver
from ._threads.signals import Signals
from .agent import Agent, Call, Events, Line, LineCall, WhatsAppSession
from .waiting import wait
from .web import ClientWeb

if TYPE_CHECKING:
    from typing_extensions import Self

    from pinecall.core.calls.chat_requests import ChatReply

__all__ = ["Pinecall"]

log = Log("link")

#: Servers that wait for the threads of open responses when they are told to stop.
_THREADED_SERVERS = frozenset({"cheroot", "gunicorn", "waitress"})


class _Host(HostBase):
    coroutines = False
    make_agent = Agent
    make_line = Line
    make_call = Call
    make_line_call = LineCall
    make_whatsapp_session = WhatsAppSession


class Pinecall(Events, ClientWeb, BaseClient[Agent, Line]):
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
    proxy: a proxy's URL; None: what the usual environment variables say
    allow_insecure: allow ``ws://`` to a host that is not this one
    strict: raise what a handler raised, from ``disconnect()`` or ``run_forever()``; for tests
    threads: how many handlers (and as many tools) may run at once
    """

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
        host = _Host()
        self._set_up(
            host,
            api_key=api_key,
            url=url,
            reconnect=reconnect,
            ping_interval=ping_interval,
            connect_timeout=connect_timeout,
            ssl=ssl,
            proxy=proxy,
            allow_insecure=allow_insecure,
            strict=strict,
        )
        self._driver = host.driver = Driver(self.session, self.settings, threads)

    def connect(self) -> None:
        """Open and authenticate; returns once the server says so. Repeating it changes nothing.

        Raises AuthenticationError at once for a refused key, ConnectError (with its ``phase``) for
        a host that is not there or is not a Pinecall server; what may pass is tried again until
        ``connect_timeout``.
        """
        self._driver.check_process()
        if not _THREADED_SERVERS.isdisjoint(sys.modules):
            # Their views run in threads, where Python lets nobody handle signals; here it may.
            end_streams_on_signals(self.session.open_hub())
        for former in former_clients(self):
            former._give_way()
            self._hurry()
        outcome = self._begin_connecting()
        self._driver.start()
        self._driver.wake()
        try:
            wait(self.session, outcome)
        except KeyboardInterrupt:
            self._driver.disconnect(1.0)
            raise

    def _give_way(self) -> None:
        """To the client that a notebook's cell has made when it ran again."""
        log.info("%s gives way to the client of the cell's new run", repr(self))
        self._close_web()
        self._driver.disconnect(1.0)

    def _put_agent(self, id: str, given: AgentOptions, channels: list[Any]) -> Agent:
        formers = former_clients(self, id)
        for former in formers:
            former._give_way()
        agent = super()._put_agent(id, given, channels)
        if formers:
            self._hurry()
        return agent

    def disconnect(self, timeout: float = 1.0) -> None:
        """Flush, close, end every call with ``client_disconnect``; at most about ``timeout``
        seconds. Repeating it does nothing; any thread or handler may call it."""
        self._driver.check_process()
        self._close_web()
        self._driver.disconnect(timeout)
        self._raise_failure()

    def chat(
        self,
        agent_id: str,
        text: str,
        *,
        session_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        timeout: float = 30.0,
    ) -> ChatReply:
        """Write to an agent of the organisation, this process's or another's, and get its answer.

        session_id: goes on with a conversation; without one a new one begins, whose id is in the
            answer. Messages of one session are sent one after the other
        metadata: becomes ``call.metadata`` of a new conversation
        timeout: seconds, from now

        Raises ConfigurationError, NotConnected (at once, also when
        the link is lost meanwhile), RequestRejected and RequestTimeout. (Wire: ``llm.chat`` →
        ``llm.chat.done`` or ``llm.chat.error``; ``on("llm.chat.token", …)`` sees it being made.)
        """
        outcome = self.place_chat(
            agent_id, text, session_id=session_id, metadata=metadata, timeout=timeout
        )
        return wait(self.session, outcome)

    def drain(self, timeout: float = 30.0) -> DrainReport:
        """Stop taking calls, let calls and tools finish for at most ``timeout`` seconds, flush,
        disconnect; the report says what was cut."""
        report = wait(self.session, self.place_drain(timeout))
        self.disconnect()
        return report

    def run_forever(self) -> None:
        """Connect if need be; return after ``disconnect()``, SIGINT or SIGTERM.

        SIGTERM drains first; SIGINT or a second signal disconnects at once. The handlers that were
        there are restored. Raises what ended the connection for good (a refused key, a displacement),
        and what refused the agents when all of them are refused for good, so that nothing can come.
        """
        with Signals(self.drain, self.disconnect) as signals:
            try:
                self._until_over(signals)
            finally:
                self._close_web()
                self._driver.disconnect(1.0)
        if signals.failure is not None:
            raise signals.failure
        self._raise_failure()

    def _until_over(self, signals: Signals) -> None:
        try:
            self.connect()
        except NotConnected:
            return  # disconnect() was called, by another thread or by a signal
        with self.session.guard:
            over = self.session.when_over()
            lost = signals.came and self.session.drain is None
        if not lost:  # a signal that came when there was nothing to disconnect yet
            wait(self.session, over)

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._close_web()
        self._driver.disconnect(1.0)
        if exc is None:
            self._raise_failure()
