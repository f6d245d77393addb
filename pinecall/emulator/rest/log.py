"""The call log over HTTP and sockets, and the event stream socket."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import HTTPConnection, Request
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket

from ..core.kernel.names import slug
from ..core.kernel.outbox import Frame
from ..core.stores.log import Feed, Log
from ..core.tokens import Claims, TokenRefused
from ..runner import Runner
from .auth import Denied, bearer, organisation
from .endpoint import endpoint
from .sockets import Outlet, redeemed, refuse

__all__ = ["routes"]

_PAGE = 500


def routes(runner: Runner) -> list[BaseRoute]:
    """Make the routes of call logs, ``/v1/…``, and of the event stream, ``/ws/stream``."""

    async def events(request: Request) -> Any:
        log = runner.core.world.log.calls.get(request.path_params["id"])
        claims = _reader(request, runner)
        if log is None or log.org != claims.org:
            raise Denied(404, "NOT_FOUND", f"no call {request.path_params['id']!r}")
        _check(claims, log.agent, log.call)
        entries = runner.look(lambda: log.after(_cursor(request)))
        page = entries[:_PAGE]
        more = {"next_after": page[-1]["seq"] if page else _cursor(request)}
        return {"events": page, **more, "has_more": len(entries) > len(page), "sealed": log.sealed}

    async def calls(request: Request) -> Any:
        claims, name = _reader(request, runner), _name(request.path_params["slug"])
        _check(claims, name, None)
        logs = runner.look(lambda: list(runner.core.world.log.calls.values()))
        rows = [_row(log) for log in logs if log.agent == name and log.org == claims.org]
        return {"calls": rows, "total": len(rows)}

    async def attach(socket: WebSocket) -> None:
        await _attach(socket, runner)

    async def stream(socket: WebSocket) -> None:
        await _stream(socket, runner)

    return [
        endpoint("GET", "/v1/calls/{id}/events", events, "detail"),
        endpoint("GET", "/v1/agents/{slug}/calls", calls, "detail"),
        WebSocketRoute("/v1/attach", attach),
        WebSocketRoute("/ws/stream", stream),
    ]


async def _attach(socket: WebSocket, runner: Runner) -> None:
    query = socket.query_params
    try:
        after = _cursor(socket)
        claims = redeemed(socket, runner, "stream")
        if ("call" in query) == ("agent" in query):
            raise Denied(400, "BAD_REQUEST", "exactly one of call and agent")
        log = runner.look(
            lambda: _log(runner, claims, query.get("call"), _name(query.get("agent")))
        )
    except Denied as why:
        await refuse(socket, why)
        return
    await socket.accept()
    outlet = Outlet(socket, runner)

    def begin() -> None:
        for entry in log.backlog(after, runner.now()):
            outlet.push(entry)
        log.listeners.append(outlet.push)

    runner.look(begin)
    await _until_gone(socket, outlet)
    runner.look(lambda: log.listeners.remove(outlet.push))


async def _stream(socket: WebSocket, runner: Runner) -> None:
    query = socket.query_params
    try:
        after = _cursor(socket)
        claims = redeemed(socket, runner, "stream")
        agent, session = _name(query.get("agent")), query.get("session") or claims.call_id
        if agent:
            _check(claims, agent, claims.call_id)
    except Denied as why:
        await refuse(socket, why)
        return
    await socket.accept()
    outlet = Outlet(socket, runner)
    names = [agent] if agent else list(claims.agents)
    feeds: list[Feed] = runner.look(
        lambda: [runner.core.world.log.feed(claims.org, n) for n in names]
    )

    def pass_on(frame: Frame) -> None:
        if session is None or session in (frame.get("call_id"), frame.get("session_id")):
            outlet.push(frame)

    def begin() -> None:
        outlet.push({"event": "connected", "agents": names})
        for feed in feeds:
            for frame in feed.frames if after else ():
                if frame["seq"] > after:
                    pass_on(frame)
            feed.listeners.append(pass_on)

    runner.look(begin)
    await _until_gone(socket, outlet)

    def end() -> None:
        for feed in feeds:
            feed.listeners.remove(pass_on)

    runner.look(end)


async def _until_gone(socket: WebSocket, outlet: Outlet) -> None:
    try:
        while (message := await socket.receive())["type"] == "websocket.receive":
            try:
                frame = msgspec.json.decode(message.get("text") or "null")
            except msgspec.DecodeError:
                continue
            if isinstance(frame, dict) and frame.get("action") == "ping":
                outlet.push({"event": "pong"})
    finally:
        outlet.done()


def _reader(request: Request, runner: Runner) -> Claims:
    """Identify the reader, by a stream token (in the query or as bearer) or an API key."""
    token = request.query_params.get("token") or bearer(request)
    if token is not None and token not in runner.core.keys:
        try:
            return runner.look(lambda: runner.core.tokens.redeem(token, "stream", use=False))
        except TokenRefused as why:
            raise Denied(401, "INVALID_TOKEN", str(why)) from None
    org = organisation(request, runner)
    return Claims(
        channel="stream", org=org, agents=("*",), scope="observe", call_id=None, metadata={},
        until=0.0, serial=0,
    )  # fmt: skip


def _check(claims: Claims, agent: str, call: str | None) -> None:
    if "*" not in claims.agents and agent not in claims.agents:
        raise Denied(403, "FORBIDDEN", f"the token is not for agent {agent!r}")
    if claims.scope not in ("observe", "supervise", "participate"):
        raise Denied(403, "FORBIDDEN", f"scope {claims.scope} does not read logs")
    if claims.call_id is not None and claims.call_id != call:
        raise Denied(403, "FORBIDDEN", f"the token is for call {claims.call_id} only")


def _log(runner: Runner, claims: Claims, call: str | None, agent: str) -> Log:
    logs = runner.core.world.log
    if call is None:
        _check(claims, agent, None)
        return logs.of_agent(claims.org, agent)
    log = logs.calls.get(call)
    if log is None or log.org != claims.org:
        raise Denied(404, "NOT_FOUND", f"no call {call!r}")
    _check(claims, log.agent, call)
    return log


def _name(agent: str | None) -> str:
    return slug(agent) or agent if agent else ""


def _cursor(request: HTTPConnection) -> int:
    text = request.query_params.get("after", "0")
    if not text.isdigit():
        raise Denied(400, "BAD_REQUEST", "after is a seq, 0 or more")
    return int(text)


def _row(log: Log) -> Frame:
    started: Frame = next((e for e in log.entries if e["type"] == "call.started"), {})
    ended: Frame = next((e for e in log.entries if e["type"] == "call.ended"), {})
    data = started.get("data") or {}
    return {
        "call": log.call, "agent": log.agent, "status": "ended" if ended else "live",
        "channel": data.get("channel"), "direction": data.get("direction"),
        "from": data.get("from"), "to": data.get("to"), "started_at": started.get("ts"),
        "ended_at": ended.get("ts"), "reason": (ended.get("data") or {}).get("reason"),
        "duration": (ended.get("data") or {}).get("duration"), "last_seq": log.seq,
    }  # fmt: skip
