"""``/chat/ws``: the browser's chat socket."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket

from ...errors import PinecallError
from ..core.kernel.records import Agent
from ..core.sessions.chat import ChatSession
from ..core.tokens import Claims, origin_allowed
from ..runner import Runner
from .auth import Denied
from .sockets import Outlet, redeemed, refuse

__all__ = ["routes"]


def routes(runner: Runner) -> list[BaseRoute]:
    """Make the socket's route; each connection is one chat, which ends when it closes."""

    async def chat(socket: WebSocket) -> None:
        try:
            claims = redeemed(socket, runner, "chat")
            agent = _agent(socket, runner, claims)
        except Denied as why:
            await refuse(socket, why)
            return
        await socket.accept()
        outlet = Outlet(socket, runner)

        def begin() -> ChatSession:
            session = runner.core.chats.open(agent, metadata=claims.metadata, sink=outlet.push)
            outlet.push({"event": "chat.connected", "session_id": session.id, "agent": agent.id})
            session.start()
            return session

        session = runner.act(begin)
        try:
            while (message := await socket.receive())["type"] == "websocket.receive":
                _heard(runner, session, outlet, message.get("text") or "")
        finally:
            outlet.done()
            if runner.running:
                runner.act(lambda: session.end("disconnected"))

    return [WebSocketRoute("/chat/ws", chat)]


def _agent(socket: WebSocket, runner: Runner, claims: Claims) -> Agent:
    agent = runner.look(lambda: runner.core.registry.find(claims.org, claims.agents[0]))
    if agent is None or agent.link is None:
        raise Denied(404, "NOT_ONLINE", f"Agent '{claims.agents[0]}' is not online")
    allowed, origin = agent.config.get("allowed_origins"), socket.headers.get("origin")
    if allowed and origin and not origin_allowed(origin, allowed):
        raise Denied(403, "FORBIDDEN", f"Origin {origin} is not allowed")
    return agent


def _heard(runner: Runner, session: ChatSession, outlet: Outlet, text: str) -> None:
    try:
        frame: Any = msgspec.json.decode(text)
    except msgspec.DecodeError:
        frame = None
    if not isinstance(frame, dict):
        outlet.push({"event": "chat.error", "error": "a frame is a JSON object"})
        return
    event, words, key = frame.get("event"), frame.get("text"), frame.get("key")
    if frame.get("action") == "ping" or event == "ping":
        outlet.push({"event": "pong"})
    elif event == "message" and isinstance(words, str):
        try:
            runner.act(lambda: session.say(words))
        except PinecallError as why:
            outlet.push({"event": "chat.error", "error": str(why)})
    elif event == "set_context" and isinstance(key, str):
        runner.act(lambda: session.set_context(key, frame.get("value")))
    else:
        outlet.push({"event": "chat.error", "error": f"unknown or incomplete frame {event!r}"})
