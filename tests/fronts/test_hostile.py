"""A server that breaks the rules, or has no end: both fronts do the same, at once, and stay small."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from pinecall import ApiError, ConnectError
from pinecall.core.rest.phones import phones
from pinecall.core.wire.limits import ERROR_BODY, HANDSHAKE, MAX_FRAME

from .driving import Front
from .log import DEADLINE, Log, until
from .rest import Rest, settings
from .server import Raw, Server, said
from .test_flow import fill

CLOSE, PING, TEXT = 0x88, 0x89, 0x81


def frame(first: int, data: bytes | str = b"") -> bytes:
    data = data.encode() if isinstance(data, str) else data
    size = len(data)
    if size < 126:
        return bytes((first, size)) + data
    if size < 1 << 16:
        return bytes((first, 126)) + size.to_bytes(2, "big") + data
    return bytes((first, 127)) + size.to_bytes(8, "big") + data


@pytest.fixture
def pc(front: Front, server: Server, log: Log) -> Any:
    client = front.connected(server, "mara")
    client.on("user.message", lambda event, call: log(event.text))
    client.on("disconnected", lambda reason: log(f"down: {reason}"))
    server.start_call()
    return client


BEHIND = frame(TEXT, json.dumps(said("behind")))


class TestFrames:
    @pytest.mark.parametrize(
        ("data", "code", "says"),
        [
            (bytes((TEXT, 0x85, 1, 2, 3, 4)) + b"hello", 1002, "a masked frame"),
            (frame(TEXT | 0x40, "{}"), 1002, "compressed"),
            (frame(TEXT | 0x10, "{}"), 1002, "a reserved bit"),
            (frame(0x83, "{}"), 1002, "unknown kind 3"),
            (frame(0x8B), 1002, "unknown kind 11"),
            (frame(PING, b"x" * 126), 1002, "more than 125 bytes"),
            (frame(0x09, b"x"), 1002, "control frame in fragments"),
            (frame(0x80, b"x"), 1002, "a fragment of no message"),
            (frame(0x01, b"x") + frame(TEXT, "{}"), 1002, "a message within another"),
            (bytes((TEXT, 127)) + (1 << 63).to_bytes(8, "big"), 1002, "an impossible length"),
            (bytes((TEXT, 127)) + (1 << 62).to_bytes(8, "big"), 1009, "more than 16777216"),
            (frame(CLOSE, b"\x03"), 1002, "a close frame with the code 3"),
            (frame(CLOSE, (1005).to_bytes(2, "big")), 1002, "the code 1005"),
            (frame(CLOSE, (2000).to_bytes(2, "big")), 1002, "the code 2000"),
            (frame(CLOSE, (1000).to_bytes(2, "big") + b"\xff"), 1007, "not UTF-8"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_the_protocol_is_broken(
        self, server: Server, pc: Any, log: Log, data: bytes, code: int, says: str
    ) -> None:
        """The server gets the code, handlers the reason, nothing behind it is heard, and the client
        connects again."""
        there = server.connection()
        there.send_bytes(frame(TEXT, json.dumps(said("before"))) + data + BEHIND)
        server.connection(2).frames.wait_for(lambda frame: frame["event"] == "agent.create")
        assert there.over.wait(5)
        assert there.close_code == code
        # On the blocking front the handlers of a call and of the client run side by side.
        down, before = sorted(log.wait_count(2), key=lambda text: text == "before")
        assert before == "before"
        assert down.startswith("down: the server broke the WebSocket protocol: ")
        assert says in down

    @pytest.mark.parametrize(
        ("close", "reason"),
        [
            (frame(CLOSE, (1001).to_bytes(2, "big") + b"restarting"), "restarting"),
            (frame(CLOSE, (4000).to_bytes(2, "big") + b"bye"), "bye"),
            (frame(CLOSE), "connection_lost"),
        ],
        ids=["1001", "4000", "no code"],
    )
    def test_behind_a_close_frame(
        self, server: Server, pc: Any, log: Log, close: bytes, reason: str
    ) -> None:
        """What was sent before a close frame is delivered, what is sent behind it is not."""
        server.connection().send_bytes(frame(TEXT, json.dumps(said("before"))) + close + BEHIND)
        server.connection(2).frames.wait_for(lambda frame: frame["event"] == "agent.create")
        assert sorted(log.wait_count(2)) == ["before", f"down: {reason}"]

    def test_close_frames_in_a_row(self, server: Server, pc: Any, log: Log) -> None:
        """The first one counts, and is answered once."""
        there = server.connection()
        there.send_bytes(frame(CLOSE, (1001).to_bytes(2, "big")) * 1000)
        server.connection(2).frames.wait_for(lambda frame: frame["event"] == "agent.create")
        assert there.over.wait(5)
        assert there.close_code == 1001

    def test_pings_in_a_row(self, server: Server, pc: Any, log: Log) -> None:
        """The newest of the pings of a read is answered; control frames hold up no text."""
        there = server.connection()
        pings = b"".join(frame(PING, str(number)) for number in range(10_000))
        there.send_bytes(pings + frame(0x8A, b"?") * 1000 + BEHIND)
        log.wait_for("behind")
        there.pongs.wait_for(b"9999")
        assert len(there.pongs) < 10_000

    def test_pings_to_one_who_cannot_answer(self, front: Front, server: Server, pc: Any) -> None:
        """While the server does not read, the answers to its pings do not pile up; the newest is
        answered when it reads again."""
        there = server.connection()
        until(lambda: pc.get_agent("mara").calls, "the call")
        (call,) = pc.get_agent("mara").calls.values()
        there.stop_reading()
        # Until the buffers of the network are full too.
        while front.do(fill, call):
            threading.Event().wait(0.2)
        for number in range(200):
            there.send_bytes(frame(PING, f"{number}".rjust(125)) + frame(TEXT, "{}"))
        until(lambda: call._runtime.counts["malformed"] == 200, "all pings")
        there.go_on_reading()
        there.pongs.wait_for(b"199".rjust(125))
        assert len(there.pongs) < 100

    def test_a_message_of_empty_fragments(
        self, server: Server, pc: Any, log: Log, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It ends the connection as every other that is too large; nothing of it is kept."""
        monkeypatch.setattr("pinecall.core.wire.cutter.MAX_FRAME", 1 << 20)
        there = server.connection()
        there.send_bytes(frame(0x01))
        with pytest.raises(OSError):
            for _ in range(MAX_FRAME >> 10):
                there.send_bytes(frame(0x00) * 10_000)
        server.connection(2).frames.wait_for(lambda frame: frame["event"] == "agent.create")
        assert there.over.wait(5)
        assert there.close_code in (1009, None)
        assert "a message of more than" in log.items[0]

    def test_a_message_in_small_fragments(self, server: Server, pc: Any, log: Log) -> None:
        """A message in a hundred thousand fragments arrives whole, behind it all others."""
        there = server.connection()
        data = json.dumps(said("x" * 100_000)).encode()
        parts = [frame(0x01, data[:1])] + [
            frame(0x00, data[at : at + 1]) for at in range(1, len(data))
        ]
        there.send_bytes(b"".join(parts) + frame(0x80) + BEHIND)
        assert log.wait_count(2) == ["x" * 100_000, "behind"]

    def test_a_client_that_leaves_meanwhile(self, front: Front, server: Server, pc: Any) -> None:
        """disconnect() ends with the link's thread though a large message comes in crumbs."""
        there = server.connection()
        there.blackhole()
        there.send_bytes(frame(0x01, b"x" * (8 << 20)) + frame(0x00, b"x") * 5000)
        front.do(pc.disconnect, timeout=0.5)
        assert not [t for t in threading.enumerate() if t.name == "pinecall-link"]


