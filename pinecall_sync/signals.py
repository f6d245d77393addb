"""SIGINT and SIGTERM while ``run_forever()`` runs."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Signals"]


class Signals:
    """The first SIGTERM calls ``drain``; SIGINT, and whatever comes second, ``disconnect``. What
    handled them before is put back.

    Python runs a signal's handler between two steps of the main thread, which may hold any lock, one
    of ``threading`` itself included: so the handler only puts the signal into a queue, and a thread
    that is there already does the rest.
    """

    def __init__(self, drain: Callable[[], object], disconnect: Callable[[], object]) -> None:
        self._drain = drain
        self._disconnect = disconnect
        self._former: dict[int, Any] = {}
        self._asked: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self.came = False
        #: What ``drain`` or ``disconnect`` raised.
        self.failure: Exception | None = None

    def _stop(self, signum: int, _frame: object) -> None:
        self.came = True
        self._asked.put(signum)

    def _serve(self) -> None:
        first = True
        while (signum := self._asked.get()) is not None:
            if first and signum == signal.SIGTERM:
                self._start(lambda: self._run(self._drain))
            else:
                self._run(self._disconnect)
            first = False

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
        self._start(self._serve)
        for signum in (signal.SIGINT, signal.SIGTERM):
            try:
                self._former[signum] = signal.signal(signum, self._stop)
            except ValueError:
                break  # not the main thread
        return self

    def __exit__(self, *_exc: object) -> None:
        for signum, before in self._former.items():
            signal.signal(signum, before)
        self._asked.put(None)
        for thread in self._threads:
            thread.join(1.0)
