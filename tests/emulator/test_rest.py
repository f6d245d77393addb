"""REST and side sockets: tokens, catalogues, memory, knowledge, audio; keys, origins and faults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from pinecall_sync.emulator import Emulator, EmulatorError

NUMBER = "+13186330963"
ORIGIN = "https://shop.example.dev"


@contextmanager
def register(emu: Emulator, agent_id: str = "mara", **config: Any) -> Iterator[ClientConnection]:
    """A raw client with one agent: mara has the number, the others chat."""
    config = {"llm": "x", "preparing": False, **config}
    channel = {"type": "phone", "ref": NUMBER} if agent_id == "mara" else {"type": "chat"}
    with connect(emu.url, close_timeout=0.05) as socket:
        for frame in (
            {"event": "connect", "api_key": emu.api_key},
            {"event": "agent.create", "agent_id": agent_id, **config},
            {"event": "channel.add", "agent_id": agent_id, **channel},
        ):
            socket.send(json.dumps(frame))
        while json.loads(socket.recv())["event"] != "channel.added":
            pass
        yield socket


def rest_of(socket: ClientConnection) -> list[dict[str, Any]]:
    """Read everything until the server closes, however it does."""
    got = []
    with suppress(ConnectionClosed):
        while True:
            got.append(json.loads(socket.recv()))
    return got


@pytest.fixture
def emu() -> Iterator[Emulator]:
    """A running emulator with agent mara."""
    origins = [ORIGIN, "https://*.x.dev", "http://localhost:*"]
    with (
        Emulator(api_keys={"pk_emulator": "org_1", "pk_other": "org_2"}) as emulator,
        register(emulator, allowed_origins=origins),
    ):
        yield emulator


@pytest.fixture
def http(emu: Emulator) -> Iterator[httpx.Client]:
    """A client with the key."""
    headers = {"Authorization": f"Bearer {emu.api_key}"}
    with httpx.Client(base_url=emu.http_url, headers=headers) as client:
        yield client


def mint(http: httpx.Client, channel: str, **query: str) -> str:
    """Make a token for mara."""
    got = http.get(f"/{channel}/token", params={"agent_id": "mara", **query})
    assert got.status_code == 200, got.text
    return str(got.json()["token"])


def refused(url: str) -> int:
    """The status that refuses a socket."""
    with pytest.raises(InvalidStatus) as caught, connect(url):
        pass
    return caught.value.response.status_code


# tokens


@pytest.mark.parametrize("channel", ["webrtc", "chat", "stream"])
def test_a_token_is_minted(http: httpx.Client, emu: Emulator, channel: str) -> None:
    """The answer has the token, its server and its lifetime."""
    body = http.get(f"/{channel}/token", params={"agent_id": "mara"}).json()
    assert (body["server"], body["expires_in"]) == (emu.http_url, 60)
    assert len(body["token"]) > 40


@pytest.mark.parametrize(
    ("channel", "query", "status", "detail"),
    [
        ("chat", {"agent_id": "julia"}, 404, "Agent 'julia' is not online"),
        ("chat", {}, 400, "agent_id"),
        ("chat", {"agent_id": "mara,julia"}, 400, "agent_id"),
        ("stream", {"agent_id": "mara,julia"}, 404, "Agent 'julia' is not online"),
        ("stream", {"agent_id": "mara", "scope": "rule"}, 400, "scope"),
        ("chat", {"agent_id": "mara", "metadata": "[1]"}, 400, "metadata"),
        ("chat", {"agent_id": "mara", "metadata": json.dumps({"x": "y" * 3000})}, 400, "metadata"),
    ],
)
def test_tokens_that_cannot_be(
    http: httpx.Client, channel: str, query: dict[str, str], status: int, detail: str
) -> None:
    """A wrong request gets a status and a detail that names the error."""
    got = http.get(f"/{channel}/token", params=query)
    assert got.status_code == status
    assert detail in got.json()["detail"]


def test_keys_are_checked(emu: Emulator) -> None:
    """A missing key, a wrong one and another organisation's are refused."""
    for headers, status in (
        ({}, 401),
        ({"Authorization": "Bearer no"}, 401),
        ({"Authorization": "Bearer pk_other"}, 404),
    ):
        got = httpx.get(f"{emu.http_url}/chat/token", params={"agent_id": "mara"}, headers=headers)
        assert got.status_code == status


