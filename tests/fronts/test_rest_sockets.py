"""The call log and live transcription through both ports, over real sockets."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from websockets.sync.server import ServerConnection

from pinecall import ApiError, ConfigurationError, TokenError

from .driving import Front
from .log import Log
from .rest import KEY, Handler, Rest, Sockets, replies, settings


def entry(seq: int, kind: str = "user.message", **data: Any) -> str:
    return json.dumps(
        {"seq": seq, "ts": 1.0, "call": "CA1", "agent": "mara", "type": kind, "data": data}
    )


def tokens() -> Handler:
    count = iter(range(1, 100))
    return lambda request: httpx.Response(200, json={"token": f"t{next(count)}"})


def hold(connection: ServerConnection) -> None:
    """Until the other side goes."""
    for _ in connection:
        pass


def test_observe_resumes(front: Front) -> None:
    """A lost connection is made again with a new token after the last seq; nothing comes twice."""

    def first(ws: ServerConnection) -> None:
        ws.send(entry(1))
        ws.send(entry(2))
        ws.send(entry(2, "log.caught_up"))
        ws.close(1008, "slow_consumer")

    def second(ws: ServerConnection) -> None:
        for one in (entry(2), entry(3), entry(3, "log.gap", resume_from=9), entry(9)):
            ws.send(one)
        ws.send(entry(10, "call.summary"))
        hold(ws)

    server = Sockets(front, first, second)
    one = Rest(front, tokens(), settings=settings(server.url))
    log = one.observe(call="CA1", agents="mara")
    entries = one.front.take(log, 100)
    assert [(e.seq, e.type) for e in entries] == [
        (1, "user.message"), (2, "user.message"), (2, "log.caught_up"), (3, "user.message"),
        (3, "log.gap"), (9, "user.message"), (10, "call.summary"),
    ]  # fmt: skip
    assert server.paths == [
        "/v1/attach?token=t1&call=CA1&after=0",
        "/v1/attach?token=t2&call=CA1&after=2",
    ]
    assert server.keys == [None, None]
    assert log.after == 10
    assert len(one.requests) == 2


def test_observe_asks_for_the_agents_it_is_given(front: Front) -> None:
    """``agents=`` says whose call it is; without it a call may be any of this client's agents'."""
    pc = front.client("ws://localhost:1/client")
    pc.agent("mara"), pc.agent("nora")

    def asked(**options: Any) -> list[str]:
        query = urlsplit(pc.observe(**options)._log.token().url("https://h")).query
        return parse_qs(query)["agent_id"]

    assert asked(call="CA1", agents="zoe") == ["zoe"]
    assert asked(call="CA1", agents=["zoe", "mara"]) == ["zoe,mara"]
    assert asked(call="CA1") == ["mara,nora"]
    assert asked(agent="zoe") == ["zoe"]


def test_observe_a_long_backlog(front: Front) -> None:
    """What the server sends at once, and then closes, is all delivered in order, read or not."""

    def script(ws: ServerConnection) -> None:
        for seq in range(1, 500):
            ws.send(entry(seq))
        ws.send(entry(500, "call.summary"))

    server = Sockets(front, script)
    one = Rest(front, tokens(), settings=settings(server.url))
    log = one.observe(call="CA1", agents="mara")
    assert [e.seq for e in front.take(log, 1000)] == list(range(1, 501))
    assert len(server.paths) == 1


def test_observe_does_not_run_ahead_of_its_reader(front: Front) -> None:
    """What nobody has read yet waits in the network, not here: large messages too."""
    sent = Log()

    def flood(ws: ServerConnection) -> None:
        ws.send(entry(1))
        for number in range(200):
            ws.send(entry(number + 2, text="x" * 1_000_000))
            sent(number)
        hold(ws)

    server = Sockets(front, flood)
    one = Rest(front, tokens(), settings=settings(server.url))
    log = one.observe(call="CA1", agents="mara")
    assert [e.seq for e in one.front.take(log, 1)] == [1]
    # Until the server can send no more, or has sent all.
    before = -1
    while before < len(sent):
        before = len(sent)
        threading.Event().wait(0.5)
    assert len(sent) < 100
    one.close_one(log)


@pytest.mark.parametrize(
    "broken", [b"\x81\x85abcdhello", b"\xc1\x02{}", b"\x83\x00", b"\x88\x02\x07\xd0"]
)
def test_observe_a_server_that_breaks_the_rules(front: Front, broken: bytes) -> None:
    """The connection is made again after the last entry; what came behind the break is not read."""

    def first(ws: ServerConnection) -> None:
        ws.send(entry(1))
        ws.socket.sendall(broken + b"\x81\x02{}")
        hold(ws)

    def second(ws: ServerConnection) -> None:
        ws.send(entry(2, "call.summary"))
        hold(ws)

    server = Sockets(front, first, second)
    one = Rest(front, tokens(), settings=settings(server.url))
    log = one.observe(call="CA1", agents="mara")
    assert [e.seq for e in one.front.take(log, 100)] == [1, 2]


def test_observe_refused(front: Front) -> None:
    """An agent that is not online is a TokenError; 403 from the log is an ApiError 403."""
    one = Rest(front, replies(httpx.Response(404, json={"detail": "not online"})))
    with pytest.raises(TokenError, match="not online"):
        one.front.take(one.observe(agent="mara"), 1)
    server = Sockets(front, 403)
    two = Rest(front, tokens(), settings=settings(server.url))
    with pytest.raises(ApiError, match="agent mara") as caught:
        two.front.take(two.observe(agent="mara"), 1)
    assert caught.value.status == 403


@pytest.mark.parametrize("by", ["itself", "port"])
def test_observe_closed(front: Front, by: str) -> None:
    """Closing it, or the port, ends an iteration that waits, and the connection."""
    gone = threading.Event()

    def script(ws: ServerConnection) -> None:
        ws.send(entry(1))
        hold(ws)
        gone.set()

    server = Sockets(front, script)
    one = Rest(front, tokens(), settings=settings(server.url))
    log = one.observe(agent="mara")
    assert len(one.front.take(log, 1)) == 1
    rest_of_it = threading.Thread(target=lambda: taken.extend(one.front.take(log, 9)))
    taken: list[Any] = []
    rest_of_it.start()
    if by == "itself":
        one.close_one(log)
    else:
        one.close()
    rest_of_it.join(10)
    assert not rest_of_it.is_alive()
    assert taken == []
    assert gone.wait(10)


def transcriber(ws: ServerConnection) -> None:
    """Answers as the platform does: each stretch of audio is heard as its length."""
    heard = 0
    ready = {"type": "ready", "request_id": "r", "model": "deepgram/nova-3", "sample_rate": 16000}
    ws.send(json.dumps(ready))
    for message in ws:
        if isinstance(message, bytes):
            heard += len(message)
            ws.send(json.dumps({"type": "partial", "text": f"{heard}"}))
        elif json.loads(message)["type"] == "finalize":
            ws.send(json.dumps({"type": "final", "text": f"{heard} bytes", "speaker": 1}))
        else:
            done = {"type": "done", "request_id": "r", "audio_seconds": 1.5, "billed_minutes": 1}
            ws.send(json.dumps(done))
            return


def test_live(front: Front) -> None:
    """Audio written at once arrives whole and in order; finals come; end() gives the figures, and
    gives them again. The key is in a header, not in the URL."""
    server = Sockets(front, transcriber)
    one = Rest(front, None, settings=settings(server.url))
    do = one.front.do
    live = one.audio.stream(language="es", diarize=True)
    do(live.write, bytes(100_000))
    do(live.write, bytes(1))
    do(later(one, live.finalize))
    assert do(live.ready).model == "deepgram/nova-3"
    results = one.front.take(live, 1)
    while not results[-1].final:
        results = one.front.take(live, 1)
    assert (results[-1].text, results[-1].speaker) == ("100001 bytes", "1")
    assert do(live.end).audio_seconds == 1.5
    assert do(live.end).billed_minutes == 1.0
    assert one.front.take(live, 5) == []
    one.close_one(live)
    assert server.paths == ["/v1/audio/transcriptions/stream?language=es&diarize=true"]
    assert server.keys == [f"Bearer {KEY}"]


def later(one: Rest, function: Callable[[], Any]) -> Callable[[], Any]:
    """A plain method, called where the front's methods are: on its loop, if it has one."""
    if one.module != "pinecall":
        return function

    async def call() -> Any:
        await asyncio.sleep(0)
        return function()

    return call


