"""Which agents an event stream covers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...errors import ConfigurationError

if TYPE_CHECKING:
    from ..calls.call import CallBase

__all__ = ["agent_filter", "describe"]


def agent_filter(agents: str | Iterable[str] | None) -> frozenset[str] | None:
    """Return the agents' ids; None: all agents, later ones too. An empty list: no agent."""
    if agents is None:
        return None
    if not isinstance(agents, Iterable):
        raise ConfigurationError(
            f"stream(agents=…): a list of agents' ids, not {type(agents).__name__}; "
            "write agents=[agent.id]"
        )
    ids = [agents] if isinstance(agents, str) else list(agents)
    for one in ids:
        if not isinstance(one, str):
            raise ConfigurationError(
                f"stream(agents=…): an agent's id is a str, not {type(one).__name__}; "
                "write agents=[agent.id]"
            )
    return frozenset(ids)


def describe(call: CallBase | None, of_agent: str, agents: frozenset[str] | None) -> str:
    if call is not None:
        return call._title
    if agents is None:
        return "all agents"
    return of_agent or ", ".join(sorted(agents)) or "no agents"
