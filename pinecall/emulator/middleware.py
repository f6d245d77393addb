"""The layer in front of every HTTP request: records it, and applies pending faults."""

from __future__ import annotations

import asyncio
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qsl

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from .core.kernel.faults import Fault
from .runner import Runner
from .traffic import HttpRequest

__all__ = ["Observed"]

_DELAY = 0.1


class Observed:
    """An application whose requests are recorded and can be made to fail."""

    def __init__(self, app: ASGIApp, runner: Runner) -> None:
        self._app = app
        self._runner = runner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = _request(scope)
        self._runner.requests.append(request)
        fault = self._take(request)
        if fault is None or not await self._faulty(fault, scope, receive, send):
            await self._app(scope, receive, send)

    def _take(self, request: HttpRequest) -> Fault | None:
        faults = self._runner.http_faults
        for fault in faults.pending:
            method, _, path = fault.event.rpartition(" ")
            if method in ("", request.method) and fnmatchcase(request.path, path):
                fault.times -= 1
                if fault.times < 1:
                    faults.pending.remove(fault)
                return fault
        return None

    async def _faulty(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> bool:
        """Apply a fault; True when that answered the request."""
        if fault.how == "refuse":
            response = _refusal(fault)
            if scope["type"] == "websocket":
                await WebSocket(scope, receive, send).send_denial_response(response)
            else:
                await response(scope, receive, send)
        elif fault.how == "ignore":
            while (await receive())["type"] not in ("http.disconnect", "websocket.disconnect"):
                pass
        elif fault.how == "drop":
            self._runner.abort(tuple(scope["client"]))
        else:
            await asyncio.sleep(_DELAY if fault.delay is None else fault.delay)
            return False
        return True


def _request(scope: Scope) -> HttpRequest:
    method = "WS" if scope["type"] == "websocket" else scope["method"]
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
    return HttpRequest(method, scope["path"], query, headers)


def _refusal(fault: Fault) -> JSONResponse:
    fields = dict(fault.fields)
    status = int(fields.pop("status", 503))
    headers = {str(k): str(v) for k, v in fields.pop("headers", {}).items()}
    text = fault.error or "refused by fail()"
    body: dict[str, Any] = {"detail": text, "error": text, "success": False, **fields}
    if fault.code is not None:
        body["code"] = fault.code
    return JSONResponse(body, status, headers=headers)
