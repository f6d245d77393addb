"""Tokens for browsers: signed, for one use within their lifetime."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import msgspec

from .world import World

__all__ = ["SCOPES", "Claims", "TokenRefused", "Tokens", "origin_allowed"]

SCOPES = ("observe", "participate", "supervise")
_PREFIXES = {"webrtc": "wrt_", "chat": "cht_", "stream": "str_"}


class TokenRefused(Exception):
    """The token is not of this server, not for this use, expired, or used already."""


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of a token; ``agents`` are slugs, ``until`` is epoch seconds."""

    channel: str
    org: str
    agents: tuple[str, ...]
    scope: str
    call_id: str | None
    metadata: dict[str, Any]
    until: float
    serial: int


class Tokens:
    """Mints and redeems tokens, with a secret of the server's own."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._secret = world.new_ids.hex(64).encode()
        self._minted = 0
        self._used: set[int] = set()

    def mint(
        self, channel: str, org: str, agents: tuple[str, ...], scope: str,
        call_id: str | None = None, metadata: dict[str, Any] | None = None,
    ) -> str:  # fmt: skip
        """Make a token."""
        self._minted += 1
        claims = Claims(
            channel=channel, org=org, agents=agents, scope=scope, call_id=call_id,
            metadata=metadata or {}, serial=self._minted,
            until=self._world.now + self._world.settings.token_lifetime,
        )  # fmt: skip
        body = _text(msgspec.json.encode(claims))
        return f"{_PREFIXES[channel]}{body}.{self._sign(body)}"

    def redeem(self, token: str, channel: str, *, use: bool = True) -> Claims:
        """Read a token's claims and use it up (``use=False`` leaves it unused).

        Raises:
            TokenRefused: the token is not valid; the message says why.
        """
        claims = self._read(token)
        if claims.channel != channel:
            raise TokenRefused(f"a {claims.channel} token does not open {channel}")
        if claims.until <= self._world.now:
            raise TokenRefused("the token has expired")
        if claims.serial in self._used:
            raise TokenRefused("the token was used already")
        if use:
            self._used.add(claims.serial)
        return claims

    def _read(self, token: str) -> Claims:
        body, mark, signature = token.removeprefix(token[:4]).partition(".")
        if not mark or not hmac.compare_digest(signature, self._sign(body)):
            raise TokenRefused("not a token of this server")
        return msgspec.json.decode(base64.urlsafe_b64decode(body + "=="), type=Claims)

    def _sign(self, body: str) -> str:
        return _text(hmac.new(self._secret, body.encode(), hashlib.sha256).digest())


def origin_allowed(origin: str | None, allowed: Any) -> bool:
    """Match an Origin against an agent's: exact, ``https://*.x.dev``, ``http://localhost:*``."""
    if not origin or not isinstance(allowed, list):
        return False
    return any(_matches(origin, pattern) for pattern in allowed if isinstance(pattern, str))


def _matches(origin: str, pattern: str) -> bool:
    before, star, after = pattern.partition("*")
    if not star:
        return origin == pattern.rstrip("/")
    middle = origin[len(before) : len(origin) - len(after)]
    fits = origin.startswith(before) and origin.endswith(after) and len(middle) > 0
    return fits and (middle.isdigit() if before.endswith(":") else "/" not in middle)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