def test_live_waits_for_the_server(front: Front) -> None:
    """Before the server is ready 1 MiB of audio waits here; then write() waits, and all arrives in
    order."""
    go_on = threading.Event()
    heard = bytearray()

    def late(ws: ServerConnection) -> None:
        go_on.wait(10)
        ws.send(json.dumps({"type": "ready"}))
        for message in ws:
            if isinstance(message, str):
                ws.send(json.dumps({"type": "done"}))
                return
            heard.extend(message)

    server = Sockets(front, late)
    one = Rest(front, None, settings=settings(server.url))
    live = one.audio.stream()
    front.do(live.write, bytes(1 << 20))
    more = front.begin(live.write, b"more")
    ending = front.begin(live.ready)
    front.do(lambda: None)
    assert not more.done()
    go_on.set()
    ending.result(10)
    more.result(10)
    front.do(live.end)
    one.close_one(live)
    assert heard == bytes(1 << 20) + b"more"


@pytest.mark.parametrize("stage", ["handshake", "ready"])
def test_live_never_ready(front: Front, monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    """A server that does not answer in time fails whoever waits with REQUEST_TIMEOUT."""
    monkeypatch.setattr("pinecall.live.READY_WITHIN", 0.1)
    monkeypatch.setattr("pinecall_sync.live.READY_WITHIN", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"ws://127.0.0.1:{silent.getsockname()[1]}/client"
        if stage == "ready":
            url = Sockets(front, hold).url
        one = Rest(front, None, settings=settings(url))
        live = one.audio.stream()
        for wait in (live.ready, live.end):
            with pytest.raises(ApiError) as caught:
                front.do(wait)
            assert caught.value.code == "REQUEST_TIMEOUT"
        one.close_one(live)


def test_live_refused(front: Front) -> None:
    """A refused handshake fails ready, writing, reading and end alike."""
    server = Sockets(front, 402)
    one = Rest(front, None, settings=settings(server.url))
    live = one.audio.stream()
    waits = [lambda: one.front.do(live.ready), lambda: one.front.do(live.end)]
    for wait in (*waits, lambda: one.front.take(live, 1)):
        with pytest.raises(ApiError) as caught:
            wait()
        assert (caught.value.status, caught.value.code) == (402, "SUBSCRIPTION_REQUIRED")
    with pytest.raises(ApiError):
        one.front.do(live.write, b"x")


def test_live_misconfigured(front: Front) -> None:
    """What is wrong with the settings is said by whoever waits, not lost in the background."""
    one = Rest(front, None, settings=settings("ws://127.0.0.1:9/client"))
    one.port.endpoints.base = lambda: "http://voice.example"
    with pytest.raises(ApiError, match="unencrypted") as caught:
        front.do(one.audio.stream().end)
    assert isinstance(caught.value.__cause__, ConfigurationError)


@pytest.mark.parametrize(("code", "expected"), [(1000, "CLOSED"), (1011, "NETWORK_ERROR")])
def test_live_closed_by_the_server(front: Front, code: int, expected: str) -> None:
    """A close before done fails end(): CLOSED if it was clean, else NETWORK_ERROR."""
    server = Sockets(front, lambda ws: ws.close(code))
    one = Rest(front, None, settings=settings(server.url))
    live = one.audio.stream()
    with pytest.raises(ApiError) as caught:
        one.front.do(live.end)
    assert caught.value.code == expected


@pytest.mark.parametrize("by", ["itself", "port"])
def test_live_closed(front: Front, by: str) -> None:
    """Closing it, or the port, ends whoever waits, with CLOSED for end(); twice does nothing."""
    reached = threading.Event()

    def silent(ws: ServerConnection) -> None:
        reached.set()
        hold(ws)

    server = Sockets(front, silent)
    one = Rest(front, None, settings=settings(server.url))
    live = one.audio.stream()
    ending = one.front.begin(live.end)
    assert reached.wait(10)
    if by == "itself":
        one.close_one(live)
        one.close_one(live)
    else:
        one.close()
    with pytest.raises(ApiError) as caught:
        ending.result(10)
    assert caught.value.code == "CLOSED"
    assert one.front.take(live, 1) == []


def test_a_port_knows_a_stream_before_it_begins(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whenever the port is closed, the stream is closed with it."""
    server = Sockets(front, hold)
    one = Rest(front, None, settings=settings(server.url))
    adopt, running = one.port.adopt, Log()

    def adopted(stream: Any) -> None:
        running([t.name for t in threading.enumerate() if t.name == "pinecall-transcription"])
        adopt(stream)

    monkeypatch.setattr(one.port, "adopt", adopted)
    live = one.audio.stream()
    ending = one.front.begin(live.end)
    assert running.wait_count(1) == [[]]
    one.close()
    with pytest.raises(ApiError):
        ending.result(10)
