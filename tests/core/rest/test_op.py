"""REST requests as values: what is asked, how answers are read, what is refused before sending."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from pinecall.core.rest import knowledge, memory
from pinecall.core.rest.op import Exchange, Reply, RestOp, authorization, scrub
from pinecall.core.rest.phones import balance, online_agents, phones
from pinecall.core.rest.speech import speech
from pinecall.core.rest.tokens import agents_of, create_token
from pinecall.core.rest.transcription import transcribe
from pinecall.core.rest.voices import audio_voices, voices
from pinecall.errors import ApiError, ConfigurationError, TokenError

BASE = "https://voice.example"
KEY = "pk_live_0123456789"


def reply(body: Any, status: int = 200, **headers: str) -> Reply:
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Reply(status=status, headers=headers, body=data, base=BASE, key=KEY)


def read(op: RestOp[Any], body: Any, status: int = 200, **headers: str) -> Any:
    """Through an exchange, as the fronts do it."""
    exchange = Exchange(op, 0.0, lambda: 0.0)
    exchange.answered(reply(body, status, **headers), 100.0)
    return exchange.result()


def refusal(op: RestOp[Any], body: Any, status: int) -> ApiError:
    with pytest.raises(ApiError) as caught:
        read(op, body, status)
    return caught.value


OPS = [
    create_token("chat", "mara"),
    voices(),
    audio_voices(),
    phones(),
    balance(),
    online_agents(),
    memory.search("mara", "tea"),
    memory.get("mara", "c"),
    memory.forget("mara", "c"),
    knowledge.list_all(),
    knowledge.create("n"),
    *(one("kb") for one in (knowledge.get, knowledge.delete, knowledge.reindex, knowledge.docs)),
    *(one("kb", "d") for one in (knowledge.doc, knowledge.delete_doc, knowledge.query)),
    *knowledge.push("kb", {"path": "p", "text": "t"}),
    speech("Hola", voice="v"),
    transcribe(b"RIFF"),
]


@pytest.mark.parametrize("base", ["https://h/", "https://h", "https://h/eu/", "https://h/eu"])
@pytest.mark.parametrize("op", OPS, ids=lambda op: f"{op.method} {op.path}")
def test_base_with_a_path_or_slash(op: RestOp[Any], base: str) -> None:
    """A path of the base is kept for every endpoint, and a trailing slash is not doubled."""
    path = op.url(base).partition("?")[0]
    assert path == base.rstrip("/") + op.path
    assert op.path.startswith("/")


@pytest.mark.parametrize("op", OPS, ids=lambda op: f"{op.method} {op.path}")
def test_every_request_has_a_deadline(op: RestOp[Any]) -> None:
    """No request waits for ever: five minutes at most (a long recording), tries included."""
    assert 0 < Exchange(op, 100.0, lambda: 0.0).left(100.0) <= 300


class TestTokens:
    def test_query_order_and_encoding(self) -> None:
        """agent_id, metadata, scope, call_id, in this order; commas and quotes are encoded."""
        op = create_token(
            "stream",
            ["bistro", "support"],
            metadata={"user": "Ann & Co"},
            scope="observe",
            call_id="CA1",
        )
        assert op.url(BASE) == (
            "https://voice.example/stream/token?agent_id=bistro%2Csupport"
            "&metadata=%7B%22user%22%3A%22Ann%20%26%20Co%22%7D&scope=observe&call_id=CA1"
        )

    def test_agents(self) -> None:
        """The token names the agents it is for, also when an iterator gave them."""
        assert agents_of(create_token("stream", iter(["a", "b", "a"]))) == ["a", "b"]
        assert agents_of(create_token("chat", "org:mara")) == ["org:mara"]

    def test_absent_values_add_nothing(self) -> None:
        """Neither None nor an empty metadata object shows in the URL."""
        op = create_token("webrtc", "mara", metadata={})
        assert op.url(BASE) == "https://voice.example/webrtc/token?agent_id=mara"

    def test_null_inside_metadata_is_sealed(self) -> None:
        """None within the metadata is the user's value, not an absent one."""
        op = create_token("chat", "mara", metadata={"plan": None})
        assert dict(op.query)["metadata"] == '{"plan":null}'

    def test_result(self) -> None:
        """token, server and expires_in as the server gave them; a 0 stays a 0."""
        op = create_token("webrtc", "mara")
        token = read(op, {"token": "wrt_abcdef", "server": "wss://eu", "expires_in": 0})
        assert (token.token, token.server, token.expires_in) == ("wrt_abcdef", "wss://eu", 0)
        assert "wrt_abcdef" not in repr(token)

    def test_result_defaults(self) -> None:
        """Without them, the server is the one that was asked, and 60 seconds are left."""
        token = read(create_token("webrtc", "mara"), {"token": "t"})
        assert (token.server, token.expires_in) == (BASE, 60)

    def test_answer_without_token(self) -> None:
        """A 200 without a token is a TokenError."""
        error = refusal(create_token("chat", "mara"), {"server": BASE}, 200)
        assert isinstance(error, TokenError)
        assert error.code == "BAD_RESPONSE"

    def test_refusal_keeps_status_words_and_agent(self) -> None:
        """The status, the server's words and the agent are on the error."""
        error = refusal(create_token("webrtc", "x1"), {"detail": "Agent 'x1' is not online"}, 404)
        assert isinstance(error, TokenError)
        assert (error.status, error.agent_id) == (404, "x1")
        assert str(error).startswith("Failed to create webrtc token: Agent 'x1' is not online")

    @pytest.mark.parametrize(
        ("channel", "agent", "options", "words"),
        [
            ("webtrc", "mara", {}, "did you mean 'webrtc'"),
            ("chat", ["a", "b"], {}, "only stream takes several"),
            ("webrtc", ["a"], {}, "only stream takes several"),
            ("stream", [], {}, "empty list"),
            ("stream", ["a,b"], {}, "comma"),
            ("stream", "", {}, "non-empty"),
            ("stream", 3, {}, "int"),
            ("stream", "a", {"scope": "obsreve"}, "did you mean 'observe'"),
            ("stream", "a", {"call_id": ""}, "call_id"),
            ("chat", "a", {"metadata": [1]}, "metadata is a dict"),
            ("chat", "a", {"metadata": {"x": object()}}, "JSON"),
            ("chat", "a", {"metadata": {"x": "é" * 1100}}, "2048"),
        ],
    )
    def test_refused_before_sending(
        self, channel: str, agent: Any, options: dict[str, Any], words: str
    ) -> None:
        """What the server would refuse, or misunderstand, is a ConfigurationError that says so."""
        with pytest.raises(ConfigurationError, match=words):
            create_token(channel, agent, **options)

    def test_metadata_at_the_limit(self) -> None:
        """2048 bytes of JSON are not too many."""
        op = create_token("chat", "a", metadata={"x": "y" * (2048 - len('{"x":""}'))})
        assert len(dict(op.query)["metadata"]) == 2048


