"""Live transcription for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from ._asyncio.closing import ClosingIterator
from ._shared.failures import SocketClosed
from ._shared.rest.live import LiveBase
from .core.rest.live import READY_WITHIN, LiveDone, LiveReady, LiveResult, LiveSession

if TYPE_CHECKING:
    from ._asyncio.api_socket import ApiSocket
    from ._asyncio.http import HttpPort

__all__ = ["LiveTranscription"]


class LiveTranscription(LiveBase["HttpPort"], ClosingIterator):
    """Live transcription: audio in, text out::

        async with pc.audio.stream(language="es") as live:
            async for result in live:
                print(result.text, "" if result.final else "…")

    Meanwhile another task calls ``await live.write(pcm)``, and at last ``await live.end()``. It
    connects on entry or at the first use. Audio written before the server is ready is kept here, up
    to 1 MiB; then ``write`` waits. Iterating ends when the server is done or you close it.
    """

    def __init__(self, port: HttpPort, session: LiveSession) -> None:
        super().__init__(port, session)
        self._task: asyncio.Task[None] | None = None
        self._change = asyncio.Event()

    def start(self) -> None:
        """Connect, without waiting; a failure is raised by the next method that waits."""
        if self._task is None:
            run = self._run(*self._target())
            self._task = asyncio.get_running_loop().create_task(run)
            self._port.adopt(self)

    async def ready(self) -> LiveReady:
        """Wait until the server accepts audio, at most 10 s. Raises ApiError."""
        await self._until(lambda: self._session.ready is not None)
        return self._session.readiness()

    async def write(self, data: bytes) -> None:
        """Send audio; wait while more than 1 MiB is unsent. Raises ApiError once it has failed."""
        audio = self._session.check_audio(data)
        await self._until(lambda: self._session.may_write)
        self._tell(lambda: self._session.write(audio))

    async def end(self, timeout: float = 30.0) -> LiveDone:
        """End the audio and wait until the server is done. Repeating it returns the same result.

        Raises ApiError, and RequestTimeout after ``timeout`` seconds.
        """
        self.start()
        self._tell(self._session.stop)
        try:
            await asyncio.wait_for(self._until(lambda: self._session.over), timeout)
        except asyncio.TimeoutError:
            raise self._session.unfinished(timeout) from None
        return self._session.result()

    async def __anext__(self) -> LiveResult:
        while (result := self._session.take()) is None:
            if self._session.over:
                raise StopAsyncIteration
            await self._until(lambda: bool(self._session.results))
        return result

    async def aclose(self) -> None:
        """Close at once; call ``end()`` first to get the last words. May be repeated."""
        self._tell(self._session.close)
        task = self._task
        if task is not None and not task.done():
            task.cancel()
            await asyncio.wait({task})

    async def __aenter__(self) -> LiveTranscription:
        self.start()
        return self

    async def _until(self, ready: Callable[[], bool]) -> None:
        self.start()
        while not (ready() or self._session.over):
            await self._change.wait()

    def _tell(self, change: Callable[[], object]) -> None:
        change()
        self._changed()

    def _changed(self) -> None:
        change, self._change = self._change, asyncio.Event()
        change.set()

    async def _run(self, url: str, headers: dict[str, str]) -> None:
        from ._asyncio.api_socket import open_api_socket

        session = self._session
        late = asyncio.get_running_loop().call_later(READY_WITHIN, self._late)
        sender: asyncio.Task[None] | None = None
        socket: ApiSocket | None = None
        try:
            socket = await open_api_socket(self._port.settings, url, headers, timeout=READY_WITHIN)
            sender = asyncio.get_running_loop().create_task(self._send(socket))
            while not session.over:
                session.receive(await socket.receive())
                self._changed()
        except Exception as exc:
            self._failed(exc)
        finally:
            late.cancel()
            self._tell(session.close)
            if sender is not None:
                sender.cancel()
            if socket is not None:
                await socket.close()

    def _late(self) -> None:
        self._session.late()
        if self._session.ready is None and self._task is not None:
            self._task.cancel()

    async def _send(self, socket: ApiSocket) -> None:
        while True:
            while (message := self._session.outgoing()) is not None:
                try:
                    await socket.send(message)
                except SocketClosed:
                    return  # the reader gets it too, with the reason
                self._changed()
            await self._change.wait()
