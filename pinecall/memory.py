"""``agent.memory``: what the agent remembers about its contacts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .core.rest import memory as ops
from .core.rest.memory import ContactMemory, Fact, MemoryHit

if TYPE_CHECKING:
    from ._asyncio.http import HttpPort

__all__ = ["ContactMemory", "Fact", "Memory", "MemoryHit"]


class Memory:
    """An agent's memory. All methods raise ApiError. The agent need not be online."""

    def __init__(self, port: HttpPort, agent_id: str) -> None:
        self._port = port
        self._agent_id = agent_id

    async def search(
        self, query: str, *, contact: str | None = None, k: int = 6
    ) -> list[MemoryHit]:
        """Return the ``k`` best facts for a question, about one contact or all."""
        return await self._port.run(ops.search(self._agent_id, query, contact=contact, k=k))

    async def get(self, contact: str) -> ContactMemory:
        return await self._port.run(ops.get(self._agent_id, contact))

    async def forget(self, contact: str) -> bool:
        """Forget a contact; return False if nothing was known."""
        return await self._port.run(ops.forget(self._agent_id, contact))
