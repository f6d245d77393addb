"""Ends streams when the server is stopped: most servers wait for their responses first, and an
event stream does not end by itself.
"""

from __future__ import annotations

import signal
import threading
import weakref
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..core.streams.hub import Hub

__all__ = ["end_streams_on_signals"]

# gunicorn stops its workers with SIGTERM (gracefully) or SIGQUIT.
_SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGQUIT") if hasattr(signal, name)
]

_hubs: weakref.WeakSet[Hub] = weakref.WeakSet()


def end_streams_on_signals(hub: Hub) -> None:
    """End the hub's streams on SIGINT, SIGTERM and SIGQUIT, before the installed handler runs.

    Nothing is changed for a signal without a Python handler, nor outside the main thread, where
    Python allows no handlers. Repeating it is cheap.
    """
    if hub not in _hubs:
        _hubs.add(hub)
    if threading.current_thread() is not threading.main_thread():
        return
    for signum in _SIGNALS:
        former = signal.getsignal(signum)
        if callable(former) and not isinstance(former, _EndFirst):
            signal.signal(signum, _EndFirst(former))


class _EndFirst:
    """A signal handler in front of another."""

    def __init__(self, former: Any) -> None:
        self.former = former

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        # The signal may have interrupted this thread inside a hub.
        threading.Thread(target=_end_all, name="pinecall-streams-end", daemon=True).start()
        self.former(signum, frame)


def _end_all() -> None:
    for hub in list(_hubs):
        hub.end_streams()