class TestVoices:
    def test_provider_defaults_to_elevenlabs(self) -> None:
        """The provider is always sent; the key is not, the endpoint being public."""
        op = voices()
        assert op.url(BASE) == f"{BASE}/api/sdk/voices?provider=elevenlabs"
        assert not op.needs_key

    def test_rows(self) -> None:
        """voice_id, a missing name, and languages as text or objects are all read."""
        body = {
            "success": True,
            "voices": [
                {"voice_id": "v1", "alias": "sarah", "languages": ["es"]},
                {"id": "v2", "name": "Kai", "languages": [{"code": "en-US", "nativeName": "E"}]},
                "noise",
            ],
        }
        first, second = read(voices("cartesia"), body)
        assert (first.id, first.name, first.ref) == ("v1", "Unknown", "cartesia/sarah")
        assert (first.languages[0].code, first.languages[0].name) == ("es", "es")
        assert (second.ref, second.languages[0].native_name) == ("cartesia/v2", "E")

    def test_language_is_a_prefix(self) -> None:
        """Only voices with a language that starts with the asked one are left."""
        rows = [{"id": "a", "languages": ["es-MX"]}, {"id": "b", "languages": ["en"]}, {"id": "c"}]
        found = read(voices(language="es"), {"success": True, "voices": rows})
        assert [voice.id for voice in found] == ["a"]

    @pytest.mark.parametrize("body", [{"success": False, "voices": [{"id": "a"}]}, {}])
    def test_no_voices(self, body: Any) -> None:
        """success false, or no list, is an empty list."""
        assert read(voices(), body) == []

    def test_audio_voices_name_their_provider(self) -> None:
        """The speech endpoint is asked without a provider unless one is given."""
        op = audio_voices()
        assert op.url(BASE) == f"{BASE}/v1/audio/voices"
        (voice,) = read(op, {"voices": [{"id": "v", "provider": "openai"}]})
        assert voice.ref == "openai/v"


