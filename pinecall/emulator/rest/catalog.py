"""Voices, phone numbers, balance, agents."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from ..core.kernel.records import Agent
from ..runner import Runner
from .auth import Denied, organisation
from .endpoint import endpoint
from .sound import mp3

__all__ = ["VOICES", "routes"]


def _voice(provider: str, alias: str, gender: str, *languages: str) -> dict[str, Any]:
    return {
        "id": f"{provider}-{alias}", "name": alias.capitalize(), "alias": alias, "provider": provider,
        "gender": gender, "style": "conversational",
        "languages": [{"code": code, "name": code} if "-" in code else code for code in languages],
        "description": f"{alias.capitalize()}, synthetic",
        "preview_url": f"/api/sdk/voice-preview?provider={provider}&voice={alias}",
    }  # fmt: skip


VOICES = [
    _voice("elevenlabs", "sarah", "female", "en", "es", "fr"),
    _voice("elevenlabs", "claire", "female", "en", "fr-FR"),
    _voice("elevenlabs", "valentina", "female", "es-MX"),
    _voice("elevenlabs", "marta", "female", "es-ES"),
    _voice("cartesia", "blake", "male", "en-US"),
    _voice("cartesia", "yumiko", "female", "ja"),
    _voice("polly", "lucia", "female", "es-ES"),
]


def routes(runner: Runner) -> list[BaseRoute]:
    """Make the routes ``/api/sdk/*`` and ``/v1/audio/voices``."""

    async def voices(request: Request) -> Any:
        return _voices(request, request.query_params.get("provider") or "elevenlabs")

    async def audio_voices(request: Request) -> Any:
        organisation(request, runner)
        return _voices(request, request.query_params.get("provider"))

    async def preview(request: Request) -> Any:
        return Response(mp3(1.0), media_type="audio/mpeg")

    async def phones(request: Request) -> Any:
        org = organisation(request, runner)
        rows = runner.look(lambda: _phones(runner, org))
        return {"success": True, "phones": rows, "total": len(rows)}

    async def balance(request: Request) -> Any:
        organisation(request, runner)
        return {"success": True, "balance": "12.34", "currency": "USD"}

    async def agents(request: Request) -> Any:
        org = organisation(request, runner)
        return runner.look(lambda: _agents(runner, org, "include_lines" in request.query_params))

    async def displace(request: Request) -> Any:
        org, name = organisation(request, runner), request.path_params["slug"]

        def cut() -> None:
            agent = runner.core.registry.find(org, name)
            if agent is None or agent.link is None:
                raise Denied(404, "NOT_FOUND", f"agent {name!r} is not connected")
            runner.core.world.tell(agent, "agent.displaced", reason="deleted")
            runner.core.connections.close(agent.link, 4001, f"Displaced: agent '{name}' deleted")

        runner.act(cut)
        return {"success": True, "displaced": True, "org_id": org}

    return [
        endpoint("GET", "/api/sdk/voices", voices, "success"),
        endpoint("GET", "/v1/audio/voices", audio_voices, "code"),
        endpoint("GET", "/api/sdk/voice-preview", preview, "success"),
        endpoint("GET", "/api/sdk/phone-numbers", phones, "success"),
        endpoint("GET", "/api/sdk/twilio-balance", balance, "success"),
        endpoint("GET", "/api/sdk/agents", agents, "success"),
        endpoint("DELETE", "/api/sdk/agents/{slug}", displace, "success"),
    ]


def _voices(request: Request, provider: str | None) -> dict[str, Any]:
    language = request.query_params.get("language")
    rows = [
        voice for voice in VOICES
        if (provider is None or voice["provider"] == provider)
        and (language is None or any(_code(entry).startswith(language) for entry in voice["languages"]))
    ]  # fmt: skip
    return {"success": True, "voices": rows, "total": len(rows)}


def _code(language: Any) -> str:
    return str(language["code"]) if isinstance(language, dict) else str(language)


def _of(runner: Runner, org: str) -> list[Agent]:
    return [a for a in runner.core.registry.agents if a.org == org and a.link is not None]


def _phones(runner: Runner, org: str) -> list[dict[str, Any]]:
    used = {c.ref for a in _of(runner, org) for c in a.channels if c.type == "phone" and c.ref}
    owned = runner.core.world.settings.numbers or frozenset()
    return [
        {"number": n, "name": n, "sid": "PN" + n.strip("+").zfill(32), "isSdk": n in used}
        for n in sorted(used | owned)
    ]


def _agents(runner: Runner, org: str, lines: bool) -> dict[str, Any]:
    core = runner.core
    rows, phone_map = [], {}
    for agent in _of(runner, org):
        name = agent.name
        channels: dict[str, Any] = {}
        for channel in agent.channels:
            kept = channels.setdefault(channel.type, {"count": 0, "refs": []})
            kept["count"] += 1
            kept["refs"] += [channel.ref] if channel.ref else []
        numbers = channels.get("phone", {}).get("refs", [])
        phone_map.update(dict.fromkeys(numbers, name))
        active = sum(session.owner is agent for session in core.sessions.all())
        rows.append(
            {"slug": name, "org_id": org, "phones": numbers, "channels": channels, "active": active}
        )
    callers = sorted({n for a in _of(runner, org) if a.link for n in a.link.callers})
    listed = {
        "success": True, "agents": rows, "total": len(rows), "phone_map": phone_map,
        "dev_overrides": {}, "dev_callers": callers,
    }  # fmt: skip
    if lines:
        listed["lines"] = [n for n, line in core.registry.lines.items() if line.org == org]
    return listed
