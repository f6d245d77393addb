"""What both HTTP ports share: base URLs, headers, options for httpx, and its exceptions."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from attrs import field, frozen

from ...core.link.link import Failure
from ...core.rest.op import Body, Reply, RestOp, authorization
from ...errors import ConfigurationError
from ..exports import version
from ..failures import classify, proxy_failed
from ..settings import DEFAULT_URL, Settings, http_base, socket_url

if TYPE_CHECKING:
    import httpx

__all__ = ["Endpoints", "Prepared", "Progress", "pieces", "trouble"]

C = TypeVar("C")
#: Called with the bytes sent and the bytes in all.
Progress = Callable[[int, int], object]

PLAYGROUND = "https://playground.pinecall.io"
PLAYGROUND_VARIABLE = "PINECALL_PLAYGROUND_URL"

_PIECE = 64 << 10


@frozen(kw_only=True)
class Prepared:
    """A request with its base and key, read when it is sent."""

    method: str
    url: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    content: bytes | None = field(repr=False)
    base: str
    key: str = field(repr=False)
    proxy: str | None = field(repr=False)

    def build(
        self, client: Any, timeout: float, upload: Callable[[bytes], Any] | None
    ) -> httpx.Request:
        """The request for an httpx client of either kind; ``upload`` makes its content."""
        content: Any = self.content
        if upload is not None and self.content is not None:
            content = upload(self.content)
        request: httpx.Request = client.build_request(
            self.method, self.url, headers=self.headers, content=content, timeout=timeout
        )
        return request

    def reply(self, response: httpx.Response, body: Body | None = None) -> Reply:
        return Reply(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=b"" if body is None else bytes(body.data),
            base=self.base,
            key=self.key,
            too_large=body is not None and body.too_large,
        )


class Endpoints:
    def __init__(self, settings: Settings, playground_url: str | None = None) -> None:
        self.settings = settings
        self._playground_url = playground_url

    def base(self, plane: str = "api") -> str:
        """``api`` (the socket's URL over HTTP) or ``playground``, without a trailing slash.

        The platform has knowledge bases on a host of their own. Every other server has them itself:
        the key is for that server only. ``$PINECALL_PLAYGROUND_URL`` names another host.
        """
        own = self.settings.current_url()
        if plane == "api":
            return http_base(own)
        url = self._playground_url or os.environ.get(PLAYGROUND_VARIABLE, "").strip()
        if not url:
            platform = urlsplit(own).hostname == urlsplit(DEFAULT_URL).hostname
            return PLAYGROUND if platform else http_base(own)
        try:
            return http_base(socket_url(url, allow_insecure=self.settings.allow_insecure))
        except ConfigurationError as exc:
            raise ConfigurationError(f"the playground's {exc.message}", exc.code) from None

    def key_headers(self) -> dict[str, str]:
        return authorization(self.settings.current_key())

    def prepare(self, op: RestOp[Any], *, progress: bool = False) -> Prepared:
        base = self.base(op.plane)
        key = self.settings.current_key() if op.needs_key else ""
        agent = f"pinecall-python/{version()}"
        headers = {"User-Agent": agent, "Accept": "application/json", **op.headers}
        if op.needs_key:
            headers |= authorization(key)
        if progress and op.body is not None:
            headers["Content-Length"] = str(len(op.body))
        return Prepared(
            method=op.method,
            url=op.url(base),
            headers=headers,
            content=op.body,
            base=base,
            key=key,
            proxy=self.settings.proxy_for(base),
        )

    def client(self, kind: Callable[..., C], transport: Any, proxy: str | None) -> C:
        """An httpx client of that kind, with the settings the WebSocket has too."""
        if transport is not None:
            return kind(transport=transport)
        context = self.settings.ssl or ssl.create_default_context()
        if proxy is not None:
            # With httpx the proxy looks names up in any case; older versions know only this spelling.
            proxy = proxy.replace("socks5h://", "socks5://", 1)
        try:
            # The SDK has chosen the proxy; trust_env would add httpx's choice, and passwords of .netrc.
            return kind(verify=context, proxy=proxy, trust_env=False)
        except ImportError:
            raise ConfigurationError(
                "REST through a SOCKS proxy needs another package: pip install 'httpx[socks]'"
            ) from None


def pieces(body: bytes, progress: Progress) -> Iterator[bytes]:
    """The body in pieces; ``progress`` is called when the next one is asked for."""
    for start in range(0, len(body), _PIECE):
        piece = body[start : start + _PIECE]
        yield piece
        progress(start + len(piece), len(body))


def trouble(exc: BaseException) -> Failure:
    """Why a request got no answer. A request that may have been carried out is not retryable."""
    import httpx

    if isinstance(exc, (TimeoutError, httpx.TimeoutException)) or _is_asyncio_timeout(exc):
        may_pass = isinstance(exc, httpx.ConnectTimeout)
        return Failure("handshake", "no answer in time", may_pass, "REQUEST_TIMEOUT", exc)
    if isinstance(exc, httpx.ProxyError):
        return proxy_failed(exc)
    if isinstance(exc, (httpx.NetworkError, httpx.RemoteProtocolError)):
        found = _root(exc)
        if found is None:
            return Failure("handshake", str(exc) or type(exc).__name__, cause=exc)
        failure = classify(found, connected=not isinstance(exc, httpx.ConnectError))
        return Failure(failure.phase, failure.message, failure.retryable, failure.code, exc)
    return Failure("handshake", f"{type(exc).__name__}: {exc}", retryable=False, cause=exc)


def _is_asyncio_timeout(exc: BaseException) -> bool:
    # Not a TimeoutError before Python 3.11.
    return type(exc).__name__ == "TimeoutError"


def _root(exc: BaseException) -> OSError | None:
    found = None
    seen: BaseException | None = exc
    while seen is not None:
        if isinstance(seen, OSError):
            found = seen
        seen = seen.__cause__ or seen.__context__
    return found