class TestPhones:
    @pytest.mark.parametrize("key", ["phones", "phoneNumbers"])
    def test_both_keys(self, key: str) -> None:
        """The list is under either key; name falls back to the number."""
        (phone,) = read(phones(), {"success": True, key: [{"number": "+13186330963"}]})
        assert (phone.name, phone.is_sdk) == ("+13186330963", False)

    def test_success_false(self) -> None:
        """success false is an empty list."""
        assert read(phones(), {"success": False}) == []

    def test_balance(self) -> None:
        """An exact amount with its currency."""
        found = read(balance(), {"success": True, "balance": "12.30", "currency": "EUR"})
        assert (found.balance, found.currency) == (Decimal("12.30"), "EUR")

    @pytest.mark.parametrize(
        ("body", "status"), [({"success": False}, 200), ({"balance": "much"}, 200), ({}, 500)]
    )
    def test_no_balance(self, body: Any, status: int) -> None:
        """A server that has no balance gives None."""
        assert read(balance(), body, status) is None

    def test_balance_with_a_wrong_key(self) -> None:
        """A wrong key is not the same as having no balance."""
        assert refusal(balance(), {"error": "no"}, 401).status == 401

    def test_online_agents(self) -> None:
        """Slug, phones, and the references of each channel type."""
        row = {"slug": "mara", "phones": ["+1"], "channels": {"chat": {"count": 1, "refs": ["c"]}}}
        (agent,) = read(online_agents(), {"success": True, "agents": [row]})
        assert (agent.slug, agent.phones, agent.channels) == ("mara", ("+1",), {"chat": ("c",)})


class TestMemory:
    def test_search(self) -> None:
        """agent, q, k (6 by default) and the contact where there is one."""
        op = memory.search("mara", "tea or coffee", contact="+34 6")
        assert op.url(BASE) == (
            f"{BASE}/api/memory/search?agent=mara&q=tea%20or%20coffee&k=6&contact=%2B34%206"
        )
        (hit,) = read(op, {"hits": [{"contact": "c", "kind": "k", "text": "t", "score": None}]})
        assert (hit.text, hit.score) == ("t", None)

    def test_ids_are_encoded(self) -> None:
        """A slash in a contact stays one path segment."""
        op = memory.forget("org:mara", "a/b")
        assert (op.method, op.path) == ("DELETE", "/api/memory/org%3Amara/a%2Fb")
        assert read(op, {"forgotten": True}) is True

    @pytest.mark.parametrize("contact", ["", " ", ".", ".."])
    def test_ids_that_would_be_another_path(self, contact: str) -> None:
        """What a URL would normalise away is refused: it would name something else."""
        with pytest.raises(ConfigurationError, match="contact"):
            memory.forget("mara", contact)

    def test_get(self) -> None:
        """Facts with their source, and the text the model is shown."""
        fact = {"id": "f", "kind": "k", "text": "t", "confidence": 0.5, "source": {"call": "CA"}}
        body = {"contact": "c", "revision": 3, "facts": [fact], "memory_md": "- t"}
        found = read(memory.get("mara", "c"), body)
        assert (found.revision, found.memory_md, found.facts[0].source) == (
            3,
            "- t",
            {"call": "CA"},
        )

    def test_success_false_is_an_error(self) -> None:
        """A refusal under status 200 is one all the same, with the server's words."""
        error = refusal(memory.get("mara", "c"), {"success": False, "error": "no such"}, 200)
        assert str(error) == "memory GET /api/memory/mara/c: no such (HTTP 200)"
        assert error.agent_id == "mara"


