"""``pc.knowledge``: knowledge bases."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from ._shared.rest.knowledge import Batch
from .core.rest import knowledge as ops
from .core.rest.knowledge import KnowledgeBase, KnowledgeDoc, KnowledgeHit, Pushed

if TYPE_CHECKING:
    from ._asyncio.http import HttpPort

__all__ = ["Knowledge", "KnowledgeBase", "KnowledgeDoc", "KnowledgeHit", "Pushed"]

KnowledgeBases: TypeAlias = list[KnowledgeBase]
KnowledgeDocs: TypeAlias = list[KnowledgeDoc]
KnowledgeHits: TypeAlias = list[KnowledgeHit]
Pushes: TypeAlias = list[Pushed]


class Knowledge:
    """The knowledge bases of the organisation. All methods raise ApiError; its code is
    ``UPGRADE_REQUIRED`` where the plan has no knowledge bases.

    ``kb`` is ``KnowledgeBase.id``. The platform has knowledge bases on a host of their own
    (``playground.pinecall.io``); every other server, the emulator too, has them itself.
    ``$PINECALL_PLAYGROUND_URL`` names another host.
    """

    def __init__(self, port: HttpPort) -> None:
        self._port = port

    async def list(self) -> KnowledgeBases:
        return await self._port.run(ops.list_all())

    async def create(self, name: str, description: str | None = None) -> KnowledgeBase:
        return await self._port.run(ops.create(name, description))

    async def get(self, kb: str) -> KnowledgeBase:
        """The base with its documents, without their texts."""
        return await self._port.run(ops.get(kb))

    async def delete(self, kb: str) -> None:
        await self._port.run(ops.delete(kb))

    async def reindex(self, kb: str) -> None:
        await self._port.run(ops.reindex(kb))

    async def docs(self, kb: str) -> KnowledgeDocs:
        return await self._port.run(ops.docs(kb))

    async def doc(self, kb: str, doc_id: str) -> KnowledgeDoc:
        """One document with its text."""
        return await self._port.run(ops.doc(kb, doc_id))

    async def delete_doc(self, kb: str, doc_id: str) -> None:
        await self._port.run(ops.delete_doc(kb, doc_id))

    async def push(
        self, kb: str, docs: Any, *, progress: Callable[[int, int], object] | None = None
    ) -> Pushes:
        """Add or update documents: one, or many of ``{"path", "text", "title"?}``, one by one.

        A document that is refused does not stop the rest: its :class:`Pushed` has an ``error``.
        ``progress`` is called with the number that is done and the number of all. Raises
        ConfigurationError before anything is sent, for a document that is not valid.
        """
        batch = Batch(kb, docs, progress)
        for op in batch:
            batch.add(await self._port.run(op))
        return batch.results

    async def query(self, kb: str, query: str, k: int = 6) -> KnowledgeHits:
        """The ``k`` best passages for a question."""
        return await self._port.run(ops.query(kb, query, k))
