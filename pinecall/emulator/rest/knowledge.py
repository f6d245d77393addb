"""The playground's knowledge bases and model access, on the same host."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from ..core.stores.knowledge import Base
from ..runner import Runner
from .auth import Denied, organisation
from .endpoint import endpoint, json_body

__all__ = ["routes"]

_ROOT = "/api/knowledge"
_KNOWN = {
    "stt": ("deepgram", "soniox", "elevenlabs", "gladia"), "tts": ("elevenlabs", "cartesia", "polly"),
    "llm": ("openai", "anthropic", "openrouter"),
}  # fmt: skip


def routes(runner: Runner) -> list[BaseRoute]:
    """Make the routes for bases, documents and queries; queries match documents by shared words."""
    core = runner.core

    async def bases(request: Request) -> Any:
        org = organisation(request, runner)
        return {
            "knowledgeBases": [b.row() for b in core.world.knowledge.bases.values() if b.org == org]
        }

    async def create(request: Request) -> Any:
        org, body = organisation(request, runner), await json_body(request)
        name = _text(body, "name")
        base = Base(
            "kb_" + core.world.new_ids.hex(8), org, name, str(body.get("description") or "")
        )
        core.world.knowledge.bases[base.id] = base
        return {"knowledgeBase": base.row()}

    async def show(request: Request) -> Any:
        base = _base(request, runner)
        docs = [{k: v for k, v in doc.items() if k != "text"} for doc in base.docs.values()]
        return {"knowledgeBase": base.row(), "docs": docs}

    async def delete(request: Request) -> Any:
        del core.world.knowledge.bases[_base(request, runner).id]
        return Response(status_code=204)

    async def reindex(request: Request) -> Any:
        _base(request, runner)
        return {"ok": True}

    async def push(request: Request) -> Any:
        base, body = _base(request, runner), await json_body(request)
        path, text = _text(body, "path"), _text(body, "text")
        known = next((doc for doc in base.docs.values() if doc["path"] == path), None)
        doc = known or {"id": "doc_" + core.world.new_ids.hex(8)}
        title = str(body.get("title") or path)
        doc |= {"path": path, "title": title, "bytes": len(text.encode()), "text": text}
        base.docs[doc["id"]] = doc
        return {"doc": {k: v for k, v in doc.items() if k != "text"}}

    async def read(request: Request) -> Any:
        return {"doc": _doc(request, _base(request, runner))}

    async def remove(request: Request) -> Any:
        base = _base(request, runner)
        del base.docs[_doc(request, base)["id"]]
        return Response(status_code=204)

    async def query(request: Request) -> Any:
        base, body = _base(request, runner), await json_body(request)
        count = body.get("k", 6)
        return {"hits": base.query(_text(body, "query"), count if isinstance(count, int) else 6)}

    async def access(request: Request) -> Any:
        organisation(request, runner)
        service, model = request.query_params.get("service"), request.query_params.get("model")
        if service is None and model is None:
            return {"models": [_access(s, p) for s, known in _KNOWN.items() for p in known]}
        if service not in _KNOWN or not model:
            raise Denied(400, "BAD_REQUEST", "service is stt, tts or llm, and model is required")
        return _access(service, model)

    return [
        endpoint("GET", _ROOT, bases, "text"),
        endpoint("POST", _ROOT, create, "text"),
        endpoint("GET", _ROOT + "/{kb}", show, "text"),
        endpoint("DELETE", _ROOT + "/{kb}", delete, "text"),
        endpoint("POST", _ROOT + "/{kb}/reindex", reindex, "text"),
        endpoint("POST", _ROOT + "/{kb}/docs", push, "text"),
        endpoint("GET", _ROOT + "/{kb}/docs/{doc}", read, "text"),
        endpoint("DELETE", _ROOT + "/{kb}/docs/{doc}", remove, "text"),
        endpoint("POST", _ROOT + "/{kb}/query", query, "text"),
        endpoint("GET", "/api/models/access", access, "text"),
    ]


def _base(request: Request, runner: Runner) -> Base:
    org = organisation(request, runner)
    base = runner.core.world.knowledge.bases.get(request.path_params["kb"])
    if base is None or base.org != org:
        raise Denied(404, "NOT_FOUND", "no such knowledge base")
    return base


def _doc(request: Request, base: Base) -> dict[str, Any]:
    doc = base.docs.get(request.path_params["doc"])
    if doc is None:
        raise Denied(404, "NOT_FOUND", "no such document")
    return doc


def _text(body: dict[str, Any], key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise Denied(400, "BAD_REQUEST", f"{key} must be a non-empty string")
    return value


def _access(service: str, model: str) -> dict[str, Any]:
    provider = model.split("/")[0]
    exists = provider in _KNOWN[service]
    return {
        "service": service, "provider": provider, "model": model, "exists": exists, "managed": exists,
        "planAllowed": exists, "hasKey": False, "requiresKey": False, "allowed": exists,
        "reason": "ok" if exists else "unknown_model",
    }  # fmt: skip
