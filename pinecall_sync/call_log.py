"""``pc.observe()``: a call's or an agent's log, live and without loss."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pinecall.core.rest.call_log import CallLog, LogEntry
from pinecall.errors import ApiError

if TYPE_CHECKING:
    from ._threads.api_socket import ApiSocket
    from ._threads.http import HttpPort

__all__ = ["LogEntry", "Observation", "observe"]


def observe(
    port: HttpPort,
    *,
    call: str | None = None,
    agent: str | None = None,
    after: int = 0,
    agents: str | Sequence[str] | None = None,
) -> Observation:
    """``agents``: with ``call``, whose call it is (or may be); the token is sealed for them."""
    return Observation(
        port, CallLog(call=call, agent=agent, after=after, agents=agents, random=port.random)
    )


class Observation:
    """``for entry in pc.observe(call="CA…")``: every :class:`LogEntry` once, in order.

    A call's log ends with its ``call.summary``; an agent's goes on until ``close()``, which any
    thread may call. A lost connection is resumed where it was; what the server can no longer replay
    is announced by an entry of type ``log.gap``. Raises ApiError for a token that is refused, and
    when the log stays out of reach.
    """

    def __init__(self, port: HttpPort, log: CallLog) -> None:
        self._port = port
        self._log = log
        self._socket: ApiSocket | None = None
        self._reading = threading.Lock()
        self._stopped = threading.Event()
        port.adopt(self)

    @property
    def after(self) -> int:
        """The cursor: give it as ``after=`` to go on from here another time."""
        return self._log.after

    def __iter__(self) -> Observation:
        return self

    def __next__(self) -> LogEntry:
        with self._reading:
            return self._next()

    def _next(self) -> LogEntry:
        from ._threads.api_socket import SocketClosed

        log = self._log
        while not log.entries:
            if log.over:
                self._drop()
                if log.error is not None:
                    raise log.error.with_traceback(None)
                raise StopIteration
            if self._socket is None:
                self._connect()
                continue
            try:
                for text in self._socket.receive():
                    log.receive(text)
            except SocketClosed as exc:
                self._drop()
                log.lost(exc.reason, time.monotonic())
        return log.entries.popleft()

    def _connect(self) -> None:
        from ._threads.api_socket import OpenFailed, open_api_socket

        log = self._log
        if log.delay and self._stopped.wait(log.delay):
            return
        try:
            token = self._port.run(log.token())
            socket = open_api_socket(self._port.settings, log.url(token))
        except ApiError as exc:
            log.failed(exc)
        except OpenFailed as exc:
            log.refused(exc.failure)
        else:
            log.opened(time.monotonic())
            self._socket = socket

    def _drop(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.close()

    def close(self) -> None:
        """Stop; the iteration ends when what has arrived is read. May be repeated."""
        self._log.stop()
        self._stopped.set()
        self._drop()

    def __enter__(self) -> Observation:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
