"""Exceptions of any layer while a socket is opened, as the core's :class:`Failure`.

A failure that may pass is retryable; a bad certificate, a redirect or a host that is not a Pinecall
server is not.
"""

from __future__ import annotations

import os
import socket
import ssl
from typing import TYPE_CHECKING

from ..core.link.link import Failure
from ..errors import ConfigurationError, ProtocolError

if TYPE_CHECKING:
    from ..core.wire.handshake import Answer
    from .settings import Settings

__all__ = [
    "ANSWER",
    "QUIET",
    "OpenFailed",
    "SocketClosed",
    "check_process",
    "classify",
    "http_failure",
    "link_url",
    "no_answer",
    "no_socks",
    "not_a_server",
    "proxy_failed",
    "refused",
]

#: Seconds of silence after which a WebSocket of the REST API is pinged, and seconds for the answer.
QUIET, ANSWER = 20.0, 10.0

_RETRY_STATUS = {408, 425, 429}


class OpenFailed(Exception):
    """A WebSocket could not be opened."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class SocketClosed(Exception):
    """A WebSocket of the REST API is over. ``code`` is 1006 without a closing handshake."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason or f"close code {code}")
        self.code = code
        self.reason = reason


def http_failure(status: int, cause: BaseException | None = None) -> Failure:
    """The failure for an HTTP status other than 101 in answer to the WebSocket handshake."""
    if status >= 500 or status in _RETRY_STATUS:
        return Failure(
            "handshake", f"the server answered HTTP {status}", code=f"HTTP_{status}", cause=cause
        )
    if 300 <= status < 400:
        what = (
            f"the host redirects (HTTP {status}); redirects are not followed, since the first "
            "message carries the API key: use the final URL"
        )
    elif status in (401, 403):
        what = f"the host refuses the connection (HTTP {status}): is a proxy or gateway in between?"
    else:
        what = f"the host answered HTTP {status}, so this is not a Pinecall server: check the URL"
    return Failure("handshake", what, retryable=False, code=f"HTTP_{status}", cause=cause)


def no_socks(exc: BaseException) -> Failure:
    """The failure of a library that needs another package for SOCKS proxies."""
    return Failure(
        "proxy",
        "a SOCKS proxy needs another package: pip install 'python-socks[asyncio]'",
        retryable=False,
        cause=exc,
    )


def proxy_failed(exc: BaseException) -> Failure:
    return Failure("proxy", f"the proxy did not connect: {exc}", cause=exc)


def no_answer(exc: BaseException) -> Failure:
    return Failure("handshake", "the host closed the connection without an answer", cause=exc)


def not_a_server(exc: BaseException) -> Failure:
    return Failure(
        "handshake",
        f"the host does not speak WebSocket ({exc}): check the URL",
        retryable=False,
        cause=exc,
    )


def refused(answer: Answer) -> Failure:
    """The failure for an answer that does not accept the WebSocket handshake."""
    if answer.problem:
        return not_a_server(ProtocolError(answer.problem))
    return http_failure(answer.status)


def classify(exc: BaseException, *, connected: bool, wrapping: bool = False) -> Failure:
    """The failure for an exception. ``connected``: TCP and TLS were done; ``wrapping``: TLS was under
    way."""
    if isinstance(exc, OpenFailed):
        return exc.failure
    if isinstance(exc, ConfigurationError):
        return Failure("handshake", exc.message, retryable=False, code=exc.code, cause=exc)
    if isinstance(exc, ssl.SSLCertVerificationError):
        return Failure(
            "tls",
            f"the server's certificate was not accepted: {exc.verify_message}; if it is your own, "
            "give its CA with ssl=",
            retryable=False,
            cause=exc,
        )
    if isinstance(exc, (ssl.SSLEOFError, ssl.SSLZeroReturnError)) or (
        wrapping and isinstance(exc, (ConnectionError, EOFError))
    ):
        return Failure("tls", "the server closed the connection during TLS", cause=exc)
    if isinstance(exc, ssl.SSLError):
        return Failure(
            "tls",
            f"TLS failed ({exc.reason or exc}): does the server speak TLS on this port?",
            retryable=False,
            cause=exc,
        )
    if isinstance(exc, socket.gaierror):
        return Failure("dns", f"the host name was not found ({exc.strerror})", cause=exc)
    if isinstance(exc, TimeoutError):
        what = "the server said nothing" if connected else "the host did not answer"
        return Failure(
            "handshake" if connected else "tcp", what, code="CONNECTION_TIMEOUT", cause=exc
        )
    if isinstance(exc, (OSError, EOFError)):
        text = getattr(exc, "strerror", None) or str(exc) or type(exc).__name__
        return Failure("handshake" if connected else "tcp", text, cause=exc)
    return Failure("handshake", f"{type(exc).__name__}: {exc}", retryable=False, cause=exc)


def link_url(settings: Settings) -> str:
    """The URL of the link. Raises :class:`OpenFailed`, also without a key: a connection would be of no
    use."""
    try:
        settings.current_key()
        return settings.current_url()
    except ConfigurationError as exc:
        raise OpenFailed(classify(exc, connected=False)) from exc


def check_process(pid: int | None) -> None:
    """Raise ConfigurationError in a forked child of the process ``pid``, which connected."""
    if pid is not None and pid != os.getpid():
        raise ConfigurationError(
            "this Pinecall was connected before a fork, and its connection belongs to the parent "
            "process; make a new one in the child"
        )
