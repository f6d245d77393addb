"""Cutting what was read from a WebSocket into texts and control frames, as RFC 6455 has it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinecall.core.wire.cutter import MAX_FRAME, Cutter

PING, PONG, CLOSE, TEXT, BINARY, CONTINUATION = 0x89, 0x8A, 0x88, 0x81, 0x82, 0x80
#: Parts of a message: not FIN.
TEXT_BEGINS, BINARY_BEGINS, GOES_ON = 0x01, 0x02, 0x00
SIZES = st.integers(0, 300) | st.sampled_from([65_535, 65_536])


def frame(first: int, data: bytes) -> bytes:
    size = len(data)
    if size < 126:
        return bytes((first, size)) + data
    if size < 1 << 16:
        return bytes((first, 126)) + size.to_bytes(2, "big") + data
    return bytes((first, 127)) + size.to_bytes(8, "big") + data


def cut(reads: Iterable[bytes]) -> list[str | bytes]:
    """Everything that comes out, in order: texts as str, frames as bytes; a notice as ``!notice``."""
    cutter = Cutter()
    found: list[str | bytes] = []
    for read in reads:
        for piece in cutter.cut(read):
            if isinstance(piece, list):
                found += piece
            else:
                found.append(f"!{piece}" if isinstance(piece, str) else piece)
    assert not cutter.broken
    return found


def broken(*frames: bytes) -> tuple[int, str]:
    """The close code and the words for what may not be sent; the text behind it is not read."""
    cutter = Cutter()
    pieces = cutter.cut(b"".join(frames) + frame(TEXT, b"behind"))
    assert ["behind"] not in pieces
    assert cutter.cut(frame(TEXT, b"later")) == []
    assert cutter.over
    return cutter.code, cutter.broken


def test_texts_of_one_read() -> None:
    """The texts of one read come as one run."""
    data = frame(TEXT, b"one") + frame(TEXT, "zwölf".encode()) + frame(TEXT, b"")
    assert Cutter().cut(data) == [["one", "zwölf", ""]]


def test_other_frames_keep_their_place() -> None:
    """Control frames are left as they came, between the texts before and after them."""
    ping, pong = frame(PING, b"?"), frame(PONG, b"!")
    data = frame(TEXT, b"a") + ping + pong + frame(TEXT, b"b")
    assert Cutter().cut(data) == [["a"], ping, pong, ["b"]]


def test_binary_messages() -> None:
    """A binary message is reported with its size, whole or in fragments, and not kept."""
    whole = frame(BINARY, b"\0\1")
    parts = frame(BINARY_BEGINS, b"\0") + frame(GOES_ON, b"") + frame(CONTINUATION, b"\1\2")
    assert cut([frame(TEXT, b"a") + whole + parts + frame(TEXT, b"b")]) == [
        "a",
        "!a binary message of 2 bytes",
        "!a binary message of 3 bytes",
        "b",
    ]


def test_pings_in_a_row() -> None:
    """When pings follow each other in one read, only the newest is answered."""
    pings = b"".join(frame(PING, bytes([number])) for number in range(100))
    assert cut([pings + frame(PONG, b"x") + frame(PING, b"y")]) == [
        frame(PING, bytes([99])),
        frame(PONG, b"x"),
        frame(PING, b"y"),
    ]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 300_000])
def test_lengths(size: int) -> None:
    """A text of any length, however its length is written."""
    assert ["x" * size] == cut([frame(TEXT, b"x" * size)])


def test_a_message_in_parts() -> None:
    """The fragments of a message are joined, whatever control frames are between them; texts follow
    again."""
    parts = [
        frame(TEXT_BEGINS, "¡".encode()[:1]),
        frame(PING, b""),
        frame(GOES_ON, "¡".encode()[1:] + b"b"),
        frame(CONTINUATION, b"c"),
    ]
    assert cut([b"".join(parts) + frame(TEXT, b"next")]) == [frame(PING, b""), "¡bc", "next"]
    assert cut(parts) == [frame(PING, b""), "¡bc"]


def test_many_small_fragments() -> None:
    """A message in many small fragments is put together in one buffer, and comes once."""
    cutter = Cutter()
    cutter.cut(frame(TEXT_BEGINS, b"x"))
    joined = cutter._message
    for _ in range(1000):
        assert cutter.cut(frame(GOES_ON, b"y") * 100) == []
    assert cutter._message is joined
    assert cutter.cut(frame(CONTINUATION, b"z")) == [["x" + "y" * 100_000 + "z"]]
    assert cutter._message is None


def test_endless_fragments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fragments count with their heads: a message of empty ones is cut as every other is."""
    limit = 1 << 20
    monkeypatch.setattr("pinecall.core.wire.cutter.MAX_FRAME", limit)
    cutter = Cutter()
    cutter.cut(frame(TEXT_BEGINS, b""))
    block = frame(GOES_ON, b"") * 100_000
    reads = 0
    while not cutter.broken:
        assert cutter.cut(block) == []
        reads += 1
    assert cutter.code == 1009
    assert reads == limit // len(block) + 1
    assert cutter._message is None