def test_pages_of_allowed_origins_need_no_key(emu: Emulator) -> None:
    """They get CORS headers; other origins, metadata and stream tokens are refused."""
    for origin, status in ((ORIGIN, 200), ("https://a.x.dev", 200), ("http://localhost:3000", 200),
                           ("https://evil.dev", 403), ("https://x.dev.evil.dev", 403), ("http://localhost:3000.evil.dev", 403)):  # fmt: skip
        got = httpx.get(f"{emu.http_url}/webrtc/token?agent_id=mara", headers={"Origin": origin})
        assert got.status_code == status
        assert got.headers.get("access-control-allow-origin") == (origin if status == 200 else None)
        preflight = httpx.options(
            f"{emu.http_url}/webrtc/token?agent_id=mara", headers={"Origin": origin}
        )
        assert preflight.status_code == (204 if status == 200 else 403)
    page = {"Origin": ORIGIN}
    assert (
        httpx.get(
            f"{emu.http_url}/chat/token?agent_id=mara&metadata=%7B%22a%22:1%7D", headers=page
        ).status_code
        == 403
    )
    assert httpx.get(f"{emu.http_url}/stream/token?agent_id=mara", headers=page).status_code == 403


def test_a_webrtc_token_starts_one_call(http: httpx.Client, emu: Emulator) -> None:
    """It seals the metadata; a second use, another channel's token and a forged one are refused."""
    token = mint(http, "webrtc", metadata=json.dumps({"userId": "u1"}))
    call = emu.webrtc_call(token=token, metadata={"userId": "forged", "page": "/"})
    assert emu.calls[call.id].metadata == {"userId": "u1", "page": "/"}
    for bad, why in (
        (token, "used already"),
        (mint(http, "chat"), "chat token"),
        (token[:-2] + "xx", "not a token"),
        ("x", "not a token"),
    ):
        with pytest.raises(EmulatorError, match=why):
            emu.webrtc_call(token=bad)


def test_tokens_expire() -> None:
    """A token is refused after its lifetime."""
    with Emulator(token_lifetime=0.0) as emu, register(emu):
        got = httpx.get(
            f"{emu.http_url}/chat/token?agent_id=mara",
            headers={"Authorization": f"Bearer {emu.api_key}"},
        )
        assert refused(f"ws://127.0.0.1:{emu.port}/chat/ws?token={got.json()['token']}") == 401


# browser chat


def test_a_browser_chats(http: httpx.Client, emu: Emulator) -> None:
    """It gets connected, tokens and done; context reaches the prompt; the chat ends with the socket."""
    token = mint(http, "chat", metadata=json.dumps({"userId": "u1"}))
    url = f"ws://127.0.0.1:{emu.port}/chat/ws?token={token}"
    with connect(url, origin=ORIGIN) as socket:

        def ask(**frame: Any) -> list[dict[str, Any]]:
            socket.send(json.dumps(frame))
            got = [json.loads(socket.recv())]
            while got[-1]["event"] not in ("chat.done", "chat.error", "pong"):
                got.append(json.loads(socket.recv()))
            return got

        connected = json.loads(socket.recv())
        assert connected["event"] == "chat.connected"
        assert emu.calls[connected["session_id"]].metadata == {"userId": "u1"}
        answer = ask(event="message", text="thanks")
        assert [f["event"] for f in answer] == ["chat.token"] * 3 + ["chat.done"]
        assert "".join(f["token"] for f in answer[:-1]) == answer[-1]["text"] == "You are welcome."
        socket.send(json.dumps({"event": "set_context", "key": "cart", "value": "3 books"}))
        assert ask(event="message", text="!prompt")[-1]["text"] == "cart: 3 books"
        assert ask(event="nonsense")[0]["event"] == "chat.error"
        assert ask(event="message", text=" ")[0]["event"] == "chat.error"
        assert ask(action="ping") == [{"event": "pong"}]
        socket.send("[]")
        assert json.loads(socket.recv())["event"] == "chat.error"
    assert refused(url) == 401
    assert emu.calls == {}


