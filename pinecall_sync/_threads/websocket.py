"""A WebSocket: websocket-client's framing over a socket of our own.

websocket-client reads and writes in turns, each possibly for long, and a write that times out
breaks the stream. So it gets an :class:`_Answering` as its socket until the handshake is done, and
then a :class:`_Buffers`: it frames what is written, :mod:`pinecall.core.wire.cutter` takes apart what
was read, and one thread does the waiting, for both directions at once. Everything here but
:func:`connect_socket` is called from that one thread.
"""

from __future__ import annotations

import logging
import re
import select
import socket
import ssl
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import websocket
from websocket import ABNF

from pinecall._shared.failures import (
    OpenFailed,
    classify,
    no_answer,
    no_socks,
    not_a_server,
    proxy_failed,
    refused,
)
from pinecall._shared.proxies import split_proxy
from pinecall.core.link.link import Failure
from pinecall.core.text.secrets import scrub
from pinecall.core.wire.cutter import Cutter
from pinecall.core.wire.handshake import Answer
from pinecall.errors import ConfigurationError

if TYPE_CHECKING:
    from pinecall._shared.settings import Settings

__all__ = ["OnStage", "Socket", "connect_socket"]

#: Bytes read at once.
_READ = 1 << 16
_READ_HEAD = 1 << 12
_KEY = re.compile(rb"\r\nSec-WebSocket-Key: *(\S+)\r\n")
#: The code that stands for a close frame without one.
_NO_STATUS = 1005
#: Bytes that wait here before the engine's own, bounded queue is used.
WRITE_LIMIT = 256 << 10

#: Called when ``tls`` or the ``handshake`` begins, with a function by which another thread ends it.
OnStage = Callable[[str, Callable[[], None]], None]


class _Redacting(logging.Filter):
    """Redacts websocket-client's trace, whose lines hold whole frames and the request."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        record.msg, record.args = scrub(text), None
        # Raw frames are masked, but the mask is beside them.
        return not text.startswith("++Sent raw")


logging.getLogger("websocket").addFilter(_Redacting())


class _Answering:
    """websocket-client's socket during the handshake. It would read the answer byte by byte and without
    a bound; here it gets only the head of an answer that was accepted."""

    def __init__(self, raw: socket.socket) -> None:
        self.raw = raw
        timeout = raw.gettimeout()
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._answer = Answer("")
        self._head = b""

    @property
    def rest(self) -> bytes:
        """The bytes behind the answer."""
        return self._answer.rest

    def send(self, data: bytes) -> int:
        key = _KEY.search(data)
        if key is not None:
            self._answer = Answer(key[1].decode())
        self.raw.sendall(data)
        return len(data)

    def recv(self, size: int) -> bytes:
        answer = self._answer
        while not answer.decided:
            if self._deadline is not None:
                self.raw.settimeout(max(self._deadline - time.monotonic(), 0.001))
            data = self.raw.recv(_READ_HEAD)
            if not data:
                return b""
            if answer.feed(data):
                if not answer.accepted:
                    raise OpenFailed(refused(answer))
                self._head = answer.head
        data, self._head = self._head[:size], self._head[size:]
        return data

    def fileno(self) -> int:
        return self.raw.fileno()

    def gettimeout(self) -> float | None:
        return self.raw.gettimeout()

    def settimeout(self, timeout: float | None) -> None:
        self.raw.settimeout(timeout)

    def shutdown(self, how: int) -> None:
        self.raw.shutdown(how)

    def close(self) -> None:
        self.raw.close()


class _Buffers:
    """websocket-client's socket after the handshake: never blocks, and only collects."""

    def __init__(self) -> None:
        self.unsent = bytearray()

    def send(self, data: bytes) -> int:
        self.unsent += data
        return len(data)

    def gettimeout(self) -> float:
        return 0.0

    def settimeout(self, timeout: float | None) -> None:
        """Nothing to do: nothing here waits."""

    def close(self) -> None:
        """Nothing to do: the real socket is closed by its owner."""