def test_a_fragment_too_much() -> None:
    """A fragment that makes its message too large is not waited for."""
    cutter = Cutter()
    size = MAX_FRAME // 2
    cutter.cut(frame(TEXT_BEGINS, b"x" * size))
    assert cutter.cut(bytes((GOES_ON, 127)) + size.to_bytes(8, "big")) == []
    assert cutter.code == 1009


@pytest.mark.parametrize("fragments", [1, 2])
def test_not_utf_8(fragments: int) -> None:
    """A text that is not UTF-8 is reported, arrives with U+FFFD in the bad places, and the next is
    read."""
    bad = frame(TEXT, b"b\xff\xfe")
    if fragments == 2:
        bad = frame(TEXT_BEGINS, b"b\xff") + frame(CONTINUATION, b"\xfe")
    assert cut([frame(TEXT, b"a") + bad + frame(TEXT, b"c")]) == [
        "a",
        "!a message that is not UTF-8: invalid start byte",
        "b\ufffd\ufffd",
        "c",
    ]


@given(
    st.lists(st.tuples(st.sampled_from([TEXT, BINARY]), SIZES), max_size=6),
    st.lists(st.integers(1, 1000), min_size=1, max_size=40),
)
def test_any_split(kinds: list[tuple[int, int]], sizes: list[int]) -> None:
    """However the network splits the bytes, the same comes out."""
    data = b"".join(
        frame(PING, b"?" * (size % 126)) + frame(kind, b"x" * size) for kind, size in kinds
    )
    reads, at = [], 0
    for size in sizes:
        reads.append(data[at : at + size])
        at += size
    assert cut([data]) == cut([*reads, data[at:]])


def test_byte_by_byte() -> None:
    """A read may be a single byte, also within a length."""
    data = frame(TEXT, b"x" * 200) + frame(PING, b"") + frame(TEXT, b"y" * 70_000)
    found = cut(data[at : at + 1] for at in range(len(data)))
    assert ["x" * 200, frame(PING, b""), "y" * 70_000] == found


def test_a_large_message_is_joined_once() -> None:
    """The bytes of a large message are not copied with every read: it grows in one buffer."""
    cutter = Cutter()
    data = frame(TEXT, b"x" * 999_990)
    reads = [data[at : at + 1000] for at in range(0, len(data), 1000)]
    assert cutter.cut(reads[0]) == []
    waiting = cutter._waiting
    for read in reads[1:-1]:
        assert cutter.cut(read) == []
        assert cutter._waiting is waiting
    assert cutter.cut(reads[-1]) == [["x" * 999_990]]


