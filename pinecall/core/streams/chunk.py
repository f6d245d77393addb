"""One event of a stream, encoded once and shared by all readers."""

from __future__ import annotations

from ..kernel.inbox import INTERIM
from .sse import block

__all__ = ["Chunk"]


class Chunk:
    """One event, encoded once: ``sse`` for event streams, ``text`` for WebSockets.

    ``session`` is the call (or WhatsApp session) of the event; ``only_ws`` keeps it out of event
    streams.
    """

    __slots__ = ("_data", "_text", "agent", "id", "interim", "only_ws", "session", "size", "sse")

    def __init__(
        self,
        name: str,
        json: bytes,
        *,
        id: str = "",
        agent: str = "",
        session: str = "",
        only_ws: bool = False,
        retry: int = 0,
    ) -> None:
        self.id = id
        self.agent = agent
        self.session = session
        self.interim = name in INTERIM
        self.only_ws = only_ws
        self.sse = block(name, json, id, retry)
        self.size = len(self.sse)
        self._data = slice(len(name) + 14, len(name) + 14 + len(json))
        self._text: str | None = None

    @property
    def text(self) -> str:
        """The event with its id as ``eventId``, since a turn has its own ``id``."""
        if self._text is None:
            text = self.sse[self._data].decode()
            self._text = f'{text[:-1]},"eventId":"{self.id}"}}' if self.id else text
        return self._text
