"""Threads that the test or the program has started itself: whether they wait for the call."""

from __future__ import annotations

import concurrent.futures.thread
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["OwnThreads", "is_ours"]

#: Functions of ``threading`` that wait for the end of a thread, in any version of Python.
_JOINS = ("join", "_wait_for_tstate_lock")
_POOLS = concurrent.futures.thread.__file__
#: Seconds of real time for which the clock waits for a thread that does not wait for the call.
LINGER = 0.5


def is_ours(thread: threading.Thread) -> bool:
    """Whether the SDK has started the thread."""
    return thread.name.startswith("pinecall-")


class OwnThreads:
    """Those that were not there when the test began, without the SDK's.

    ``pinecall_sync`` programs run in one beside the test. The clock must not run ahead of it.
    """

    def __init__(self) -> None:
        self._before = {thread.ident for thread in threading.enumerate()}
        self._parked: dict[int, Callable[[], bool]] = {}
        self._since: float | None = None
        self._given_up = False

    @contextmanager
    def parked(self, waits: Callable[[], bool]) -> Iterator[None]:
        """Note that this thread waits for the client, for as long as ``waits()``."""
        mine = threading.get_ident()
        self._parked[mine] = waits
        try:
            yield
        finally:
            del self._parked[mine]

    @property
    def any_parked(self) -> bool:
        """Whether one waits for the client."""
        return any(waits() for waits in list(self._parked.values()))

    def stirred(self) -> None:
        """Note that the program did something, so that a thread may go on."""
        self._given_up = False
        self._since = None

    def at_work(self) -> bool:
        """Whether a thread does something; one that goes on for long counts no more."""
        if self._given_up:
            return False
        if not any(self._works(thread) for thread in threading.enumerate()):
            self._since = None
            return False
        now = time.monotonic()
        if self._since is None:
            self._since = now
        self._given_up = now - self._since > LINGER
        return not self._given_up

    def _works(self, thread: threading.Thread) -> bool:
        ident = thread.ident
        if ident is None or ident in self._before or is_ours(thread):
            return False
        waits = self._parked.get(ident)
        if waits is not None:
            return not waits()
        frame = sys._current_frames().get(ident)
        return frame is not None and not _waits(frame)


def _waits(frame: FrameType) -> bool:
    """Whether a thread waits for another one: in an Event, a Condition, a Queue, a join, or as an
    idle thread of a pool."""
    if frame.f_code.co_filename == _POOLS:
        return frame.f_code.co_name == "_worker"
    if frame.f_code.co_filename != threading.__file__:
        return False
    if frame.f_code.co_name in _JOINS:
        return True
    # Other functions of the module only pass by. A waiter's own lock is free when it has been woken
    # and has not run yet; then it has got it.
    waiter = frame.f_locals.get("waiter")
    return waiter is not None and bool(waiter.locked()) and not frame.f_locals.get("gotit")
