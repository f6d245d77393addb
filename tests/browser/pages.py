"""A web server with one page that records what its EventSource receives."""

from __future__ import annotations

import threading
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from pinecall.stream import EventStream

PAGE = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script>
const seen = [], ids = [], agents = new URLSearchParams(location.search).get("agents") || "mara";
let opened = 0;
const source = new EventSource("/events?agents=" + agents);
source.onopen = () => opened++;
for (const name of ["connected", "gap", "call.started", "user.message", "call.ended"])
  source.addEventListener(name, (event) => {
    seen.push([name, JSON.parse(event.data)]);
    ids.push(event.lastEventId);
  });
const messages = (agent) => seen.filter(([name, d]) => name === "user.message" && (!agent || d.agent === agent))
  .map(([, d]) => d.text);
</script>"""


class Site:
    """``/`` is the page, ``/events?agents=a,b`` the stream of a world's hub, ``/call`` that of ``call``; ``stop()`` and
    ``start()`` put another server on the same port."""

    def __init__(self, world: Any, port: int = 0) -> None:
        self.world = world
        self.call: Any = None
        self.port = port
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        async def page(request: Request) -> Response:
            return HTMLResponse(PAGE)

        async def events(request: Request) -> Any:
            agents = request.query_params.get("agents")
            return EventStream(self.world.hub, agents.split(",") if agents else None)

        async def one_call(request: Request) -> Any:
            return EventStream(self.world.hub, [], call=self.call)

        async def other(request: Request) -> Response:
            return PlainTextResponse("answered")

        async def readers(request: Request) -> Response:
            return PlainTextResponse(str(self.world.hub.subscribers))

        app = Starlette(
            routes=[
                Route("/", page),
                Route("/events", events),
                Route("/call", one_call),
                Route("/other", other),
                Route("/readers", readers),
            ]
        )
        up = threading.Event()
        config = uvicorn.Config(app, port=self.port, log_level="error", lifespan="off")
        self._server = _Server(config, up)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        assert up.wait(20), "the server did not start"
        self.port = self._server.servers[0].sockets[0].getsockname()[1]

    def stop(self) -> None:
        self.world.hub.end_streams()
        self._server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive(), "the server did not stop"

    def __enter__(self) -> Site:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, up: threading.Event) -> None:
        super().__init__(config)
        self._up = up

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self._up.set()
