"""``pc.observe()``: a call's or an agent's log, live and without loss."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .core.rest.call_log import CallLog, LogEntry
from .errors import ApiError

if TYPE_CHECKING:
    from ._asyncio.api_socket import ApiSocket
    from ._asyncio.http import HttpPort

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
    """``async for entry in pc.observe(call="CA…")``: every :class:`LogEntry` once, in order.

    A call's log ends with its ``call.summary``; an agent's goes on until ``aclose()``. A lost
    connection is resumed where it was; what the server can no longer replay is announced by an
    entry of type ``log.gap``. Raises ApiError for a token that is refused, and when the log stays
    out of reach.
    """

    def __init__(self, port: HttpPort, log: CallLog) -> None:
        self._port = port
        self._log = log
        self._socket: ApiSocket | None = None
        self._stopped: asyncio.Event | None = None
        port.adopt(self)

    @property
    def after(self) -> int:
        """The cursor: give it as ``after=`` to go on from here another time."""
        return self._log.after

    def __aiter__(self) -> Observation:
        return self

    async def __anext__(self) -> LogEntry:
        from ._asyncio.api_socket import SocketClosed

        log = self._log
        while not log.entries:
            if log.over:
                await self._drop()
                if log.error is not None:
                    raise log.error.with_traceback(None)
                raise StopAsyncIteration
            if self._socket is None:
                await self._connect()
                continue
            try:
                log.receive(await self._socket.receive())
            except SocketClosed as exc:
                await self._drop()
                log.lost(exc.reason, asyncio.get_running_loop().time())
        return log.entries.popleft()

    async def _connect(self) -> None:
        from ._asyncio.api_socket import OpenFailed, open_api_socket

        log = self._log
        self._stopped = self._stopped or asyncio.Event()
        try:
            if log.delay:
                await asyncio.wait_for(self._stopped.wait(), log.delay)
                return
        except asyncio.TimeoutError:
            pass  # the delay is over
        try:
            token = await self._port.run(log.token())
            socket = await open_api_socket(self._port.settings, log.url(token))
        except ApiError as exc:
            log.failed(exc)
        except OpenFailed as exc:
            log.refused(exc.failure)
        else:
            log.opened(asyncio.get_running_loop().time())
            self._socket = socket

    async def _drop(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()

    async def aclose(self) -> None:
        """Stop; the iteration ends when what has arrived is read. May be repeated."""
        self._log.stop()
        if self._stopped is not None:
            self._stopped.set()
        await self._drop()

    async def __aenter__(self) -> Observation:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