def test_a_chat_socket_checks_token_and_origin(http: httpx.Client, emu: Emulator) -> None:
    """No token, a wrong token and a page of another origin are refused."""
    base = f"ws://127.0.0.1:{emu.port}/chat/ws"
    assert refused(base) == 401
    assert refused(f"{base}?token=cht_x.y") == 401
    url = f"{base}?token={mint(http, 'chat')}"
    with pytest.raises(InvalidStatus, match="403"), connect(url, origin="https://evil.dev"):
        pass


# the call log


def attach(emu: Emulator, token: str, **query: Any) -> Any:
    """A reader of the log."""
    words = "&".join(f"{key}={value}" for key, value in query.items())
    return connect(f"ws://127.0.0.1:{emu.port}/v1/attach?token={token}&{words}")


def test_the_call_log_is_live_and_resumes(http: httpx.Client, emu: Emulator) -> None:
    """Backlog, log.caught_up, live entries and summary come; a cursor resumes without repetition."""
    call = emu.phone_call(to=NUMBER)
    call.say("hello")
    call.wait_reply()
    with attach(emu, mint(http, "stream"), call=call.id, after=0) as socket:
        entries = [json.loads(socket.recv())]
        while entries[-1]["type"] != "log.caught_up":
            entries.append(json.loads(socket.recv()))
        assert [e["type"] for e in entries[:3]] == ["call.started", "turn.start", "user.message"]
        assert entries[-1]["seq"] == entries[-2]["seq"] == entries[-1]["data"]["seq"]
        assert not any(e["ephemeral"] for e in entries[:-1])
        call.hangup()
        while entries[-1]["type"] != "call.summary":
            entries.append(json.loads(socket.recv()))
    types = [e["type"] for e in entries]
    assert types.count("call.started") == types.count("call.ended") == 1
    said = next(e for e in entries if e["type"] == "user.message")
    assert (said["call"], said["agent"], said["data"]["text"], said["data"]["final"]) == (
        call.id,
        "mara",
        "hello",
        True,
    )
    seqs = [e["seq"] for e in entries if not e["type"].startswith("log.")]
    assert seqs == sorted(set(seqs))
    page = http.get(f"/v1/calls/{call.id}/events", params={"after": said["seq"]}).json()
    assert page["events"][0]["seq"] > said["seq"]
    assert (page["events"][-1]["type"], page["sealed"], page["has_more"]) == (
        "call.summary",
        True,
        False,
    )


def test_the_log_of_a_tool_call(http: httpx.Client, emu: Emulator) -> None:
    """tool.call and tool.result have one id."""
    with register(emu, "tooly") as socket:
        chat = emu.chat("tooly")
        chat.say('!tool look {"a": 1}')
        frame = json.loads(socket.recv())
        while frame["event"] != "llm.tool_call":
            frame = json.loads(socket.recv())
        results = [
            {"tool_call_id": c["id"], "result": {"error": "gone"}} for c in frame["tool_calls"]
        ]
        answer = {
            "event": "llm.tool_result",
            "call_id": chat.id,
            "msg_id": frame["msg_id"],
            "results": results,
        }
        socket.send(json.dumps(answer))
        chat.wait_reply()
        events = http.get(f"/v1/calls/{chat.id}/events").json()["events"]
        call, result = (
            next(e["data"] for e in events if e["type"] == t) for t in ("tool.call", "tool.result")
        )
        assert (call["name"], call["args"]) == ("look", '{"a": 1}')
        assert (result["id"], result["name"], result["error"]) == (call["id"], "look", "gone")


