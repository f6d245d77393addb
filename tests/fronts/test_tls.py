"""TLS: certificates, records and threads."""

from __future__ import annotations

import gc
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from pinecall import ConnectError, NotConnected, PinecallError
from pinecall._asyncio.websocket import _TAKES_PROXY as TAKES_PROXY

from .certificates import Authority
from .driving import Front
from .log import DEADLINE, Log, until
from .server import Server, hangs_up, said, silent


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def secure(authority: Authority, front: Front) -> Iterator[Server]:
    """A server that speaks TLS as localhost; it goes before the front does."""
    there = Server(tls=authority.server())
    yield there
    for client in front.clients:
        front.do(client.disconnect)
    there.stop()


def test_the_right_ca(front: Front, secure: Server, authority: Authority) -> None:
    """ssl= takes the path of a CA bundle, or a context."""
    pc = front.client(secure, ssl=str(authority.bundle))
    front.do(pc.connect)
    context = ssl.create_default_context(cafile=authority.bundle)
    front.do(front.client(secure, ssl=context).connect)
    assert pc.connected
    assert len(secure.connections) == 2


def test_an_unknown_ca(front: Front, secure: Server) -> None:
    """A certificate nobody vouches for is refused at once, in the tls phase, with the way out."""
    pc = front.client(secure, connect_timeout=600)
    with pytest.raises(ConnectError) as caught:
        front.do(pc.connect)
    assert (caught.value.phase, caught.value.attempts) == ("tls", 1)
    assert "ssl=" in str(caught.value)
    assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)
    assert len(secure.frames) == 0


def test_another_hosts_certificate(front: Front, authority: Authority) -> None:
    """A certificate for another host is refused, too."""
    there = Server(tls=authority.server("elsewhere.example"))
    pc = front.client(there, ssl=str(authority.bundle), connect_timeout=600)
    with pytest.raises(ConnectError, match="localhost") as caught:
        front.do(pc.connect)
    assert caught.value.phase == "tls"
    assert len(there.frames) == 0
    there.stop()


def test_tls_to_a_plain_server(front: Front, server: Server) -> None:
    """wss:// to a server that speaks no TLS fails at once in the tls phase."""
    pc = front.client(f"wss://localhost:{server.port}", connect_timeout=600)
    server.takeover = lambda sock: (sock.recv(4096), sock.sendall(b"HTTP/1.1 400 no\r\n\r\n"))
    with pytest.raises(ConnectError, match="does the server speak TLS") as caught:
        front.do(pc.connect)
    assert caught.value.phase == "tls"


def test_plain_to_a_tls_server(front: Front, secure: Server) -> None:
    """ws:// to a server that speaks TLS fails, and the key never goes out."""
    pc = front.client(f"ws://localhost:{secure.port}", reconnect=False)
    with pytest.raises(ConnectError) as caught:
        front.do(pc.connect)
    assert caught.value.phase == "handshake"


def test_hanging_up_during_tls(front: Front, server: Server) -> None:
    """A host that closes during TLS is tried again until connect_timeout."""
    server.takeover = hangs_up
    pc = front.client(f"wss://localhost:{server.port}", connect_timeout=0.5)
    with pytest.raises(ConnectError) as caught:
        front.do(pc.connect)
    assert caught.value.phase == "tls"
    assert caught.value.attempts > 1


def test_silence_during_tls(front: Front, server: Server) -> None:
    """A host that accepts and says nothing during TLS fails at the deadline."""
    server.takeover = silent
    pc = front.client(f"wss://localhost:{server.port}", connect_timeout=0.3)
    with pytest.raises(ConnectError) as caught:
        front.do(pc.connect)
    assert caught.value.code == "CONNECTION_TIMEOUT"


