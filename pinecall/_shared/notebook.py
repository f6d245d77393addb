"""Notebooks: a cell that makes a client and connects it is run again, and the client of its former
run, which nobody can reach any more, still holds the agents.

In IPython alone: elsewhere two clients of one process are two clients on purpose.
"""

from __future__ import annotations

import sys
import weakref
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from .client import BaseClient

__all__ = ["former_clients", "remember"]

_DOWN = ("idle", "closed")

_clients: weakref.WeakSet[BaseClient[Any, Any]] = weakref.WeakSet()


def remember(client: BaseClient[Any, Any]) -> None:
    """It was made; in a notebook it may be in the way later."""
    if _shell() is not None:
        _clients.add(client)


def former_clients(client: BaseClient[Any, Any], agent_id: str = "") -> list[Any]:
    """Clients that hold an agent or a line of ``client``'s (or the agent that it is about to have),
    on the same server with the same key, and that no variable of the notebook names any more: what
    an earlier run of the cell has left."""
    shell = _shell()
    if shell is None or (agent_id and client.state in _DOWN):
        return []
    named = {id(value) for name, value in shell.user_ns.items() if not name.startswith("_")}
    wanted = _held(client) | {agent_id}
    return [
        one
        for one in list(_clients)
        if one is not client
        and id(one) not in named
        and one.state not in _DOWN
        and wanted & _held(one)
        and _account(one) == _account(client)
    ]


def _held(client: BaseClient[Any, Any]) -> set[str]:
    registry = client.session.registry
    return {*registry.agents, *(line.id for line in registry.lines.values())}


def _account(client: BaseClient[Any, Any]) -> tuple[str, str] | None:
    try:
        return client.settings.current_url(), client.settings.current_key()
    except ConfigurationError:
        return None


def _shell() -> Any:
    """The running IPython, if there is one."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None
