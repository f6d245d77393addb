"""The answer to a WebSocket handshake: judged at once, and never more of it kept than its head."""

from __future__ import annotations

import pytest

from pinecall.core.wire.handshake import Answer
from pinecall.core.wire.limits import HANDSHAKE

#: The example of RFC 6455, section 1.3.
KEY, ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

GOOD = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    f"Sec-WebSocket-Accept: {ACCEPT}",
]


def head(*lines: str, end: str = "\r\n") -> bytes:
    return (end.join(lines) + 2 * end).encode("latin-1")


def answered(*reads: bytes) -> Answer:
    answer = Answer(KEY)
    for read in reads:
        if answer.feed(read):
            break
    return answer


def test_accepted() -> None:
    """An acceptance is handed on as what was checked of it, with what came behind it."""
    answer = answered(head(*GOOD, "Set-Cookie: a=b", "Server: x") + b"\x81\x00")
    assert answer.accepted
    assert (answer.status, answer.problem, answer.rest) == (101, "", b"\x81\x00")
    assert answer.head == head(*GOOD)


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_byte_by_byte(end: str) -> None:
    """It may come in any pieces, and with bare line feeds."""
    data = head(*GOOD, end=end)
    answer = Answer(KEY)
    decided = [answer.feed(data[at : at + 1]) for at in range(len(data))]
    assert decided == [False] * (len(data) - 1) + [True]
    assert answer.accepted


def test_spellings() -> None:
    """Names and tokens are found in any case, among others, and in several headers of a name."""
    answer = answered(
        head(
            "HTTP/1.1 101",
            "UPGRADE: WebSocket",
            "connection: keep-alive, upgrade",
            "Connection: x",
            f"sec-websocket-accept:{ACCEPT}",
            "Sec-WebSocket-Extensions:",
        )
    )
    assert answer.accepted


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("HTTP/1.1 404 Not Found", 404),
        ("HTTP/1.0 302 Found", 302),
        ("HTTP/1.1 200", 200),
        ("HTTP/2 503", 503),
        ("HTTP/1.1 100 Continue", 100),
    ],
)
def test_refused(line: str, status: int) -> None:
    """Another status is known with the first line; nobody waits for headers or a body."""
    answer = answered(line.encode() + b"\r\n")
    assert answer.decided
    assert not answer.accepted
    assert (answer.status, answer.problem) == (status, "")


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["SSH-2.0-OpenSSH_9.6"], "did not answer in HTTP"),
        (["HTTP/1.1 1010 Odd"], "did not answer in HTTP"),
        (["HTTP/1.1 099 Odd"], "did not answer in HTTP"),
        (["HTTP/1.1 OK"], "did not answer in HTTP"),
        (["HTTP/1.0 101 Switching Protocols", *GOOD[1:]], "HTTP/1.1"),
        ([*GOOD, "no header at all"], "a header that is none"),
        ([*GOOD, " folded: x"], "a header that is none"),
        ([GOOD[0], *GOOD[2:]], "'Upgrade: websocket'"),
        ([GOOD[0], "Upgrade: h2c", *GOOD[2:]], "'Upgrade: websocket'"),
        ([*GOOD[:2], GOOD[3]], "'Connection: Upgrade'"),
        ([*GOOD[:2], "Connection: close", GOOD[3]], "'Connection: Upgrade'"),
        (GOOD[:3], "Sec-WebSocket-Accept"),
        ([*GOOD[:3], f"Sec-WebSocket-Accept: {ACCEPT.lower()}"], "Sec-WebSocket-Accept"),
        ([*GOOD, GOOD[3]], "Sec-WebSocket-Accept"),
        ([*GOOD, "Sec-WebSocket-Extensions: permessage-deflate"], "compression"),
        ([*GOOD, "Sec-WebSocket-Protocol: chat"], "subprotocol"),
    ],
)
def test_wrong(lines: list[str], says: str) -> None:
    """An answer that is not an acceptance in spite of its status, or not HTTP, is refused in words."""
    answer = answered(head(*lines))
    assert answer.decided
    assert not answer.accepted
    assert says in answer.problem


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 101 X\r\n"])
def test_endless(first: bytes) -> None:
    """A head without an end is given up at its bound."""
    answer = Answer(KEY)
    answer.feed(first)
    read = len(first)
    while not answer.feed(b"x" * 1000):
        read += 1000
        assert read <= HANDSHAKE
    assert f"more than {HANDSHAKE} bytes" in answer.problem
