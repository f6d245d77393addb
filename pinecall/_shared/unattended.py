"""A program that ends while its agents are registered, and nobody waits for their calls, says so."""

from __future__ import annotations

import atexit
import os
import re
import sys
import weakref
from typing import TYPE_CHECKING, Any

from ..logs import Log

if TYPE_CHECKING:
    from .client import BaseClient

__all__ = ["tell", "watch"]

log = Log("agents")

#: Programs that wait in place of the user's: web servers and notebooks end in ways of their own.
HOSTS = {"daphne", "granian", "gunicorn", "hypercorn", "ipykernel", "uvicorn", "waitress-serve"}

_clients: weakref.WeakSet[BaseClient[Any, Any]] = weakref.WeakSet()


def watch(client: BaseClient[Any, Any]) -> None:
    """It connects: look at it when the program ends. Repeating it is cheap."""
    if not _clients:
        atexit.unregister(_look)
        atexit.register(_look)
    _clients.add(client)
    client._watched_by = os.getpid()


def tell(client: BaseClient[Any, Any]) -> None:
    """It goes: once, if it was connected for somebody."""
    pid, client._watched_by = client._watched_by, None
    # After an exception its traceback has said why the program ended.
    if pid != os.getpid() or hasattr(sys, "last_value") or hasattr(sys, "ps1") or _hosted():
        return
    registry = client.session.registry
    names = [f"agent {agent_id!r}" for agent_id in registry.agents]
    names += [line.title for line in registry.lines.values()]
    if names and client.state not in ("idle", "closed"):
        log.warning(
            "the program ended while %s %s registered: call run_forever() to wait for calls, or "
            "disconnect()",
            ", ".join(names),
            "was" if len(names) == 1 else "were",
        )


def _hosted() -> bool:
    return not HOSTS.isdisjoint(re.split(r"[/\\._]", sys.argv[0]))


def _look() -> None:
    for client in list(_clients):
        tell(client)
