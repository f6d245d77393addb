"""Memory of contacts: what is asked, and how hits and facts are read."""

from __future__ import annotations

import pytest

from pinecall.core.rest import memory
from pinecall.errors import ConfigurationError

from .replies import BASE, read, refusal


def test_search() -> None:
    """The query has the agent, q, k (6 by default) and the contact."""
    op = memory.search("mara", "tea or coffee", contact="+34 6")
    assert op.url(BASE) == (
        f"{BASE}/api/memory/search?agent=mara&q=tea%20or%20coffee&k=6&contact=%2B34%206"
    )
    (hit,) = read(op, {"hits": [{"contact": "c", "kind": "k", "text": "t", "score": None}]})
    assert (hit.text, hit.score) == ("t", None)


def test_search_of_all_contacts() -> None:
    """Without a contact the query names none; k and the texts are checked."""
    op = memory.search("mara", "tea", k=2)
    assert op.url(BASE) == f"{BASE}/api/memory/search?agent=mara&q=tea&k=2"
    for options, words in (({"k": 0}, "k is a whole number"), ({"contact": ""}, "contact is a")):
        with pytest.raises(ConfigurationError, match=words):
            memory.search("mara", "tea", **options)


def test_ids_are_encoded() -> None:
    """A slash in a contact stays one path segment."""
    op = memory.forget("org:mara", "a/b")
    assert (op.method, op.path) == ("DELETE", "/api/memory/org%3Amara/a%2Fb")
    assert read(op, {"forgotten": True}) is True


@pytest.mark.parametrize("contact", ["", " ", ".", ".."])
def test_ids_that_would_be_another_path(contact: str) -> None:
    """A contact that a URL would normalise away is refused: it would name something else."""
    with pytest.raises(ConfigurationError, match="contact"):
        memory.forget("mara", contact)


def test_get() -> None:
    """A contact's facts have their source; memory_md is the text that the model is shown."""
    fact = {"id": "f", "kind": "k", "text": "t", "confidence": 0.5, "source": {"call": "CA"}}
    body = {"contact": "c", "revision": 3, "facts": [fact], "memory_md": "- t"}
    found = read(memory.get("mara", "c"), body)
    assert (found.revision, found.memory_md, found.facts[0].source) == (
        3,
        "- t",
        {"call": "CA"},
    )


def test_get_without_fields() -> None:
    """Fields that are absent, or of another type, have defaults; the contact is the one asked for."""
    body = {"facts": [{"id": 1, "source": "call"}, "noise"]}
    assert read(memory.get("mara", "c"), body) == memory.ContactMemory(
        contact="c",
        revision=0,
        facts=(memory.Fact(id="1", kind="", text=""),),
        memory_md="",
    )


def test_success_false_is_an_error() -> None:
    """A refusal with status 200 is an error with the server's words."""
    error = refusal(memory.get("mara", "c"), {"success": False, "error": "no such"}, 200)
    assert str(error) == "memory GET /api/memory/mara/c: no such (HTTP 200)"
    assert error.agent_id == "mara"
