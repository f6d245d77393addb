"""The server's answer to a WebSocket handshake, judged as early as possible, for both fronts.

An answer that is not an acceptance is refused after its first line: the body of a 404 is not waited
for, however long it claims to be. An acceptance is checked as RFC 6455 (section 4.1) requires, and
given to the front's library as :attr:`Answer.head`, which contains only what was checked.
"""

from __future__ import annotations

import base64
import hashlib
import re

from .limits import HANDSHAKE

__all__ = ["Answer"]

_STATUS_LINE = re.compile(rb"HTTP/(\d(?:\.\d)?) ([1-5]\d\d)(?: .*)?")
_END = re.compile(rb"\r?\n\r?\n")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~\w-]+):(.*)", re.ASCII)
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Answer:
    """An answer being read; ``key`` is the request's ``Sec-WebSocket-Key``. Feed until ``decided``.

    ``status``: the HTTP status, 0 until it is known or if there is none. ``problem``: why this is
    not the answer of a WebSocket server. Without either (``accepted``), ``head`` is the acceptance
    and ``rest`` the bytes after it.
    """

    def __init__(self, key: str) -> None:
        self.status = 0
        self.problem = ""
        self.head = b""
        self.rest = b""
        self._accept = base64.b64encode(hashlib.sha1(key.encode() + _GUID).digest()).decode()
        self._read = bytearray()

    @property
    def accepted(self) -> bool:
        return bool(self.head)

    @property
    def decided(self) -> bool:
        return self.accepted or bool(self.problem) or self.status not in (0, 101)

    def feed(self, data: bytes) -> bool:
        """Add received bytes; return True once the answer is decided."""
        read = self._read
        # The end of the head may have begun in the last read.
        searched = max(0, len(read) - 3)
        read += data
        if not self.status:
            self._first_line(searched)
        if self.status == 101 and not self.problem:
            end = _END.search(read, searched)
            if end is not None:
                self.rest = bytes(read[end.end() :])
                self._judge(bytes(read[: end.start()]))
        if len(read) > HANDSHAKE and not self.decided:
            self.problem = f"its answer has a head of more than {HANDSHAKE} bytes"
        return self.decided

    def _first_line(self, searched: int) -> None:
        end = self._read.find(b"\n", searched)
        if end < 0:
            return
        found = _STATUS_LINE.fullmatch(self._read[:end].rstrip(b"\r"))
        if found is None:
            self.problem = "it did not answer in HTTP"
            return
        self.status = int(found[2])
        if self.status == 101 and found[1] != b"1.1":
            self.problem = "it did not answer in HTTP/1.1"

    def _judge(self, head: bytes) -> None:
        headers: dict[str, list[str]] = {}
        for line in head.decode("latin-1").split("\n")[1:]:
            found = _HEADER.fullmatch(line.rstrip("\r"))
            if found is None:
                self.problem = "its answer has a header that is none"
                return
            headers.setdefault(found[1].lower(), []).append(found[2].strip())
        self.problem = self._wrong(headers)
        if not self.problem:
            self.head = (
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Accept: {self._accept}\r\n\r\n"
            ).encode()

    def _wrong(self, headers: dict[str, list[str]]) -> str:
        if "websocket" not in _tokens(headers, "upgrade"):
            return "its answer is without 'Upgrade: websocket'"
        if "upgrade" not in _tokens(headers, "connection"):
            return "its answer is without 'Connection: Upgrade'"
        if headers.get("sec-websocket-accept") != [self._accept]:
            return "its answer is without the right Sec-WebSocket-Accept"
        for name, what in (
            ("sec-websocket-extensions", "an extension (compression, for example)"),
            ("sec-websocket-protocol", "a subprotocol"),
        ):
            if any(_tokens(headers, name)):
                return f"it insists on {what}, which it was not offered"
        return ""


def _tokens(headers: dict[str, list[str]], name: str) -> list[str]:
    return [one.strip().lower() for one in ",".join(headers.get(name, [])).split(",")]
