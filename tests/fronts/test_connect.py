"""Connecting, and what can be in the way."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from pinecall import AuthenticationError, ConfigurationError, ConnectError, NotConnected

from . import server as scripts
from .driving import Front
from .log import Log, until
from .server import KEY, Server


def refused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_connect_authenticates(front: Front, server: Server) -> None:
    """connect() returns once the server has accepted the key, sent in the first frame."""
    pc = front.client(server)
    assert pc.state == "idle"
    front.do(pc.connect)
    assert pc.connected
    assert pc.state == "connected"
    assert server.frames.items == [{"event": "connect", "api_key": KEY}]


def test_connect_is_idempotent(front: Front, server: Server) -> None:
    """A second connect(), later or at once, opens no second connection."""
    pc = front.client(server)
    both = [front.begin(pc.connect), front.begin(pc.connect)]
    for one in both:
        one.result(15)
    front.do(pc.connect)
    assert len(server.connections) == 1


def test_wrong_key(front: Front, server: Server) -> None:
    """A refused key is an AuthenticationError after one attempt, and says where the key is from."""
    pc = front.client(server, key="pk_wrong_key_123456")
    with pytest.raises(AuthenticationError) as caught:
        front.do(pc.connect)
    assert caught.value.code == "INVALID_KEY"
    assert "PINECALL_API_KEY" in str(caught.value)
    assert "pk_wrong" not in str(caught.value)
    assert len(server.connections) == 1
    assert pc.state == "idle"


def test_right_key_after_a_wrong_one(
    front: Front, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is read anew for each connect(): a corrected variable is enough."""
    monkeypatch.setenv("PINECALL_API_KEY", "pk_wrong_key_123456")
    pc = front.client(server, key=None)
    with pytest.raises(AuthenticationError):
        front.do(pc.connect)
    monkeypatch.setenv("PINECALL_API_KEY", KEY)
    front.do(pc.connect)
    assert pc.connected


def test_connect_right_after_a_failure(
    front: Front, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connect() that begins while the former, failed one is being cleared up gets through."""
    for _ in range(30):
        monkeypatch.setenv("PINECALL_API_KEY", "pk_wrong_key_123456")
        pc = front.client(server, key=None, ping_interval=None)

        def both(pc: Any = pc) -> Any:
            monkeypatch.setenv("PINECALL_API_KEY", KEY)
            return pc.connect()

        with pytest.raises(AuthenticationError):
            front.do(pc.connect)
        front.do(both)
        front.do(pc.disconnect)
    assert len(server.connections) == 60


def test_no_key(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key the constructor says which argument and which variable hold it."""
    monkeypatch.delenv("PINECALL_API_KEY", raising=False)
    with pytest.raises(ConfigurationError, match=r"api_key=.*PINECALL_API_KEY"):
        front.client("ws://localhost:1", key=None)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("voice.pinecall.io", "not a URL like 'wss://voice.pinecall.io/client'"),
        ("ftp://voice.pinecall.io", "ws, wss, http and https"),
        ("wss://", "not a URL"),
        ("wss://host:notaport", "Port could not be cast"),
        ("wss://host:99999", "Port out of range"),
        ("wss://me:secret@host", "a user or password does not belong in it"),
        ("ws://voice.pinecall.io", "allow_insecure=True"),
        ("", "url is a non-empty str, not an empty one"),
    ],
)
def test_bad_url(front: Front, url: str, says: str) -> None:
    """A URL that cannot work is refused by the constructor, with the reason."""
    with pytest.raises(ConfigurationError, match=says) as caught:
        front.client(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("api_key", 5, "api_key is a non-empty str like 'pk_…', not int"),
        ("api_key", " ", "api_key is a non-empty str like 'pk_…', not an empty one"),
        ("reconnect", "yes", "reconnect"),
        ("ping_interval", -1, "ping_interval is -1"),
        ("connect_timeout", "10", "connect_timeout is a number of seconds"),
        ("ping_interval", 10**400, "ping_interval is a number of seconds"),
        ("connect_timeout", 0, "more than 0 seconds"),
        ("ssl", True, "ssl is an ssl.SSLContext or the path"),
        ("ssl", "/no/such/bundle.pem", "no CA bundle could be read"),
        ("proxy", "proxy.example", "proxy is a URL like"),
    ],
)
def test_bad_option(front: Front, option: str, value: object, says: str) -> None:
    """Every constructor argument is checked; the message names it and what it should be."""
    options: dict[str, Any] = {"api_key": KEY, "url": "ws://localhost:1", option: value}
    with pytest.raises(ConfigurationError, match=says):
        front.module.Pinecall(**options)


