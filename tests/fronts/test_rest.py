"""REST requests through both ports: one handler behind both."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from pinecall import ApiError, ConfigurationError, TokenError
from pinecall.core.rest.phones import phones
from pinecall.core.rest.tokens import create_token

from .driving import Front
from .rest import KEY, Rest, replies, settings


def test_key_and_url(front: Front) -> None:
    """The key goes in the header; the socket's path prefix stays, /client does not."""
    one = Rest(front, replies(httpx.Response(200, json={"token": "t"})))
    token = one.run(create_token("stream", ["a", "b"]))
    (request,) = one.requests
    assert request.url.raw_path == b"/eu/stream/token?agent_id=a%2Cb"
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert token.server == "https://voice.example/eu"


def test_public_endpoint_gets_no_key(front: Front) -> None:
    """The key is not sent where it is not asked for, and not needed."""
    from pinecall.core.rest.voices import voices

    one = Rest(front, replies(httpx.Response(200, json={"voices": []})))
    assert one.run(voices()) == []
    assert "Authorization" not in one.requests[0].headers


def test_get_is_repeated(front: Front) -> None:
    """A bad gateway and a lost connection are survived by a GET."""
    handler = replies(
        httpx.Response(502), httpx.ReadError("reset"), httpx.Response(200, json={"phones": []})
    )
    one = Rest(front, handler)
    assert one.run(phones()) == []
    assert len(one.requests) == 3


def test_post_is_not_repeated(front: Front) -> None:
    """A POST goes out once, whatever comes back."""
    one = Rest(front, replies(httpx.Response(503, text="busy")))
    knowledge = one.of("knowledge").Knowledge(one.port)
    with pytest.raises(ApiError, match="busy") as caught:
        one.front.do(knowledge.query, "kb", "q")
    assert caught.value.status == 503
    assert len(one.requests) == 1


def test_unreachable(front: Front) -> None:
    """Nobody there: status 0, NETWORK_ERROR, the httpx error as the cause."""
    one = Rest(front, replies(httpx.ConnectError("refused")))
    with pytest.raises(TokenError, match=r"voice\.example") as caught:
        one.run(create_token("chat", "mara"))
    assert (caught.value.status, caught.value.code) == (0, "NETWORK_ERROR")
    assert isinstance(caught.value.__cause__, httpx.ConnectError)
    assert len(one.requests) == 3


def test_time_out(front: Front) -> None:
    """No answer in time is said as such, and not tried again."""
    one = Rest(front, replies(httpx.ReadTimeout("slow")))
    with pytest.raises(ApiError, match="within 10 s") as caught:
        one.run(phones())
    assert caught.value.code == "REQUEST_TIMEOUT"
    assert len(one.requests) == 1


def test_every_request_has_a_time_out(front: Front) -> None:
    """httpx is given what is left of the deadline for each of its steps."""
    one = Rest(front, replies(httpx.Response(200, json={"phones": []})))
    one.run(phones())
    timeouts = one.requests[0].extensions["timeout"]
    assert set(timeouts) == {"connect", "read", "write", "pool"}
    assert all(0 < seconds <= 10 for seconds in timeouts.values())


