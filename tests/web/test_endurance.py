"""Streams that come and go, do not read, or are open when the server stops."""

from __future__ import annotations

import signal
import time

import pytest

from .serving import ALL, BEFORE_A_PING, PAIRS, THREADS, Server, needs

needs(*ALL)

#: What may be there of threads: the server's pool, and those that look after it.
POOL = THREADS + 3
IDS = ["-".join(pair) for pair in PAIRS]
# uvicorn and hypercorn notice at once who has gone; aiohttp and the threads when they write.
NOTICING = [("starlette", "uvicorn"), ("starlette", "hypercorn")]


def test_a_thousand_come_and_go(server: Server) -> None:
    """After 1,000 connections, 50 at a time: no reader, task, thread or descriptor is left."""
    before: dict[str, int] = {}
    for cycle in range(20):
        browsers = [server.get("/events") for _ in range(50)]
        for browser in browsers:
            browser.events(1)
            browser.close()
        stats = server.until(0)
        assert stats["subscribers"] == 0, cycle
        before = before or stats
    # gunicorn makes the threads of its pool one by one; the others have theirs from the beginning.
    most = {"fds": before["fds"] + 2, "tasks": before["tasks"] + 2, "threads": POOL}
    deadline = time.monotonic() + 20
    while any(stats[what] > number for what, number in most.items()):
        assert time.monotonic() < deadline, f"at first {before}, at last {stats}"
        stats = server.until(0)


def test_who_does_not_read_is_cut(server: Server) -> None:
    """It is let go, the others get everything, and it resumes by its last id."""
    already = server.until(0)["cut"]
    slow = server.get("/events?agents=mine")
    cursor = slow.events(2)[-1][2]
    with server.get("/events?agents=mine") as quick:
        quick.events(2)
        sent = 0
        # Until it is cut, and for longer than the 2 MiB of events that are kept for who comes back.
        while sent < 120 or (server.json("/stats")["cut"] == already and sent < 2000):
            server.publish(20, size=20_000)
            assert len(quick.events(20)) == 20
            sent += 20
        stats = server.json("/stats")
        assert stats["cut"] == already + 1
        assert stats["subscribers"] == 1
    slow.close()
    with server.get("/events?agents=mine", {"Last-Event-ID": cursor}) as again:
        assert [name for name, _, _ in again.events(2)] == ["connected", "gap"]


@pytest.mark.parametrize("pair", NOTICING, ids=["-".join(pair) for pair in NOTICING])
def test_who_has_gone_is_noticed_without_an_event(pair: tuple[str, str]) -> None:
    """ASGI reports a closed connection; nothing has to be written to find out."""
    with Server(*pair) as server:
        with server.get("/events") as browser:
            browser.events(1)
        assert server.until(0, timeout=BEFORE_A_PING, poke=False)["subscribers"] == 0


@pytest.mark.parametrize("pair", PAIRS, ids=IDS)
def test_the_server_stops_with_50_streams_open(pair: tuple[str, str]) -> None:
    """By itself, without a flag, and each stream is ended in order."""
    with Server(*pair) as server:
        browsers = [server.get("/events") for _ in range(50)]
        for browser in browsers:
            browser.events(1)
        output = server.stop(signal.SIGTERM)
        assert not output.startswith("killed"), output
        for browser in browsers:
            browser.rest()
            # waitress closes its connections without the last chunk.
            assert browser.in_order or pair[1] == "waitress"
            browser.close()


@pytest.mark.parametrize("pair", PAIRS, ids=IDS)
def test_the_server_stops_though_a_client_does_not_read(pair: tuple[str, str]) -> None:
    """A write that is stuck is given up: after Ctrl-C the server is gone by itself."""
    with Server(*pair) as server, server.get("/events?agents=mine") as browser:
        browser.events(2)
        for _ in range(30):
            server.publish(5, size=20_000)
        output = server.stop(signal.SIGINT)
    assert not output.startswith("killed"), output
