"""``/api/memory``: search, read, forget."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.routing import BaseRoute

from ..core.kernel.names import slug
from ..runner import Runner
from .auth import Denied, organisation
from .endpoint import endpoint

__all__ = ["routes"]


def routes(runner: Runner) -> list[BaseRoute]:
    """Make the routes to what ``memory.ops`` has stored; the agent need not be online."""

    async def search(request: Request) -> Any:
        org, query = organisation(request, runner), request.query_params
        if not query.get("agent") or not query.get("q"):
            raise Denied(400, "BAD_REQUEST", "agent and q are required")
        try:
            count = int(query.get("k", "6"))
        except ValueError:
            raise Denied(400, "BAD_REQUEST", "k must be a number") from None
        wanted = set(re.findall(r"\w+", query["q"].lower()))
        hits = []
        for (whose, name, contact), facts in runner.core.world.memory.contacts.items():
            if (whose, name) != (org, slug(query["agent"])) or query.get(
                "contact", contact
            ) != contact:
                continue
            for fact in facts:
                score = len(wanted & set(re.findall(r"\w+", fact["text"].lower()))) / len(
                    wanted or "x"
                )
                if score:
                    hit = {"contact": contact, "kind": fact["kind"], "text": fact["text"]}
                    hits.append({**hit, "score": round(score, 3)})
        return {"success": True, "hits": sorted(hits, key=lambda hit: -hit["score"])[:count]}

    async def read(request: Request) -> Any:
        key = _key(request, runner)
        facts = runner.look(lambda: list(runner.core.world.memory.contacts.get(key, [])))
        text = "".join(f"- {fact['text']}\n" for fact in facts)
        revision = runner.core.world.memory.revisions.get(key, 0)
        return {
            "success": True,
            "contact": key[2],
            "revision": revision,
            "facts": facts,
            "memory_md": text,
        }

    async def forget(request: Request) -> Any:
        key = _key(request, runner)

        def drop() -> bool:
            runner.core.world.memory.revisions.pop(key, None)
            return runner.core.world.memory.contacts.pop(key, None) is not None

        return {"success": True, "forgotten": runner.act(drop)}

    return [
        endpoint("GET", "/api/memory/search", search, "success"),
        endpoint("GET", "/api/memory/{agent}/{contact}", read, "success"),
        endpoint("DELETE", "/api/memory/{agent}/{contact}", forget, "success"),
    ]


def _key(request: Request, runner: Runner) -> tuple[str, str, str]:
    org = organisation(request, runner)
    return (org, slug(request.path_params["agent"]), request.path_params["contact"])