def test_no_key(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key is read for each request; without one nothing is sent."""
    monkeypatch.setenv("PINECALL_API_KEY", "pk_first_12345")
    one = Rest(
        front, replies(httpx.Response(200, json={"phones": []})), settings=settings(key=None)
    )
    one.run(phones())
    monkeypatch.setenv("PINECALL_API_KEY", "pk_other_12345")
    one.run(phones())
    keys = [request.headers["Authorization"] for request in one.requests]
    assert keys == ["Bearer pk_first_12345", "Bearer pk_other_12345"]
    monkeypatch.delenv("PINECALL_API_KEY")
    with pytest.raises(ConfigurationError, match="PINECALL_API_KEY"):
        one.run(phones())
    assert len(one.requests) == 2


def test_key_is_in_no_error(front: Front) -> None:
    """Also when the server quotes it."""
    one = Rest(front, replies(httpx.Response(401, json={"detail": f"{KEY} is revoked"})))
    with pytest.raises(TokenError) as caught:
        one.run(create_token("chat", "mara"))
    assert KEY not in str(caught.value) + repr(caught.value)
    assert "check the API key" in str(caught.value)


def test_redirects_are_not_followed(front: Front) -> None:
    """The key does not go to wherever a redirect points."""
    one = Rest(
        front, replies(httpx.Response(307, headers={"Location": "https://elsewhere.example/"}))
    )
    with pytest.raises(ApiError, match="redirects"):
        one.run(phones())
    assert len(one.requests) == 1


@pytest.mark.parametrize("way", ["platform", "own", "variable", "argument"])
def test_playground(front: Front, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """Knowledge goes to the platform's playground where the client is the platform's, else to the
    server that the client is of; the variable, or the argument, names another."""
    monkeypatch.delenv("PINECALL_PLAYGROUND_URL", raising=False)
    options: dict[str, Any] = {}
    expected = "https://voice.example/eu/api/knowledge"
    if way == "platform":
        options["settings"] = settings("wss://voice.pinecall.io/client")
        expected = "https://playground.pinecall.io/api/knowledge"
    elif way != "own":
        monkeypatch.setenv("PINECALL_PLAYGROUND_URL", "https://pg.example/x/")
        expected = "https://pg.example/x/api/knowledge"
    if way == "argument":
        options["playground_url"] = "http://127.0.0.1:9/"
        expected = "http://127.0.0.1:9/api/knowledge"
    one = Rest(
        front, replies(httpx.Response(200, json={"knowledgeBases": [{"id": "k"}]})), **options
    )
    (base,) = one.front.do(one.of("knowledge").Knowledge(one.port).list)
    assert (base.id, str(one.requests[0].url)) == ("k", expected)


def test_insecure_playground(front: Front) -> None:
    """The key is not sent in clear text to another host."""
    one = Rest(front, replies(httpx.Response(200)), playground_url="http://pg.example")
    with pytest.raises(ConfigurationError, match="unencrypted"):
        one.front.do(one.of("knowledge").Knowledge(one.port).list)
    assert one.requests == []


def test_knowledge(front: Front) -> None:
    """Every method asks what the platform expects."""

    def handler(request: httpx.Request) -> httpx.Response:
        base = {"knowledgeBase": {"id": "k", "name": "n"}, "docs": [{"id": "d", "path": "p"}]}
        return httpx.Response(200, json={**base, "doc": {"id": "d", "text": "t"}, "hits": []})

    one = Rest(front, handler)
    knowledge, do = one.of("knowledge").Knowledge(one.port), one.front.do
    assert do(knowledge.create, "n", "about").id == "k"
    assert do(knowledge.get, "k").docs[0].path == "p"
    assert do(knowledge.docs, "k")[0].id == "d"
    assert do(knowledge.doc, "k", "d/1").text == "t"
    assert do(knowledge.query, "k", "q") == []
    for method in (knowledge.reindex, knowledge.delete):
        assert do(method, "k") is None
    assert do(knowledge.delete_doc, "k", "d") is None
    asked = [f"{r.method} {r.url.raw_path.decode()[17:]}" for r in one.requests]
    assert asked == ["POST ", "GET /k", "GET /k", "GET /k/docs/d%2F1", "POST /k/query",
                     "POST /k/reindex", "DELETE /k", "DELETE /k/docs/d"]  # fmt: skip


def test_push_does_not_stop(front: Front) -> None:
    """Documents go one by one, in order; a refused one is reported in its place."""

    def handler(request: httpx.Request) -> httpx.Response:
        path = json.loads(request.content)["path"]
        if path == "b":
            return httpx.Response(413, json={"error": "too long"})
        return httpx.Response(200, json={"doc": {"id": f"id-{path}", "path": path}})

    one = Rest(front, handler)
    seen: list[tuple[int, int]] = []
    docs = [{"path": path, "text": "x"} for path in "abc"]
    pushed = one.front.do(
        one.of("knowledge").Knowledge(one.port).push,
        "kb",
        docs,
        progress=lambda done, all_: seen.append((done, all_)),
    )
    assert [(one.path, one.ok) for one in pushed] == [("a", True), ("b", False), ("c", True)]
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_memory(front: Front) -> None:
    """search, get and forget, each for its agent."""
    one = Rest(
        front, replies(httpx.Response(200, json={"hits": [], "revision": 2, "forgotten": True}))
    )
    memory, do = one.of("memory").Memory(one.port, "mara"), one.front.do
    assert do(memory.search, "tea", contact="c", k=3) == []
    assert do(memory.get, "c").revision == 2
    assert do(memory.forget, "c") is True
    assert [f"{r.method} {r.url.raw_path.decode()}" for r in one.requests] == [
        "GET /eu/api/memory/search?agent=mara&q=tea&k=3&contact=c",
        "GET /eu/api/memory/mara/c",
        "DELETE /eu/api/memory/mara/c",
    ]


def test_port_after_close(front: Front) -> None:
    """A closed port opens again when it is used again."""
    one = Rest(front, replies(httpx.Response(200, json={"phones": []})))
    one.run(phones())
    one.close()
    assert one.run(phones()) == []
