"""Knowledge bases: documents, found by the words they share with a question."""

from __future__ import annotations

import re

from attrs import define, field

from ..kernel.outbox import Frame

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
        """Make its row in the list of bases."""
        return {
            "id": self.id, "name": self.name, "description": self.description,
            "docCount": len(self.docs), "status": "ready",
        }  # fmt: skip

    def query(self, text: str, k: int) -> list[Frame]:
        """Find the paragraphs that share most words with ``text``, best first."""
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
    """The knowledge bases of every organisation."""

    def __init__(self) -> None:
        self.bases: dict[str, Base] = {}

    def find(self, org: str, ids: list[str], question: str) -> list[Frame]:
        """Find passages for a question in those of the bases that belong to the organisation."""
        bases = [self.bases[i] for i in ids if i in self.bases and self.bases[i].org == org]
        return [hit for base in bases for hit in base.query(question, 3)]


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.lower()) if len(word) > 2}
