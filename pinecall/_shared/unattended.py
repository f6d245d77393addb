"""A warning when a program ends while its agents are registered."""

from __future__ import annotations

import atexit
import os
import re
import sys
import weakref
from typing import TYPE_CHECKING, Any, Protocol

from ..logs import Log

if TYPE_CHECKING:
    from ..core.engine import Engine

__all__ = ["connected", "warn", "watch"]

log = Log("agents")

#: Programs that wait in place of the user's: web servers and notebooks end in their own ways.
HOSTS = {"daphne", "granian", "gunicorn", "hypercorn", "ipykernel", "uvicorn", "waitress-serve"}


class Client(Protocol):
    """What this module reads of a client."""

    @property
    def _engine(self) -> Engine: ...

    #: The process that connected it; None once its end needs no warning.
    _watched_by: int | None

    @property
    def state(self) -> str: ...


_clients: weakref.WeakSet[Client] = weakref.WeakSet()


def watch(client: Client) -> None:
    """Check a connected client when the program ends. Repeating it is cheap."""
    if not _clients:
        atexit.unregister(_look)
        atexit.register(_look)
    _clients.add(client)
    client._watched_by = os.getpid()


def connected() -> list[Any]:
    """Return the clients of both fronts that are connected, or on their way."""
    return [client for client in list(_clients) if client.state not in ("idle", "closed")]


def warn(client: Client) -> None:
    """Warn once about a client that is lost while it is connected and has agents."""
    pid, client._watched_by = client._watched_by, None
    # After an exception the traceback shows why the program ended.
    if pid != os.getpid() or hasattr(sys, "last_value") or hasattr(sys, "ps1") or _hosted():
        return
    registry = client._engine.registry
    names = [f"agent {agent_id!r}" for agent_id in registry.agents]
    names += [line._title for line in registry.lines.values()]
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
        warn(client)
