"""Writes the text of server-sent events."""

from __future__ import annotations

from ..text.jsontext import write

__all__ = ["HEADERS", "PING", "block", "to_json"]

#: The headers of every stream's response. Without ``Content-Encoding``, compressing middleware
#: holds events back; ``Connection`` is omitted because HTTP/2 forbids it.
HEADERS: tuple[tuple[str, str], ...] = (
    ("Content-Type", "text/event-stream"),
    ("Cache-Control", "no-cache, no-transform"),
    ("X-Accel-Buffering", "no"),
    ("Content-Encoding", "identity"),
)

PING = b":ping\n\n"

to_json = write


def block(name: str, data: bytes, id: str = "", retry: int = 0) -> bytes:
    """Return one server-sent event. ``data`` is one line of JSON; ``retry`` is in milliseconds."""
    text = b"event: %b\ndata: %b\n" % (name.encode(), data)
    if id:
        text += b"id: %b\n" % id.encode()
    if retry:
        text += b"retry: %d\n" % retry
    return text + b"\n"