def test_an_agents_log_has_starts_and_ends(http: httpx.Client, emu: Emulator) -> None:
    """Entries have a null call and the id in the data; the list has one row per call."""
    call = emu.phone_call(to=NUMBER)
    with attach(emu, mint(http, "stream"), agent="mara") as socket:
        started = json.loads(socket.recv())
        assert (started["type"], started["call"], started["data"]["call"]) == (
            "call.started",
            None,
            call.id,
        )
        assert json.loads(socket.recv())["type"] == "log.caught_up"
        call.hangup()
        assert json.loads(socket.recv())["type"] == "call.ended"
    rows = http.get("/v1/agents/mara/calls").json()["calls"]
    assert [(r["call"], r["status"], r["reason"]) for r in rows] == [(call.id, "ended", "hangup")]


def test_a_reader_behind_the_log_is_told(http: httpx.Client, emu: Emulator) -> None:
    """log.gap says where the log continues, also for a cursor from the future."""
    call = emu.phone_call(to=NUMBER)
    call.say("hello")
    call.wait_reply()
    emu.compact(call.id, 3)
    for after, resume in ((1, 3), (999, 3)):
        with attach(emu, mint(http, "stream"), call=call.id, after=after) as socket:
            gap = json.loads(socket.recv())
            assert (gap["type"], gap["seq"]) == ("log.gap", after)
            assert gap["data"] == {"from": after, "resume_from": resume}
            assert json.loads(socket.recv())["seq"] > 3


def test_the_log_is_for_those_with_the_right_token(http: httpx.Client, emu: Emulator) -> None:
    """Tokens of other agents, calls, organisations or channels are refused, as are wrong queries."""
    with register(emu, "julia"):
        call = emu.phone_call(to=NUMBER)
        base = f"ws://127.0.0.1:{emu.port}/v1/attach?token="
        other = http.get("/stream/token", params={"agent_id": "julia"}).json()["token"]
        narrow = mint(http, "stream", call_id="CA0")
        assert refused(f"{base}{other}&call={call.id}") == 403
        assert refused(f"{base}{narrow}&call={call.id}") == 403
        assert refused(f"{base}{mint(http, 'chat')}&call={call.id}") == 401
        assert refused(f"{base}{mint(http, 'stream')}&call=CA0") == 404
        assert refused(f"{base}{mint(http, 'stream')}") == 400
        assert refused(f"{base}{mint(http, 'stream')}&call={call.id}&after=x") == 400
        page = f"{emu.http_url}/v1/calls/{call.id}/events"
        token = mint(http, "stream")
        assert [httpx.get(page, params={"token": token}).status_code for _ in range(2)] == [
            200,
            200,
        ]
        assert httpx.get(page, headers={"Authorization": f"Bearer {other}"}).status_code in (
            401,
            403,
        )
        assert httpx.get(page).status_code == 401
        assert httpx.get(page, headers={"Authorization": "Bearer pk_other"}).status_code == 404


def test_readers_can_be_cut(http: httpx.Client, emu: Emulator) -> None:
    """They are closed with a code, like slow readers."""
    call = emu.phone_call(to=NUMBER)
    with attach(emu, mint(http, "stream"), call=call.id) as socket:
        socket.recv()
        emu.drop_streams(1008, "slow_consumer")
        rest_of(socket)
        assert socket.close_reason == "slow_consumer"


