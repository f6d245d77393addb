"""A WebSocket: websockets' connection, whose text frames are taken out of each read.

``recv()`` would put a queue and a future between the socket and the engine. So the text frames of a
read are cut out of it (:mod:`pinecall.core.wire.cutter`) and handed over together; the connection
sees only control frames, and the head of the answer to its handshake
(:mod:`pinecall.core.wire.handshake`).
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidMessage, InvalidURI

from .._shared.failures import (
    OpenFailed,
    classify,
    no_answer,
    no_socks,
    not_a_server,
    proxy_failed,
    refused,
)
from .._shared.proxies import split_proxy
from ..core.link.link import Failure
from ..core.wire.cutter import Cutter
from ..core.wire.handshake import Answer
from ..core.wire.limits import EARLY
from ..errors import ConfigurationError
from .resolving import connect_tcp, look_up

if TYPE_CHECKING:
    from .._shared.settings import Settings

__all__ = ["ProxyUnreachable", "Receiver", "Socket", "connect_socket"]

_TAKES_PROXY = "proxy" in inspect.signature(connect.__init__).parameters


class Receiver(Protocol):
    """An object that gets the socket's messages."""

    def texts(self, texts: list[str]) -> None: ...
    def other(self, what: str) -> None: ...
    def read(self) -> None:
        """React to the end of one read: all its messages have been passed on."""

    def writable(self) -> None: ...
    def lost(self, socket: Socket, code: int | None, reason: str) -> None: ...


SocketT = TypeVar("SocketT", bound="Socket")


class ProxyUnreachable(Exception):
    """The name of the proxy was not found."""