class Socket:
    """Reads and writes without blocking."""

    def __init__(self, connection: Any) -> None:
        """``connection``: what :func:`connect_socket` gives."""
        self._connection = connection
        self._raw: socket.socket = connection.sock.raw
        self._early: bytes = connection.sock.rest
        self._raw.setblocking(False)
        self._buffers = connection.sock = _Buffers()
        self._cutter = Cutter()
        #: The newest ping that came while the buffer was full.
        self._unanswered: bytes | None = None
        self._closing = False
        self.close_code: int | None = None
        self.close_reason = ""

    def fileno(self) -> int:
        return self._raw.fileno()

    @property
    def may_write(self) -> bool:
        return len(self._buffers.unsent) < WRITE_LIMIT

    @property
    def wants_write(self) -> bool:
        return bool(self._buffers.unsent)

    def write(self, texts: list[str]) -> None:
        for text in texts:
            self._connection.send_frame(ABNF.create_frame(text, ABNF.OPCODE_TEXT))
        self.flush()

    def flush(self) -> None:
        """Send as much as the network takes now; raises OSError when the connection is gone."""
        unsent = self._buffers.unsent
        while unsent:
            try:
                sent = self._raw.send(unsent)
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                return
            del unsent[:sent]
            if self._unanswered is not None and self.may_write:
                payload, self._unanswered = self._unanswered, None
                self._connection.pong(payload)

    def receive(self, texts: Callable[[list[str]], None], other: Callable[[str], None]) -> bool:
        """Hand over every message that has arrived; False when the connection is over."""
        early, self._early = self._early, b""
        if early and not self._received(early, texts, other):
            return False
        while True:
            try:
                data = self._raw.recv(_READ)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return True
            except OSError:
                return False
            if not data or not self._received(data, texts, other):
                return False
            # TLS may hold more than this read took, and select() does not see it.
            if not (isinstance(self._raw, ssl.SSLSocket) and self._raw.pending()):
                return True

    def _received(
        self, data: bytes, texts: Callable[[list[str]], None], other: Callable[[str], None]
    ) -> bool:
        for piece in self._cutter.cut(data):
            if isinstance(piece, list):
                texts(piece)
            elif isinstance(piece, str):
                other(piece)
            elif piece[0] & 0x0F == ABNF.OPCODE_PING:
                self._pinged(piece[2:])
        if self._cutter.over:
            self._goodbye()
        return not self._cutter.over

    def _pinged(self, payload: bytes) -> None:
        if self.may_write:
            self._connection.pong(payload)
        else:
            self._unanswered = payload

    def _goodbye(self) -> None:
        cutter = self._cutter
        if cutter.closed is not None:
            self.close_code, self.close_reason = cutter.closed
            answer = b"" if self.close_code == _NO_STATUS else self.close_code.to_bytes(2, "big")
        else:
            self.close_code, self.close_reason = cutter.code, cutter.broken
            answer = cutter.code.to_bytes(2, "big") + cutter.broken.encode()
        if not self._closing:
            self._connection.send(answer, ABNF.OPCODE_CLOSE)
        try:
            self.flush()
        except OSError:
            pass  # it is gone already

    def close_within(self, texts: list[str], code: int, reason: str, timeout: float) -> None:
        """Send what is left, say goodbye, and wait at most ``timeout`` seconds for the server's."""
        deadline = time.monotonic() + timeout
        try:
            self.write(texts)
            self._closing = True
            self._connection.send_close(code, reason.encode())
            self.flush()
            alive = self.receive(_ignore, _ignore)
            while alive and (left := deadline - time.monotonic()) > 0:
                select.select([self], [self] if self.wants_write else [], [], left)
                self.flush()
                alive = self.receive(_ignore, _ignore)
        except OSError:
            pass  # it is gone already
        finally:
            self.abort()

    def abort(self) -> None:
        """Close at once, without waiting for a closing handshake."""
        _interrupt(self._raw)
        self._raw.close()


def _ignore(_what: object) -> None:
    """Drop what still arrives."""