def test_the_event_stream_passes_the_agents_frames(http: httpx.Client, emu: Emulator) -> None:
    """A reader gets the owner's frames, of one session if asked; pings are answered."""
    token = mint(http, "stream")
    with connect(f"ws://127.0.0.1:{emu.port}/ws/stream?token={token}&agent=mara") as socket:
        assert json.loads(socket.recv()) == {"event": "connected", "agents": ["mara"]}
        call = emu.phone_call(to=NUMBER)
        frame = json.loads(socket.recv())
        assert (frame["event"], frame["call_id"]) == ("call.started", call.id)
        socket.send('{"action":"ping"}')
        assert json.loads(socket.recv()) == {"event": "pong"}
    token = mint(http, "stream")
    with connect(
        f"ws://127.0.0.1:{emu.port}/ws/stream?token={token}&session={call.id}&after=0"
    ) as socket:
        socket.recv()
        emu.phone_call(to=NUMBER)
        call.say("hello")
        assert json.loads(socket.recv())["call_id"] == call.id


# catalogues


def test_voices_need_no_key(emu: Emulator) -> None:
    """They are filtered by provider (default elevenlabs) and language; /v1/audio/voices needs a key."""
    url = f"{emu.http_url}/api/sdk/voices"
    assert {v["provider"] for v in httpx.get(url).json()["voices"]} == {"elevenlabs"}
    spanish = httpx.get(url, params={"language": "es"}).json()
    assert {v["alias"] for v in spanish["voices"]} == {"sarah", "valentina", "marta"}
    assert httpx.get(url, params={"provider": "cartesia", "language": "ja"}).json()["total"] == 1
    assert httpx.get(f"{emu.http_url}/v1/audio/voices").json()["code"] == "MISSING_KEY"


def test_phones_balance_and_agents(http: httpx.Client, emu: Emulator) -> None:
    """The answers are about the key's organisation."""
    phones = http.get("/api/sdk/phone-numbers").json()
    assert [(p["number"], p["isSdk"]) for p in phones["phones"]] == [(NUMBER, True)]
    assert http.get("/api/sdk/twilio-balance").json()["balance"] == "12.34"
    agents = http.get("/api/sdk/agents").json()
    assert (agents["agents"][0]["slug"], agents["phone_map"]) == ("mara", {NUMBER: "mara"})
    other = {"Authorization": "Bearer pk_other"}
    assert http.get("/api/sdk/agents", headers=other).json()["total"] == 0


def test_an_agent_can_be_displaced(http: httpx.Client, emu: Emulator) -> None:
    """Its connection is closed with 4001; an unknown agent is 404."""
    with register(emu, "julia") as socket:
        assert http.delete("/api/sdk/agents/julia").json() == {
            "success": True,
            "displaced": True,
            "org_id": "org_1",
        }
        rest_of(socket)
        assert (socket.close_code, "Displaced" in (socket.close_reason or "")) == (4001, True)
    assert http.delete("/api/sdk/agents/julia").status_code == 404


def test_memory_is_searched_read_and_forgotten(http: httpx.Client, emu: Emulator) -> None:
    """It holds what callers said about themselves."""
    with register(emu, "remember", memory={"enabled": True}):
        chat = emu.chat("remember", metadata={"userId": "u1"})
        chat.say("my name is Ana")
        chat.wait_reply()
        found = http.get(
            "/api/memory/search", params={"agent": "remember", "q": "name", "contact": "u1"}
        ).json()
        assert [(h["contact"], h["text"]) for h in found["hits"]] == [("u1", "Name is Ana")]
        assert (
            http.get(
                "/api/memory/search", params={"agent": "remember", "q": "name", "contact": "u2"}
            ).json()["hits"]
            == []
        )
        read = http.get("/api/memory/remember/u1").json()
        assert (read["revision"], read["memory_md"]) == (1, "- Name is Ana\n")
        assert [http.delete("/api/memory/remember/u1").json()["forgotten"] for _ in range(2)] == [
            True,
            False,
        ]
        assert (
            http.get("/api/memory/search", params={"agent": "remember"}).json()["success"] is False
        )


