"""``agent.memory``: what the agent remembers about its contacts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinecall.core.rest import memory as ops
from pinecall.core.rest.memory import ContactMemory, Fact, MemoryHit

if TYPE_CHECKING:
    from ._threads.http import HttpPort

__all__ = ["ContactMemory", "Fact", "Memory", "MemoryHit"]


class Memory:
    """An agent's memory. All methods raise ApiError. The agent need not be online."""

    def __init__(self, port: HttpPort, agent_id: str) -> None:
        self._port = port
        self._agent_id = agent_id

    def search(self, query: str, *, contact: str | None = None, k: int = 6) -> list[MemoryHit]:
        """Return the ``k`` best facts for a question, about one contact or all."""
        return self._port.run(ops.search(self._agent_id, query, contact=contact, k=k))

    def get(self, contact: str) -> ContactMemory:
        return self._port.run(ops.get(self._agent_id, contact))

    def forget(self, contact: str) -> bool:
        """Forget a contact; return False if nothing was known."""
        return self._port.run(ops.forget(self._agent_id, contact))
