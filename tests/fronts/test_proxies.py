"""Proxies: one reading of the environment for WebSockets and REST of both fronts; SOCKS proxies."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from pinecall import ConnectError, TokenError
from pinecall._asyncio.websocket import _TAKES_PROXY
from pinecall._shared.proxies import bypassed, proxy_for, split_proxy
from pinecall_sync.emulator import Emulator

from .driving import FRONTS, Front
from .log import Log

NETWORKS = "localhost,127.0.0.1,::1,fd07:b51a:cc66:f0::/64"


@pytest.mark.parametrize(
    ("url", "environment", "proxy"),
    [
        ("wss://a.example/client", {"https": "http://p:1"}, "http://p:1"),
        ("https://a.example", {"https": "http://p:1", "all": "http://q:1"}, "http://p:1"),
        ("ws://a.example", {"http": "http://p:1", "https": "http://q:1"}, "http://p:1"),
        ("wss://a.example", {"http": "http://p:1"}, None),
        ("wss://a.example", {"all": "socks5://p:1"}, "socks5://p:1"),
        ("wss://a.example", {"https": "p:3128"}, "http://p:3128"),
        ("wss://a.example", {"https": " ", "all": ""}, None),
        ("wss://a.example", {}, None),
        ("wss://a.example", {"https": "http://p:1", "no": "a.example"}, None),
        ("wss://a.example:8443", {"https": "http://p:1", "no": "a.example:443"}, "http://p:1"),
        ("wss://a.example", {"https": "http://p:1", "no": "a.example:443"}, None),
        ("ws://[::1]:80/client", {"http": "http://p:1", "no": "::1"}, None),
    ],
)
def test_reading(url: str, environment: dict[str, str], proxy: str | None) -> None:
    """HTTPS_PROXY or HTTP_PROXY by the scheme, else ALL_PROXY, unless NO_PROXY names the host."""
    assert proxy_for(url, environment) == proxy


@pytest.mark.parametrize(
    ("host", "no_proxy", "direct"),
    [
        ("a.example", "*", True),
        ("a.example", "b.example, a.example", True),
        ("a.example", "b.example a.example", True),
        ("x.a.example", "a.example", True),
        ("x.a.example", ".a.example", True),
        ("x.a.example", "*.a.example", True),
        ("A.Example.", "a.EXAMPLE", True),
        ("ba.example", "a.example", False),
        ("a.example", "", False),
        ("a.example", "10.0.0.0/8,fd00::/8", False),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("fd07:b51a:cc66:f0::5", NETWORKS, True),
        ("fd07:b51a:cc66:f1::5", NETWORKS, False),
        ("::1", "[::1]", True),
        ("::1", "[::1]:443", True),
        ("::1", "[::1]:80", False),
        ("fe80::1%eth0", "fe80::/10", True),
        ("127.0.0.1", "nonsense/99,,:::,", False),
    ],
)
def test_no_proxy(host: str, no_proxy: str, direct: bool) -> None:
    """Hosts, domains, addresses and networks of both kinds, with ports or without."""
    assert bypassed(host, 443, no_proxy) is direct


def test_parts_of_a_proxy() -> None:
    """A proxy's parts, with the usual ports and what is quoted in its user."""
    assert split_proxy("http://me:p%40ss@p.example") == ("http", "p.example", 3128, ("me", "p@ss"))
    assert split_proxy("socks5://[::1]") == ("socks5", "::1", 1080, None)


class Socks:
    """A SOCKS5 proxy on loopback that notes where it was asked to connect to."""

    def __init__(self, log: Log, user: tuple[str, str] | None = None) -> None:
        self._log, self._user = log, user
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._one, args=(client,), daemon=True).start()

    def _one(self, client: socket.socket) -> None:
        with client, client.makefile("rb") as reads:
            reads.read(reads.read(2)[1])
            client.sendall(b"\x05\x02" if self._user else b"\x05\x00")
            if self._user:
                name = reads.read(reads.read(2)[1])
                word = reads.read(reads.read(1)[0])
                self._log((name.decode(), word.decode()))
                client.sendall(b"\x01\x00")
            kind = reads.read(4)[3]
            size = {1: 4, 4: 16}.get(kind) or reads.read(1)[0]
            host = reads.read(size)
            port = int.from_bytes(reads.read(2), "big")
            self._log((host.decode() if kind == 3 else kind, port))
            with socket.create_connection(("127.0.0.1", port)) as there:
                client.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
                back = threading.Thread(target=_copy, args=(there, client), daemon=True)
                back.start()
                _copy(client, there)
                back.join(5)

    def stop(self) -> None:
        self._listener.close()


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


@pytest.fixture
def emu(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    with Emulator() as emulator:
        yield emulator


@pytest.fixture(params=["asyncio", "blocking"] if _TAKES_PROXY else ["blocking"])
def proxied(request: pytest.FixtureRequest) -> Iterator[Front]:
    """The fronts whose library knows proxies."""
    there = FRONTS[request.param]()
    yield there
    there.close()


def use(front: Front, emu: Emulator, **options: Any) -> None:
    """A WebSocket, and a request."""
    pc = front.client(emu.url, key=emu.api_key, reconnect=False, **options)
    front.do(pc.connect)
    agent = pc.deploy("mara", prompt="x", channels=["webrtc"])
    front.do(agent.wait_ready)
    front.do(agent.create_token, "webrtc")


@pytest.mark.parametrize("way", ["argument", "environment"])
def test_socks(
    proxied: Front, emu: Emulator, log: Log, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """WebSocket and REST both go through a SOCKS proxy, with its user, by name or by address."""
    proxy = Socks(log, ("me", "hunter2"))
    url = f"socks5h://me:hunter2@127.0.0.1:{proxy.port}"
    if way == "environment":
        monkeypatch.setenv("ALL_PROXY", url)
        use(proxied, emu)
    else:
        use(proxied, emu, proxy=url)
    proxy.stop()
    asked = [item for item in log if item != ("me", "hunter2")]
    assert [port for _, port in asked] == [emu.port, emu.port]
    assert len(log) == 4


@pytest.mark.parametrize(
    "environment",
    [
        {"NO_PROXY": NETWORKS},
        {"HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.0/8"},
        {"ALL_PROXY": "socks5://127.0.0.1:9", "NO_PROXY": f"10.0.0.0/8,{NETWORKS}"},
        {"HTTPS_PROXY": "http://127.0.0.1:9"},
        {"http_proxy": "http://127.0.0.1:9", "no_proxy": "*"},
    ],
    ids=str,
)
def test_direct(
    front: Front, emu: Emulator, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    """What NO_PROXY names, or no variable is for, is reached directly by both, and asks for no package."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    use(front, emu)


def test_both_go_the_same_way(
    proxied: Front, emu: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that is not there is the proxy's fault for the WebSocket, and REST fails as it does."""
    pc = proxied.client(emu.url, key=emu.api_key, reconnect=False)
    monkeypatch.setenv("HTTP_PROXY", "http://me:hunter2@127.0.0.1:9")
    with pytest.raises(ConnectError) as refused:
        proxied.do(pc.connect)
    assert "hunter2" not in str(refused.value)
    with pytest.raises(TokenError) as failed:
        proxied.do(pc.create_token, "webrtc", "somebody-elses")
    assert "hunter2" not in str(failed.value)
