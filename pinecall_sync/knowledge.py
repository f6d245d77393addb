"""``pc.knowledge``: knowledge bases."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from pinecall._shared.rest.knowledge import Batch
from pinecall.core.rest import knowledge as ops
from pinecall.core.rest.knowledge import KnowledgeBase, KnowledgeDoc, KnowledgeHit, Pushed

if TYPE_CHECKING:
    from ._threads.http import HttpPort

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

    def list(self) -> KnowledgeBases:
        return self._port.run(ops.list_all())

    def create(self, name: str, description: str | None = None) -> KnowledgeBase:
        return self._port.run(ops.create(name, description))

    def get(self, kb: str) -> KnowledgeBase:
        """Return the base with its documents, without their texts."""
        return self._port.run(ops.get(kb))

    def delete(self, kb: str) -> None:
        self._port.run(ops.delete(kb))

    def reindex(self, kb: str) -> None:
        self._port.run(ops.reindex(kb))

    def docs(self, kb: str) -> KnowledgeDocs:
        return self._port.run(ops.docs(kb))

    def doc(self, kb: str, doc_id: str) -> KnowledgeDoc:
        """Return one document with its text."""
        return self._port.run(ops.doc(kb, doc_id))

    def delete_doc(self, kb: str, doc_id: str) -> None:
        self._port.run(ops.delete_doc(kb, doc_id))

    def push(
        self, kb: str, docs: Any, *, progress: Callable[[int, int], object] | None = None
    ) -> Pushes:
        """Add or update one document or many, each ``{"path", "text", "title"?}``, one by one.

        A refused document does not stop the rest: its :class:`Pushed` has an ``error``.
        ``progress`` is called with the number of documents done and their total. Raises
        ConfigurationError for an invalid document, before anything is sent.
        """
        batch = Batch(kb, docs, progress)
        for op in batch:
            batch.add(self._port.run(op))
        return batch.results

    def query(self, kb: str, query: str, k: int = 6) -> KnowledgeHits:
        """Return the ``k`` best passages for a question."""
        return self._port.run(ops.query(kb, query, k))