def test_handlers_that_pile_up(
    front: Front, server: Server, pc: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Coroutine handlers that never end: beyond the bound events are left out, which is announced.
    (On the blocking front the events of a lane wait in its inbox.)"""
    monkeypatch.setattr("pinecall._asyncio.user_code.HANDLERS", 5)
    if front.name == "blocking":
        pytest.skip("it has no coroutine handlers")
    begun, gaps, never = Log(), Log(), asyncio.Event()

    async def hangs(event: Any, call: Any) -> None:
        begun(event.digit)
        await never.wait()

    async def left_out(gap: Any, call: Any) -> None:
        raise AssertionError("it finds no room either")

    pc.on("call.dtmf_received", hangs)
    pc.on("events.gap", lambda gap, call: gaps((gap.missed, call.id)))
    pc.on("events.gap", left_out)
    digit = {"event": "call.dtmf_received", "agent_id": "mara", "call_id": "CA1"}
    server.connection().send(*({**digit, "digit": f"{number}"} for number in range(8)))
    assert gaps.wait_count(3) == [(1, "CA1")] * 3
    assert begun.wait_count(5) == ["0", "1", "2", "3", "4"]
    front.do(pc.disconnect, timeout=0.1)


# -- the answer to the handshake -------------------------------------------------------------------


def answers(
    head: Callable[[str], bytes],
    *,
    endless: bytes = b"",
    heard: Callable[[bytes], None] = lambda data: None,
) -> Raw:
    """Answers the handshake with ``head(accept)``, goes on with ``endless``, and never closes."""

    def answer(sock: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            request += sock.recv(4096)
        found = re.search(rb"Sec-WebSocket-Key: (\S+)", request)
        assert found is not None
        guid = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(found[1] + guid).digest()).decode()
        sock.sendall(head(accept))
        while endless:
            sock.sendall(endless)
        while data := sock.recv(4096):
            heard(data)
        heard(b"")

    return answer


def upgrade(*more: str, accept: str | None = None, status: str = "HTTP/1.1 101 X") -> Any:
    def head(right: str) -> bytes:
        lines = [status, "Upgrade: websocket", "Connection: Upgrade"]
        lines += [f"Sec-WebSocket-Accept: {right if accept is None else accept}", *more, "", ""]
        return "\r\n".join(lines).encode()

    return head


def says(text: str) -> Callable[[str], bytes]:
    return lambda accept: text.encode()


class TestHandshake:
    @pytest.mark.parametrize(
        ("script", "code", "words"),
        [
            (answers(says("HTTP/1.1 404 No\r\nContent-Length: 1000000000000\r\n\r\n")), "HTTP_404",
             "answered HTTP 404"),
            (answers(says("HTTP/1.1 404 No\r\nContent-Length: 500000\r\n\r\nx")), "HTTP_404",
             "answered HTTP 404"),
            (answers(says("HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n"),
                     endless=b"5\r\nhello\r\n" * 1000), "HTTP_404", "answered HTTP 404"),
            (answers(says("HTTP/1.1 404 No\r\n"), endless=b"X-More: y\r\n" * 1000), "HTTP_404",
             "answered HTTP 404"),
            (answers(says("HTTP/1.1 404 No\r\n\r\n")), "HTTP_404", "answered HTTP 404"),
            (answers(says("HTTP/1.1 302 Go\r\nLocation: ws://localhost:1/\r\n\r\n")), "HTTP_302",
             "redirects"),
            (answers(upgrade("Sec-WebSocket-Extensions: permessage-deflate")), "CONNECTION_FAILED",
             "an extension (compression, for example), which it was not offered"),
            (answers(upgrade("Sec-WebSocket-Protocol: chat")), "CONNECTION_FAILED", "a subprotocol"),
            (answers(upgrade(accept="bm9uc2Vuc2U=")), "CONNECTION_FAILED", "Sec-WebSocket-Accept"),
            (answers(lambda right: upgrade(accept=right.swapcase())(right)), "CONNECTION_FAILED",
             "Sec-WebSocket-Accept"),
            (answers(upgrade(status="HTTP/1.0 101 X")), "CONNECTION_FAILED", "HTTP/1.1"),
            (answers(upgrade(status="HTTP/1.1 1010 X")), "CONNECTION_FAILED", "did not answer in HTTP"),
            (answers(upgrade(status="HELLO")), "CONNECTION_FAILED", "did not answer in HTTP"),
            (answers(upgrade("a header without a colon")), "CONNECTION_FAILED", "a header that is none"),
            (answers(says("HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n")), "CONNECTION_FAILED",
             "Connection: Upgrade"),
            (answers(says("HTTP/1.1 101 X\r\n"), endless=b"X-More: y\r\n" * 1000),
             "CONNECTION_FAILED", f"a head of more than {HANDSHAKE} bytes"),
            (answers(says("HTTP/1.1 "), endless=b"y" * 10_000),
             "CONNECTION_FAILED", f"a head of more than {HANDSHAKE} bytes"),
        ],
    )  # fmt: skip
    def test_no_acceptance(
        self, front: Front, server: Server, script: Raw, code: str, words: str
    ) -> None:
        """It is a ConnectError at once, though the host says no more or does not come to an end."""
        server.takeover = script
        with pytest.raises(ConnectError) as caught:
            front.do(front.client(server, connect_timeout=600).connect)
        error = caught.value
        assert (error.phase, error.code, error.retryable) == ("handshake", code, False)
        assert error.attempts == 1
        assert words in str(error)

    def test_compression_all_the_same(self, front: Front, server: Server) -> None:
        """A first message that is compressed, though nobody agreed on it, is a ConnectError at once."""
        server.replies["connect"] = lambda connection, _: connection.send_bytes(
            frame(TEXT | 0x40, b"\xaa\x56\x4a\x03\x00")
        )
        with pytest.raises(ConnectError) as caught:
            front.do(front.client(server, connect_timeout=600).connect)
        assert caught.value.attempts == 1
        assert "a compressed frame, though no compression was agreed on" in str(caught.value)

    def test_frames_behind_the_answer(self, front: Front, server: Server) -> None:
        """What is in the same packet as the answer is not lost."""
        connected = frame(TEXT, '{"event":"connected","org_id":"org"}')
        server.takeover = answers(lambda right: upgrade()(right) + connected)
        pc = front.client(server)
        front.do(pc.connect)
        assert pc.connected

    def test_cookies(self, front: Front, server: Server) -> None:
        """A cookie of the answer is not sent with the next handshake."""
        seen = Log()
        accepting = answers(upgrade("Set-Cookie: a=b"))

        def script(sock: socket.socket) -> None:
            seen(sock.recv(4096, socket.MSG_PEEK))
            accepting(sock)

        server.takeover = script
        pc = front.client(server, connect_timeout=0.3)
        for _ in range(2):
            with pytest.raises(ConnectError):
                front.do(pc.connect)
        assert len(seen) == 2
        assert not [request for request in seen if b"Cookie" in request]


# -- REST ------------------------------------------------------------------------------------------


@pytest.fixture
def http() -> Iterator[Callable[..., str]]:
    """``http(head, endless)``: a host that answers so, and never closes; its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    there: list[socket.socket] = []

    def serve(head: bytes, endless: bytes) -> None:
        while True:
            try:
                sock, _ = listener.accept()
                there.append(sock)
                sock.recv(65536)
                sock.sendall(head)
                while endless:
                    sock.sendall(endless)
            except OSError:
                if listener.fileno() < 0:
                    return

    def start(head: str, endless: bytes = b"") -> str:
        threading.Thread(target=serve, args=(head.encode(), endless), daemon=True).start()
        return f"ws://localhost:{listener.getsockname()[1]}/client"

    yield start
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for sock in there:
        sock.close()


CHUNKS = b"400\r\n" + b"x" * 1024 + b"\r\n"


class TestRest:
    @pytest.mark.parametrize(
        ("head", "endless"),
        [
            ("HTTP/1.1 404 No\r\nContent-Length: 1000000000000\r\n\r\n", b""),
            ("HTTP/1.1 404 No\r\nContent-Length: 1000000000000\r\n\r\n", b"x" * 1000),
            ("HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n", CHUNKS),
            ("HTTP/1.1 404 No\r\n\r\n", b"x" * 1000),
        ],
        ids=["announced", "announced and sent", "chunked", "until the end"],
    )
    def test_an_endless_refusal(
        self, front: Front, http: Callable[..., str], head: str, endless: bytes
    ) -> None:
        """A refusal is raised with its status; its body is not waited for, and not kept."""
        one = Rest(front, None, settings=settings(http(head, endless)))
        with pytest.raises(ApiError) as caught:
            one.run(phones())
        assert (caught.value.status, caught.value.code) == (404, "HTTP_404")
        assert len(str(caught.value)) < 1000 < ERROR_BODY

    @pytest.mark.parametrize(
        ("head", "endless"),
        [
            ("HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n", b""),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", CHUNKS),
            ("HTTP/1.1 200 OK\r\n\r\n", b"x" * 1000),
        ],
        ids=["announced", "chunked", "until the end"],
    )
    def test_an_endless_answer(
        self,
        front: Front,
        http: Callable[..., str],
        head: str,
        endless: bytes,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """An answer that is larger than anything is an error that says so."""
        monkeypatch.setattr("pinecall.core.rest.op.REST_BODY", 1 << 20)
        one = Rest(front, None, settings=settings(http(head, endless)))
        with pytest.raises(ApiError, match="larger than 1048576 bytes") as caught:
            one.run(phones())
        assert (caught.value.status, caught.value.code) == (200, "BAD_RESPONSE")

    def test_a_refusal_that_stops_in_between(self, front: Front, http: Callable[..., str]) -> None:
        """A refusal whose body does not come is raised, when the time is over, with its status."""
        one = Rest(
            front, None, settings=settings(http("HTTP/1.1 409 No\r\nContent-Length: 9\r\n\r\nno"))
        )
        op = phones()
        with pytest.raises(ApiError) as caught:
            one.run(type(op)(what=op.what, path=op.path, read=op.read, timeout=0.3))
        assert caught.value.status == 409
        assert str(caught.value).endswith(": no (HTTP 409)")


def test_a_stream_is_closed_while_it_closes(front: Front, server: Server) -> None:
    """The server does not answer the goodbye, and the connection is gone all the same."""
    heard = Log()
    ready = frame(TEXT, json.dumps({"type": "ready"}))
    server.takeover = answers(lambda accept: upgrade()(accept) + ready, heard=heard)
    one = Rest(front, None, settings=settings(server.url))
    live = one.audio.stream()
    front.do(live.ready)
    closing = front.begin(getattr(live, "aclose", None) or live.close)
    heard.wait_for(lambda data: data[:1] == bytes((CLOSE,)))
    one.close_one(live)
    closing.result(DEADLINE)
    heard.wait_for(lambda data: data == b"")


@pytest.mark.parametrize("kind", ["live", "log"])
def test_a_stream_is_closed_while_it_opens(front: Front, server: Server, kind: str) -> None:
    """Whoever waits gets the error, and nothing of the connection is left."""
    asked, go, heard = threading.Event(), threading.Event(), Log()

    def head(accept: str) -> bytes:
        asked.set()
        go.wait(DEADLINE)
        return upgrade()(accept)

    def script(sock: socket.socket) -> None:
        try:
            answers(head, heard=heard)(sock)
        except OSError:
            heard(b"")  # it went before the answer

    server.takeover = script
    token = httpx.Response(200, json={"token": "t"})
    one = Rest(front, lambda request: token, settings=settings(server.url))
    if kind == "live":
        stream = one.audio.stream()
        waits = front.begin(stream.end)
    else:
        stream = one.observe(agent="mara")
        waits = front.begin(getattr(stream, "__anext__", None) or stream.__next__)
    assert asked.wait(DEADLINE)
    one.close_one(stream)
    go.set()
    with pytest.raises((ApiError, StopAsyncIteration, StopIteration, RuntimeError)):
        waits.result(DEADLINE)
    heard.wait_for(lambda data: data == b"")
