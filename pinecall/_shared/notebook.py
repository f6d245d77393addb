"""Notebooks: when a cell that makes a client runs again, the client of the former run, which no
variable refers to any more, still holds the agents.

In IPython only: elsewhere two clients in one process are two clients on purpose.
"""

from __future__ import annotations

import sys
import weakref
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from ..core.engine import Engine
    from .settings import Settings

__all__ = ["former_clients", "remember"]

_DOWN = ("idle", "closed")


class Client(Protocol):
    """What this module reads of a client."""

    @property
    def _engine(self) -> Engine: ...

    _settings: Settings

    @property
    def state(self) -> str: ...


_clients: weakref.WeakSet[Client] = weakref.WeakSet()


def remember(client: Client) -> None:
    """Remember a new client: in a notebook it may have to give way later."""
    if _shell() is not None:
        _clients.add(client)


def former_clients(client: Client, agent_id: str = "") -> list[Any]:
    """Return the clients left by an earlier run of the cell.

    They hold an agent or a line of ``client`` (or the agent that it is about to have), on the same
    server with the same key, and no variable of the notebook refers to them any more.
    """
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


def _held(client: Client) -> set[str]:
    registry = client._engine.registry
    return {*registry.agents, *(line.id for line in registry.lines.values())}


def _account(client: Client) -> tuple[str, str] | None:
    try:
        return client._settings.current_url(), client._settings.current_key()
    except ConfigurationError:
        return None


def _shell() -> Any:
    """Return the running IPython, if there is one."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None