class Socket(ClientConnection):
    """A WebSocket whose messages go to a :class:`Receiver`."""

    receiver: Receiver | None = None
    tcp_connected = False

    def __init__(self, *args: Any, on_handshake: Callable[[], None], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.on_handshake = on_handshake
        self._answer: Answer | None = None
        #: None until there is a receiver.
        self._cutter: Cutter | None = None
        self._early = bytearray()
        #: The newest ping that came while writing was paused.
        self._unanswered = b""

    def attach(self, receiver: Receiver) -> None:
        """From now on ``receiver`` gets everything, beginning with what came during the handshake."""
        self.receiver = receiver
        self._cutter = Cutter()
        early, self._early = bytes(self._early), bytearray()
        if len(early) > EARLY:
            self.transport.resume_reading()
        self.data_received(early)
        if self.connection_lost_waiter.done() and self.receiver is not None:
            self.receiver.lost(self, None, "")

    async def handshake(self, *args: Any, **kwargs: Any) -> None:
        self.tcp_connected = True
        self.on_handshake()
        try:
            await super().handshake(*args, **kwargs)
        except Exception as exc:
            answer = self._answer
            if answer is not None and answer.decided and not answer.accepted:
                # On an InvalidStatus websockets would follow a redirect, with the API key.
                raise OpenFailed(refused(answer)) from exc
            # websockets 13 does not say that the host did not answer.
            why = self.protocol.handshake_exc if isinstance(exc, ConnectionError) else None
            if why is None or isinstance(why, InvalidHandshake):
                raise
            raise InvalidMessage("it did not answer in HTTP") from why

    def data_received(self, data: bytes) -> None:
        cutter = self._cutter
        if cutter is None:
            self._received_early(data)
            return
        if cutter.over:
            return
        for piece in cutter.cut(data):
            if isinstance(piece, bytes):
                self._control(piece)
            elif self.receiver is None:
                continue  # aborted during this read, or about to close
            elif isinstance(piece, list):
                self.receiver.texts(piece)
            else:
                self.receiver.other(piece)
        if cutter.broken:
            self.protocol.fail(cutter.code, cutter.broken)
            self.send_data()
        if self.receiver is not None:
            self.receiver.read()
        if cutter.over:
            self._over(cutter)

    def _received_early(self, data: bytes) -> None:
        """Give the connection the head of the answer only; keep the frames behind it."""
        answer = self._answer
        if answer is None:
            answer = self._answer = Answer(self.protocol.key)
        if not answer.decided:
            if not answer.feed(data):
                return
            if answer.accepted:
                super().data_received(answer.head)
                data = answer.rest
        if not answer.accepted:
            self.transport.abort()
            return
        self._early += data
        if len(self._early) > EARLY:
            self.transport.pause_reading()

    def _control(self, frame: bytes) -> None:
        if frame[0] == _PING and self.paused:
            self._unanswered = frame
        else:
            super().data_received(frame)

    def _over(self, cutter: Cutter) -> None:
        """The closing handshake is done: close the socket even if the server leaves it open."""
        receiver, self.receiver = self.receiver, None
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.transport.close()
        if receiver is not None:
            code, reason = cutter.closed or (cutter.code, cutter.broken)
            receiver.lost(self, code, reason)

    def resume_writing(self) -> None:
        super().resume_writing()
        ping, self._unanswered = self._unanswered, b""
        if ping:
            super().data_received(ping)
        if self.receiver is not None:
            self.receiver.writable()

    def connection_lost(self, exc: Exception | None) -> None:
        if not hasattr(self, "transport"):
            return  # TLS failed behind a proxy: there is no connection yet
        super().connection_lost(exc)
        # Python 3.10 does not mark the transport of a TLS connection that was reset as closed.
        self.transport.close()
        if self.receiver is not None:
            self.receiver.lost(self, None, "")

    def abort(self) -> None:
        """Close at once, without waiting for a closing handshake."""
        self.receiver = None
        self.transport.abort()


_PING = 0x89

# Frames hold the key and what people say; the engine logs what may be logged.
_quiet = logging.getLogger("pinecall.websockets")
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False
_quiet.setLevel(logging.CRITICAL)


async def connect_socket(
    settings: Settings,
    url: str,
    kind: type[SocketT],
    on_handshake: Callable[[], None],
    **options: Any,
) -> SocketT:
    """Open a socket of this kind. ``on_handshake`` is called when TCP and TLS are done.

    Raises only :class:`OpenFailed` (or a cancellation). ``options`` are those of websockets.
    """
    made: list[SocketT] = []

    def make(*args: Any, **kwargs: Any) -> SocketT:
        made.append(kind(*args, on_handshake=on_handshake, **kwargs))
        return made[-1]

    try:
        options |= await _route(settings, url)
        return await connect(
            url,
            create_connection=make,  # type: ignore[arg-type]
            compression=None,
            open_timeout=None,
            ping_interval=None,
            max_size=None,
            logger=_quiet,
            **options,
        )  # type: ignore[return-value]
    except asyncio.CancelledError:
        for socket in made:
            if hasattr(socket, "transport"):
                socket.abort()
        raise
    except Exception as exc:
        # The connection is created after TCP, and begins the handshake after TLS.
        connected = bool(made) and made[-1].tcp_connected
        raise OpenFailed(_failure(exc, connected, bool(made) and not connected)) from exc


async def _route(settings: Settings, url: str) -> dict[str, Any]:
    """websockets' options for TLS, and a proxy or a socket to the host."""
    options: dict[str, Any] = {}
    if settings.ssl is not None and url.startswith("wss:"):
        options["ssl"] = settings.ssl
    proxy = settings.proxy_for(url)
    if proxy is None:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "wss" else 80)
        options["sock"] = await connect_tcp(parts.hostname or "", port)
    elif _TAKES_PROXY:
        options["proxy"] = await _resolved(proxy)
    else:
        raise ConfigurationError("a proxy needs websockets 15 or later: pip install -U websockets")
    return options


async def _resolved(proxy: str) -> str:
    """The proxy with its address for its name: websockets would look it up in the loop's executor."""
    scheme, host, port, _user = split_proxy(proxy)
    if scheme == "https":
        return proxy  # the certificate is issued for the name
    try:
        address = (await look_up(host, port))[0][4][0]
    except OSError as exc:
        raise ProxyUnreachable(f"the proxy's host name was not found ({exc})") from exc
    address = f"[{address}]" if ":" in address else address
    user, at, _host = urlsplit(proxy).netloc.rpartition("@")
    return f"{scheme}://{user}{at}{address}:{port}"


def _failure(exc: Exception, connected: bool, wrapping: bool = False) -> Failure:
    if isinstance(exc, ImportError):
        return no_socks(exc)
    if isinstance(exc, ProxyUnreachable):
        return Failure("proxy", str(exc), cause=exc)
    if isinstance(exc, InvalidURI):
        return Failure("handshake", str(exc), retryable=False, cause=exc)
    if type(exc).__name__ in (
        "ProxyError",
        "InvalidProxy",
        "InvalidProxyMessage",
        "InvalidProxyStatus",
    ):
        return proxy_failed(exc)
    if isinstance(exc, InvalidMessage) and isinstance(exc.__cause__, EOFError):
        return no_answer(exc)
    if isinstance(exc, InvalidHandshake):
        return not_a_server(exc)
    return classify(exc, connected=connected, wrapping=wrapping)
