"""What an agent remembers about its contacts: ``/api/memory``. The agent need not be online."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from attrs import field, frozen

from .answers import filled, flag, number, optional, positive, refused, rows, text, whole
from .op import Reply, RestOp, path

__all__ = ["ContactMemory", "Fact", "MemoryHit", "forget", "get", "search"]

T = TypeVar("T")


@frozen(kw_only=True)
class MemoryHit:
    contact: str
    kind: str
    text: str
    score: float | None


@frozen(kw_only=True)
class Fact:
    """A remembered fact. ``source`` is its origin: ``call``, ``turn``, ``transport``."""

    id: str
    kind: str
    text: str
    confidence: float | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    supersedes: str | None = None
    evidence: str | None = None
    source: Mapping[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class ContactMemory:
    """One contact. ``revision`` grows with each change; ``memory_md`` is shown to the model."""

    contact: str
    revision: int
    facts: tuple[Fact, ...]
    memory_md: str


def search(
    agent_id: str, query: str, *, contact: str | None = None, k: int = 6
) -> RestOp[list[MemoryHit]]:
    """Return the ``k`` best facts for a question, about one contact or all."""
    asked = [
        ("agent", filled("agent_id", agent_id)),
        ("q", filled("query", query)),
        ("k", str(positive("k", k, whole=True))),
    ]
    if contact is not None:
        asked.append(("contact", filled("contact", contact)))

    def read(body: Mapping[str, Any]) -> list[MemoryHit]:
        return rows(body.get("hits"), _hit)

    return _op(agent_id, "GET", "/api/memory/search", read, tuple(asked))


def get(agent_id: str, contact: str) -> RestOp[ContactMemory]:
    def read(body: Mapping[str, Any]) -> ContactMemory:
        return ContactMemory(
            contact=text(body, "contact", default=contact),
            revision=whole(body, "revision"),
            facts=tuple(rows(body.get("facts"), _fact)),
            memory_md=text(body, "memory_md"),
        )

    return _op(agent_id, "GET", _contact(agent_id, contact), read)


def forget(agent_id: str, contact: str) -> RestOp[bool]:
    """Forget a contact; return False if nothing was known."""
    return _op(
        agent_id, "DELETE", _contact(agent_id, contact), lambda body: flag(body, "forgotten")
    )


def _contact(agent_id: str, contact: str) -> str:
    return path("/api/memory", agent_id=agent_id, contact=contact)


def _op(
    agent_id: str,
    method: str,
    where: str,
    read: Callable[[Mapping[str, Any]], T],
    query: tuple[tuple[str, str], ...] = (),
) -> RestOp[T]:
    what = f"memory {method} {where}"

    def checked(reply: Reply) -> T:
        body = reply.object()
        refused(what, body, reply.status)
        return read(body)

    return RestOp(
        what=what, method=method, path=where, query=query, read=checked, agent_id=agent_id
    )


def _hit(row: Mapping[str, Any]) -> MemoryHit:
    return MemoryHit(
        contact=text(row, "contact"),
        kind=text(row, "kind"),
        text=text(row, "text"),
        score=number(row, "score"),
    )


def _fact(row: Mapping[str, Any]) -> Fact:
    source = row.get("source")
    return Fact(
        id=text(row, "id"),
        kind=text(row, "kind"),
        text=text(row, "text"),
        confidence=number(row, "confidence"),
        valid_from=optional(row, "valid_from"),
        valid_to=optional(row, "valid_to"),
        supersedes=optional(row, "supersedes"),
        evidence=optional(row, "evidence"),
        source=source if isinstance(source, dict) else {},
    )
