"""SIGINT and SIGTERM while ``run_forever()`` runs."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Signals"]

_OURS = (signal.SIGINT, signal.SIGTERM)


class Signals:
    """The first SIGTERM calls ``drain``; SIGINT, and any second signal, ``disconnect``. The former
    handlers are restored.

    A handler in Python is not enough: it runs in the main thread, which may hold any lock at that
    moment, and which sleeps on if the signal came just before it began to wait. So the interpreter writes
    each signal to a socket, at once, and a thread reads them there.
    """

    def __init__(self, drain: Callable[[], object], disconnect: Callable[[], object]) -> None:
        self._drain = drain
        self._disconnect = disconnect
        self._former: dict[int, Any] = {}
        self._former_fd = -1
        self._hear, self._tell = socket.socketpair()
        self._threads: list[threading.Thread] = []
        self.came = False
        #: What ``drain`` or ``disconnect`` raised.
        self.failure: Exception | None = None

    def _serve(self) -> None:
        while numbers := self._hear.recv(64):
            for number in numbers:
                if number in _OURS:
                    first, self.came = not self.came, True
                    if first and number == signal.SIGTERM:
                        self._start(lambda: self._run(self._drain))
                    else:
                        self._run(self._disconnect)

    def _run(self, action: Callable[[], object]) -> None:
        try:
            action()
        except Exception as exc:
            self.failure = self.failure or exc

    def _start(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name="pinecall-signal", daemon=True)
        self._threads.append(thread)
        thread.start()

    def __enter__(self) -> Self:
        self._tell.setblocking(False)
        try:
            self._former_fd = signal.set_wakeup_fd(self._tell.fileno())
        except ValueError:
            return self  # not the main thread: signals are not ours
        self._start(self._serve)
        for signum in _OURS:
            self._former[signum] = signal.signal(signum, _heard)
        return self

    def __exit__(self, *_exc: object) -> None:
        for signum, before in self._former.items():
            signal.signal(signum, before)
        if self._former:
            signal.set_wakeup_fd(self._former_fd)
        self._tell.close()
        for thread in self._threads:
            thread.join(1.0)
        self._hear.close()


def _heard(_signum: int, _frame: object) -> None:
    """Do nothing: the thread knows. Without a handler the interpreter would not write the signal."""
