"""Connections: opening, the key, signs of life, closing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from attrs import define, field

from .outbox import Frame
from .timeline import Timer

if TYPE_CHECKING:
    from .server import Server

__all__ = ["Connection", "Connections", "decoded"]


@define(eq=False)
class Connection:
    """One client's socket, as far as the server knows it."""

    id: int
    seen_at: float
    org: str = ""
    ready: bool = False
    callers: list[str] = field(factory=list)
    probed_at: float | None = None
    ponged_at: float | None = None
    timer: Timer | None = None


def decoded(text: str | bytes) -> Frame | None:
    """The frame in a message; None for what the server ignores (binary, no JSON, no object, no event)."""
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
    """Every open connection by id."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.open: dict[int, Connection] = {}
        self.made = 0

    def opened(self) -> Connection:
        """A socket was accepted; it has to send ``connect`` within the authentication timeout."""
        self.made += 1
        link = Connection(id=self.made, seen_at=self._server.now)
        self.open[link.id] = link
        link.timer = self._server.timeline.after(
            self._server.settings.auth_timeout, lambda: self._unauthenticated(link)
        )
        return link

    def closed(self, link: Connection) -> None:
        """The socket is gone."""
        if self.open.pop(link.id, None) is not None:
            if link.timer is not None:
                link.timer.cancel()
            self._server.registry.lost(link)
            self._server.chats.requester_gone(link)

    def authenticate(self, link: Connection, frame: Frame) -> None:
        """``connect``: the key decides the organisation."""
        if link.ready:
            self._server.note(link, frame, "connected already")
            return
        key = frame.get("api_key")
        org = self._server.keys.get(key) if isinstance(key, str) else None
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
        self._server.send(
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
        """An error frame, then close 1008."""
        self._server.send(link, {"event": "error", "code": code, "error": error, **fields})
        self.close(link, 1008, error)

    def close(self, link: Connection, code: int, reason: str = "") -> None:
        """Close from this side; what the link held is lost to it at once."""
        self._server.outbox.close(link.id, code, reason)
        self.closed(link)

    def alive(self, link: Connection) -> bool:
        """Whether it gave a sign of life recently enough to keep its names."""
        quiet = self._server.now - link.seen_at
        return link.id in self.open and quiet < self._server.settings.stale_after

    def probe(self, link: Connection) -> None:
        """Ask for a sign of life now."""
        link.probed_at = self._server.now
        link.ponged_at = None
        self._server.send(link, {"event": "ping"})

    def _unauthenticated(self, link: Connection) -> None:
        self.close(link, 1008, "no connect frame")

    def _watch(self, link: Connection) -> None:
        interval = self._server.settings.ping_interval
        if interval <= 0 or link.id not in self.open:
            return
        if self._server.now - link.seen_at >= interval:
            self._server.send(link, {"event": "ping"})
        link.timer = self._server.timeline.after(interval, lambda: self._watch(link))
