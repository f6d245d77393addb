"""Server-sent events, read from bytes split anywhere."""

from __future__ import annotations

import re

import attrs

__all__ = ["ServerSentEvent", "SseReader"]

_END = re.compile(rb"\r\n|\n|\r")


@attrs.frozen
class ServerSentEvent:
    """One event read from a stream; ``id`` is the last one that the stream named up to this event.

    ``retry`` is in milliseconds.
    """

    event: str = "message"
    data: str = ""
    id: str = ""
    retry: int | None = None


class SseReader:
    """Reads a stream in pieces of any size; CR, LF and CRLF end a line."""

    def __init__(self) -> None:
        self.last_id = ""
        self._rest = bytearray()
        self._after_cr = False
        self._name = ""
        self._data: list[str] = []
        self._retry: int | None = None
        #: Bytes of the lines in ``_data``.
        self._size = 0

    @property
    def held(self) -> int:
        """The bytes of an event that is not complete yet."""
        return len(self._rest) + self._size

    def feed(self, piece: bytes) -> list[ServerSentEvent]:
        """Return the events that ``piece`` completes."""
        if not piece:
            return []
        follows, self._after_cr = self._after_cr, piece[-1:] == b"\r"
        if follows and piece[:1] == b"\n":
            piece = piece[1:]
        rest, found = self._rest, []
        at, searched = 0, len(rest)
        rest += piece
        while (end := _END.search(rest, max(at, searched))) is not None:
            event = self._line(rest[at : end.start()].decode("utf-8", "replace"))
            if event is not None:
                found.append(event)
            at = end.end()
        del rest[:at]
        return found

    def _line(self, line: str) -> ServerSentEvent | None:
        if not line:
            return self._finish()
        key, _, value = line.partition(":")
        value = value[1:] if value[:1] == " " else value
        if key == "data":
            self._size += len(line)
            self._data.append(value)
        elif key == "event":
            self._name = value
        elif key == "id" and "\0" not in value:
            self.last_id = value
        elif key == "retry" and value.isascii() and value.isdigit() and len(value) < 10:
            self._retry = int(value)
        return None

    def _finish(self) -> ServerSentEvent | None:
        name, data, retry = self._name, self._data, self._retry
        self._name, self._data, self._retry, self._size = "", [], None, 0
        if not data:
            return None
        return ServerSentEvent(name or "message", "\n".join(data), self.last_id, retry)