@pytest.mark.parametrize(
    ("form", "path"),
    [
        ("http://localhost:{}", "/client"),
        ("ws://localhost:{}/", "/client"),
        ("ws://127.0.0.1:{}/client", "/client"),
        ("http://localhost:{}/client/", "/client"),
        ("ws://localhost:{}/voice", "/voice/client"),
    ],
)
def test_url_forms(front: Front, server: Server, form: str, path: str) -> None:
    """http(s)://, ws(s):// and a missing /client path all reach the server's /client."""
    front.do(front.client(form.format(server.port)).connect)
    assert server.connection().path == path


def test_url_from_the_environment(
    front: Front, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without arguments the key and the URL come from the environment."""
    monkeypatch.setenv("PINECALL_API_KEY", KEY)
    monkeypatch.setenv("PINECALL_URL", server.url)
    pc = front.module.Pinecall()
    front.clients.append(pc)
    front.do(pc.connect)
    assert pc.connected


def test_nobody_listens(front: Front) -> None:
    """A refused connection is tried again until connect_timeout; the error counts the attempts."""
    pc = front.client(f"ws://localhost:{refused_port()}", connect_timeout=0.5)
    with pytest.raises(ConnectError) as caught:
        front.do(pc.connect)
    error = caught.value
    assert error.phase == "tcp"
    assert error.attempts > 1
    assert isinstance(error.__cause__, OSError)
    assert "within 0.5 s" in str(error)
    assert pc.state == "idle"


def test_one_attempt_without_reconnect(front: Front) -> None:
    """With reconnect=False there is one attempt, and the error comes at once."""
    pc = front.client(f"ws://localhost:{refused_port()}", reconnect=False, connect_timeout=600)
    with pytest.raises(ConnectError) as caught:
        front.do(pc.connect)
    assert caught.value.phase == "tcp"
    assert caught.value.attempts == 1


def test_unknown_host(front: Front) -> None:
    """A host name nobody knows is a ConnectError of the dns phase."""
    pc = front.client("wss://no-such-host.invalid", reconnect=False)
    with pytest.raises(ConnectError) as caught:
        front.do(pc.connect)
    assert caught.value.phase == "dns"
    assert "host name was not found" in str(caught.value)


def test_host_that_comes_up_later(front: Front) -> None:
    """connect() waits across its attempts for a server that is not up yet."""
    server = Server()
    server.takeover = scripts.hangs_up
    pc = front.client(server)
    connecting = front.begin(pc.connect)
    until(lambda: pc.stats()["state"] == "connecting", "connecting")
    server.takeover = None
    connecting.result(15)
    assert pc.connected
    front.do(pc.disconnect)
    server.stop()


@pytest.mark.parametrize(
    ("script", "phase", "code", "says"),
    [
        (scripts.http(200), "handshake", "HTTP_200", "not a Pinecall server"),
        (scripts.http(404), "handshake", "HTTP_404", "not a Pinecall server"),
        (scripts.http(401), "handshake", "HTTP_401", "refuses the connection"),
        (scripts.http(302, "Location: ws://localhost:1/"), "handshake", "HTTP_302", "redirects"),
        (scripts.http(308, "Location: ws://localhost:1/"), "handshake", "HTTP_308", "redirects"),
        (scripts.http(404, version="1.0"), "handshake", "HTTP_404", "not a Pinecall server"),
        (scripts.http(302, version="1.0"), "handshake", "HTTP_302", "redirects"),
        (scripts.writes(b"HTTP/1.1 404\r\n\r\n"), "handshake", "HTTP_404", "not a Pinecall server"),
        (scripts.writes(b"SSH-2.0-OpenSSH_9.6\r\n"), "handshake", None, "check the URL"),
    ],
)
def test_not_a_pinecall_server(
    front: Front, server: Server, script: Any, phase: str, code: str | None, says: str
) -> None:
    """Another kind of server is a ConnectError at once, with the phase and what it answered."""
    server.takeover = script
    pc = front.client(server, connect_timeout=600)
    with pytest.raises(ConnectError) as caught:
        front.do(pc.connect)
    error = caught.value
    assert (error.phase, error.attempts, error.retryable) == (phase, 1, False)
    assert error.code == (code or "CONNECTION_FAILED")
    assert says in str(error)
    assert server.url in str(error)


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (scripts.http(500), "the server answered HTTP 500"),
        (scripts.http(503), "the server answered HTTP 503"),
        (scripts.http(429), "the server answered HTTP 429"),
        (scripts.http(503, version="1.0"), "the server answered HTTP 503"),
        (scripts.hangs_up, "closed the connection without an answer"),
        (scripts.writes(b"half a line"), "closed the connection without an answer"),
    ],
)
def test_server_in_trouble(front: Front, server: Server, script: Any, says: str) -> None:
    """What may pass is tried again until connect_timeout."""
    server.takeover = script
    pc = front.client(server, connect_timeout=0.5)
    with pytest.raises(ConnectError) as caught:
        front.do(pc.connect)
    assert caught.value.phase == "handshake"
    assert caught.value.attempts > 1
    assert says in str(caught.value)


def test_redirects_are_not_followed(front: Front, server: Server) -> None:
    """The first frame carries the key, so a redirect never leads it to another host."""
    other = Server()
    server.takeover = scripts.http(301, f"Location: {other.url}")
    with pytest.raises(ConnectError, match="redirects are not followed"):
        front.do(front.client(server).connect)
    assert len(other.connections) == 0
    other.stop()


def test_silence_after_tcp(front: Front, server: Server) -> None:
    """A host that accepts and says nothing fails in the handshake phase, at the deadline."""
    server.takeover = scripts.silent
    pc = front.client(server, connect_timeout=0.3)
    with pytest.raises(ConnectError) as caught:
        front.do(pc.connect)
    assert caught.value.phase == "handshake"
    assert caught.value.code == "CONNECTION_TIMEOUT"
    assert "said nothing" in str(caught.value)


def test_silence_after_the_handshake(front: Front, server: Server) -> None:
    """A server that never answers the connect frame fails in the authentication phase."""
    server.replies["connect"] = None
    pc = front.client(server, connect_timeout=0.3)
    with pytest.raises(ConnectError) as caught:
        front.do(pc.connect)
    assert caught.value.phase == "authentication"
    assert caught.value.code == "CONNECTION_TIMEOUT"
    assert "no 'connected'" in str(caught.value)


def test_server_at_capacity(front: Front, server: Server) -> None:
    """A full server is the capacity phase, and is tried again."""
    full = {"event": "error", "code": "SERVER_AT_CAPACITY", "error": "full", "used": 5, "limit": 5}
    server.replies["connect"] = lambda connection, _: connection.send(full)
    pc = front.client(server, connect_timeout=0.5)
    with pytest.raises(ConnectError) as caught:
        front.do(pc.connect)
    assert caught.value.phase == "capacity"
    assert caught.value.attempts > 1
    assert "5 of 5 slots" in str(caught.value)


def test_disconnect_during_the_handshake(front: Front, server: Server) -> None:
    """disconnect() wins over a connect() that waits: it raises NotConnected, and nothing is left."""
    asked = Log()

    def silent(sock: socket.socket) -> None:
        asked(sock.recv(4096))
        scripts.silent(sock)

    server.takeover = silent
    pc = front.client(server, connect_timeout=600)
    connecting = front.begin(pc.connect)
    asked.wait_count(1)
    front.do(pc.disconnect)
    with pytest.raises(NotConnected, match="disconnect"):
        connecting.result(15)
    assert pc.state == "closed"


def test_disconnect_during_authentication(front: Front, server: Server) -> None:
    """disconnect() while the server thinks about the key closes the connection."""
    server.replies["connect"] = None
    pc = front.client(server, connect_timeout=600)
    connecting = front.begin(pc.connect)
    server.connection().frames.wait_count(1)
    front.do(pc.disconnect)
    with pytest.raises(NotConnected):
        connecting.result(15)
    assert server.connection().over.wait(15)


def test_context_manager(front: Front, server: Server) -> None:
    """The with block is connected; after it the client is closed, with 1000 client_disconnect."""
    pc = front.client(server)
    states: list[str] = []
    front.within(pc, lambda: states.append(pc.state))
    assert states == ["connected"]
    assert pc.state == "closed"
    there = server.connection()
    assert there.over.wait(15)
    assert (there.close_code, there.close_reason) == (1000, "client_disconnect")


def test_context_manager_with_an_error(front: Front, server: Server) -> None:
    """What a with block raises comes out as it is, after the client was closed."""
    pc = front.client(server)

    def body() -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        front.within(pc, body)
    assert pc.state == "closed"


def test_connect_again_after_disconnect(front: Front, server: Server) -> None:
    """A closed client connects again, and its agents are registered again."""
    pc = front.connected(server, "mara")
    front.do(pc.disconnect)
    front.do(pc.connect)
    front.do(pc.get_agent("mara").wait_ready)
    assert server.connection(2).frames.items[-1]["event"] == "agent.create"
