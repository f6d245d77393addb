"""``GET /webrtc/token``, ``/chat/token`` and ``/stream/token``."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from ..core.kernel.records import Agent
from ..core.tokens import SCOPES, origin_allowed
from ..runner import Runner
from .auth import Denied, bearer, denied, organisation

__all__ = ["routes"]

_LONGEST_METADATA = 2048


def routes(runner: Runner) -> list[BaseRoute]:
    """Make the three routes; pages of an agent's allowed origins may ask without a key."""
    return [_route(runner, channel) for channel in ("webrtc", "chat", "stream")]


def _route(runner: Runner, channel: str) -> Route:
    async def answer(request: Request) -> Response:
        cors = _cors(request, runner) if channel != "stream" else {}
        if request.method == "OPTIONS":
            return Response(status_code=204 if cors else 403, headers=cors)
        try:
            body = runner.act(lambda: _mint(request, runner, channel, bool(cors)))
        except Denied as why:
            response = denied(why, "detail")
            response.headers.update(cors)
            return response
        return JSONResponse(body, headers=cors)

    return Route(f"/{channel}/token", answer, methods=["GET", "OPTIONS"])


def _mint(request: Request, runner: Runner, channel: str, from_page: bool) -> dict[str, Any]:
    core, query = runner.core, request.query_params
    names = [name for name in query.get("agent_id", "").split(",") if name]
    if not names or (len(names) > 1 and channel != "stream"):
        raise Denied(400, "BAD_REQUEST", "agent_id: one agent (several only for stream tokens)")
    keyless = bearer(request) is None and from_page
    if keyless and query.get("metadata"):
        raise Denied(403, "FORBIDDEN", "metadata needs an API key")
    if bearer(request) is None and not from_page and request.headers.get("origin"):
        raise Denied(403, "FORBIDDEN", f"Origin {request.headers['origin']} is not allowed")
    org = None if keyless else organisation(request, runner)
    agents = [_online(runner, org, name) for name in names]
    scope = query.get("scope") or ("observe" if channel == "stream" else "participate")
    if scope not in SCOPES:
        raise Denied(400, "BAD_REQUEST", f"scope: one of {', '.join(SCOPES)}")
    token = core.tokens.mint(
        channel,
        agents[0].org,
        tuple(agent.name for agent in agents),
        scope,
        query.get("call_id"),
        _metadata(query.get("metadata")),
    )
    server = str(request.base_url).rstrip("/")
    return {
        "token": token,
        "server": server,
        "expires_in": round(core.world.settings.token_lifetime),
    }


def _online(runner: Runner, org: str | None, name: str) -> Agent:
    registry = runner.core.registry
    agent = registry.any_org(name) if org is None else registry.find(org, name)
    if agent is None or agent.link is None:
        raise Denied(404, "NOT_ONLINE", f"Agent '{name}' is not online")
    return agent


def _metadata(text: str | None) -> dict[str, Any]:
    if not text:
        return {}
    try:
        metadata: Any = msgspec.json.decode(text)
    except msgspec.DecodeError:
        metadata = None
    if not isinstance(metadata, dict) or len(text.encode()) > _LONGEST_METADATA:
        raise Denied(
            400, "BAD_REQUEST", f"metadata: a JSON object of at most {_LONGEST_METADATA} bytes"
        )
    return metadata


def _cors(request: Request, runner: Runner) -> dict[str, str]:
    """Make the CORS headers when the page's origin is one of the agent's, else none."""
    origin = request.headers.get("origin")
    agent = runner.look(
        lambda: runner.core.registry.any_org(request.query_params.get("agent_id", ""))
    )
    if (
        origin is None
        or agent is None
        or not origin_allowed(origin, agent.config.get("allowed_origins"))
    ):
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": "GET, OPTIONS",
        "Access-Control-Allow-Headers": "Content-Type",
        "Vary": "Origin",
    }
