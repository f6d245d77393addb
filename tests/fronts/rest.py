"""A port of either front with one handler behind it, and a WebSocket server that runs scripts."""

from __future__ import annotations

import contextlib
import importlib
import threading
from collections.abc import Callable
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from pinecall._shared.settings import Settings
from pinecall.core.rest.call_log import CallLog

from .driving import Front

KEY = "pk_test_0123456789"
#: The folder of what is private to each front.
PRIVATE = {"pinecall": "_asyncio", "pinecall_sync": "_threads"}
Handler = Callable[[httpx.Request], httpx.Response]


def settings(url: str = "wss://voice.example/eu/client", key: str | None = KEY) -> Settings:
    return Settings(
        api_key=key,
        url=url,
        reconnect=True,
        ping_interval=30.0,
        connect_timeout=10.0,
        ssl=None,
        proxy=None,
        allow_insecure=False,
        strict=False,
    )


class Rest:
    """A port of a front, the requests it sent, and the namespaces on it."""

    def __init__(self, front: Front, handler: Handler | None, **options: Any) -> None:
        self.front = front
        self.module = front.module.__name__
        self.requests: list[httpx.Request] = []

        def answer(request: httpx.Request) -> httpx.Response:
            self.requests.append(request)
            assert handler is not None
            return handler(request)

        if handler is not None:
            options["transport"] = httpx.MockTransport(answer)
        given = options.pop("settings", None) or settings()
        http = importlib.import_module(f"{self.module}.{PRIVATE[self.module]}.http")
        self.port = http.HttpPort(given, random=lambda: 0.0, **options)
        self.disconnect = self.port.aclose if self.module == "pinecall" else self.port.close
        front.clients.append(self)

    def of(self, module: str) -> Any:
        return importlib.import_module(f"{self.module}.{module}")

    def run(self, op: Any, **options: Any) -> Any:
        return self.front.do(self.port.run, op, **options)

    def observe(self, **wanted: Any) -> Any:
        log = CallLog(**wanted, random=self.port.random)
        return self.of("call_log").Observation(self.port, log)

    @property
    def audio(self) -> Any:
        return self.of("audio").Audio(self.port)

    def close(self) -> None:
        self.front.do(self.disconnect)

    def close_one(self, stream: Any) -> None:
        self.front.do(getattr(stream, "aclose", None) or stream.close)


def replies(*given: httpx.Response | Exception) -> Handler:
    waiting = list(given)

    def handler(request: httpx.Request) -> httpx.Response:
        reply = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(reply, Exception):
            raise reply
        return reply

    return handler


class Sockets:
    """A WebSocket server that runs one script after another, a connection each."""

    def __init__(self, front: Front, *scripts: Callable[[ServerConnection], None] | int) -> None:
        front.ends.append(self.end)
        self.scripts = list(scripts)
        self.paths: list[str] = []
        self.keys: list[str | None] = []
        self.server = serve(self._serve, "127.0.0.1", 0, process_request=self._request)
        self.url = f"ws://127.0.0.1:{self.server.socket.getsockname()[1]}/client"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def _request(self, connection: ServerConnection, request: Any) -> Any:
        self.paths.append(request.path)
        self.keys.append(request.headers.get("Authorization"))
        if self.scripts and isinstance(self.scripts[0], int):
            return connection.respond(self.scripts.pop(0), "no\n")
        return None

    def _serve(self, connection: ServerConnection) -> None:
        script = self.scripts.pop(0)
        assert not isinstance(script, int)
        with contextlib.suppress(ConnectionClosed):
            script(connection)

    def end(self) -> None:
        self.server.shutdown()
        self.thread.join()
