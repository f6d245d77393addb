"""The driver of the asyncio front: callbacks around one engine.

Nothing runs while nothing happens: a read of the socket, a verb's :meth:`Driver.wake` and one timer
all end in :meth:`Driver._after`, which sends, delivers and re-arms.
"""

from __future__ import annotations

import asyncio
import os
import threading
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from .._shared.driver import DriverBase
from .._shared.failures import OpenFailed
from ..core.link.link import Phase
from ..errors import ConfigurationError
from .transport import LinkSocket, open_socket
from .user_code import UserCode

if TYPE_CHECKING:
    from .._shared.settings import Settings
    from ..core.engine import Engine
    from .websocket import Socket

__all__ = ["Driver"]


class Driver(DriverBase):
    def __init__(self, engine: Engine, settings: Settings) -> None:
        super().__init__(engine, settings)
        self.loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._socket: LinkSocket | None = None
        self._opening: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due: float | None = None
        self._scheduled = False
        self._delivering = False
        self._code = UserCode(engine)

    # -- binding to a loop ----------------------------------------------------------------------

    def bind(self) -> None:
        """Bind to the running loop; raises if another loop, still open, has the connection."""
        self.check_process()
        loop = asyncio.get_running_loop()
        if self.loop is not None and self.loop is not loop and self._active():
            if not self.loop.is_closed():
                raise ConfigurationError(
                    "this Pinecall is connected on another event loop; use it there, or disconnect() "
                    "there first (one client belongs to one loop at a time)"
                )
            self._abandon()
        if self.loop is not loop or not self._active():
            self._code.context = copy_context()
        self.loop = self._code.loop = loop
        self._thread = threading.get_ident()
        self._pid = os.getpid()

    def _active(self) -> bool:
        return self._socket is not None or self._opening is not None or self._timer is not None

    def _abandon(self) -> None:
        """Forget what belonged to a loop that was closed meanwhile (a second asyncio.run)."""
        self._socket = self._opening = self._timer = self._due = None
        self._scheduled = False
        self._code.tasks.clear()
        with self.engine.guard:
            self.engine.disconnect("connection_lost")
            self.engine.deliveries()

    # -- waking ---------------------------------------------------------------------------------

    def check_loop(self) -> None:
        """Raise ConfigurationError on an event loop other than the connection's."""
        self.check_process()
        running = asyncio.get_running_loop()
        if self.loop is None or self.loop is running or not self._active():
            return
        if self.loop.is_closed():
            self._abandon()
            return
        raise ConfigurationError(
            "this Pinecall is connected on another event loop; call this there, for example with "
            "asyncio.run_coroutine_threadsafe()"
        )

    def now(self) -> float:
        assert self.loop is not None
        return self.loop.time()

    def wake(self) -> None:
        self.check_process()
        loop = self.loop
        if loop is None or loop.is_closed():
            return
        if self._scheduled:
            return  # the frames after the first are sent together, in _after()
        self._scheduled = True
        if threading.get_ident() == self._thread:
            self._send()
            loop.call_soon(self._after)
        else:
            loop.call_soon_threadsafe(self._after)

    def _after(self) -> None:
        """Send, deliver and set the timer: the end of every entry point."""
        self._scheduled = False
        if self._delivering:
            return  # a handler disconnects: its consequences follow what is being delivered
        self._follow_link()
        self._send()
        self._delivering = True
        try:
            self._code.deliver()
        finally:
            self._delivering = False
        self._follow_link()
        self._send()
        self._arm()

    def _arm(self) -> None:
        assert self.loop is not None
        with self.engine.guard:
            due = self.engine.deadline(self.now())
        if due == self._due:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._due = due
        self._timer = None if due is None else self.loop.call_at(due, self._tick)

    def _tick(self) -> None:
        assert self.loop is not None and self._due is not None
        # A loop may call slightly early.
        now = max(self.now(), self._due)
        self._timer = self._due = None
        with self.engine.guard:
            self.engine.tick(now)
        self._after()

    async def settled(self, waiter: asyncio.Future[None], timeout: float | None) -> None:
        """Wait for an outcome's waiter. Raises asyncio.TimeoutError after ``timeout`` seconds."""
        await asyncio.wait_for(waiter, timeout)

    # -- the socket -----------------------------------------------------------------------------

    def _follow_link(self) -> None:
        """Open or abort the socket, according to the link's phase and generation."""
        link = self.engine.link
        if link.generation == self._generation:
            return
        self._generation = link.generation
        if self._opening is not None:
            self._opening.cancel()
            self._opening = None
        if self._socket is not None:
            self._socket.abort()
            self._socket = None
        if link.phase is Phase.OPENING:
            self._begin_opening(link.generation)

    def _begin_opening(self, generation: int) -> None:
        assert self.loop is not None
        self._opening = self.loop.create_task(self._open(generation))

    async def _open(self, generation: int) -> None:
        engine = self.engine

        def handshaking() -> None:
            engine.link.stage = "handshake"

        try:
            socket = await open_socket(self.settings, handshaking)
        except OpenFailed as exc:
            if self._opening is asyncio.current_task():
                self._opening = None
            self._failed(generation, exc.failure)
        else:
            self._opening = None
            self._socket = socket
            with engine.guard:
                engine.opened(generation, self.now())
            self._send()
            socket.attach(self)
        self._after()

    def _send(self) -> None:
        socket = self._socket
        if socket is None or not len(self.engine.outbox) or not socket.may_write:
            return
        socket.write(self._outgoing())

    def read(self) -> None:
        self._after()

    def writable(self) -> None:
        self._send()

    def lost(self, socket: Socket, code: int | None, reason: str) -> None:
        if socket is not self._socket:
            return
        self._socket = None
        with self.engine.guard:
            self.engine.lost(self._generation, code, reason, self.now())
        self._after()

    # -- closing --------------------------------------------------------------------------------

    async def disconnect(self, timeout: float) -> None:
        """Flush, close, and leave nothing running; takes at most ``timeout`` seconds."""
        self.check_process()
        if self.loop is None:
            with self.engine.guard:
                self.engine.disconnect()
            return
        deadline = self.loop.time() + timeout
        self._send()
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.receiver = None
        with self.engine.guard:
            self.engine.disconnect()
            texts = self.engine.outgoing()
        self._after()
        if socket is not None:
            clean = await socket.close_within(texts, timeout, 1000, "client_disconnect")
            with self.engine.guard:
                self.engine.socket_closed(clean=clean)
        await self._end_tasks(max(0.0, deadline - self.loop.time()))
        self._code.threads.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = self._due = None
        self._pid = None

    async def _end_tasks(self, timeout: float) -> None:
        """Let user code finish, and the jobs that follow from its end; then cancel it."""
        assert self.loop is not None
        deadline = self.loop.time() + timeout
        current = asyncio.current_task()
        while True:
            self._after()
            running = [task for task in self._code.tasks if task is not current]
            if not running:
                return
            left = max(0.0, deadline - self.loop.time())
            done, late = await asyncio.wait(
                running, timeout=left, return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                break
        self.left_at_work([task.get_name() for task in late], cancelled=True)
        for task in late:
            task.cancel()
        await asyncio.wait(late, timeout=1.0)

    def run_soon(self, coroutine: Any, what: str) -> None:
        """Run a coroutine of the SDK itself on the client's loop; drop it if there is no loop."""
        if self.loop is None or self.loop.is_closed():
            coroutine.close()
        else:
            self._code.begin(coroutine, what)
