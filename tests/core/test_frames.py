"""Cutting what was read from a WebSocket into texts, and frames for the library."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinecall.core.frames import MAX_FRAME, Cutter

PING, CLOSE, TEXT, BINARY, CONTINUATION = 0x89, 0x88, 0x81, 0x82, 0x80
#: Parts of a message: not FIN.
TEXT_BEGINS, GOES_ON = 0x01, 0x00
SIZES = st.integers(0, 300) | st.sampled_from([65_535, 65_536])


def frame(first: int, data: bytes) -> bytes:
    size = len(data)
    if size < 126:
        return bytes((first, size)) + data
    if size < 1 << 16:
        return bytes((first, 126)) + size.to_bytes(2, "big") + data
    return bytes((first, 127)) + size.to_bytes(8, "big") + data


def cut(reads: Iterable[bytes]) -> list[str | bytes]:
    """Everything that comes out, in order: texts as str, frames as bytes."""
    cutter = Cutter()
    found: list[str | bytes] = []
    for read in reads:
        for piece in cutter.cut(read):
            found += piece if isinstance(piece, list) else [piece]
    assert not cutter.broken
    return found


def test_texts_of_one_read() -> None:
    """The texts of one read come as one run."""
    data = frame(TEXT, b"one") + frame(TEXT, "zwölf".encode()) + frame(TEXT, b"")
    assert Cutter().cut(data) == [["one", "zwölf", ""]]


def test_other_frames_keep_their_place() -> None:
    """What is no whole text is left as it came, between the texts before and after it."""
    ping, binary = frame(PING, b"?"), frame(BINARY, b"\0\1")
    data = frame(TEXT, b"a") + ping + binary + frame(TEXT, b"b")
    assert [["a"], ping, binary, ["b"]] == Cutter().cut(data)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 300_000])
def test_lengths(size: int) -> None:
    """A text of any length, however its length is written."""
    assert ["x" * size] == cut([frame(TEXT, b"x" * size)])


def test_a_message_in_parts() -> None:
    """The parts of a message go to the library, a ping between them too; texts follow again."""
    parts = [
        frame(TEXT_BEGINS, b"a"),
        frame(PING, b""),
        frame(GOES_ON, b"b"),
        frame(CONTINUATION, b"c"),
    ]
    assert [*parts, "next"] == cut([b"".join(parts) + frame(TEXT, b"next")])


def test_a_text_within_a_message() -> None:
    """A whole text between the parts of a message is the library's to refuse."""
    parts = [frame(TEXT_BEGINS, b"a"), frame(TEXT, b"b")]
    assert parts == cut(parts)


def test_not_utf_8() -> None:
    """A text that is not UTF-8 is the library's, and the next one is read again."""
    bad = frame(TEXT, b"\xff\xfe")
    assert ["a", bad, "b"] == cut([frame(TEXT, b"a") + bad + frame(TEXT, b"b")])


@given(
    st.lists(st.tuples(st.sampled_from([TEXT, PING, BINARY]), SIZES), max_size=6),
    st.lists(st.integers(1, 1000), min_size=1, max_size=40),
)
def test_any_split(kinds: list[tuple[int, int]], sizes: list[int]) -> None:
    """However the network splits the bytes, the same comes out."""
    data = b"".join(
        frame(kind, b"x" * (size % 126 if kind == PING else size)) for kind, size in kinds
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
    """The bytes of a large message are not copied with every read: it waits in its parts."""
    cutter = Cutter()
    data = frame(TEXT, b"x" * 999_990)
    reads = [data[at : at + 1000] for at in range(0, len(data), 1000)]
    for read in reads[:-1]:
        assert cutter.cut(read) == []
    assert reads[:-1] == cutter._parts
    assert cutter.cut(reads[-1]) == [["x" * 999_990]]


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (bytes((TEXT, 0x85)), 1002),  # masked
        (bytes((TEXT | 0x40, 5)), 1002),  # a reserved bit
        (bytes((BINARY, 126 | 0x80)), 1002),
        (bytes((TEXT, 127)) + (MAX_FRAME + 1).to_bytes(8, "big"), 1009),
    ],
)
def test_what_can_be_no_frame(head: bytes, code: int) -> None:
    """A header that a server may not send, or of more than the limit: nothing after it is read."""
    cutter = Cutter()
    assert cutter.cut(frame(TEXT, b"a") + head) == [["a"]]
    assert (cutter.code, bool(cutter.broken)) == (code, True)
