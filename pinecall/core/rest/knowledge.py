"""Knowledge bases: ``/api/knowledge`` of the playground."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from attrs import evolve, frozen

from ...errors import ApiError, ConfigurationError
from .answers import filled, number, optional, positive, rows, text, whole
from .op import Reply, RestOp, json_body, path

__all__ = ["KnowledgeBase", "KnowledgeDoc", "KnowledgeHit", "Pushed", "create", "delete",
           "delete_doc", "doc", "docs", "get", "list_all", "push", "query", "reindex"]  # fmt: skip

T = TypeVar("T")

_ROOT = "/api/knowledge"
#: Seconds: a document may be long, and is indexed during the request.
_PUSH_TIMEOUT = 60.0


@frozen(kw_only=True)
class KnowledgeDoc:
    """A document. ``path`` is its name in the base; ``text`` is None if it was not sent."""

    id: str
    path: str
    title: str | None = None
    bytes: int = 0
    text: str | None = None


@frozen(kw_only=True)
class KnowledgeBase:
    """A knowledge base. Only ``get`` fills ``docs``, without their texts."""

    id: str
    name: str
    description: str | None = None
    doc_count: int = 0
    status: str = ""
    docs: tuple[KnowledgeDoc, ...] = ()


@frozen(kw_only=True)
class KnowledgeHit:
    score: float
    text: str
    heading: str | None = None
    doc_title: str | None = None
    doc_path: str | None = None


@frozen(kw_only=True)
class Pushed:
    """The outcome for one document: ``doc``, or the ``error`` it was refused with."""

    path: str
    doc: KnowledgeDoc | None = None
    error: ApiError | None = None

    @property
    def ok(self) -> bool:
        return self.error is None


def list_all() -> RestOp[list[KnowledgeBase]]:
    return _op("GET", _ROOT, lambda reply: rows(reply.object().get("knowledgeBases"), _base))


def create(name: str, description: str | None = None) -> RestOp[KnowledgeBase]:
    body = {"name": filled("name", name), "description": description}
    return _op("POST", _ROOT, lambda reply: _base(reply.object()["knowledgeBase"]), body)


def get(kb: str) -> RestOp[KnowledgeBase]:
    """Return the base with its documents."""

    def read(reply: Reply) -> KnowledgeBase:
        body = reply.object()
        return evolve(_base(body["knowledgeBase"]), docs=tuple(rows(body.get("docs"), _doc)))

    return _op("GET", _kb(kb), read)


def delete(kb: str) -> RestOp[None]:
    return _op("DELETE", _kb(kb), lambda reply: None)


def reindex(kb: str) -> RestOp[None]:
    return _op("POST", f"{_kb(kb)}/reindex", lambda reply: None)


def docs(kb: str) -> RestOp[list[KnowledgeDoc]]:
    return _op("GET", _kb(kb), lambda reply: rows(reply.object().get("docs"), _doc))


def doc(kb: str, doc_id: str) -> RestOp[KnowledgeDoc]:
    """Return one document with its text."""
    return _op("GET", path(f"{_kb(kb)}/docs", doc=doc_id), _one_doc)


def delete_doc(kb: str, doc_id: str) -> RestOp[None]:
    return _op("DELETE", path(f"{_kb(kb)}/docs", doc=doc_id), lambda reply: None)


def push(kb: str, given: Any) -> list[RestOp[Pushed]]:
    """Return an op for each document, to be run in order; the same ``path`` again updates it.

    ``given``: a ``{"path", "text", "title"?}`` or :class:`KnowledgeDoc`, or any number of them. All
    are checked first (ConfigurationError); an op returns the server's refusal as ``Pushed.error``.
    """
    many = [given] if isinstance(given, (Mapping, KnowledgeDoc)) else given
    if isinstance(many, (str, bytes)) or not isinstance(many, Iterable):
        raise ConfigurationError(
            f"push takes documents like {{'path', 'text'}}, not {type(given).__name__}"
        )
    return [_push(kb, *_document(index, one)) for index, one in enumerate(many)]


def _push(kb: str, where: str, body: Mapping[str, Any]) -> RestOp[Pushed]:
    def recover(error: ApiError) -> Pushed:
        return Pushed(path=where, error=error)

    op = _op("POST", f"{_kb(kb)}/docs", lambda reply: Pushed(path=where, doc=_one_doc(reply)), body)
    return evolve(op, recover=recover, timeout=_PUSH_TIMEOUT)


def query(kb: str, question: str, k: int = 6) -> RestOp[list[KnowledgeHit]]:
    """Return the ``k`` best passages for a question, best first."""
    body = {"query": filled("query", question), "k": positive("k", k, whole=True)}
    return _op(
        "POST", f"{_kb(kb)}/query", lambda reply: rows(reply.object().get("hits"), _hit), body
    )


def _document(index: int, given: Any) -> tuple[str, dict[str, Any]]:
    if isinstance(given, KnowledgeDoc):
        given = {"path": given.path, "title": given.title, "text": given.text}
    what = f"push: document {index}"
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"{what} is a dict with path and text, not {type(given).__name__}")
    unknown = [str(key) for key in given if key not in ("path", "title", "text")]
    if unknown:
        raise ConfigurationError(f"{what}: there is no {unknown[0]!r}; there are path, title, text")
    if not isinstance(given.get("text"), str):
        raise ConfigurationError(f"{what}: text is a str, not {type(given.get('text')).__name__}")
    where = filled(f"{what}: path", given.get("path"))
    return where, {"path": where, "title": given.get("title"), "text": given["text"]}


def _kb(kb: str) -> str:
    return path(_ROOT, knowledge_base=kb)


def _op(
    method: str, where: str, read: Callable[[Reply], T], body: Mapping[str, Any] | None = None
) -> RestOp[T]:
    what = f"knowledge {method} {where[len(_ROOT) :] or '/'}"
    return RestOp(
        what=what,
        method=method,
        plane="playground",
        path=where,
        headers={"Content-Type": "application/json"},
        body=None if body is None else json_body(what, body),
        read=read,
        codes={402: "UPGRADE_REQUIRED"},
    )


def _base(row: Mapping[str, Any]) -> KnowledgeBase:
    return KnowledgeBase(
        id=text(row, "id"),
        name=text(row, "name"),
        description=optional(row, "description"),
        doc_count=whole(row, "docCount"),
        status=text(row, "status"),
    )


def _one_doc(reply: Reply) -> KnowledgeDoc:
    body = reply.object()
    found = body.get("doc")
    return _doc(found if isinstance(found, dict) else body)


def _doc(row: Mapping[str, Any]) -> KnowledgeDoc:
    return KnowledgeDoc(
        id=text(row, "id"),
        path=text(row, "path"),
        title=optional(row, "title"),
        bytes=whole(row, "bytes"),
        text=optional(row, "text"),
    )


def _hit(row: Mapping[str, Any]) -> KnowledgeHit:
    return KnowledgeHit(
        score=number(row, "score") or 0.0,
        text=text(row, "text"),
        heading=optional(row, "heading"),
        doc_title=optional(row, "doc_title"),
        doc_path=optional(row, "doc_path"),
    )
