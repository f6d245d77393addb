"""Which proxy a connection goes through: one reading of the environment for every library.

Each library reads ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` in its own way. So the SDK reads
them, and gives each library the proxy, or none.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies

__all__ = ["SCHEMES", "bypassed", "proxy_for", "split_proxy"]

SCHEMES = ("http", "https", "socks5", "socks5h")
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def proxy_for(url: str, proxies: Mapping[str, str] | None = None) -> str | None:
    """Return the proxy's URL for a WebSocket or HTTP ``url``; None: connect directly.

    ``HTTPS_PROXY`` (for ``wss`` and ``https``) or ``HTTP_PROXY``, else ``ALL_PROXY``, in either
    case, and the system settings on macOS and Windows (``proxies`` is the result of
    ``urllib.request.getproxies``). ``NO_PROXY`` lists hosts that are reached directly: see
    :func:`bypassed`.
    """
    found = getproxies() if proxies is None else proxies
    parts = urlsplit(url)
    secure = parts.scheme in ("wss", "https")
    proxy = found.get("https" if secure else "http") or found.get("all") or ""
    if not proxy.strip():
        return None
    port = parts.port or _PORTS.get(parts.scheme, 0)
    if bypassed(parts.hostname or "", port, found.get("no", "")):
        return None
    proxy = proxy.strip()
    return proxy if "://" in proxy else f"http://{proxy}"


def bypassed(host: str, port: int, no_proxy: str) -> bool:
    """Whether ``NO_PROXY`` names the host.

    Entries are separated by commas or spaces: ``*`` (every host), a domain and its subdomains
    (``example.com``, ``.example.com``, ``*.example.com``), an address, a network
    (``10.0.0.0/8``, ``fd00::/8``), each with a port or without (``example.com:8443``, ``[::1]:80``).
    Entries that cannot be read are skipped.
    """
    host = host.rstrip(".").lower()
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        address = None
    for entry in re.split(r"[\s,]+", no_proxy.lower()):
        if entry == "*":
            return True
        name, only = _split(entry)
        if not name or (only and only != port):
            continue
        try:
            network = ipaddress.ip_network(name, strict=False)
        except ValueError:
            if address is None:
                domain = name.removeprefix("*").strip(".")
                if domain and (host == domain or host.endswith("." + domain)):
                    return True
        else:
            if address is not None and address in network:
                return True
    return False


def _split(entry: str) -> tuple[str, int]:
    """The name and port of an entry, without brackets; the port is 0 if it has none."""
    found = re.fullmatch(r"\[([^\]]*)\](/\d+)?(?::(\d+))?", entry)
    if found:
        return found[1] + (found[2] or ""), int(found[3] or 0)
    name, colon, port = entry.rpartition(":")
    if colon and ":" not in name and port.isdigit():
        return name, int(port)
    return entry, 0


def split_proxy(proxy: str) -> tuple[str, str, int, tuple[str, str] | None]:
    """The scheme, host and port of a proxy, and its user and password if it has them."""
    parts = urlsplit(proxy)
    port = parts.port or (1080 if parts.scheme.startswith("socks") else 3128)
    user = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return parts.scheme, parts.hostname or "", port, user
