"""One HTTP endpoint: a function that returns a body or raises ``Denied``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .auth import Denied, denied

__all__ = ["endpoint", "json_body"]

Handler = Callable[[Request], Awaitable[Any]]


def endpoint(method: str, path: str, handler: Handler, dialect: str) -> Route:
    """Make a route from a handler that returns a JSON body or a Response; refusals use the dialect."""

    async def answer(request: Request) -> Response:
        try:
            body = await handler(request)
        except Denied as why:
            return denied(why, dialect)
        return body if isinstance(body, Response) else JSONResponse(body)

    return Route(path, answer, methods=[method])


async def json_body(request: Request) -> dict[str, Any]:
    """Read the request's JSON object.

    Raises:
        Denied: the body is not a JSON object.
    """
    try:
        body: Any = msgspec.json.decode(await request.body())
    except msgspec.DecodeError:
        body = None
    if not isinstance(body, dict):
        raise Denied(400, "BAD_REQUEST", "the body must be a JSON object")
    return body