def test_knowledge_bases(http: httpx.Client, emu: Emulator) -> None:
    """They are created, filled, updated by path, queried, used in prompts and deleted."""
    base = http.post("/api/knowledge", json={"name": "faq"}).json()["knowledgeBase"]
    url = f"/api/knowledge/{base['id']}"
    text = "# Refunds\nRefunds take five days.\n\n# Hours\nOpen at nine."
    doc = http.post(f"{url}/docs", json={"path": "faq.md", "text": text}).json()["doc"]
    again = http.post(f"{url}/docs", json={"path": "faq.md", "title": "FAQ", "text": text}).json()[
        "doc"
    ]
    assert (again["id"], again["title"]) == (doc["id"], "FAQ")
    assert http.get("/api/knowledge").json()["knowledgeBases"][0]["docCount"] == 1
    assert http.get(f"{url}/docs/{doc['id']}").json()["doc"]["text"] == text
    hits = http.post(f"{url}/query", json={"query": "how long do refunds take", "k": 1}).json()[
        "hits"
    ]
    assert (hits[0]["heading"], len(hits)) == ("Refunds", 1)
    with register(emu, "know", knowledge_base=base["id"], prompt="{{RAG_CONTEXT}}"):
        chat = emu.chat("know")
        chat.say("!prompt refunds")
        assert "Refunds take five days." in chat.wait_reply()
        events = http.get(f"/v1/calls/{chat.id}/events").json()["events"]
        assert (
            next(e for e in events if e["type"] == "docs.sources")["data"]["sources"][0]["title"]
            == "FAQ"
        )
    assert http.post(f"{url}/reindex").status_code == 200
    assert http.delete(f"{url}/docs/{doc['id']}").status_code == 204
    assert http.get(f"{url}/docs/{doc['id']}").status_code == 404
    assert http.delete(url).status_code == 204
    assert http.get(url).text == "no such knowledge base"
    assert http.post("/api/knowledge", json=[]).status_code == 400


def test_model_access(http: httpx.Client) -> None:
    """A model is allowed or unknown; without a query there is a list."""
    got = http.get(
        "/api/models/access", params={"service": "stt", "model": "deepgram/nova-3"}
    ).json()
    assert (got["allowed"], got["reason"]) == (True, "ok")
    assert (
        http.get("/api/models/access", params={"service": "stt", "model": "x/y"}).json()["reason"]
        == "unknown_model"
    )
    assert http.get("/api/models/access").json()["models"]
    assert http.get("/api/models/access", params={"service": "x"}).status_code == 400


# audio

SPEECH = {"input": "Hello there you", "voice": "elevenlabs/sarah"}


@pytest.mark.parametrize(
    ("form", "kind", "length"),
    [("pcm", "audio/pcm", 38400), ("wav", "audio/wav", None), ("mp3", "audio/mpeg", None)],
)
def test_speech_as_bytes(http: httpx.Client, form: str, kind: str, length: int | None) -> None:
    """The audio is as long as its words, with the figures in the headers."""
    got = http.post("/v1/audio/speech", json={**SPEECH, "response_format": form})
    assert (got.status_code, got.headers["content-type"]) == (200, kind)
    assert (got.headers["x-pinecall-characters"], got.headers["x-pinecall-audio-ms"]) == (
        "15",
        "1200",
    )
    assert length is None or len(got.content) == length