@pytest.mark.parametrize(
    ("head", "code", "says"),
    [
        (bytes((TEXT, 0x85)), 1002, "masked"),
        (bytes((BINARY, 126 | 0x80)), 1002, "masked"),
        (bytes((TEXT | 0x40, 5)), 1002, "compressed"),
        (bytes((TEXT | 0x20, 5)), 1002, "reserved bit"),
        (bytes((TEXT | 0x10, 5)), 1002, "reserved bit"),
        (bytes((0x83, 5)), 1002, "unknown kind 3"),
        (bytes((0x87, 126)), 1002, "unknown kind 7"),
        (bytes((0x8B, 0)), 1002, "unknown kind 11"),
        (bytes((0x8F, 5)), 1002, "unknown kind 15"),
        (bytes((0x09, 1)), 1002, "control frame in fragments"),
        (bytes((0x08, 2)), 1002, "control frame in fragments"),
        (bytes((PING, 126)), 1002, "more than 125"),
        (bytes((CLOSE, 127)), 1002, "more than 125"),
        (bytes((CONTINUATION, 5)), 1002, "a fragment of no message"),
        (bytes((GOES_ON, 5)), 1002, "a fragment of no message"),
        (bytes((TEXT, 127)) + (1 << 63).to_bytes(8, "big"), 1002, "impossible length"),
        (bytes((TEXT, 127)) + b"\xff" * 8, 1002, "impossible length"),
        (bytes((TEXT, 127)) + (MAX_FRAME + 1).to_bytes(8, "big"), 1009, "more than 16777216"),
        (bytes((BINARY, 127)) + (1 << 62).to_bytes(8, "big"), 1009, "more than 16777216"),
    ],
)
def test_what_can_be_no_frame(head: bytes, code: int, says: str) -> None:
    """A header that a server must not send ends the connection at once, before what it announces:
    the server gets the code, and nothing after it is read."""
    cutter = Cutter()
    assert cutter.cut(frame(TEXT, b"a") + head) == [["a"]]
    assert cutter.code == code
    assert says in cutter.broken
    assert cutter.cut(frame(TEXT, b"b")) == []


@pytest.mark.parametrize(
    ("frames", "code", "says"),
    [
        ([frame(TEXT_BEGINS, b"a"), frame(TEXT, b"b")], 1002, "a message within another"),
        ([frame(TEXT_BEGINS, b"a"), frame(BINARY_BEGINS, b"b")], 1002, "a message within another"),
        ([frame(TEXT | 0x40, b"b")], 1002, "compressed"),
        ([frame(0x84, b"b")], 1002, "unknown kind 4"),
        ([frame(0x8C, b"")], 1002, "unknown kind 12"),
        ([frame(0x09, b"")], 1002, "control frame in fragments"),
        ([frame(PING, b"x" * 126)], 1002, "more than 125"),
        ([frame(CLOSE, b"\x03")], 1002, "a close frame with the code 3"),
        ([frame(CLOSE, b"\x03\xe8\xff")], 1007, "not UTF-8"),
        *(
            ([frame(CLOSE, number.to_bytes(2, "big"))], 1002, f"the code {number}")
            for number in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)
        ),
    ],
)
def test_what_is_no_protocol(frames: list[bytes], code: int, says: str) -> None:
    """A whole frame that a server may not send ends it too."""
    assert broken(*frames)[0] == code
    assert says in broken(*frames)[1]


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1012, 1014, 3000, 4001, 4999])
def test_close_frames(code: int) -> None:
    """A close frame is reported with its code and reason, and what comes behind it is never read."""
    cutter = Cutter()
    close = frame(CLOSE, code.to_bytes(2, "big") + "adiós".encode())
    assert cutter.cut(frame(TEXT, b"a") + close + frame(TEXT, b"b")) == [["a"], close]
    assert cutter.closed == (code, "adiós")
    assert not cutter.broken
    assert cutter.cut(frame(TEXT, b"c")) == []


def test_a_close_frame_without_a_code() -> None:
    """It is reported as 1005, also between the fragments of a message."""
    cutter = Cutter()
    assert cutter.cut(frame(TEXT_BEGINS, b"a") + frame(CLOSE, b"")) == [frame(CLOSE, b"")]
    assert cutter.closed == (1005, "")