def test_disconnect_during_tls(front: Front, server: Server) -> None:
    """disconnect() ends an attempt that hangs in TLS, and nothing is left of it."""
    asked = Log()

    def stall(sock: socket.socket) -> None:
        asked(sock.recv(4096))
        silent(sock)

    server.takeover = stall
    pc = front.client(f"wss://localhost:{server.port}", connect_timeout=600)
    connecting = front.begin(pc.connect)
    asked.wait_count(1)
    front.do(pc.disconnect)
    with pytest.raises(NotConnected):
        connecting.result(DEADLINE)


@pytest.fixture
def call(front: Front, secure: Server, authority: Authority, log: Log) -> Any:
    pc = front.connected(secure, "mara", ssl=str(authority.bundle))
    begun = Log()
    pc.on("call.started", begun)
    pc.on("user.message", lambda event, call: log(event.text))
    secure.start_call()
    return begun.wait_count(1)[0]


def test_two_messages_in_one_record(secure: Server, call: Any, log: Log) -> None:
    """What one TLS record holds is read at once: select() does not report the rest."""
    secure.connection().send(said("one", message_id="m1"), said("two", message_id="m2"))
    assert log.wait_count(2) == ["one", "two"]


def test_a_record_with_the_handshake(front: Front, authority: Authority, log: Log) -> None:
    """Messages that come right behind the server's handshake are not overlooked."""
    there = Server(tls=authority.server())

    def connect(connection: Any, frame: Any) -> None:
        connection.send({"event": "connected"}, {"event": "ping"}, {"event": "weather"})

    there.replies["connect"] = connect
    pc = front.client(there, ssl=str(authority.bundle), ping_interval=None)
    pc.on("*", lambda item: log(item.name))
    front.do(pc.connect)
    log.wait_for("weather")
    there.frames.wait_for({"event": "pong"})
    front.do(pc.disconnect)
    there.stop()
    assert list(log) == ["connected", "weather", "disconnected"]


def test_large_messages(front: Front, secure: Server, call: Any, log: Log) -> None:
    """Messages of many records arrive whole, in both directions."""
    secure.connection().send(said("x" * 3_000_000), said("after", message_id="m2"))
    assert [len(text) for text in log.wait_count(2)] == [3_000_000, 5]
    playback = front.do(call.say, "y" * 3_000_000)
    assert not front.heard(playback).interrupted


def test_sixteen_threads(front: Front, secure: Server, call: Any) -> None:
    """Sixteen threads that send at once, while the server sends: nothing is torn or lost."""
    secure.replies["bot.reply"] = None
    there = secure.connection()

    def talk(number: int) -> None:
        for count in range(40):
            call.say(f"{number}.{count} " + "x" * 2000)

    threads = [threading.Thread(target=talk, args=(n,), daemon=True) for n in range(16)]
    for thread in threads:
        thread.start()
    for count in range(200):
        there.send(said("x" * 2000, message_id=f"m{count}"))
    for thread in threads:
        thread.join(DEADLINE)
    replies = Log()
    until(lambda: sum(f["event"] == "bot.reply" for f in there.frames) == 640, "all of them")
    for frame in there.frames:
        if frame["event"] == "bot.reply":
            replies(frame["text"].split()[0])
    assert len(set(replies)) == 640
    assert call.last_message_id == "m199" or until(
        lambda: call.last_message_id == "m199", "the server's"
    )


def test_nothing_is_torn(front: Front, secure: Server, call: Any) -> None:
    """A server that stops reading and goes on: all that was accepted arrives, in order."""
    secure.replies["bot.reply"] = None
    there = secure.connection()
    there.stop_reading()

    def fill() -> int:
        for number in range(1000):
            try:
                call.say(f"{number:04d}" + "x" * 100_000)
            except NotConnected:
                return number
        raise AssertionError

    accepted = front.do(fill)
    there.go_on_reading()
    front.do(call.get_history)
    texts = [f["text"][:4] for f in there.frames if f["event"] == "bot.reply"]
    assert texts == [f"{number:04d}" for number in range(accepted)]