def test_speech_as_events(http: httpx.Client) -> None:
    """The events are start, audio and words, done, [DONE]."""
    got = http.post("/v1/audio/speech", json={**SPEECH, "timestamps": True})
    assert got.headers["content-type"].startswith("text/event-stream")
    *events, last = [line[6:] for line in got.text.split("\n\n") if line]
    frames = [json.loads(event) for event in events]
    assert last == "[DONE]"
    assert [f["type"] for f in frames] == ["start", *["audio", "word"] * 3, "done"]
    assert frames[4] == {"type": "word", "word": "there", "start": 0.4, "end": 0.8}


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"input": ""}, 400, "BAD_REQUEST"),
        ({"input": "x" * 5001}, 413, "INPUT_TOO_LONG"),
        ({"voice": "elevenlabs/nobody"}, 400, "BAD_VOICE"),
        ({"model": "nobody/auto"}, 400, "BAD_MODEL"),
        ({"response_format": "ogg"}, 400, "FORMAT_UNSUPPORTED"),
        ({"sample_rate": 44100}, 400, "BAD_REQUEST"),
    ],
)
def test_speech_that_cannot_be(
    http: httpx.Client, change: dict[str, Any], status: int, code: str
) -> None:
    """Each wrong field is refused with its status and code."""
    got = http.post("/v1/audio/speech", json={**SPEECH, **change})
    assert (got.status_code, got.json()["code"]) == (status, code)


def test_audio_costs_credit(http: httpx.Client, emu: Emulator) -> None:
    """Without credit the answer is 402."""
    emu.credits = 0
    assert http.post("/v1/audio/speech", json=SPEECH).json()["code"] == "INSUFFICIENT_CREDITS"


def test_a_transcription_hears_what_was_spoken(http: httpx.Client) -> None:
    """It is the text of a synthetic file or of text bytes, else the length of the audio."""
    spoken = http.post("/v1/audio/speech", json={**SPEECH, "response_format": "wav"}).content
    for audio, text in (
        (spoken, "Hello there you"),
        (b"plain words", "plain words"),
        (bytes(32000), "1.0 seconds of audio"),
    ):
        got = http.post("/v1/audio/transcriptions", files={"file": ("a.wav", audio)})
        assert got.json()["text"] == text
    form = {"response_format": "verbose_json", "diarize": "true", "language": "es"}
    got = http.post("/v1/audio/transcriptions", files={"file": ("a.wav", spoken)}, data=form).json()
    assert (got["language"], got["words"][1]["word"], got["segments"][0]["speaker"]) == (
        "es",
        "there",
        0,
    )
    plain = http.post(
        "/v1/audio/transcriptions",
        files={"file": ("a.wav", spoken)},
        data={"response_format": "text"},
    )
    assert plain.text == "Hello there you"


@pytest.mark.parametrize(
    ("name", "audio", "data", "status", "code"),
    [
        ("a.txt", b"x", {}, 415, "UNSUPPORTED_MEDIA"),
        ("a.wav", b"", {}, 400, "BAD_REQUEST"),
        ("a.wav", b"x", {"model": "nobody/x"}, 400, "BAD_MODEL"),
        ("a.wav", b"x", {"response_format": "srt"}, 400, "BAD_REQUEST"),
        (
            "a.wav",
            b"x",
            {"model": "soniox/stt-async-preview", "diarize": "true"},
            400,
            "DIARIZE_UNSUPPORTED",
        ),
        ("a.wav", bytes(25 * 1024 * 1024 + 1), {}, 413, "FILE_TOO_LARGE"),
    ],
)
def test_transcriptions_that_cannot_be(
    http: httpx.Client, name: str, audio: bytes, data: dict[str, str], status: int, code: str
) -> None:
    """Each wrong form is refused with its status and code."""
    got = http.post("/v1/audio/transcriptions", files={"file": (name, audio)}, data=data)
    assert (got.status_code, got.json()["code"]) == (status, code)


