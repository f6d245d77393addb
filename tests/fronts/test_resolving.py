"""asyncio: host names and TCP connections, without the loop's own threads."""

from __future__ import annotations

import asyncio
import socket
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pinecall._asyncio.resolving import connect_tcp, look_up
from pinecall._asyncio.websocket import ProxyUnreachable, _resolved

from .driving import Asyncio
from .log import DEADLINE, Log
from .server import Server


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """What the system knows of these hosts; of others nothing."""
    known: dict[str, list[Any]] = {}

    def found(host: str, port: int, **options: Any) -> list[Any]:
        if host not in known or options.get("flags"):
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        kinds = (socket.SOCK_STREAM, 6, "")
        return [(family, *kinds, (address, port)) for family, address in known[host]]

    monkeypatch.setattr("pinecall._asyncio.resolving.socket.getaddrinfo", found)
    return known


def test_user_code_in_all_of_the_loops_threads(server: Server, log: Log) -> None:
    """The link comes back while user code keeps every thread of the loop's default executor."""
    front = Asyncio()
    pc = front.client(server)
    pc.on("disconnected", log)
    front.do(pc.connect)
    front.do(pc.agent("mara").wait_ready)
    go, busy = threading.Event(), threading.Semaphore(0)

    def stuck() -> None:
        busy.release()
        go.wait(2 * DEADLINE)

    async def fill() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        loop.run_in_executor(None, stuck)

    front.do(fill)
    assert busy.acquire(timeout=DEADLINE)
    server.connection().reset()
    log.wait_count(1)
    server.connection(2).frames.wait_for(lambda frame: frame["event"] == "agent.create")
    go.set()
    front.close()


def test_no_delay(server: Server) -> None:
    """What is written goes out at once, as on connections that the loop makes by itself."""
    front = Asyncio()
    pc = front.connected(server)
    sock = pc._driver._socket.transport.get_extra_info("socket")
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    front.close()


def test_the_first_address_that_answers(server: Server, names: dict[str, list[Any]]) -> None:
    """A host's addresses are tried in their order."""
    names["host"] = [
        (socket.AF_INET6, "::1"),
        (socket.AF_INET, "127.0.0.1"),
        (socket.AF_INET, "127.0.0.1"),
    ]

    async def main() -> None:
        sock = await connect_tcp("host", server.port)
        assert sock.getpeername() == ("127.0.0.1", server.port)
        sock.close()

    asyncio.run(main())


def test_nobody_answers(names: dict[str, list[Any]]) -> None:
    """What is raised says why: a name that nobody knows, or what the first address said."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    names["host"] = [(socket.AF_INET, "127.0.0.1")]
    names["empty"] = []
    with pytest.raises(ConnectionRefusedError):
        asyncio.run(connect_tcp("host", port))
    for host in ("unknown", "empty"):
        with pytest.raises(socket.gaierror):
            asyncio.run(connect_tcp(host, port))


def test_who_gives_up_closes(names: dict[str, list[Any]]) -> None:
    """A connection that is cancelled while it is being made leaves no socket."""
    names["host"] = [(socket.AF_INET, "127.0.0.1")]

    async def main(port: int) -> None:
        connecting = asyncio.ensure_future(connect_tcp("host", port))
        await asyncio.wait([connecting], timeout=0.1)
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting

    # Nobody accepts, and there is room for nobody to wait.
    with socket.socket() as full, warnings.catch_warnings():
        warnings.simplefilter("error")
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        asyncio.run(main(full.getsockname()[1]))
        for filler in fillers:
            filler.close()


def test_addresses_need_no_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address in place of a name costs no thread."""
    monkeypatch.setattr("pinecall._asyncio.resolving.threading.Thread", None)
    ((family, _kind, _protocol, _name, address),) = asyncio.run(look_up("127.0.0.1", 80))
    assert (family, address) == (socket.AF_INET, ("127.0.0.1", 80))
    assert asyncio.run(_resolved("http://[::1]:3128")) == "http://[::1]:3128"


def test_a_look_up_that_outlives_its_loop(names: dict[str, list[Any]]) -> None:
    """A name that is found when nobody wants it any more is nobody's business."""
    go = threading.Event()

    class Late(list[Any]):
        def __iter__(self) -> Any:
            go.wait(DEADLINE)
            return super().__iter__()

    names["host"] = Late()

    async def give_up(after: float) -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(look_up("host", 80), after)
        go_on = asyncio.ensure_future(asyncio.sleep(0))
        await go_on

    asyncio.run(give_up(0.01))
    (thread,) = (t for t in threading.enumerate() if t.name == "pinecall-resolve")
    go.set()
    thread.join(DEADLINE)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("http://proxy:3128", "http://10.0.0.1:3128"),
        ("socks5h://user:p%40ss@proxy:1080", "socks5h://user:p%40ss@10.0.0.1:1080"),
        ("http://proxy6", "http://[fd00::1]:3128"),
        ("https://proxy:3128", "https://proxy:3128"),
    ],
)
def test_proxies(names: dict[str, list[Any]], given: str, found: str) -> None:
    """A proxy is looked up as the server is, unless TLS needs its name."""
    names["proxy"] = [(socket.AF_INET, "10.0.0.1")]
    names["proxy6"] = [(socket.AF_INET6, "fd00::1")]
    assert asyncio.run(_resolved(given)) == found
    with pytest.raises(ProxyUnreachable, match="host name was not found"):
        asyncio.run(_resolved("http://unknown:3128"))
