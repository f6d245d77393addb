"""Connections: opening, authentication, keepalive, closing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from .kernel.outbox import Frame
from .kernel.records import Connection
from .world import World

__all__ = ["Connections", "decoded"]


def decoded(text: str | bytes) -> Frame | None:
    """Decode a frame; None for what the server ignores (binary, not JSON, not an object, no event)."""
    if isinstance(text, bytes):
        return None
    try:
        frame: Any = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None
    if not isinstance(frame, dict) or not isinstance(frame.get("event"), str):
        return None
    return frame


class Connections:
    """Opens, authenticates, watches and closes connections; calls each of ``lost`` for one that is gone."""

    def __init__(self, world: World, keys: Mapping[str, str]) -> None:
        self._world = world
        self._keys = keys
        self._made = 0
        self.lost: list[Callable[[Connection], None]] = []

    def opened(self) -> Connection:
        """Register a new socket; it must send ``connect`` within the authentication timeout."""
        self._made += 1
        link = Connection(id=self._made, seen_at=self._world.now)
        self._world.open[link.id] = link
        link.timer = self._world.later(
            self._world.settings.auth_timeout, lambda: self._unauthenticated(link)
        )
        return link

    def closed(self, link: Connection) -> None:
        """Forget a connection whose socket is gone."""
        if self._world.open.pop(link.id, None) is not None:
            if link.timer is not None:
                link.timer.cancel()
            for lose in self.lost:
                lose(link)

    def authenticate(self, link: Connection, frame: Frame) -> None:
        """Carry out ``connect``: the key decides the organisation."""
        if link.ready:
            self._world.note(link, frame, "connected already")
            return
        key = frame.get("api_key")
        org = self._keys.get(key) if isinstance(key, str) else None
        if org is None:
            missing = not key
            self.refuse(
                link, "MISSING_KEY" if missing else "INVALID_KEY",
                "No API key" if missing else "Invalid API key",
            )  # fmt: skip
            return
        link.org, link.ready = org, True
        if link.timer is not None:
            link.timer.cancel()
        self._world.send(
            link,
            {
                "event": "connected",
                "org_id": org,
                "connection_id": f"c_{link.id}",
                "protocol_version": "2",
            },
        )
        self._watch(link)

    def refuse(self, link: Connection, code: str, error: str, **fields: Any) -> None:
        """Send an error frame, then close with 1008."""
        self._world.send(link, {"event": "error", "code": code, "error": error, **fields})
        self.close(link, 1008, error)

    def close(self, link: Connection, code: int, reason: str = "") -> None:
        """Close from this side; the connection loses what it held at once."""
        self._world.outbox.close(link.id, code, reason)
        self.closed(link)

    def alive(self, link: Connection) -> bool:
        """Whether its last sign of life is recent enough to keep its names."""
        quiet = self._world.now - link.seen_at
        return link.id in self._world.open and quiet < self._world.settings.stale_after

    def probe(self, link: Connection) -> None:
        """Send a ping now, to see whether the connection is alive."""
        link.probed_at = self._world.now
        link.ponged_at = None
        self._world.send(link, {"event": "ping"})

    def _unauthenticated(self, link: Connection) -> None:
        self.close(link, 1008, "no connect frame")

    def _watch(self, link: Connection) -> None:
        interval = self._world.settings.ping_interval
        if interval <= 0 or link.id not in self._world.open:
            return
        if self._world.now - link.seen_at >= interval:
            self._world.send(link, {"event": "ping"})
        link.timer = self._world.later(interval, lambda: self._watch(link))