def realtime(emu: Emulator, query: str = "", key: str | None = "pk_emulator") -> Any:
    """The realtime socket."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return connect(
        f"ws://127.0.0.1:{emu.port}/v1/audio/transcriptions/stream?{query}",
        additional_headers=headers,
    )


def test_realtime_transcription(emu: Emulator) -> None:
    """ready, partials, finals on finalize and stop, done and close 1000 come in order."""
    with realtime(emu, "diarize=true&language=es") as socket:
        ready = json.loads(socket.recv())
        assert (ready["type"], ready["model"], ready["sample_rate"], ready["diarize"]) == (
            "ready",
            "deepgram/nova-3",
            16000,
            True,
        )
        socket.send(b"hello ")
        socket.send(b"there")
        assert [json.loads(socket.recv())["text"] for _ in range(2)] == ["hello", "hello there"]
        socket.send('{"type":"finalize"}')
        final = json.loads(socket.recv())
        assert (final["type"], final["text"], final["language"], final["speaker"]) == (
            "final",
            "hello there",
            "es",
            0,
        )
        socket.send(bytes(32000))
        socket.send('{"type":"stop"}')
        got = rest_of(socket)
        assert [f["type"] for f in got] == ["partial", "final", "done"]
        assert got[-1]["audio_seconds"] == 1.8
        assert socket.close_code == 1000


def test_realtime_transcription_that_cannot_be(emu: Emulator) -> None:
    """Handshakes are refused, later errors are a frame and close 1008."""
    for key in (None, "wrong"):
        with pytest.raises(InvalidStatus, match="401"), realtime(emu, key=key):
            pass
    for query, code in (("model=x/y", "BAD_MODEL"), ("sample_rate=1", "BAD_REQUEST"),
                        ("model=elevenlabs/scribe_v2_realtime&diarize=true", "DIARIZE_UNSUPPORTED")):  # fmt: skip
        with realtime(emu, query) as socket:
            assert json.loads(socket.recv())["code"] == code
            rest_of(socket)
            assert socket.close_code == 1008
    with realtime(emu) as socket:
        socket.recv()
        socket.send("nonsense")
        assert json.loads(socket.recv())["code"] == "BAD_REQUEST"
    emu.credits = 0
    with pytest.raises(InvalidStatus, match="402"), realtime(emu):
        pass


# faults


def test_http_requests_can_go_wrong(http: httpx.Client, emu: Emulator) -> None:
    """Requests are refused, unanswered, cut or late, chosen by method and pattern."""
    emu.fail("GET /chat/token", status=500, error="down", code="OOPS", headers={"Retry-After": "1"})
    got = http.get("/chat/token?agent_id=mara")
    assert (
        got.status_code,
        got.json()["detail"],
        got.json()["code"],
        got.headers["retry-after"],
    ) == (500, "down", "OOPS", "1")
    assert http.get("/chat/token?agent_id=mara").status_code == 200
    emu.fail("/api/*", "ignore")
    with pytest.raises(httpx.ReadTimeout):
        http.get("/api/sdk/voices", timeout=0.1)
    emu.fail("/api/*", "drop")
    with pytest.raises(httpx.TransportError):
        http.get("/api/sdk/voices")
    emu.fail("/api/*", "delay", delay=0.01)
    assert http.get("/api/sdk/voices").status_code == 200
    emu.fail("WS /chat/ws", status=429)
    assert refused(f"ws://127.0.0.1:{emu.port}/chat/ws?token={mint(http, 'chat')}") == 429
    emu.fail("POST /v1/audio/speech")
    emu.clear_faults()
    assert http.post("/v1/audio/speech", json=SPEECH).status_code == 200
    with pytest.raises(EmulatorError, match="answered once"):
        emu.fail("/api/*", "repeat")


def test_requests_are_recorded(http: httpx.Client, emu: Emulator) -> None:
    """The record has method, path, query and headers."""
    http.get("/stream/token", params={"agent_id": "mara", "scope": "observe"})
    last = emu.requests[-1]
    assert (last.method, last.path, last.query) == (
        "GET",
        "/stream/token",
        {"agent_id": "mara", "scope": "observe"},
    )
    assert last.headers["authorization"] == "Bearer pk_emulator"
    assert emu.requests[0].method == "WS"
