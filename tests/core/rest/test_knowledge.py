"""Knowledge bases: what each verb asks, and what it makes of the answer."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from pinecall.core.rest import knowledge
from pinecall.errors import ConfigurationError

from .replies import read, refusal


@pytest.mark.parametrize(
    ("op", "method", "path", "answer", "expected"),
    [
        (
            knowledge.list_all(), "GET", "/api/knowledge",
            {"knowledgeBases": [{"id": "kb", "name": "Menu", "docCount": 2}, "odd"]},
            [knowledge.KnowledgeBase(id="kb", name="Menu", doc_count=2)],
        ),
        (
            knowledge.create("Menu", "Dishes"), "POST", "/api/knowledge",
            {"knowledgeBase": {"id": "kb", "name": "Menu", "description": "Dishes"}},
            knowledge.KnowledgeBase(id="kb", name="Menu", description="Dishes"),
        ),
        (knowledge.delete("k/b"), "DELETE", "/api/knowledge/k%2Fb", {"success": True}, None),
        (knowledge.reindex("kb"), "POST", "/api/knowledge/kb/reindex", b"", None),
        (
            knowledge.docs("kb"), "GET", "/api/knowledge/kb",
            {"docs": [{"id": "d1", "path": "a.md", "bytes": 7}]},
            [knowledge.KnowledgeDoc(id="d1", path="a.md", bytes=7)],
        ),
        (
            knowledge.doc("kb", "d1"), "GET", "/api/knowledge/kb/docs/d1",
            {"doc": {"id": "d1", "path": "a.md", "text": "A"}},
            knowledge.KnowledgeDoc(id="d1", path="a.md", text="A"),
        ),
        (
            knowledge.doc("kb", "d1"), "GET", "/api/knowledge/kb/docs/d1",
            {"id": "d1", "path": "a.md"},
            knowledge.KnowledgeDoc(id="d1", path="a.md"),
        ),
        (
            knowledge.delete_doc("kb", "d1"), "DELETE", "/api/knowledge/kb/docs/d1",
            {"success": True}, None,
        ),
    ],
)  # fmt: skip
def test_each(op: Any, method: str, path: str, answer: Any, expected: Any) -> None:
    """Each verb has its method, its path and its own reading of the answer."""
    assert (op.method, op.plane, op.path) == (method, "playground", path)
    assert read(op, answer) == expected


def test_create_names_it() -> None:
    """A new base has a name, and a description only where one was given."""
    assert msgspec.json.decode(knowledge.create("Menu").body or b"") == {"name": "Menu"}
    with pytest.raises(ConfigurationError, match="name is a non-empty str"):
        knowledge.create(" ")


def test_push_a_doc_again() -> None:
    """A document as the server gave it can be pushed into another base."""
    [op] = knowledge.push("kb2", knowledge.KnowledgeDoc(id="d1", path="a.md", text="A"))
    assert op.path == "/api/knowledge/kb2/docs"
    assert msgspec.json.decode(op.body or b"") == {"path": "a.md", "text": "A"}


def test_get_has_the_docs() -> None:
    """The base and its documents, in one value."""
    op = knowledge.get("kb 1")
    assert (op.plane, op.path) == ("playground", "/api/knowledge/kb%201")
    body = {
        "knowledgeBase": {"id": "kb", "name": "n", "docCount": 1, "status": "ready"},
        "docs": [{"id": "d", "path": "p", "title": "t", "bytes": 5}],
    }
    base = read(op, body)
    assert (base.doc_count, base.docs[0].bytes) == (1, 5)


def test_json_content_type_always() -> None:
    """Requests without a body have the JSON content type too."""
    assert knowledge.list_all().headers["Content-Type"] == "application/json"


def test_upgrade_required() -> None:
    """Status 402 has its own code on every verb."""
    for op in (knowledge.list_all(), knowledge.delete("k"), knowledge.query("k", "q")):
        assert refusal(op, b"plan too small", 402).code == "UPGRADE_REQUIRED"


def test_query() -> None:
    """k is 6 by default; a POST is never sent twice."""
    op = knowledge.query("kb", "when open?")
    assert op.body == b'{"query":"when open?","k":6}'
    assert not op.retryable
    (hit,) = read(op, {"hits": [{"score": 0.5, "text": "t", "doc_title": "d"}]})
    assert (hit.score, hit.doc_title, hit.heading) == (0.5, "d", None)


def test_push_reports_each() -> None:
    """Each document has its own op; a refusal is the op's value, not an exception."""
    good, bad = knowledge.push("kb", [{"path": "a", "text": "x"}, {"path": "b", "text": "y"}])
    assert good.body == b'{"path":"a","text":"x"}'
    assert read(good, {"doc": {"id": "d", "path": "a"}}).doc.id == "d"
    pushed = read(bad, {"error": "too long"}, 413)
    assert not pushed.ok
    assert "too long" in str(pushed.error)


@pytest.mark.parametrize(
    "docs", ["text", 3, [3], [{"path": "a"}], [{"text": "a"}], [{"path": "a", "txt": ""}]]
)
def test_push_checks_first(docs: Any) -> None:
    """A value that is not a document is refused before anything is sent."""
    with pytest.raises(ConfigurationError, match="push"):
        knowledge.push("kb", docs)
