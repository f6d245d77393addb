"""Server-sent events, read out of bytes cut anywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinecall.core.wire.sse_reader import ServerSentEvent, SseReader


def read(data: bytes) -> list[ServerSentEvent]:
    return SseReader().feed(data)


def in_pieces(data: bytes, size: int) -> list[ServerSentEvent]:
    reader = SseReader()
    found = []
    for at in range(0, len(data), size):
        found += reader.feed(data[at : at + size])
    return found


def test_all_fields() -> None:
    """An event has its name, its data, the stream's last id and the time to wait."""
    assert read(b"event: word\ndata: hi\nid: 7\nretry: 250\n\n") == [
        ServerSentEvent("word", "hi", "7", 250)
    ]


def test_defaults() -> None:
    """An event without a name is a message, without an id and without a time to wait."""
    assert read(b"data: hi\n\n") == [ServerSentEvent("message", "hi", "", None)]


def test_several_lines_of_data() -> None:
    """The lines of the data are joined by line feeds, empty ones included."""
    assert [event.data for event in read(b"data: a\ndata:\ndata\ndata: b\n\n")] == ["a\n\n\nb"]


@pytest.mark.parametrize(
    ("line", "data"),
    [
        (b"data:x", "x"),
        (b"data: x", "x"),
        (b"data:  x ", " x "),
        (b"data: a: b", "a: b"),
        (b"data", ""),
        (b"data:", ""),
        ("data: adiós".encode(), "adiós"),
        (b"data: a\xffb", "a\ufffdb"),
        (b"data: [DONE]", "[DONE]"),
    ],
)
def test_data(line: bytes, data: str) -> None:
    """One space behind the colon is left out, and bytes that are not UTF-8 become U+FFFD."""
    assert [event.data for event in read(line + b"\n\n")] == [data]


def test_events_without_data() -> None:
    """An event without any data is left out, and its name and time are not the next one's."""
    assert read(b"event: a\nretry: 5\n\n\n\ndata: x\n\n") == [ServerSentEvent("message", "x", "")]


def test_the_next_event() -> None:
    """Of an event only its id goes on to the next one."""
    assert read(b"event: a\nid: 1\nretry: 5\ndata: x\n\ndata: y\n\n") == [
        ServerSentEvent("a", "x", "1", 5),
        ServerSentEvent("message", "y", "1", None),
    ]


def test_the_last_id() -> None:
    """The last id is known though its event had no data; an empty one takes it back."""
    reader = SseReader()
    assert reader.feed(b"id: 7\n\n") == []
    assert reader.last_id == "7"
    assert reader.feed(b"id: 8\0\n\n") == []
    assert reader.last_id == "7"
    assert reader.feed(b"id\ndata: x\n\n") == [ServerSentEvent("message", "x", "")]
    assert reader.last_id == ""


@pytest.mark.parametrize("value", ["", "soon", "1.5", "-1", "٣", "5s"])
def test_a_retry_that_is_not_a_number(value: str) -> None:
    """A time to wait that is not made of digits is passed over."""
    (event,) = read(f"retry: {value}\ndata: x\n\n".encode())
    assert event.retry is None


def test_a_retry_of_many_digits() -> None:
    """A time to wait of any number of digits stops nothing: the data of its event arrives."""
    (event,) = read(b"retry: " + b"9" * 5000 + b"\ndata: x\n\n")
    assert event.data == "x"


def test_comments_and_other_fields() -> None:
    """Comments and unknown fields are passed over."""
    assert read(b": comment\n:\nfoo: bar\nfoo\n data: no\ndata: x\n\n") == [
        ServerSentEvent("message", "x")
    ]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_line_ends(end: bytes, size: int) -> None:
    """LF, CRLF and CR end a line, wherever the bytes are cut."""
    lines = [b"event: a", b"data: x", b"data: y", b"", b"data: z", b"", b""]
    assert in_pieces(end.join(lines), size) == [
        ServerSentEvent("a", "x\ny"),
        ServerSentEvent("message", "z"),
    ]


def test_a_cr_ends_at_once() -> None:
    """A CR at the end of what was read ends its line; an LF that follows in the next read is its
    second half."""
    reader = SseReader()
    assert reader.feed(b"data: x\r\n\r") == [ServerSentEvent("message", "x")]
    assert reader.feed(b"\ndata: y\n\r") == [ServerSentEvent("message", "y")]
    assert reader.feed(b"\n") == []
    assert reader.feed(b"data: z\n\n") == [ServerSentEvent("message", "z")]


def test_an_empty_read() -> None:
    """An empty read completes nothing and changes nothing, between CR and LF too."""
    reader = SseReader()
    assert reader.feed(b"") == []
    assert reader.feed(b"data: x\r") == []
    assert reader.feed(b"") == []
    assert reader.feed(b"\n\n") == [ServerSentEvent("message", "x")]


def test_an_event_without_its_end() -> None:
    """An event is complete with the empty line behind it, and not before."""
    reader = SseReader()
    assert reader.feed(b"data: x\n") == []
    assert reader.feed(b"data: y") == []
    assert reader.feed(b"\n") == []
    assert reader.feed(b"\n") == [ServerSentEvent("message", "x\ny")]


def test_what_is_held() -> None:
    """The reader knows how many bytes of an incomplete event it holds: lines of data and the rest."""
    reader = SseReader()
    assert reader.held == 0
    reader.feed(b"data: 12")
    assert reader.held == 8
    reader.feed(b"34\nevent: a\n")
    assert reader.held == 10
    reader.feed(b"data: x")
    assert reader.held == 17
    reader.feed(b"\n\n")
    assert reader.held == 0


@given(
    st.lists(st.sampled_from([b"data: x", b"event: a", b"id: 1", b"", b":", b"data"]), min_size=1),
    st.lists(st.sampled_from([b"\n", b"\r\n", b"\r"]), min_size=1, max_size=3),
    st.integers(1, 9),
)
def test_any_split(lines: list[bytes], ends: list[bytes], size: int) -> None:
    """However the bytes are cut, the same events come out."""
    data = b"".join(line + ends[number % len(ends)] for number, line in enumerate(lines))
    assert in_pieces(data, size) == read(data)
