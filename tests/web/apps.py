"""One small application for each framework: streams, and a way to make events happen.

``/events`` (``?agents=a,b``), ``/agent`` and ``/call`` stream; ``/publish?agent=a&n=3`` makes events,
``&end=1`` ends the call of ``/call``; ``/stats`` says how many readers there are. A server calls one of the functions for its application.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from typing import Any

from ..core.hubs import World

WORLD = World(queue=200)
for _agent in ("mine", "theirs"):
    WORLD.call(f"call-{_agent}", _agent)
#: The one of ``/call``; no other stream shows it.
SOLO = WORLD.call("solo", "nobody")
del WORLD.agents["nobody"], WORLD.calls["solo"]


class Front:
    """``pc`` and ``agent`` of either front, over one hub."""

    def __init__(self, event_stream: Any) -> None:
        self._new = event_stream

    def stream(self, agents: Any = None) -> Any:
        return self._new(WORLD.hub, agents)

    def agent_stream(self) -> Any:
        return self._new(WORLD.hub, of_agent="mine")

    def call_stream(self) -> Any:
        return self._new(WORLD.hub, [], call=SOLO)

    async def ws(self, socket: Any) -> None:
        from pinecall._asyncio.websocket_stream import serve_ws

        await serve_ws(WORLD.hub, socket, of_agent="mine")


def asyncio_front() -> Front:
    from pinecall.stream import EventStream

    return Front(EventStream)


def blocking_front() -> Front:
    from pinecall_sync.stream import EventStream

    front = Front(EventStream)
    # Made in the main thread, as a client is connected there: signals can be minded.
    front.stream()
    return front


def agents_of(query: Any) -> list[str] | None:
    text = query.get("agents")
    return text.split(",") if text else None


def publish(query: Any) -> dict[str, Any]:
    if query.get("end"):
        WORLD.end(SOLO)
        return stats()
    if query.get("agent") == "nobody":
        WORLD.message(SOLO, 1)
        return stats()
    call = WORLD.calls[f"call-{query.get('agent', 'mine')}"]
    start = WORLD.hub.published
    text = "x" * int(query.get("size", 10))
    for number in range(int(query.get("n", 1))):
        WORLD.frame(call, "user.message", message_id=f"u{start + number}", text=text)
    return stats()


def stats() -> dict[str, Any]:
    """``tasks`` are those of the loop that answers; 0 where a thread does."""
    try:
        tasks = len(asyncio.all_tasks())
    except RuntimeError:
        tasks = 0
    return {
        "subscribers": WORLD.hub.subscribers,
        "cut": WORLD.hub.cut,
        "fds": len(os.listdir("/proc/self/fd")),
        "threads": threading.active_count(),
        "tasks": tasks,
    }


# -- asyncio ---------------------------------------------------------------------------------------


def starlette() -> Any:
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.middleware.base import BaseHTTPMiddleware
    from starlette.middleware.cors import CORSMiddleware
    from starlette.middleware.gzip import GZipMiddleware
    from starlette.responses import JSONResponse
    from starlette.routing import Route, WebSocketRoute

    pc = asyncio_front()

    async def events(request: Any) -> Any:
        return pc.stream(agents=agents_of(request.query_params))

    async def agent(request: Any) -> Any:
        return pc.agent_stream()

    async def call(request: Any) -> Any:
        return pc.call_stream()

    async def make(request: Any) -> Any:
        return JSONResponse(publish(request.query_params))

    async def tell(request: Any) -> Any:
        return JSONResponse(stats())

    routes = [
        Route("/events", events),
        Route("/agent", agent),
        Route("/call", call),
        Route("/publish", make),
        Route("/stats", tell),
        Route("/bare", asyncio_front().stream()),
        WebSocketRoute("/ws", pc.ws),
    ]

    async def pass_on(request: Any, call_next: Any) -> Any:
        return await call_next(request)

    middleware = [
        Middleware(CORSMiddleware, allow_origins=["*"]),
        Middleware(GZipMiddleware, minimum_size=1),
        Middleware(BaseHTTPMiddleware, dispatch=pass_on),
    ]
    return Starlette(routes=routes, middleware=middleware)


def fastapi() -> Any:
    from .fastapi_app import app

    return app


def litestar() -> Any:
    from litestar import Litestar, Request, WebSocket, get, websocket
    from litestar.types import ASGIApp

    pc = asyncio_front()

    @get("/events")
    async def events(request: Request) -> ASGIApp:
        return pc.stream(agents=agents_of(request.query_params))

    @get("/agent")
    async def agent() -> ASGIApp:
        return pc.agent_stream()

    @get("/call")
    async def call() -> ASGIApp:
        return pc.call_stream()

    @get("/publish")
    async def make(request: Request) -> dict[str, Any]:
        return publish(request.query_params)

    @get("/stats")
    async def tell() -> dict[str, Any]:
        return stats()

    @websocket("/ws")
    async def ws(socket: WebSocket) -> None:
        await pc.ws(socket)

    annotations = {"Request": Request, "ASGIApp": ASGIApp, "WebSocket": WebSocket}
    return Litestar([events, agent, call, make, tell, ws], signature_namespace=annotations)


def quart() -> Any:
    from quart import Quart, request, websocket

    app = Quart(__name__)
    pc = asyncio_front()

    @app.get("/events")
    async def events() -> Any:
        return pc.stream(agents=agents_of(request.args))

    @app.get("/agent")
    async def agent() -> Any:
        return pc.agent_stream().quart()

    @app.get("/call")
    async def call() -> Any:
        return pc.call_stream().quart()

    @app.websocket("/ws")
    async def ws() -> None:
        await pc.ws(websocket)

    @app.get("/publish")
    async def make() -> Any:
        return publish(request.args)

    @app.get("/stats")
    async def tell() -> Any:
        return stats()

    return app


def aiohttp() -> Any:
    from aiohttp import web

    pc = asyncio_front()

    async def events(request: web.Request) -> web.StreamResponse:
        return pc.stream(agents=agents_of(request.query))

    async def agent(request: web.Request) -> web.StreamResponse:
        return await pc.agent_stream().aiohttp(request)

    async def call(request: web.Request) -> web.StreamResponse:
        return pc.call_stream()

    async def make(request: web.Request) -> web.Response:
        return web.json_response(publish(request.query))

    async def tell(request: web.Request) -> web.Response:
        return web.json_response(stats())

    async def ws(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await pc.ws(socket)
        return socket

    app = web.Application()
    app.router.add_get("/ws", ws)
    app.router.add_get("/events", events)
    app.router.add_get("/agent", agent)
    app.router.add_get("/call", call)
    app.router.add_get("/publish", make)
    app.router.add_get("/stats", tell)
    return app


# -- both ------------------------------------------------------------------------------------------


def _django(front: Front, kind: str) -> Any:
    import django
    from django.conf import settings
    from django.core.asgi import get_asgi_application
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpRequest, JsonResponse
    from django.urls import path

    settings.configure(
        DEBUG=False,
        SECRET_KEY="tests",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        MIDDLEWARE=["django.middleware.gzip.GZipMiddleware"],
    )
    django.setup()

    def events(request: HttpRequest) -> Any:
        return front.stream(agents=agents_of(request.GET)).django(request)

    global urlpatterns
    urlpatterns = [
        path("events", events),
        path("agent", lambda request: front.agent_stream().django(request)),
        path("call", lambda request: front.call_stream().django(request)),
        path("publish", lambda request: JsonResponse(publish(request.GET))),
        path("stats", lambda request: JsonResponse(stats())),
    ]
    return get_asgi_application() if kind == "asgi" else get_wsgi_application()


urlpatterns: list[Any] = []


def django_asgi() -> Any:
    return _django(asyncio_front(), "asgi")


def django_wsgi() -> Any:
    return _django(blocking_front(), "wsgi")


# -- blocking --------------------------------------------------------------------------------------


def flask() -> Any:
    from flask import Flask, request

    app = Flask(__name__)
    pc = blocking_front()

    @app.get("/events")
    def events() -> Any:
        return pc.stream(agents=agents_of(request.args))

    @app.get("/agent")
    def agent() -> Any:
        return pc.agent_stream()

    @app.get("/call")
    def call() -> Any:
        return pc.call_stream()

    @app.get("/publish")
    def make() -> Any:
        return publish(request.args)

    @app.get("/stats")
    def tell() -> Any:
        return stats()

    return app


if __name__ == "__main__":
    from aiohttp import web

    web.run_app(aiohttp(), host="127.0.0.1", port=int(sys.argv[1]), print=None)