class TestKnowledge:
    @pytest.mark.parametrize(
        ("op", "method", "path", "answer", "expected"),
        [
            (
                knowledge.list_all(), "GET", "/api/knowledge",
                {"knowledgeBases": [{"id": "kb", "name": "Menu", "docCount": 2}, "odd"]},
                [knowledge.KnowledgeBase(id="kb", name="Menu", doc_count=2)],
            ),
            (
                knowledge.create("Menu", "Dishes"), "POST", "/api/knowledge",
                {"knowledgeBase": {"id": "kb", "name": "Menu", "description": "Dishes"}},
                knowledge.KnowledgeBase(id="kb", name="Menu", description="Dishes"),
            ),
            (knowledge.delete("k/b"), "DELETE", "/api/knowledge/k%2Fb", {"success": True}, None),
            (knowledge.reindex("kb"), "POST", "/api/knowledge/kb/reindex", b"", None),
            (
                knowledge.docs("kb"), "GET", "/api/knowledge/kb",
                {"docs": [{"id": "d1", "path": "a.md", "bytes": 7}]},
                [knowledge.KnowledgeDoc(id="d1", path="a.md", bytes=7)],
            ),
            (
                knowledge.doc("kb", "d1"), "GET", "/api/knowledge/kb/docs/d1",
                {"doc": {"id": "d1", "path": "a.md", "text": "A"}},
                knowledge.KnowledgeDoc(id="d1", path="a.md", text="A"),
            ),
            (
                knowledge.doc("kb", "d1"), "GET", "/api/knowledge/kb/docs/d1",
                {"id": "d1", "path": "a.md"},
                knowledge.KnowledgeDoc(id="d1", path="a.md"),
            ),
            (
                knowledge.delete_doc("kb", "d1"), "DELETE", "/api/knowledge/kb/docs/d1",
                {"success": True}, None,
            ),
        ],
    )  # fmt: skip
    def test_each(self, op: Any, method: str, path: str, answer: Any, expected: Any) -> None:
        """What each asks, and what it makes of the answer."""
        assert (op.method, op.plane, op.path) == (method, "playground", path)
        assert read(op, answer) == expected

    def test_create_names_it(self) -> None:
        """A new base has a name, and a description only where one was given."""
        assert msgspec.json.decode(knowledge.create("Menu").body or b"") == {"name": "Menu"}
        with pytest.raises(ConfigurationError, match="name is a non-empty str"):
            knowledge.create(" ")

    def test_push_a_doc_again(self) -> None:
        """A document as the server gave it can be pushed into another base."""
        [op] = knowledge.push("kb2", knowledge.KnowledgeDoc(id="d1", path="a.md", text="A"))
        assert op.path == "/api/knowledge/kb2/docs"
        assert msgspec.json.decode(op.body or b"") == {"path": "a.md", "text": "A"}

    def test_get_has_the_docs(self) -> None:
        """The base and its documents, in one value."""
        op = knowledge.get("kb 1")
        assert (op.plane, op.path) == ("playground", "/api/knowledge/kb%201")
        body = {
            "knowledgeBase": {"id": "kb", "name": "n", "docCount": 1, "status": "ready"},
            "docs": [{"id": "d", "path": "p", "title": "t", "bytes": 5}],
        }
        base = read(op, body)
        assert (base.doc_count, base.docs[0].bytes) == (1, 5)

    def test_json_content_type_always(self) -> None:
        """Also on requests without a body."""
        assert knowledge.list_all().headers["Content-Type"] == "application/json"

    def test_upgrade_required(self) -> None:
        """402 has its own code, on any verb."""
        for op in (knowledge.list_all(), knowledge.delete("k"), knowledge.query("k", "q")):
            assert refusal(op, b"plan too small", 402).code == "UPGRADE_REQUIRED"

    def test_query(self) -> None:
        """k is 6 by default; a POST is never sent twice."""
        op = knowledge.query("kb", "when open?")
        assert op.body == b'{"query":"when open?","k":6}'
        assert not op.retryable
        (hit,) = read(op, {"hits": [{"score": 0.5, "text": "t", "doc_title": "d"}]})
        assert (hit.score, hit.doc_title, hit.heading) == (0.5, "d", None)

    def test_push_reports_each(self) -> None:
        """Each document has its own op, and a refusal is its value, not an exception."""
        good, bad = knowledge.push("kb", [{"path": "a", "text": "x"}, {"path": "b", "text": "y"}])
        assert good.body == b'{"path":"a","text":"x"}'
        assert read(good, {"doc": {"id": "d", "path": "a"}}).doc.id == "d"
        pushed = read(bad, {"error": "too long"}, 413)
        assert not pushed.ok
        assert "too long" in str(pushed.error)

    @pytest.mark.parametrize(
        "docs", ["text", 3, [3], [{"path": "a"}], [{"text": "a"}], [{"path": "a", "txt": ""}]]
    )
    def test_push_checks_first(self, docs: Any) -> None:
        """What is not a document is refused before anything is sent."""
        with pytest.raises(ConfigurationError, match="push"):
            knowledge.push("kb", docs)


