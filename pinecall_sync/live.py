"""Live transcription, blocking."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from pinecall._shared.rest.live import LiveBase
from pinecall.core.rest.live import READY_WITHIN, LiveDone, LiveReady, LiveResult, LiveSession

from ._threads.closing import ClosingIterator

if TYPE_CHECKING:
    from ._threads.api_socket import ApiSocket
    from ._threads.http import HttpPort

__all__ = ["LiveTranscription"]


class LiveTranscription(LiveBase["HttpPort"], ClosingIterator):
    """Live transcription: audio in, text out::

        with pc.audio.stream(language="es") as live:
            for result in live:
                print(result.text, "" if result.final else "…")

    Meanwhile another thread calls ``live.write(pcm)``, and at last ``live.end()``. It connects on
    entry or at the first use, in a thread of its own that ends with it. Audio written before the
    server is ready is kept here, up to 1 MiB; then ``write`` waits. Iterating ends when the server is
    done or you close it.
    """

    def __init__(self, port: HttpPort, session: LiveSession) -> None:
        super().__init__(port, session)
        self._thread: threading.Thread | None = None
        self._change = threading.Condition()
        self._socket: ApiSocket | None = None

    def start(self) -> None:
        """Connect, without waiting; a failure is raised by the next method that waits."""
        with self._change:
            if self._thread is not None:
                return
            self._thread = threading.Thread(
                target=self._run, args=self._target(), name="pinecall-transcription", daemon=True
            )
            # Before the thread starts, so that closing the port finds it.
            self._port.adopt(self)
            self._thread.start()

    def ready(self) -> LiveReady:
        """Wait until the server accepts audio, at most 10 s. Raises ApiError."""
        self._until(lambda: self._session.ready is not None)
        return self._session.readiness()

    def write(self, data: bytes) -> None:
        """Send audio; wait while more than 1 MiB is unsent. Raises ApiError once it has failed."""
        audio = self._session.check_audio(data)
        self._until(lambda: self._session.may_write)
        self._tell(lambda: self._session.write(audio))

    def end(self, timeout: float = 30.0) -> LiveDone:
        """End the audio and wait until the server is done. Repeating it returns the same result.

        Raises ApiError, and RequestTimeout after ``timeout`` seconds.
        """
        self.start()
        self._tell(self._session.stop)
        if not self._until(lambda: self._session.over, timeout):
            raise self._session.unfinished(timeout)
        return self._session.result()

    def __next__(self) -> LiveResult:
        while True:
            with self._change:
                result = self._session.take()
            if result is not None:
                return result
            if self._session.over and not self._session.results:
                raise StopIteration
            self._until(lambda: bool(self._session.results))

    def close(self) -> None:
        """Close at once; call ``end()`` first to get the last words. May be repeated."""
        self._tell(self._session.close)
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(1.0)

    def __enter__(self) -> LiveTranscription:
        self.start()
        return self

    def _until(self, ready: Callable[[], bool], timeout: float | None = None) -> bool:
        self.start()
        with self._change:
            return self._change.wait_for(lambda: ready() or self._session.over, timeout)

    def _tell(self, change: Callable[[], object]) -> None:
        with self._change:
            change()
            self._change.notify_all()
            if self._socket is not None:
                self._socket.wake()

    def _run(self, url: str, headers: dict[str, str]) -> None:
        from ._threads.api_socket import open_api_socket

        session = self._session
        deadline = time.monotonic() + READY_WITHIN
        try:
            self._socket = open_api_socket(self._port.settings, url, headers, timeout=READY_WITHIN)
            while not session.over:
                self._step(self._socket, deadline)
        except Exception as exc:
            self._tell(partial(self._failed, exc))
        finally:
            with self._change:
                session.close()
                socket, self._socket = self._socket, None
                self._change.notify_all()
            if socket is not None:
                socket.close()

    def _step(self, socket: ApiSocket, deadline: float) -> None:
        session = self._session
        with self._change:
            while socket.may_send and (message := session.outgoing()) is not None:
                socket.send(message)
            self._change.notify_all()
            left = None if session.ready is not None else deadline - time.monotonic()
        if left is not None and left <= 0:
            self._tell(session.late)
            return
        texts = socket.receive(left)
        with self._change:
            for text in texts:
                session.receive(text)
            self._change.notify_all()
