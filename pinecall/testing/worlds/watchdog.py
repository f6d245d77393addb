"""Ends code that blocks the test's loop: a handler or test that never returns to it."""

from __future__ import annotations

import ctypes
import selectors
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from .hanging import HINT, ProgramHangs
from .loop import Loop

__all__ = ["watch"]

#: Nothing in Python uses this signal. It wakes code that sleeps or waits for a lock.
_SIGNAL = getattr(signal, "SIGVTALRM", None)
_DEBUGGERS = ("bdb", "pdb", "pydevd", "_pydevd", "debugpy")


class BlocksTheLoop(ProgramHangs):
    """Raised where the code is that does not return to the event loop."""

    __module__ = "pinecall.testing"

    def __init__(self) -> None:
        Exception.__init__(
            self,
            f"the program under test hangs: this has blocked the event loop for too long{HINT}",
        )


class _Watchdog:
    """One thread for all tests of a process; it sleeps while none runs."""

    def __init__(self) -> None:
        self._loop: Loop | None = None
        self._patience = 0.0
        self._thread = 0
        self._by_signal = False
        self._changed = threading.Condition()
        self._runs: threading.Thread | None = None

    def watch(self, loop: Loop, patience: float) -> Callable[[], None]:
        before: Any = None
        main = threading.current_thread() is threading.main_thread()
        with self._changed:
            # Only one test runs at a time, but a test may run pytest.
            outer = (self._loop, self._patience, self._thread, self._by_signal)
            self._by_signal = main and _SIGNAL is not None
            if self._by_signal:
                before = signal.signal(_SIGNAL, _raise)  # type: ignore[arg-type]
            self._loop, self._patience, self._thread = loop, patience, threading.get_ident()
            if self._runs is None or not self._runs.is_alive():
                self._runs = threading.Thread(
                    target=self._run, name="pinecall-testing-watchdog", daemon=True
                )
                self._runs.start()
            self._changed.notify()

        def unwatch() -> None:
            with self._changed:
                by_signal = self._by_signal
                self._loop, self._patience, self._thread, self._by_signal = outer
            if by_signal:
                signal.signal(_SIGNAL, before or signal.SIG_DFL)  # type: ignore[arg-type]

        return unwatch

    def _run(self) -> None:
        seen, since = (0, 0), time.monotonic()
        while True:
            with self._changed:
                while self._loop is None:
                    self._changed.wait()
                loop, patience = self._loop, self._patience
                self._changed.wait(min(1.0, patience / 4))
                if self._loop is not loop:
                    continue
                here = (id(loop), loop.beats)
                if here != seen or not loop.depth or self._waits():
                    seen, since = here, time.monotonic()
                elif time.monotonic() - since > patience:
                    since = time.monotonic()
                    self._interrupt()

    def _waits(self) -> bool:
        """Whether the loop itself waits for what is outside, or a person debugs the program."""
        frame = sys._current_frames().get(self._thread)
        if frame is None or frame.f_code.co_filename == selectors.__file__:
            return True
        while frame is not None:
            if str(frame.f_globals.get("__name__")).partition(".")[0] in _DEBUGGERS:
                return True
            frame = frame.f_back
        return False

    def _interrupt(self) -> None:
        if self._by_signal:
            signal.pthread_kill(self._thread, _SIGNAL)  # type: ignore[arg-type]
        else:
            thread, error = ctypes.c_ulong(self._thread), ctypes.py_object(BlocksTheLoop)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, error)


def _raise(_number: int, _frame: object) -> None:
    __tracebackhide__ = True
    raise BlocksTheLoop


_watchdog = _Watchdog()
watch = _watchdog.watch
