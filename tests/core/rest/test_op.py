"""A REST request: its URL, what is read of an answer, its errors, and when it is sent again."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from pinecall.core.link.link import Failure
from pinecall.core.rest.knowledge import query
from pinecall.core.rest.op import (
    Body,
    Exchange,
    Reply,
    RestOp,
    authorization,
    handshake_status,
    json_body,
    json_text,
    path,
    scrub,
    unreached,
)
from pinecall.core.rest.phones import Phone, phones
from pinecall.core.wire import limits
from pinecall.errors import ApiError, ConfigurationError

from .replies import BASE, KEY, refusal, reply

DOWN = Failure("tcp", "connection refused")


def op(**options: Any) -> RestOp[Any]:
    """A request of which the whole answer is the result."""
    return RestOp(**{"what": "Failed to ask", "path": "/ask", "read": Reply.object, **options})


def status(code: int, **headers: str) -> Reply:
    return reply({"phones": []}, code, **headers)


def exchange() -> Exchange[list[Phone]]:
    return Exchange(phones(), 0.0, lambda: 1.0)


class TestReply:
    def test_text(self) -> None:
        """Bytes that are not UTF-8 are replaced."""
        assert reply("señal".encode() + b"\xff").text == "señal\N{REPLACEMENT CHARACTER}"

    def test_object(self) -> None:
        """The JSON object of the body; any other JSON is a ValueError."""
        assert reply({"a": [1]}).object() == {"a": [1]}
        for other in (b"[1]", b'"a"', b"null"):
            with pytest.raises(ValueError, match="not a JSON object"):
                reply(other).object()

    @pytest.mark.parametrize("body", [b"", b"<html>", b"[" * 100_000], ids=["none", "html", "deep"])
    def test_not_json(self, body: bytes) -> None:
        """A body that is not JSON, or nested too deeply, is a ValueError."""
        with pytest.raises(ValueError):
            reply(body).json()

    def test_repr(self) -> None:
        """The repr does not show the key."""
        assert KEY not in repr(reply({}))


class TestBody:
    @pytest.mark.parametrize(
        ("status", "length", "wanted"),
        [
            (200, None, True),
            (200, "10", True),
            (200, str(limits.REST_BODY), True),
            (200, str(limits.REST_BODY + 1), False),
            (200, "9" * 5000, False),
            (200, "-1", True),
            (404, str(limits.ERROR_BODY), True),
            (404, str(limits.ERROR_BODY + 1), False),
        ],
        ids=lambda value: str(value)[:12],
    )
    def test_announced(self, status: int, length: str | None, wanted: bool) -> None:
        """A body whose Content-Length is over the limit is not read."""
        assert Body(status, length).wanted is wanted

    def test_refusal(self) -> None:
        """Only the first 64 KiB of a refusal are kept."""
        body = Body(500, None)
        while body.wanted:
            body.add(b"x" * 1000)
        assert len(body.data) == limits.ERROR_BODY
        assert not body.ok

    def test_answer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An answer is kept whole up to the limit, and wanted no longer beyond it."""
        monkeypatch.setattr("pinecall.core.rest.op.REST_BODY", 100)
        body = Body(200, None)
        body.add(b"x" * 99)
        body.add(b"y")
        assert (body.wanted, bytes(body.data)) == (True, b"x" * 99 + b"y")
        body.add(b"z")
        assert (body.wanted, body.too_large) == (False, True)


