"""``pc.observe()``: a call's or an agent's log, live and without loss."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from pinecall._shared.failures import OpenFailed, SocketClosed
from pinecall._shared.rest.call_log import ObservationBase
from pinecall.core.rest.call_log import CallLog, LogEntry
from pinecall.errors import ApiError

from ._threads.api_socket import open_api_socket
from ._threads.closing import ClosingIterator

if TYPE_CHECKING:
    from ._threads.api_socket import ApiSocket
    from ._threads.http import HttpPort

__all__ = ["LogEntry", "Observation"]


class Observation(ObservationBase["HttpPort", "ApiSocket"], ClosingIterator):
    """A call log: ``for entry in pc.observe(call="CA…")`` gives each :class:`LogEntry` once.

    Entries come in order. A call's log ends with its ``call.summary``; an agent's goes on until
    ``close()``, which any thread may call. A lost connection is resumed where it broke off; an
    entry of type ``log.gap`` stands for entries that the server can no longer replay. Raises
    ApiError if the token is refused, and when the log stays out of reach.
    """

    def __init__(self, port: HttpPort, log: CallLog) -> None:
        self._reading = threading.Lock()
        self._stopped = threading.Event()
        super().__init__(port, log)

    def __next__(self) -> LogEntry:
        with self._reading:
            log = self._log
            while not log.entries:
                if log.over:
                    self._drop()
                    raise self._end(StopIteration())
                if self._socket is None:
                    self._connect()
                else:
                    self._receive(self._socket)
            return log.entries.popleft()

    def _receive(self, socket: ApiSocket) -> None:
        try:
            for text in socket.receive():
                self._log.receive(text)
        except SocketClosed as exc:
            self._drop()
            self._log.lost(exc.reason, time.monotonic())

    def _connect(self) -> None:
        log = self._log
        if log.delay and self._stopped.wait(log.delay):
            return
        try:
            token = self._port.run(log.token())
            socket = open_api_socket(self._port.settings, log.url(token))
        except (ApiError, OpenFailed) as exc:
            self._failed(exc)
        else:
            log.opened(time.monotonic())
            self._socket = socket

    def _drop(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.close()

    def close(self) -> None:
        """Stop; the iteration ends after the entries that have arrived. May be repeated."""
        self._log.stop()
        self._stopped.set()
        self._drop()
