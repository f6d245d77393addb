"""What the server's thread and the application exchange: requests, and sockets to write to."""

from __future__ import annotations

from typing import Protocol

from attrs import frozen

from .core import Close

__all__ = ["Closable", "HttpRequest", "Sink"]


@frozen
class HttpRequest:
    """One HTTP request or side socket (method ``WS``); header names in lower case, API key included."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]


class Sink(Protocol):
    """A client's socket, as the core sees it."""

    def push(self, item: str | bytes | Close) -> None:
        """Send this after everything pushed before."""


class Closable(Protocol):
    """A side socket, which any thread may close."""

    def close(self, code: int, reason: str) -> None:
        """Close after everything pushed before; code 1006 cuts."""