class TestRequest:
    def test_url(self) -> None:
        """The base, the path and the encoded query; the base's trailing slash is not doubled."""
        one = op(query=(("q", "tea & ñ/?"), ("k", "6")))
        assert one.url("https://h/eu/") == "https://h/eu/ask?q=tea%20%26%20%C3%B1%2F%3F&k=6"
        assert op().url("https://h") == "https://h/ask"

    @pytest.mark.parametrize(
        ("method", "expected"), [("GET", True), ("POST", False), ("DELETE", False)]
    )
    def test_retryable(self, method: str, expected: bool) -> None:
        """Only a GET may be sent again."""
        assert op(method=method).retryable is expected

    def test_parse(self) -> None:
        """An answer in the 200s is read."""
        assert op().parse(reply({"a": 1}, 201)) == {"a": 1}

    @pytest.mark.parametrize("error", [ValueError, TypeError, KeyError, IndexError, AttributeError])
    def test_unreadable(self, error: type[Exception]) -> None:
        """An answer of another shape is BAD_RESPONSE, in few words and without the key."""

        def read(answer: Reply) -> None:
            raise error(f"{KEY} " + "x" * 1000)

        failure = refusal(op(read=read), {}, 200)
        assert str(failure).startswith("Failed to ask: the server's answer could not be read: ")
        assert (failure.code, failure.status) == ("BAD_RESPONSE", 200)
        assert KEY not in str(failure)
        assert len(str(failure)) < 400

    def test_read_refuses(self) -> None:
        """An ApiError of the reading function is raised as it is, with the op's agent."""
        error = ApiError("no such", "NONE", status=200)

        def read(answer: Reply) -> None:
            raise error

        assert refusal(op(read=read, agent_id="mara"), {}, 200) is error
        assert error.agent_id == "mara"

    def test_own_agent_of_an_error(self) -> None:
        """An error that names an agent keeps it."""
        error = ApiError("no such")
        error.agent_id = "julia"
        assert op(agent_id="mara").named(error).agent_id == "julia"

    def test_too_large(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An answer that was too large to be read is BAD_RESPONSE with the limit."""
        monkeypatch.setattr("pinecall.core.rest.op.REST_BODY", 100)
        answer = Reply(status=200, headers={}, body=b"", base=BASE, too_large=True)
        with pytest.raises(ApiError, match="larger than 100 bytes") as caught:
            phones().parse(answer)
        assert (caught.value.code, caught.value.status) == ("BAD_RESPONSE", 200)

    @pytest.mark.parametrize(
        ("code", "hint"),
        [(401, "check the API key"), (403, "may not do this"), (429, "too many requests")],
    )
    def test_hints(self, code: int, hint: str) -> None:
        """A status that has a usual cause is explained."""
        assert hint in str(refusal(phones(), {"error": "no"}, code))

    def test_codes(self) -> None:
        """The op's code stands for a status; the server's own code wins."""
        one = op(codes={402: "UPGRADE_REQUIRED"})
        assert refusal(one, {"error": "no"}, 402).code == "UPGRADE_REQUIRED"
        assert refusal(one, {"error": "no", "code": "X"}, 402).code == "X"


class TestErrors:
    @pytest.mark.parametrize(("status", "code"), [(200, "BAD_RESPONSE"), (400, "HTTP_400")])
    def test_nested_too_deeply(self, status: int, code: str) -> None:
        """An answer that is nested too deeply is an error like any that cannot be read."""
        error = refusal(phones(), b"[" * 100_000, status)
        assert (error.status, error.code) == (status, code)

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


class TestExchange:
    @pytest.mark.parametrize("code", [502, 503, 504])
    def test_get_is_repeated_twice(self, code: int) -> None:
        """A GET is sent three times at most, after growing delays."""
        one = exchange()
        delays = []
        for _ in range(3):
            assert one.pending
            delays.append(one.delay)
            one.answered(status(code), 1.0)
        assert not one.pending
        assert delays == [0.0, 0.5, 1.0]
        with pytest.raises(ApiError) as caught:
            one.result()
        assert caught.value.status == code

    def test_success_after_a_failure(self) -> None:
        """A failure is not raised where the next try succeeds."""
        one = exchange()
        one.failed(DOWN, BASE, 0.0)
        assert one.pending
        one.answered(status(200), 0.0)
        assert not one.pending
        assert one.result() == []

    @pytest.mark.parametrize("code", [400, 401, 404, 429, 500, 501])
    def test_other_statuses_are_final(self, code: int) -> None:
        """A request with any other status is not sent again."""
        one = exchange()
        one.answered(status(code), 0.0)
        assert not one.pending

    def test_post_is_never_repeated(self) -> None:
        """A POST is not sent again after 503 or a lost connection: it may have been carried out."""
        for fail in (False, True):
            one = Exchange(query("kb", "q"), 0.0, lambda: 0.0)
            if fail:
                one.failed(DOWN, BASE, 0.0)
            else:
                one.answered(status(503), 0.0)
            assert not one.pending

    def test_bad_certificate_is_final(self) -> None:
        """A request is not sent again after a certificate that is not accepted."""
        one = exchange()
        one.failed(Failure("tls", "bad certificate", retryable=False), BASE, 0.0)
        assert not one.pending

    def test_unreachable(self) -> None:
        """An unreachable host is NETWORK_ERROR with status 0, the host in the message and the cause."""
        cause = OSError("boom")
        one = exchange()
        one.failed(Failure("tcp", "refused", retryable=False, cause=cause), BASE, 0.0)
        with pytest.raises(ApiError, match=r"voice\.example") as caught:
            one.result()
        assert (caught.value.status, caught.value.code) == (0, "NETWORK_ERROR")
        assert caught.value.__cause__ is cause

    def test_deadline_is_for_all_tries(self) -> None:
        """The deadline is for all tries together, and no try begins after it."""
        one = exchange()
        assert one.left(0.0) == 10.0
        one.answered(status(503), 4.0)
        assert one.pending
        assert one.left(4.5) == 5.5
        one.answered(status(503), 9.9)
        assert not one.pending

    def test_retry_after(self) -> None:
        """The next try waits for Retry-After; there is none if that is after the deadline."""
        one = exchange()
        one.answered(status(503, **{"retry-after": "3"}), 0.0)
        assert (one.pending, one.delay) == (True, 3.0)
        one.answered(status(503, **{"retry-after": "3600"}), 3.0)
        assert not one.pending

    def test_time_out_says_how_long(self) -> None:
        """A time-out names the seconds that were waited."""
        one = exchange()
        one.failed(Failure("handshake", "", False, "REQUEST_TIMEOUT"), BASE, 10.0)
        with pytest.raises(ApiError, match="within 10 s") as caught:
            one.result()
        assert caught.value.code == "REQUEST_TIMEOUT"

    def test_recover(self) -> None:
        """An op may have a value in place of an error, with and without an answer."""
        one = op(recover=lambda error: (error.code, error.status))
        refused, lost = Exchange(one, 0.0, lambda: 0.0), Exchange(one, 0.0, lambda: 0.0)
        refused.answered(status(404), 0.0)
        lost.failed(Failure("tls", "bad", retryable=False), BASE, 0.0)
        assert refused.result() == ("HTTP_404", 404)
        assert lost.result() == ("NETWORK_ERROR", 0)

    @pytest.mark.parametrize("after", ["", "soon", "-1", "1e9", "1234567"])
    def test_odd_retry_after(self, after: str) -> None:
        """A Retry-After that is not a whole number of seconds is ignored."""
        one = exchange()
        one.answered(status(503, **{"retry-after": after}), 0.0)
        assert (one.pending, one.delay) == (True, 0.5)

    def test_jitter(self) -> None:
        """A delay is between half and all of its length."""
        shortest = Exchange(phones(), 0.0, lambda: 0.0)
        shortest.answered(status(503), 0.0)
        assert shortest.delay == 0.25

    def test_left_after_the_deadline(self) -> None:
        """A try that begins at the deadline has a moment, not a negative time."""
        assert exchange().left(11.0) == 0.001


class TestUnreached:
    def test_timeout(self) -> None:
        """A request without an answer in time names the host and the seconds."""
        error = unreached(op(timeout=2.5), Failure("tcp", "", code="REQUEST_TIMEOUT"), BASE)
        assert str(error) == f"Failed to ask: no answer from {BASE} within 2.5 s"
        assert (error.code, error.status) == ("REQUEST_TIMEOUT", 0)

    def test_network(self) -> None:
        """A host that is out of reach is NETWORK_ERROR, without secrets of the failure's text."""
        error = unreached(op(), Failure("tcp", "Bearer abcdef refused"), BASE)
        assert str(error) == (
            f"Failed to ask: network error: {BASE} could not be reached: Bearer *** refused"
        )
        assert (error.code, error.status) == ("NETWORK_ERROR", 0)

    @pytest.mark.parametrize(
        ("code", "expected"),
        [("HTTP_403", 403), ("HTTP_", 0), ("HTTP_X", 0), ("TLS_403", 0), (None, 0)],
    )
    def test_handshake_status(self, code: str | None, expected: int) -> None:
        """The status of a refused handshake stands in the failure's code; 0 without one."""
        assert handshake_status(Failure("handshake", "no", code=code)) == expected


class TestWriting:
    def test_json_text(self) -> None:
        """Compact JSON; a value that JSON cannot hold is refused with its name."""
        assert json_text("metadata", {"a": [None, "ñ"]}) == '{"a":[null,"ñ"]}'.encode()
        deep: list[Any] = []
        for _ in range(100_000):
            deep = [deep]
        for value in (object(), deep):
            with pytest.raises(ConfigurationError, match="metadata: cannot be written as JSON"):
                json_text("metadata", value)

    def test_json_body(self) -> None:
        """Values that are None are left out, on the first level only."""
        assert json_body("ask", {"a": None, "b": {"c": None}, "d": 0}) == b'{"b":{"c":null},"d":0}'

    def test_path(self) -> None:
        """Each segment is encoded, slashes included."""
        assert path("/api/x", agent="org:mara", contact="a/b c") == "/api/x/org%3Amara/a%2Fb%20c"
        assert path("/api/x") == "/api/x"

    @pytest.mark.parametrize("segment", ["", " ", ".", "..", " .. ", 3, None])
    def test_bad_segment(self, segment: Any) -> None:
        """A segment that a URL would lose, or that is not a str, is refused under its name."""
        with pytest.raises(ConfigurationError, match="contact is a non-empty str"):
            path("/api/x", contact=segment)