def test_closing_from_another_thread(front: Front, secure: Server, call: Any) -> None:
    """Threads that send while another one closes end with an error, and the close ends."""
    secure.replies["bot.reply"] = None
    results = Log()

    def talk() -> None:
        try:
            while True:
                call.say("x" * 1000)
        except Exception as exc:
            results(type(exc).__name__)

    threads = [threading.Thread(target=talk, daemon=True) for _ in range(16)]
    for thread in threads:
        thread.start()
    secure.frames.wait_for(lambda frame: frame["event"] == "bot.reply")
    front.do(front.clients[0].disconnect)
    assert set(results.wait_count(16)) <= {"CallEnded", "NotConnected"}


def test_reset(front: Front, secure: Server, call: Any) -> None:
    """A RST under TLS is a lost link: the client is back."""
    secure.connection().reset()
    again = secure.connection(2)
    again.frames.wait_for(lambda frame: frame["event"] == "agent.create")
    gc.collect()  # a transport that nobody has closed complains
    assert front.clients[0].connected


#: The fronts whose library knows proxies.
PROXIED = pytest.mark.parametrize(
    "front", ["asyncio", "blocking"] if TAKES_PROXY else ["blocking"], indirect=True
)


@PROXIED
def test_proxy_is_used(front: Front, secure: Server, authority: Authority, log: Log) -> None:
    """proxy= tunnels with CONNECT; TLS and the key are between the client and the server."""
    proxy = Proxy(log)
    options = {"proxy": f"http://127.0.0.1:{proxy.port}", "ssl": str(authority.bundle)}
    front.do(front.client(secure, **options).connect)
    proxy.stop()
    assert log.wait_count(1)[0].startswith(f"CONNECT localhost:{secure.port} HTTP/1.1")


@PROXIED
def test_an_unknown_ca_behind_a_proxy(front: Front, secure: Server, log: Log) -> None:
    """Through a proxy, too, a certificate nobody vouches for is refused, and nothing is left."""
    proxy = Proxy(log)
    pc = front.client(secure, connect_timeout=600, proxy=f"http://127.0.0.1:{proxy.port}")
    with pytest.raises(ConnectError) as caught:
        front.do(pc.connect)
    assert (caught.value.phase, caught.value.attempts) == ("tls", 1)
    assert len(secure.frames) == 0
    proxy.stop()


@PROXIED
def test_proxy_that_refuses(front: Front, secure: Server, authority: Authority, log: Log) -> None:
    """A proxy that says no is the proxy phase."""
    proxy = Proxy(log, refuse=True)
    options = {"proxy": f"http://127.0.0.1:{proxy.port}", "ssl": str(authority.bundle)}
    with pytest.raises(ConnectError) as caught:
        front.do(front.client(secure, reconnect=False, **options).connect)
    proxy.stop()
    assert caught.value.phase == "proxy"


@pytest.mark.parametrize("front", ["asyncio"], indirect=True)
def test_proxy_without_support(
    front: Front, secure: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A websockets that is too old for proxies is told by name; the proxy is not passed by."""
    monkeypatch.setattr("pinecall._asyncio.websocket._TAKES_PROXY", False)
    pc = front.client(secure, connect_timeout=600, proxy="http://127.0.0.1:1")
    with pytest.raises(PinecallError, match="websockets 15 or later"):
        front.do(pc.connect)
    assert len(secure.connections) == 0


class Proxy:
    """One connection's CONNECT proxy."""

    def __init__(self, log: Log, refuse: bool = False) -> None:
        self._log, self._refuse = log, refuse
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets = [self._listener]
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, name="test-proxy", daemon=True).start()

    def _serve(self) -> None:
        try:
            client, _ = self._listener.accept()
            self._sockets.append(client)
            request = client.recv(4096).decode()
            self._log(request)
            if self._refuse:
                client.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")
                client.close()
                return
            host, _, port = request.split()[1].partition(":")
            target = socket.create_connection((host, int(port)))
            self._sockets.append(target)
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=self._pump, args=(target, client), daemon=True)
            back.start()
            self._pump(client, target)
        except OSError:
            pass

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass

    def stop(self) -> None:
        for sock in self._sockets:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()
