"""``pc.observe()``: a call's or an agent's log, live and without loss."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ._asyncio.api_socket import open_api_socket
from ._asyncio.closing import ClosingIterator
from ._shared.failures import OpenFailed, SocketClosed
from ._shared.rest.call_log import ObservationBase
from .core.rest.call_log import CallLog, LogEntry
from .errors import ApiError

if TYPE_CHECKING:
    from ._asyncio.api_socket import ApiSocket
    from ._asyncio.http import HttpPort

__all__ = ["LogEntry", "Observation"]


class Observation(ObservationBase["HttpPort", "ApiSocket"], ClosingIterator):
    """A call log: ``async for entry in pc.observe(call="CA…")`` gives each :class:`LogEntry` once.

    Entries come in order. A call's log ends with its ``call.summary``; an agent's goes on until
    ``aclose()``. A lost connection is resumed where it broke off; an entry of type ``log.gap``
    stands for entries that the server can no longer replay. Raises ApiError if the token is
    refused, and when the log stays out of reach.
    """

    def __init__(self, port: HttpPort, log: CallLog) -> None:
        self._stopped = asyncio.Event()
        super().__init__(port, log)

    async def __anext__(self) -> LogEntry:
        log = self._log
        while not log.entries:
            if log.over:
                await self._drop()
                raise self._end(StopAsyncIteration())
            if self._socket is None:
                await self._connect()
            else:
                await self._receive(self._socket)
        return log.entries.popleft()

    async def _receive(self, socket: ApiSocket) -> None:
        try:
            self._log.receive(await socket.receive())
        except SocketClosed as exc:
            await self._drop()
            self._log.lost(exc.reason, asyncio.get_running_loop().time())

    async def _connect(self) -> None:
        log = self._log
        try:
            if log.delay:
                await asyncio.wait_for(self._stopped.wait(), log.delay)
                return
        except asyncio.TimeoutError:
            pass  # the delay is over
        try:
            token = await self._port.run(log.token())
            socket = await open_api_socket(self._port.settings, log.url(token))
        except (ApiError, OpenFailed) as exc:
            self._failed(exc)
        else:
            log.opened(asyncio.get_running_loop().time())
            self._socket = socket

    async def _drop(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()

    async def aclose(self) -> None:
        """Stop; the iteration ends after the entries that have arrived. May be repeated."""
        self._log.stop()
        self._stopped.set()
        await self._drop()
