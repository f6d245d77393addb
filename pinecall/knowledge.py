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
    ``UPGRADE_REQUIRED`` if the plan has no knowledge bases.

    ``kb`` is ``KnowledgeBase.id``. The platform serves knowledge bases from a separate host
    (``playground.pinecall.io``); every other server, the emulator included, serves them itself.
    ``$PINECALL_PLAYGROUND_URL`` names another host.
    """

    def __init__(self, port: HttpPort) -> None:
        self._port = port

    async def list(self) -> KnowledgeBases:
        return await self._port.run(ops.list_all())

    async def create(self, name: str, description: str | None = None) -> KnowledgeBase:
        return await self._port.run(ops.create(name, description))

    async def get(self, kb: str) -> KnowledgeBase:
        """Return the base with its documents, without their texts."""
        return await self._port.run(ops.get(kb))

    async def delete(self, kb: str) -> None:
        await self._port.run(ops.delete(kb))

    async def reindex(self, kb: str) -> None:
        await self._port.run(ops.reindex(kb))

    async def docs(self, kb: str) -> KnowledgeDocs:
        return await self._port.run(ops.docs(kb))

    async def doc(self, kb: str, doc_id: str) -> KnowledgeDoc:
        """Return one document with its text."""
        return await self._port.run(ops.doc(kb, doc_id))

    async def delete_doc(self, kb: str, doc_id: str) -> None:
        await self._port.run(ops.delete_doc(kb, doc_id))

    async def push(
        self, kb: str, docs: Any, *, progress: Callable[[int, int], object] | None = None
    ) -> Pushes:
        """Add or update one document or many, each ``{"path", "text", "title"?}``, one by one.

        A refused document does not stop the rest: its :class:`Pushed` has an ``error``.
        ``progress`` is called with the number of documents done and their total. Raises
        ConfigurationError for an invalid document, before anything is sent.
        """
        batch = Batch(kb, docs, progress)
        for op in batch:
            batch.add(await self._port.run(op))
        return batch.results

    async def query(self, kb: str, query: str, k: int = 6) -> KnowledgeHits:
        """Return the ``k`` best passages for a question."""
        return await self._port.run(ops.query(kb, query, k))
