"""The arguments of a client, checked; the environment is read anew for each attempt to connect."""

from __future__ import annotations

import ipaddress
import os
import re
import ssl as ssl_module
from urllib.parse import urlsplit

from attrs import field, frozen

from ..core.config.methods import reconnect_policy
from ..core.kernel.seconds import check_seconds, is_finite, is_number
from ..core.link.link import LinkSettings
from ..core.text.secrets import keep, keep_url
from ..errors import ConfigurationError
from ..options import ReconnectPolicy
from .proxies import SCHEMES, proxy_for

__all__ = ["DEFAULT_URL", "Settings", "http_base", "socket_url"]

DEFAULT_URL = "wss://voice.pinecall.io/client"
KEY_VARIABLE = "PINECALL_API_KEY"
URL_VARIABLE = "PINECALL_URL"
#: Whether the DEBUG lines of frames show the words of callers and agents.
WORDS_VARIABLE = "PINECALL_LOG_WORDS"

_SCHEMES = {"ws": "ws", "wss": "wss", "http": "ws", "https": "wss"}


def socket_url(url: str, *, allow_insecure: bool = False) -> str:
    """Return the WebSocket URL: ``http`` becomes ``ws``, and ``/client`` is added if missing.

    Raises ConfigurationError for another kind of URL, and for an unencrypted one of another host:
    the first message on it holds the key.
    """
    text = url.strip()
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname
    except ValueError as exc:
        raise ConfigurationError(f"url {_shown(text)}: {exc}") from None
    scheme = _SCHEMES.get(parts.scheme.lower())
    if scheme is None or not host or re.search(r"\s", text):
        raise ConfigurationError(
            f"url {_shown(text)} is not a URL like {DEFAULT_URL!r} (ws, wss, http and https are "
            "accepted)"
        )
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError("url: a user or password does not belong in it; use api_key=")
    if scheme == "ws" and not allow_insecure and not _loopback(host):
        raise ConfigurationError(
            f"url {_shown(text)} is unencrypted, and the API key would be sent over it; use "
            "wss://, or allow_insecure=True if the network is yours"
        )
    path = parts.path.rstrip("/")
    if not path.endswith("/client"):
        path += "/client"
    name = f"[{host}]" if ":" in host else host
    where = f"{name}:{port}" if port is not None else name
    query = f"?{parts.query}" if parts.query else ""
    return f"{scheme}://{where}{path}{query}"


def http_base(url: str) -> str:
    """The REST base of a WebSocket URL: ``http`` for ``ws``, and without ``/client``."""
    base = re.sub(r"^ws", "http", url.partition("?")[0]).rstrip("/")
    return base[: -len("/client")] if base.endswith("/client") else base


def _shown(url: str) -> str:
    # The part before an @ may be a password, the part after a ? a key.
    return repr(re.sub(r"//[^/@]*@", "//***@", url.partition("?")[0])[:100])


def _loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"{name} is a non-empty str, not {_blank_or_type(value)}")
    return value.strip()


def _url(value: object) -> str | None:
    return None if value is None else _text("url", value)


def _blank_or_type(value: object) -> str:
    return "an empty one" if isinstance(value, str) else type(value).__name__


def _key(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(
            f"api_key is a non-empty str like 'pk_…', not {_blank_or_type(value)}", "MISSING_KEY"
        )
    return value.strip()


def _seconds(name: str, value: object, *, none: bool = False) -> float | None:
    if none and (value is None or (is_number(value) and value == 0)):
        return None
    if is_finite(value) and value <= 0:
        raise ConfigurationError(f"{name} is {value!r}; it is more than 0 seconds")
    return check_seconds(name, value, "a number of seconds")


def _ping_interval(value: object) -> float | None:
    return _seconds("ping_interval", value, none=True)


def _connect_timeout(value: object) -> float:
    return _seconds("connect_timeout", value) or 0.0


def _context(value: object) -> ssl_module.SSLContext | None:
    if value is None or isinstance(value, ssl_module.SSLContext):
        return value
    if isinstance(value, (str, os.PathLike)):
        try:
            return ssl_module.create_default_context(cafile=os.fspath(value))
        except (OSError, ssl_module.SSLError) as exc:
            raise ConfigurationError(
                f"ssl={str(value)!r}: no CA bundle could be read: {exc}"
            ) from exc
    raise ConfigurationError(
        f"ssl is an ssl.SSLContext or the path of a CA bundle, not {type(value).__name__}"
    )


def _proxy(value: object, what: str = "proxy") -> str | None:
    if value is None:
        return None
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
        usable = parts is not None and parts.scheme in SCHEMES and bool(parts.hostname)
        usable = usable and parts is not None and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError(
            f"{what} is a URL like 'http://proxy.example:3128' ({', '.join(SCHEMES)}), or None for "
            "what the usual environment variables say"
        )
    return str(value)


@frozen(kw_only=True)
class Settings:
    """The arguments of ``Pinecall``, in both fronts. The WebSocket and REST use the same ``ssl``,
    ``proxy`` and CA bundle.

    Raises ConfigurationError for a value that cannot be used, and without a key.
    """

    api_key: str | None = field(converter=_key, repr=False)
    url: str | None = field(converter=_url, repr=lambda url: "None" if url is None else _shown(url))
    reconnect: ReconnectPolicy | None = field(converter=reconnect_policy)
    ping_interval: float | None = field(converter=_ping_interval)
    connect_timeout: float = field(converter=_connect_timeout)
    ssl: ssl_module.SSLContext | None = field(converter=_context)
    proxy: str | None = field(converter=_proxy, repr=False)
    allow_insecure: bool = field(converter=bool)
    strict: bool = field(converter=bool)

    def __attrs_post_init__(self) -> None:
        self.current_key()
        self.current_url()
        if self.proxy is not None:
            keep_url(self.proxy)

    def current_key(self) -> str:
        key = self.api_key or os.environ.get(KEY_VARIABLE, "").strip()
        if not key:
            raise ConfigurationError(
                f"no API key: give Pinecall(api_key=…) or set {KEY_VARIABLE}", "MISSING_KEY"
            )
        keep(key)
        return key

    def current_url(self) -> str:
        url = self.url or os.environ.get(URL_VARIABLE, "").strip() or DEFAULT_URL
        if "?" in url:
            keep_url(url)
        return socket_url(url, allow_insecure=self.allow_insecure)

    def proxy_for(self, url: str) -> str | None:
        """Return the proxy for a URL, the given or the environment's; None: connect directly."""
        return self.proxy or _proxy(proxy_for(url), "the environment's proxy")

    def link(self) -> LinkSettings:
        return LinkSettings(
            url=self.current_url,
            api_key=self.current_key,
            reconnect=self.reconnect,
            ping_interval=self.ping_interval,
            connect_timeout=self.connect_timeout,
            log_words=os.environ.get(WORDS_VARIABLE, "").strip() in ("1", "true", "yes"),
        )
