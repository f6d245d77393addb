"""Splitting received bytes into WebSocket frames: one implementation for both fronts.

Nearly all frames that a server sends are whole, unfragmented text frames. They are taken out many
at a time, since a library's reader costs several times more per frame than the SDK's own work on
it. Fragments are joined here too, in linear time, and a violation of RFC 6455 by the server ends
the connection: the library of a front sees control frames only, whole and valid.
"""

from __future__ import annotations

from .limits import MAX_FRAME

__all__ = ["MAX_FRAME", "Cutter", "Piece"]

#: A run of texts; a whole control frame for the library to answer; or what an invalid message was.
Piece = list[str] | bytes | str

_FIN = 0x80
_RESERVED = 0x70
_COMPRESSED = 0x40
_OPCODE = 0x0F
_WHOLE_TEXT = 0x81
_BINARY = 0x02
_CONTROL = 0x08
_CLOSE = 0x08
_PONG = 0x0A
#: The longest payload of a control frame; its length is one byte.
_MOST_CONTROL = 125
#: The highest bit of a length of eight bytes is always 0.
_MOST_LENGTH = (1 << 63) - 1

_NO_STATUS = 1005
_BROKEN = 1002
_NOT_TEXT = 1007
_TOO_LARGE = 1009


class Cutter:
    """Splits one connection's bytes into text messages, after the handshake.

    ``broken``: set if the server broke the protocol; ``code`` is the close code that reports it.
    ``closed``: the code and the reason of the server's close frame. Nothing is read after either.
    """

    __slots__ = (
        "_binary",
        "_message",
        "_missing",
        "_size",
        "_waiting",
        "broken",
        "closed",
        "code",
    )

    def __init__(self) -> None:
        self.broken = ""
        self.code = 1000
        self.closed: tuple[int, str] | None = None
        #: The beginning of a frame, and the number of bytes missing before it can be whole.
        self._waiting = bytearray()
        self._missing = 0
        #: The fragments of a message, joined; their size with headers, so that empty ones count
        #: too.
        self._message: bytearray | None = None
        self._size = 0
        self._binary = False

    @property
    def over(self) -> bool:
        return bool(self.broken) or self.closed is not None

    def cut(self, data: bytes) -> list[Piece]:
        """Return the pieces that ``data`` completed, in order."""
        if self._waiting:
            self._waiting += data
            self._missing -= len(data)
            if self._missing > 0:
                return []
            data = bytes(self._waiting)
            self._waiting = bytearray()
        pieces: list[Piece] = []
        if self.over:
            return pieces
        texts: list[str] = []
        at, end, wanted = 0, len(data), 2
        while end - at >= 2:
            first, size, start = data[at], data[at + 1], at + 2
            if first & _RESERVED or size > 127:
                self._break_off(_BROKEN, _bad_bits(first))
                break
            if size == 126:
                start = at + 4
                size = int.from_bytes(data[at + 2 : start], "big")
            elif size == 127:
                start = at + 10
                size = int.from_bytes(data[at + 2 : start], "big")
            stop = start + size
            if stop > end:
                # If the length field is only half here, this is less than the true length.
                wanted = stop - at
                self._judge(first, data[at + 1], size if start <= end else 0)
                break
            if first == _WHOLE_TEXT and self._message is None:
                try:
                    texts.append(data[start:stop].decode())
                    at = stop
                    continue
                except UnicodeDecodeError:
                    pass  # rare enough for the general path
            if texts:
                pieces.append(texts)
                texts = []
            self._judge(first, data[at + 1], size)
            if self.broken:
                break
            if first & _CONTROL:
                self._control(pieces, data[at:stop])
            else:
                self._part(pieces, first, data[start:stop], stop - at)
            if self.over:
                break
            at = stop
        if texts:
            pieces.append(texts)
        if at < end and not self.over:
            self._waiting += data[at:]
            self._missing = wanted - (end - at)
        return pieces

    def _judge(self, first: int, length: int, size: int) -> None:
        """Check that the server may send such a frame now. ``length`` is the first length byte."""
        opcode = first & _OPCODE
        begun = self._message is not None
        if opcode > _PONG or _BINARY < opcode < _CLOSE:
            self._break_off(_BROKEN, f"a frame of the unknown kind {opcode}")
        elif opcode & _CONTROL and not first & _FIN:
            self._break_off(_BROKEN, "a control frame in fragments")
        elif opcode & _CONTROL and length > _MOST_CONTROL:
            self._break_off(_BROKEN, f"a control frame of more than {_MOST_CONTROL} bytes")
        elif opcode == 0 and not begun:
            self._break_off(_BROKEN, "a fragment of no message")
        elif 0 < opcode < _CLOSE and begun:
            self._break_off(_BROKEN, "a message within another")
        elif size > _MOST_LENGTH:
            self._break_off(_BROKEN, "an impossible length")
        elif size + (self._size if opcode == 0 else 0) > MAX_FRAME:
            self._too_large()

    def _control(self, pieces: list[Piece], frame: bytes) -> None:
        opcode = frame[0] & _OPCODE
        if opcode == _CLOSE:
            self._close(frame[2:])
            if self.broken:
                return
        last = pieces[-1] if pieces else b""
        if type(last) is bytes and last[:1] == frame[:1]:
            # Only the newest of several pings needs an answer.
            pieces[-1] = frame
        else:
            pieces.append(frame)

    def _close(self, payload: bytes) -> None:
        if not payload:
            self.closed = (_NO_STATUS, "")
            return
        code = int.from_bytes(payload[:2], "big")
        if len(payload) == 1 or not _may_close(code):
            self._break_off(_BROKEN, f"a close frame with the code {code}")
            return
        try:
            self.closed = (code, payload[2:].decode())
        except UnicodeDecodeError:
            self._break_off(_NOT_TEXT, "a close frame whose reason is not UTF-8")

    def _part(self, pieces: list[Piece], first: int, payload: bytes, size: int) -> None:
        """Handle a whole message other than plain text, or a fragment of one."""
        opcode, message = first & _OPCODE, self._message
        if opcode:
            self._binary = opcode == _BINARY
            if not first & _FIN:
                self._message, self._size = bytearray(payload), size
                return
        else:
            assert message is not None
            message += payload
            self._size += size
            if self._size > MAX_FRAME:
                self._too_large()
                return
            if not first & _FIN:
                return
            payload, self._message, self._size = bytes(message), None, 0
        if self._binary:
            pieces.append(f"a binary message of {len(payload)} bytes")
            return
        try:
            text = payload.decode()
        except UnicodeDecodeError as exc:
            # Keep the rest of what it says.
            pieces.append(f"a message that is not UTF-8: {exc.reason}")
            text = payload.decode(errors="replace")
        pieces.append([text])

    def _too_large(self) -> None:
        self._break_off(_TOO_LARGE, f"a message of more than {MAX_FRAME} bytes")

    def _break_off(self, code: int, what: str) -> None:
        self.code, self.broken = code, f"the server broke the WebSocket protocol: {what}"
        self._message = None


def _bad_bits(first: int) -> str:
    if first & _COMPRESSED:
        return "a compressed frame, though no compression was agreed on"
    return "a reserved bit" if first & _RESERVED else "a masked frame"


def _may_close(code: int) -> bool:
    """Whether a close frame may have this code; 1004 to 1006 and 1015 are never sent."""
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999
