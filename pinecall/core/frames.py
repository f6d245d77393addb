"""WebSocket frames, cut out of what was read: one cut for both fronts.

Nearly all that a server sends are whole, unfragmented text frames. Those are taken out here, many
in one go; everything else (pings, closing, fragments, binary) is left whole for the library of the
front, which knows the rules. Going through a library's reader for each frame costs several times
what the SDK itself does with it.
"""

from __future__ import annotations

__all__ = ["MAX_FRAME", "Cutter"]

#: Bytes: beyond it the connection is cut. The session refuses what is over 4 MiB, and goes on.
MAX_FRAME = 16 << 20

_FIN = 0x80
_RESERVED = 0x70
_OPCODE = 0x0F
_WHOLE_TEXT = 0x81
_FIRST_CONTROL = 0x08


class Cutter:
    """Of one connection, after its handshake.

    ``broken``: set when what came can be no frame for this client; nothing that follows can be
    read. ``code`` is the close code that says so.
    """

    __slots__ = ("_fragmented", "_missing", "_parts", "broken", "code")

    def __init__(self) -> None:
        self.broken = ""
        self.code = 1000
        self._parts: list[bytes] = []
        #: Bytes still to come before the first frame of ``_parts`` can be whole.
        self._missing = 0
        self._fragmented = False

    def cut(self, data: bytes) -> list[list[str] | bytes]:
        """What ``data`` completed, in order: runs of texts, and whole frames for the library."""
        if self._parts:
            self._parts.append(data)
            self._missing -= len(data)
            if self._missing > 0:
                return []
            data = b"".join(self._parts)
            self._parts = []
        pieces: list[list[str] | bytes] = []
        texts: list[str] = []
        at, end, wanted = 0, len(data), 2
        while end - at >= 2:
            first, size, start = data[at], data[at + 1], at + 2
            if first & _RESERVED or size > 127:
                self._give_up(1002, "the server broke the WebSocket protocol")
                break
            if size == 126:
                start = at + 4
                size = int.from_bytes(data[at + 2 : start], "big")
            elif size == 127:
                start = at + 10
                size = int.from_bytes(data[at + 2 : start], "big")
            stop = start + size
            if stop > end:
                # Of a length that is only half here this is less than there will be.
                wanted = stop - at
                if size > MAX_FRAME and start <= end:
                    self._give_up(1009, f"a message of more than {MAX_FRAME} bytes")
                break
            if first == _WHOLE_TEXT and not self._fragmented:
                try:
                    texts.append(data[start:stop].decode())
                    at = stop
                    continue
                except UnicodeDecodeError:
                    pass  # as everything that is no plain text
            if texts:
                pieces.append(texts)
                texts = []
            pieces.append(data[at:stop])
            if first & _OPCODE < _FIRST_CONTROL:
                self._fragmented = not first & _FIN
            at = stop
        if texts:
            pieces.append(texts)
        if at < end and not self.broken:
            self._parts = [data[at:]]
            self._missing = wanted - (end - at)
        return pieces

    def _give_up(self, code: int, why: str) -> None:
        self.code, self.broken = code, why
