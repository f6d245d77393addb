"""The load server: a process of its own that writes ready bytes, and answers what it must.

Commands come as lines of JSON on stdin, answers go to stdout. They concern the newest connection.

It is a bare ``asyncio.Protocol``, for a library would cost more than what it is to measure. So
it knows only what the clients here send: whole, masked text frames in the order of the protocol.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import sys
import time
from typing import Any

from . import mix

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_PIECE = 1 << 18


def frame_of(text: str) -> bytes:
    """A text frame as a server sends it."""
    data = text.encode()
    size = len(data)
    if size < 126:
        return bytes((0x81, size)) + data
    if size < 1 << 16:
        return b"\x81\x7e" + size.to_bytes(2, "big") + data
    return b"\x81\x7f" + size.to_bytes(8, "big") + data


def unmask(data: bytes, mask: bytes) -> bytes:
    size = len(data)
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    return (int.from_bytes(data, "big") ^ key).to_bytes(size, "big")


class Connection(asyncio.Protocol):
    newest: Connection | None = None

    def __init__(self) -> None:
        self._buffer = b""
        self._open = False
        self._writable = asyncio.Event()
        self._writable.set()
        self._heard: asyncio.Future[float] | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.set_write_buffer_limits(high=4 * _PIECE)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._open:
            self._handshake()
            return
        answers: list[bytes] = []
        buffer, at = self._buffer, 0
        while len(buffer) - at >= 6:
            size, start = buffer[at + 1] & 0x7F, at + 2
            if size == 126:
                size, start = int.from_bytes(buffer[start : start + 2], "big"), start + 2
            elif size == 127:
                size, start = int.from_bytes(buffer[start : start + 8], "big"), start + 8
            end = start + 4 + size
            if end > len(buffer):
                break
            payload = unmask(buffer[start + 4 : end], buffer[start : start + 4])
            self._message(buffer[at] & 0x0F, payload, answers)
            at = end
        self._buffer = buffer[at:]
        if answers:
            self._transport.write(b"".join(answers))

    def _handshake(self) -> None:
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        self._buffer, self._open = rest, True
        key = next(
            line.partition(b":")[2].strip()
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"sec-websocket-key:")
        )
        accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
        self._transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        Connection.newest = self

    def _message(self, opcode: int, payload: bytes, answers: list[bytes]) -> None:
        if opcode == 8:
            self._transport.write(b"".join(answers) + b"\x88" + bytes([len(payload)]) + payload)
            answers.clear()
            self._transport.close()
        elif b'"agent.create"' in payload:
            agent_id = payload.split(b'"agent_id":"', 1)[1].split(b'"', 1)[0].decode()
            answers.append(frame_of(mix.text_of({"event": "agent.created", "agent_id": agent_id})))
        elif b'"connect"' in payload:
            answers.append(frame_of('{"event":"connected","org_id":"org_1"}'))
        elif self._heard is not None and not self._heard.done():
            self._heard.set_result(time.perf_counter())

    # -- what the benchmarks ask for ------------------------------------------------------------

    async def write(self, data: bytes) -> None:
        """All of it, as fast as it is read."""
        view = memoryview(data)
        for start in range(0, len(data), _PIECE):
            await self._writable.wait()
            if self._transport.is_closing():
                return
            self._transport.write(bytes(view[start : start + _PIECE]))

    async def probe(self, count: int, gap: float, rate: float) -> list[float]:
        """Seconds from sending a message to reading what it is answered with, ``count`` times,
        ``gap`` seconds apart, while ``rate`` other events a second are sent as well."""
        background = asyncio.ensure_future(self._keep_busy(rate)) if rate else None
        took = []
        try:
            for number in range(count):
                await asyncio.sleep(gap)
                self._heard = asyncio.get_running_loop().create_future()
                frame = frame_of(probe_text(number))
                sent = time.perf_counter()
                self._transport.write(frame)
                took.append(await asyncio.wait_for(self._heard, 10.0) - sent)
        finally:
            if background is not None:
                background.cancel()
        return took

    async def _keep_busy(self, rate: float) -> None:
        frames = [frame_of(text) for text in mix.events(2000) if '"user.message"' not in text]
        began = time.perf_counter()
        number = 0
        while True:
            due = int((time.perf_counter() - began) * rate)
            while number < due:
                self._transport.write(frames[number % len(frames)])
                number += 1
            await asyncio.sleep(1 / rate)


def probe_text(number: int) -> str:
    return mix.text_of(
        {
            "event": "user.message",
            "agent_id": mix.agent_id(0),
            "call_id": mix.call_id(0),
            "message_id": f"probe-{time.monotonic_ns():x}-{number}",
            "text": "Hello? Can you book me a table for four on Saturday at nine?",
            "confidence": 0.97,
            "language": "en",
            "turn_id": number,
        }
    )


class Commands:
    def __init__(self) -> None:
        self._parts: list[bytes] = []

    async def run(self, command: dict[str, Any]) -> Any:
        return await getattr(self, command.pop("do"))(**command)

    async def prepare(self, count: int, calls: int, parts: int) -> int:
        """What ``flood`` will write: ``count`` events in all, in ``parts`` of equal number."""
        frames = [frame_of(text) for text in mix.events(count, calls)]
        size = count // parts
        self._parts = [b"".join(frames[start : start + size]) for start in range(0, count, size)]
        return sum(map(len, self._parts))

    async def start_calls(self, count: int) -> None:
        await self._newest.write(b"".join(frame_of(mix.call_started(n)) for n in range(count)))

    async def flood(self, part: int) -> None:
        await self._newest.write(self._parts[part])

    async def probe(self, count: int, gap: float, rate: float) -> list[float]:
        return await self._newest.probe(count, gap, rate)

    @property
    def _newest(self) -> Connection:
        assert Connection.newest is not None, "nobody is connected"
        return Connection.newest


def _say(answer: Any) -> None:
    print(json.dumps(answer), flush=True)


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0)
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    _say(server.sockets[0].getsockname()[1])
    commands = Commands()
    while line := await lines.readline():
        _say(await commands.run(json.loads(line)))


if __name__ == "__main__":
    asyncio.run(main())
