"""A uvicorn server that starts and stops at once instead of polling ten times a second."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading

import uvicorn

__all__ = ["Uvicorn"]

#: Seconds that a connection has to close by itself.
_STOP_GRACE = 0.5
#: Turns of the loop between accepting a connection and uvicorn knowing of it.
_TURNS_TO_CONNECT = 5


class Uvicorn(uvicorn.Server):
    """Sets ``ready`` once it accepts connections; ends when ``finish`` is called."""

    def __init__(self, config: uvicorn.Config, ready: threading.Event) -> None:
        super().__init__(config)
        self._ready = ready
        self._over = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready.set()

    async def main_loop(self) -> None:
        await self._over.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._stop_accepting()
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        tasks = list(self.server_state.tasks)
        if tasks:
            _, slow = await asyncio.wait(tasks, timeout=_STOP_GRACE)
            for task in slow:
                task.cancel()

    async def _stop_accepting(self) -> None:
        """Stop accepting: closing a server makes asyncio leak what is accepted but not connected."""
        loop = asyncio.get_running_loop()
        for server in self.servers:
            for listener in server.sockets:
                with contextlib.suppress(NotImplementedError):  # Windows
                    loop.remove_reader(listener)
        for _ in range(_TURNS_TO_CONNECT):
            await asyncio.sleep(0)

    def finish(self) -> None:
        """End the server; call only in the loop."""
        self.should_exit = True
        self._over.set()
