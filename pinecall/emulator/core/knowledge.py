"""Knowledge bases: documents by base, found by the words they share with a question."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import define, field

from .outbox import Frame

if TYPE_CHECKING:
    from .server import Server
    from .session import Session

__all__ = ["Base", "Knowledge"]


@define(eq=False)
class Base:
    """One knowledge base; ``docs`` by id, each ``{id, path, title, bytes, text}``."""

    id: str
    org: str
    name: str
    description: str = ""
    docs: dict[str, Frame] = field(factory=dict)

    def row(self) -> Frame:
        """As the list shows it."""
        return {
            "id": self.id, "name": self.name, "description": self.description,
            "docCount": len(self.docs), "status": "ready",
        }  # fmt: skip

    def query(self, text: str, k: int) -> list[Frame]:
        """The paragraphs that share most words with ``text``, best first."""
        wanted = _words(text)
        hits = []
        for doc in self.docs.values():
            for part in re.split(r"\n\s*\n", doc["text"]):
                heading = re.match(r"#+\s*(.+)", part.strip())
                score = len(wanted & _words(part)) / (len(wanted) or 1)
                if score > 0:
                    hits.append({
                        "score": round(score, 3), "text": part.strip(),
                        "heading": heading[1] if heading else None,
                        "doc_title": doc["title"], "doc_path": doc["path"],
                    })  # fmt: skip
        return sorted(hits, key=lambda hit: -hit["score"])[:k]


class Knowledge:
    """Every organisation's knowledge bases."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.bases: dict[str, Base] = {}

    def context(self, session: Session) -> str:
        """The passages for a session's last question, as ``{{RAG_CONTEXT}}``."""
        wanted = session.config("knowledge_base") or []
        ids = [wanted] if isinstance(wanted, str) else wanted
        question = next(
            (m["content"] for m in reversed(session.messages) if m["role"] == "user"), ""
        )
        bases = [
            self.bases[i] for i in ids if i in self.bases and self.bases[i].org == session.owner.org
        ]
        hits = [hit for base in bases for hit in base.query(question, 3)]
        if hits:
            self._server.log.sources(session, hits)
        return "\n\n".join(hit["text"] for hit in hits)


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.lower()) if len(word) > 2}
