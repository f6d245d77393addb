"""Event streams in real frameworks on real servers."""

from __future__ import annotations

import json

import httpx
import pytest

from .serving import ALL, Server, needs

needs(*ALL)


def test_the_first_events_arrive_at_once(server: Server) -> None:
    """Status, headers, ``connected`` and the live calls come before anything happens."""
    with server.get("/events") as browser:
        assert browser.status == 200
        assert browser.headers["content-type"].startswith("text/event-stream")
        assert browser.headers["cache-control"] == "no-cache, no-transform"
        assert browser.headers["x-accel-buffering"] == "no"
        assert "gzip" not in browser.headers.get("content-encoding", "")
        seen = browser.events(3)
        assert [name for name, _, _ in seen] == ["connected", "call.started", "call.started"]
        assert seen[0][1] == {"agents": ["mine", "theirs"]}


def test_events_arrive_one_by_one(server: Server) -> None:
    """Nothing on the way waits for more."""
    with server.get("/events?agents=mine") as browser:
        browser.events(2)
        for _ in range(3):
            server.publish()
            [(name, data, _)] = browser.events(1)
            assert name == "user.message"
            assert data["agent"] == "mine"


def test_an_agents_stream(server: Server) -> None:
    """agent.stream() names its agent."""
    with server.get("/agent") as browser:
        assert browser.events(1)[0][1] == {"agent": "mine"}


def test_the_filter_holds(server: Server) -> None:
    """Not in the snapshot, not live, not replayed: nothing of another tenant's agent."""
    with server.get("/events?agents=mine") as browser:
        seen = browser.events(2)
        server.publish(5, "theirs")
        server.publish(2)
        seen += browser.events(2)
    cursor = seen[1][2]
    with server.get("/events?agents=mine", {"Last-Event-ID": cursor}) as browser:
        server.publish(1)
        seen += browser.events(4)
    assert "theirs" not in json.dumps(seen)


def test_last_event_id_goes_on(server: Server) -> None:
    """After a break: exactly what was missed, by header or by query."""
    with server.get("/events?agents=mine") as browser:
        cursor = browser.events(2)[-1][2]
        server.publish(5)
        seen = browser.events(5)
    server.publish(3)
    with server.get("/events?agents=mine", {"Last-Event-ID": seen[1][2]}) as browser:
        again = browser.events(7)
        assert again[0][0] == "connected"
        assert again[1:4] == seen[2:]
        assert [name for name, _, _ in again[4:]] == ["user.message"] * 3
    with server.get(f"/events?agents=mine&last_event_id={cursor}") as browser:
        assert browser.events(6)[1:] == seen
    with server.get("/events?agents=mine", {"Last-Event-ID": "before-7"}) as browser:
        assert [name for name, _, _ in browser.events(3)] == ["connected", "gap", "call.started"]


def test_who_has_gone_is_released(server: Server) -> None:
    """Closed connections leave no readers behind."""
    server.until(0)
    browsers = [server.get("/events") for _ in range(10)]
    for browser in browsers:
        browser.events(1)
    assert server.json("/stats")["subscribers"] == 10
    for browser in browsers:
        browser.close()
    assert server.until(0)["subscribers"] == 0


def test_one_call(server: Server) -> None:
    """Its stream ends with the call; a browser that has seen the end gets 204, so that it does not
    come back."""
    with server.get("/call") as browser:
        assert browser.status == 200
        assert browser.headers["content-type"].startswith("text/event-stream")
        assert browser.events(1)[0][:2] == ("call.started", {"callId": "solo"})
        server.json("/publish?agent=nobody")
        assert browser.events(1)[0][:2] == (
            "user.message", {"text": "said 1", "messageId": "u1"},
        )  # fmt: skip
        server.json("/publish?end=1")
        [(name, data, last)] = browser.events(1)
        assert (name, data) == ("call.ended", {"reason": "hangup", "duration": 0})
        assert browser.rest() == b""
    with server.get("/call", {"Last-Event-ID": last}) as browser:
        assert browser.status == 204


@pytest.mark.parametrize("path", ["/events", "/agent", "/call"])
def test_a_head_request_is_answered(path: str) -> None:
    """With the headers alone, also where the stream itself is what aiohttp's handler returns."""
    with Server("aiohttp", "aiohttp") as server:
        url = f"http://127.0.0.1:{server.port}{path}"
        answer = httpx.head(url, trust_env=False, timeout=10)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "Traceback" not in server.stop()


def test_fastapi_treats_it_as_its_own_response() -> None:
    """It has a Starlette response's ``headers``, and they are sent with the stream."""
    with Server("fastapi", "uvicorn") as server, server.get("/agent") as browser:
        assert browser.headers["x-added"] == "yes"
        assert browser.headers["cache-control"] == "no-cache, no-transform"


def test_mounted_as_an_application() -> None:
    """An EventStream is an ASGI application: a route of its own, without a handler."""
    with Server("starlette", "uvicorn") as server, server.get("/bare") as browser:
        assert browser.events(1)[0][0] == "connected"