class _Connection(websocket.WebSocket):
    """Reports when TCP and TLS are done; takes TLS settings for each connect()."""

    def __init__(self, on_stage: OnStage, **options: Any) -> None:
        self.handshaking = False
        self.wrapping = False
        self._on_stage = on_stage
        super().__init__(**options)

    def connect(self, url: str, **options: Any) -> None:
        # websocket-client accepts this in its constructor only.
        given = options.pop("sslopt", {})
        if url.startswith("wss:"):
            context = given.get("context") or ssl.create_default_context()
            self.sock_opt.sslopt = {"context": _Context(context, self._wrap)}
        super().connect(url, **options)  # type: ignore[no-untyped-call]

    def _wrap(self, sock: socket.socket, wrap: Callable[..., ssl.SSLSocket]) -> ssl.SSLSocket:
        self.wrapping = True
        # Wrapping detaches the socket object; the duplicate can still be shut down.
        with sock.dup() as handle:
            self._on_stage("tls", lambda: _interrupt(handle))
            wrapped = wrap(sock)
        self.wrapping = False
        return wrapped

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "sock" or value is None or self.handshaking:
            super().__setattr__(name, value)
            return
        super().__setattr__(name, _Answering(value))
        self.handshaking = True
        self._on_stage("handshake", lambda: _interrupt(value))


class _Context:
    """The SSL context for websocket-client."""

    def __init__(self, context: ssl.SSLContext, wrap: Callable[..., ssl.SSLSocket]) -> None:
        self._context = context
        self._wrap = wrap

    def wrap_socket(self, sock: socket.socket, **options: Any) -> ssl.SSLSocket:
        return self._wrap(sock, lambda raw: self._context.wrap_socket(raw, **options))


def _interrupt(sock: socket.socket) -> None:
    """Wake the thread that waits on the socket; that thread closes it."""
    try:
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        pass


def connect_socket(
    settings: Settings,
    url: str,
    timeout: float,
    on_stage: OnStage,
    headers: dict[str, str] | None = None,
) -> Any:
    """Open a websocket-client WebSocket. Raises :class:`OpenFailed`.

    Blocks for at most about ``timeout`` seconds for each of TCP, TLS and the handshake.
    """
    connection: Any = _Connection(on_stage, skip_utf8_validation=True)
    try:
        connection.connect(
            url,
            header=headers or {},
            timeout=timeout,
            redirect_limit=0,
            suppress_origin=True,
            **_tls(settings),
            **_proxy(settings, url, timeout),
        )
    except Exception as exc:
        raise OpenFailed(_failure(exc, connection)) from exc
    return connection


def _tls(settings: Settings) -> dict[str, Any]:
    return {} if settings.ssl is None else {"sslopt": {"context": settings.ssl}}


def _proxy(settings: Settings, url: str, timeout: float) -> dict[str, Any]:
    """websocket-client's options for the proxy; it must not read the environment itself."""
    proxy = settings.proxy_for(url)
    if proxy is None:
        # It reads the environment unless a proxy is given; this one applies to no host.
        return {"http_proxy_host": "none", "http_proxy_port": 1, "http_no_proxy": ["*"]}
    scheme, host, port, user = split_proxy(proxy)
    return {
        "http_proxy_host": host,
        "http_proxy_port": port,
        "proxy_type": "http" if scheme.startswith("http") else scheme,
        "http_proxy_auth": user,
        "http_proxy_timeout": timeout,
        # websocket-client would fill an empty list from the environment.
        "http_no_proxy": ["-"],
    }


def _failure(exc: Any, connection: Any) -> Failure:
    if isinstance(exc, websocket.WebSocketProxyException):
        if "Socks is needed" in str(exc):
            return no_socks(exc)
        return proxy_failed(exc)
    if isinstance(exc, websocket.WebSocketAddressException):
        return Failure("dns", "the host name was not found", cause=exc)
    if isinstance(exc, websocket.WebSocketTimeoutException):
        return classify(TimeoutError(str(exc)), connected=connection.handshaking)
    if isinstance(exc, websocket.WebSocketConnectionClosedException):
        return no_answer(exc)
    if isinstance(exc, (OSError, ConfigurationError, OpenFailed)):
        return classify(exc, connected=connection.handshaking, wrapping=connection.wrapping)
    return not_a_server(exc)
