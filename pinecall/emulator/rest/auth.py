"""API keys, and error bodies in their four dialects."""

from __future__ import annotations

from typing import Any

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, PlainTextResponse, Response

from ..runner import Runner

__all__ = ["Denied", "bearer", "denied", "organisation"]


class Denied(Exception):
    """A refused request: status, code and text, worded in the endpoint's dialect."""

    def __init__(self, status: int, code: str, text: str, **fields: Any) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text
        self.fields = fields


def bearer(request: HTTPConnection) -> str | None:
    """Read the token of the Authorization header."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() or None if scheme.lower() == "bearer" else None


def organisation(request: HTTPConnection, runner: Runner) -> str:
    """Look up the organisation of the request's API key.

    Raises:
        Denied: no key, or not one of the emulator's.
    """
    key = bearer(request)
    if key is None:
        raise Denied(401, "MISSING_KEY", "No API key")
    org = runner.core.keys.get(key)
    if org is None:
        raise Denied(401, "INVALID_KEY", "Invalid API key")
    return org


def denied(why: Denied, dialect: str) -> Response:
    """Word the error in a dialect: ``detail`` (tokens), ``code`` (audio), ``success`` or ``text``."""
    if dialect == "text":
        return PlainTextResponse(why.text, why.status)
    body: dict[str, Any]
    if dialect == "detail":
        body = {"detail": why.text}
    elif dialect == "code":
        body = {"error": why.text, "code": why.code}
    else:
        body = {"success": False, "error": why.text}
    return JSONResponse({**body, **why.fields}, why.status)
