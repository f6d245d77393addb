"""What a server should not send: reported, survived, and nothing lost after it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pinecall import PinecallError, ProtocolError

from .driving import Front
from .log import Log, until
from .server import Server, said, started


@pytest.fixture
def pc(front: Front, server: Server, log: Log) -> Any:
    client = front.connected(server, "mara")
    client.on("error", log)
    client.on("user.message", lambda event, call: log(event.text))
    server.start_call()
    return client


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no json", "not JSON"),
        ("", "not JSON"),
        ('{"event":"user.message"', "not JSON"),
        ("[1, 2]", "not an object"),
        ("null", "not an object"),
        ("5", "not an object"),
        ('"hello"', "not an object"),
        ("{}", "without a usable 'event'"),
        ('{"event": null}', "without a usable 'event'"),
        ('{"event": 5}', "without a usable 'event'"),
        ('{"event": ' + "[" * 100_000, "not a valid frame"),
        ("\x00", "not JSON"),
    ],
)
def test_no_frame(server: Server, pc: Any, log: Log, text: str, says: str) -> None:
    """What is not a frame is a ProtocolError at ``error``; the next frame arrives as ever."""
    server.connection().send(text, said("hello"))
    log.wait_for("hello")
    error = log.wait_for(lambda item: isinstance(item, PinecallError))
    assert isinstance(error, ProtocolError)
    assert says in str(error)
    assert len(str(error)) < 400
    assert pc.connected


@pytest.mark.parametrize(
    "text",
    [
        '{"event":"x","a":' + '{"a":' * 3000 + "1" + "}" * 3001,
        '{"event":"user.message","call_id":"\\ud800"}',
    ],
    ids=["deep", "half a pair"],
)
def test_an_odd_frame(server: Server, pc: Any, log: Log, text: str) -> None:
    """A frame that is nested deeply, or has half a surrogate pair, stops nothing that follows."""
    server.connection().send(text, said("hello"))
    log.wait_for("hello")
    assert pc.connected


def test_binary(server: Server, pc: Any, log: Log) -> None:
    """A binary message is reported with its size."""
    server.connection().send_binary(b"\x00" * 1000)
    server.connection().send(said("hello"))
    error = log.wait_for(lambda item: isinstance(item, ProtocolError))
    assert "binary message of 1000 bytes" in str(error)
    log.wait_for("hello")


def test_text_that_is_not_utf8(server: Server, pc: Any, log: Log) -> None:
    """Neither is a text message that is not UTF-8 a reason to leave."""
    server.connection().send_text_bytes(b'{"event":"\xff\xfe"}')
    server.connection().send(said("hello"))
    error = log.wait_for(lambda item: isinstance(item, ProtocolError))
    assert "not UTF-8" in str(error)
    log.wait_for("hello")
    assert len(server.connections) == 1


def test_fragments(server: Server, pc: Any, log: Log) -> None:
    """A message in fragments, cut within a character, arrives whole."""
    data = json.dumps(said("¡buenos días!"), ensure_ascii=False).encode()
    cut = data.index("¡".encode()) + 1
    server.connection().send_fragments(data[:cut], data[cut : cut + 5], data[cut + 5 :])
    assert log.wait_count(1) == ["¡buenos días!"]


def test_byte_by_byte(server: Server, pc: Any, log: Log) -> None:
    """A frame that trickles in is put together."""
    data = json.dumps(said("slowly")).encode()
    frame = bytes([0x81, 126]) + len(data).to_bytes(2, "big") + data
    for index in range(len(frame)):
        server.connection().send_bytes(frame[index : index + 1])
    assert log.wait_count(1) == ["slowly"]


def test_five_megabytes(server: Server, pc: Any, log: Log) -> None:
    """A message over 4 MiB is refused and reported; the link and the next message survive."""
    server.connection().send(said("x" * 5_000_000), said("hello"))
    error = log.wait_for(lambda item: isinstance(item, PinecallError))
    assert "more than 4194304" in str(error)
    log.wait_for("hello")
    assert len(server.connections) == 1


def test_three_megabytes(server: Server, pc: Any, log: Log) -> None:
    """A message under 4 MiB is delivered."""
    server.connection().send(said("x" * 3_000_000))
    assert len(log.wait_count(1)[0]) == 3_000_000


def test_a_frame_without_end(front: Front, server: Server, pc: Any, log: Log) -> None:
    """A frame of 32 MiB is not collected in memory: the connection is cut and made anew."""
    there = server.connection()
    size = 32 << 20
    sent = 0
    with pytest.raises(OSError):
        there.send_bytes(bytes([0x81, 127]) + size.to_bytes(8, "big"))
        while sent < size:
            there.send_bytes(b"x" * (1 << 20))
            sent += 1 << 20
    server.connection(2).frames.wait_for(lambda frame: frame["event"] == "agent.create")
    until(lambda: pc.connected, "connected")


def test_a_broken_websocket(front: Front, server: Server, pc: Any) -> None:
    """Bytes that are not a WebSocket frame end the connection, and the client connects again."""
    server.connection().send_bytes(b"\xff\xff\xff\xff not a frame")
    server.connection(2).frames.wait_for(lambda frame: frame["event"] == "agent.create")
    assert pc.connected


@pytest.mark.parametrize("value", [5, [], {}, True])
def test_wrong_types(front: Front, server: Server, pc: Any, log: Log, value: object) -> None:
    """A field of another type is reported once, and the event reaches ``*`` as an UnknownEvent."""
    items = Log()
    pc.on("*", items)
    wrong = {**said("x"), "text": value}
    server.connection().send(wrong, wrong, said("hello"))
    log.wait_for("hello")
    front.do(pc.disconnect)
    errors = [item for item in log if isinstance(item, ProtocolError)]
    assert len(errors) == 1
    assert "user.message with a field of another type" in str(errors[0])
    unknown = [item for item in items.wait_count(3) if item.name == "user.message"]
    assert unknown[0].event.raw["text"] == value


def test_null_fields(server: Server, pc: Any, log: Log) -> None:
    """A null reads as an absent field."""
    server.connection().send({**said("hello"), "turn_id": None, "confidence": None})
    log.wait_for("hello")
    assert [item for item in log if isinstance(item, PinecallError)] == []


def test_a_garbled_end_still_ends(server: Server, pc: Any, log: Log) -> None:
    """A call.ended with a wrong duration ends the call all the same."""
    pc.on("call.ended", lambda call, reason: log((call.id, reason)))
    server.connection().send(
        {"event": "call.ended", "call_id": "CA1", "reason": "hangup", "duration_seconds": "long"}
    )
    assert log.wait_for(("CA1", "hangup"))


def test_a_flood_of_nonsense(front: Front, server: Server, pc: Any, log: Log) -> None:
    """Only the first ten are reported one by one; all are counted, and the link lives."""
    server.connection().send(*(["nonsense"] * 1000), said("hello"))
    log.wait_for("hello")
    front.do(pc.disconnect)
    assert len([item for item in log if isinstance(item, ProtocolError)]) == 10
    assert pc.stats()["malformed"] == 1000


def test_events_of_strangers(server: Server, pc: Any, log: Log) -> None:
    """Frames of agents and calls that are not ours are counted, and disturb nobody."""
    server.connection().send(started("CA7", "somebody"), said("x", "CA7", agent_id="somebody"))
    server.connection().send(said("hello"))
    log.wait_for("hello")
    assert log.items == ["hello"]
    assert pc.stats()["dropped"] >= 1


def test_two_connected_frames(server: Server, pc: Any, log: Log) -> None:
    """A server that repeats itself is heard once."""
    pc.on("connected", lambda: log("connected"))
    server.connection().send({"event": "connected", "org_id": "org"}, said("hello"))
    log.wait_for("hello")
    assert "connected" not in log


def test_nonsense_before_connected(front: Front, server: Server) -> None:
    """Nonsense while connecting does not keep connect() from ending well."""

    def connect(connection: Any, frame: Any) -> None:
        connection.send("nonsense", {"event": "ping"}, {"event": "weather"})
        connection.send_binary(b"\x00")
        connection.send({"event": "connected", "org_id": "org"})

    server.replies["connect"] = connect
    pc = front.connected(server)
    assert pc.connected
    server.frames.wait_for({"event": "pong"})
