"""A server under the control of a test, on real sockets: a thread for each connection.

The frames are websockets' (its sans-IO protocol), the sockets are bare, so that a script can be
silent at any stage, stop reading, cut the connection or write what no server should.
"""

from __future__ import annotations

import json
import logging
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from typing import Any

from websockets.exceptions import InvalidState
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from .log import Log

KEY = "pk_test_0123456789abcdef"

# What the server hears is no leak of the client's.
_silent = logging.getLogger("test-server")
_silent.propagate = False
_silent.setLevel(logging.CRITICAL)

Reply = Callable[["Connection", dict[str, Any]], None]
Raw = Callable[[socket.socket], None]


class Connection:
    """One client's connection, as the server has it."""

    def __init__(self, server: Server, sock: socket.socket, number: int) -> None:
        self.server = server
        self.number = number
        self.frames = Log()
        self.pongs = Log()
        self.over = threading.Event()
        self.path = ""
        self.close_code: int | None = None
        self.close_reason = ""
        self._socket = sock
        self._protocol = ServerProtocol(max_size=None, logger=_silent)
        self._reading = threading.Event()
        self._reading.set()
        self._mute = False
        self._lock = threading.Lock()

    # -- what a script does ---------------------------------------------------------------------

    def send(self, *frames: dict[str, Any] | str) -> None:
        """All of them in one write, and so in one record of TLS."""
        with self._lock:
            for frame in frames:
                text = frame if isinstance(frame, str) else json.dumps(frame)
                self._protocol.send_text(text.encode())
            self._flush()

    def send_binary(self, data: bytes) -> None:
        with self._lock:
            self._protocol.send_binary(data)
            self._flush()

    def send_text_bytes(self, data: bytes) -> None:
        """A text message that need not be UTF-8."""
        with self._lock:
            self._protocol.send_text(data)
            self._flush()

    def send_fragments(self, *parts: bytes) -> None:
        with self._lock:
            for index, part in enumerate(parts):
                code = Opcode.CONT if index else Opcode.TEXT
                frame = Frame(code, part, fin=index == len(parts) - 1)
                self._socket.sendall(frame.serialize(mask=False))

    def send_bytes(self, data: bytes) -> None:
        """Bytes that are not a WebSocket frame at all, or a piece of one."""
        with self._lock:
            self._socket.sendall(data)

    def send_ping(self) -> None:
        with self._lock:
            self._protocol.send_ping(b"alive?")
            self._flush()

    def close(self, code: int = 1000, reason: str = "") -> None:
        with self._lock:
            self._protocol.send_close(code, reason)
            self._flush()

    def stop_reading(self) -> None:
        self._reading.clear()

    def go_on_reading(self) -> None:
        self._reading.set()

    def blackhole(self) -> None:
        """From now on nothing is answered, not even a closing handshake."""
        self._mute = True

    def reset(self) -> None:
        """Cut by a RST."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.shut()

    def shut(self) -> None:
        self._reading.set()
        try:
            # Wakes the thread that reads.
            socket.socket.shutdown(self._socket, socket.SHUT_RD)
        except OSError:
            pass
        self._socket.close()

    # -- the connection's thread ----------------------------------------------------------------

    def serve(self) -> None:
        try:
            while True:
                self._reading.wait()
                data = self._socket.recv(1 << 16)
                if not data:
                    break
                self._received(data)
        except (OSError, ValueError):
            pass
        finally:
            self.over.set()
            self._socket.close()

    def _received(self, data: bytes) -> None:
        with self._lock:
            self._protocol.receive_data(data)
            events = self._protocol.events_received()
            if not self._mute:
                self._flush()
        for event in events:
            if isinstance(event, Request):
                self.path = event.path
                with self._lock:
                    self._protocol.send_response(self._protocol.accept(event))
                    self._flush()
            elif event.opcode is Opcode.TEXT:
                self._frame(json.loads(event.data))
            elif event.opcode is Opcode.PONG:
                self.pongs(event.data)
            elif event.opcode is Opcode.CLOSE:
                self.close_code = self._protocol.close_rcvd.code
                self.close_reason = self._protocol.close_rcvd.reason
                if not self._mute:
                    self.shut()

    def _frame(self, frame: dict[str, Any]) -> None:
        self.frames(frame)
        self.server.frames(frame)
        if not self._mute:
            reply = self.server.replies.get(frame["event"])
            if reply is not None:
                try:
                    reply(self, frame)
                except InvalidState:
                    pass  # it has said goodbye behind its question

    def _flush(self) -> None:
        data = b"".join(self._protocol.data_to_send())
        if data:
            self._socket.sendall(data)


class Server:
    """Listens on loopback; ``replies`` says what each frame is answered with."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.replies: dict[str, Reply | None] = dict(REPLIES)
        self.frames = Log()
        self.connections = Log()
        #: Takes a connection over before it is a WebSocket.
        self.takeover: Raw | None = None
        self._tls = tls
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)

    @property
    def url(self) -> str:
        return f"{'wss' if self._tls else 'ws'}://localhost:{self.port}/client"

    def _start(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, name="test-server", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets.append(sock)
            self._start(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        if self.takeover is not None:
            try:
                self.takeover(sock)
            except OSError:
                pass
            return
        if self._tls is not None:
            try:
                sock = self._tls.wrap_socket(sock, server_side=True)
            except OSError:
                sock.close()
                return
            self._sockets.append(sock)
        connection = Connection(self, sock, len(self.connections) + 1)
        self.connections(connection)
        connection.serve()

    def connection(self, number: int = 1) -> Connection:
        """The nth, once it is there."""
        return self.connections.wait_count(number)[number - 1]

    def stop(self) -> None:
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        for connection in self.connections:
            connection.shut()
        for sock in list(self._sockets):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()
        for thread in self._threads:
            thread.join(5)

    # -- what calls are made of -----------------------------------------------------------------

    def start_call(
        self, call_id: str = "CA1", agent_id: str = "mara", connection: int = 1
    ) -> Connection:
        there = self.connection(connection)
        there.send(started(call_id, agent_id))
        return there


def started(call_id: str = "CA1", agent_id: str = "mara") -> dict[str, Any]:
    return {
        "event": "call.started",
        "agent_id": agent_id,
        "call_id": call_id,
        "from": "+34607827824",
        "to": "+13186330963",
        "direction": "inbound",
        "transport": "phone",
    }


def said(
    text: str, call_id: str = "CA1", message_id: str = "m1", agent_id: str = "mara"
) -> dict[str, Any]:
    return {
        "event": "user.message",
        "agent_id": agent_id,
        "call_id": call_id,
        "message_id": message_id,
        "text": text,
        "turn_id": 1,
    }


def tool_call(
    name: str, arguments: str = "{}", msg_id: str = "t1", tool_call_id: str = "tc1"
) -> dict[str, Any]:
    return {
        "event": "llm.tool_call",
        "agent_id": "mara",
        "call_id": "CA1",
        "msg_id": msg_id,
        "tool_calls": [{"id": tool_call_id, "name": name, "arguments": arguments}],
    }


# -- the usual replies --------------------------------------------------------------------------


def _connect(connection: Connection, frame: dict[str, Any]) -> None:
    if frame["api_key"] == KEY:
        connection.send({"event": "connected", "org_id": "org"})
    else:
        connection.send({"event": "error", "code": "INVALID_KEY", "error": "Invalid API key"})
        connection.close(1008, "Invalid API key")


def _created(connection: Connection, frame: dict[str, Any]) -> None:
    connection.send({"event": "agent.created", "agent_id": frame["agent_id"]})


def _spoken(connection: Connection, frame: dict[str, Any]) -> None:
    about = {"call_id": frame["call_id"], "message_id": frame["message_id"], "agent_id": "mara"}
    connection.send(
        {"event": "bot.speaking", "text": frame["text"], **about},
        {"event": "bot.finished", **about},
    )


def _ended(connection: Connection, frame: dict[str, Any]) -> None:
    about = {"call_id": frame["call_id"], "agent_id": "mara"}
    connection.send({"event": "call.ended", "reason": "hangup", "duration_seconds": 1.5, **about})


def _history(connection: Connection, frame: dict[str, Any]) -> None:
    connection.send(history(frame, [{"role": "user", "content": f"of {frame['call_id']}"}]))


def history(frame: dict[str, Any], messages: list[dict[str, Any]]) -> dict[str, Any]:
    about = {"call_id": frame["call_id"], "request_id": frame["request_id"]}
    return {"event": "history.data", "messages": messages, **about}


def _updated(connection: Connection, frame: dict[str, Any]) -> None:
    about = {"call_id": frame["call_id"], "request_id": frame["request_id"]}
    connection.send({"event": "history.updated", "count": 3, **about})


def _pong(connection: Connection, frame: dict[str, Any]) -> None:
    connection.send({"event": "pong"})


REPLIES: dict[str, Reply] = {
    "connect": _connect,
    "agent.create": _created,
    "bot.reply": _spoken,
    "call.hangup": _ended,
    "history.get": _history,
    "history.add": _updated,
    "history.set_vars": _updated,
    "ping": _pong,
}


# -- what is no Pinecall server -----------------------------------------------------------------


def http(status: int, *headers: str, version: str = "1.1") -> Raw:
    """Answers any request with this status."""

    def answer(sock: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            request += sock.recv(4096)
        lines = [f"HTTP/{version} {status} Whatever", *headers, "Content-Length: 5", "", "hello"]
        sock.sendall("\r\n".join(lines).encode())
        sock.close()

    return answer


def writes(data: bytes) -> Raw:
    """Writes this to whoever comes, and closes."""

    def write(sock: socket.socket) -> None:
        sock.recv(4096)
        sock.sendall(data)
        sock.close()

    return write


def silent(sock: socket.socket) -> None:
    """Reads and says nothing."""
    while sock.recv(4096):
        pass


def hangs_up(sock: socket.socket) -> None:
    """Reads the request, and closes without an answer."""
    sock.recv(4096)
    sock.close()