class TestFields:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("1.5", 1.5), ("x", None), ("1e999", None), (True, None), (None, None),
            (b"1" + b"0" * 400, None),
        ],
    )  # fmt: skip
    def test_numbers(self, value: Any, expected: float | None) -> None:
        """A number may be written as a text; what is none, or larger than any, counts as absent."""
        row = {"text": "A", "score": msgspec.Raw(value) if isinstance(value, bytes) else value}
        [hit] = read(memory.search("mara", "q"), {"hits": [row]})
        assert hit.score == expected


class TestErrors:
    @pytest.mark.parametrize("status", [200, 400])
    def test_nested_too_deeply(self, status: int) -> None:
        """An answer that no JSON reader can hold is an error like any that cannot be read."""
        error = refusal(phones(), b"[" * 100_000, status)
        assert (error.status, error.code) == (
            (200, "BAD_RESPONSE") if status == 200 else (400, "HTTP_400")
        )

    @pytest.mark.parametrize("as_json", [True, False])
    def test_no_half_of_a_key(self, as_json: bool) -> None:
        """A key is taken out before a long text is shortened, wherever it stands."""
        for length in range(180, 310):
            words = "x " * (length // 2) + "x" * (length % 2) + "SECRETSECRET-0123456789"
            body = {"error": words} if as_json else words.encode()
            answer = Reply(
                status=400,
                headers={},
                body=body if isinstance(body, bytes) else msgspec.json.encode(body),
                base=BASE,
                key="SECRETSECRET-0123456789",
            )
            with pytest.raises(ApiError) as caught:
                phones().parse(answer)
            assert "SECR" not in str(caught.value)

    @pytest.mark.parametrize(
        ("body", "words", "code"),
        [
            (b'{"detail":"gone"}', "gone (HTTP 418)", "HTTP_418"),
            (b'{"error":"bad","code":"BAD_VOICE"}', "bad (HTTP 418)", "BAD_VOICE"),
            (b'{"success":false,"error":"no"}', "no (HTTP 418)", "HTTP_418"),
            (b'{"error":{"message":"deep","code":"X"}}', "deep (HTTP 418)", "X"),
            (b'{"detail":[{"msg":"m"}]}', '[{"msg":"m"}] (HTTP 418)', "HTTP_418"),
            (b"plain text", "plain text (HTTP 418)", "HTTP_418"),
            (b"<html>proxy</html>", "HTTP 418", "HTTP_418"),
            (b"", "HTTP 418", "HTTP_418"),
            (b"[]", "HTTP 418", "HTTP_418"),
            (b"\xff", "\N{REPLACEMENT CHARACTER} (HTTP 418)", "HTTP_418"),
        ],
    )
    def test_dialects(self, body: bytes, words: str, code: str) -> None:
        """Every shape of error body gives its words and code."""
        error = refusal(phones(), body, 418)
        assert str(error) == f"Failed to list the phones: {words}"
        assert error.code == code

    def test_redirect(self) -> None:
        """A redirect is refused, and the error says so."""
        assert "redirects" in str(refusal(phones(), b"", 302))

    def test_not_json(self) -> None:
        """A good status with a body that cannot be read is BAD_RESPONSE."""
        for body in (b"<html>", b"[1]", b'{"success": ', b"[" * 100_000):
            assert refusal(phones(), body, 200).code == "BAD_RESPONSE"

    @pytest.mark.parametrize(
        "text",
        [
            f"key {KEY} is wrong",
            "Bearer abcdef is wrong",
            "wrt_0123456789 expired",
            "see /v1/attach?token=abcdef&call=1",
            '{"token":"abcdef"}',
        ],
    )
    def test_secrets_are_scrubbed(self, text: str) -> None:
        """A server that quotes the key or a token does not get it into the error."""
        error = refusal(phones(), {"error": text}, 400)
        for secret in (KEY, "abcdef", "0123456789"):
            assert secret not in str(error) + repr(error)
        assert "***" in scrub(text, KEY)

    def test_key_that_no_header_holds(self) -> None:
        """A key with a line break is refused here; the HTTP library's error would quote it."""
        with pytest.raises(ConfigurationError) as caught:
            authorization("pk_secret\nX: y")
        assert "secret" not in str(caught.value)
        assert authorization("pk_secret") == {"Authorization": "Bearer pk_secret"}
