"""Live transcription: what is sent and when, what comes, and how it ends."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from pinecall.core.link.link import Failure
from pinecall.core.rest.live import LIMIT, LiveDone, LiveReady, LiveResult, LiveSession
from pinecall.core.rest.transcription import SpokenWord
from pinecall.errors import ApiError, ConfigurationError, RequestTimeout

READY = '{"type":"ready","request_id":"r","model":"m","sample_rate":16000,"encoding":"linear16"}'


def outgoing(session: LiveSession) -> list[str | bytes]:
    found: list[str | bytes] = []
    while (message := session.outgoing()) is not None:
        found.append(message)
    return found


@pytest.mark.parametrize(
    ("options", "query"),
    [({}, ""), ({"language": "es", "diarize": True}, "?language=es&diarize=true")],
)
def test_url(options: dict[str, Any], query: str) -> None:
    """The socket's URL is REST's base as a WebSocket's, with the options that were given."""
    url = "wss://voice.example/v1/audio/transcriptions/stream"
    assert LiveSession(**options).url("https://voice.example") == url + query


def test_readiness() -> None:
    """readiness() is what the server said when it became ready; it raises what went wrong before."""
    session, failed = LiveSession(), LiveSession()
    session.receive(READY)
    assert session.readiness() is session.ready
    failed.late()
    with pytest.raises(ApiError, match="was not ready within 10 s"):
        failed.readiness()


def test_result() -> None:
    """result() is the figures of the end; it raises what went wrong before, or that it is late."""
    session, failed = LiveSession(), LiveSession()
    for one in (session, failed):
        one.receive(READY)
    session.receive('{"type":"done","audio_seconds":1.5}')
    assert session.result().audio_seconds == 1.5
    failed.closed(1006)
    with pytest.raises(ApiError, match="close code 1006"):
        failed.result()
    late = session.unfinished(0.5)
    assert isinstance(late, RequestTimeout)
    assert "not done within 0.5 s" in str(late)


def test_nothing_before_ready() -> None:
    """Audio and finalize wait for ready, and keep their order."""
    session = LiveSession()
    session.write(b"one")
    session.finalize()
    session.write(b"two")
    assert outgoing(session) == []
    session.receive(READY)
    session.stop()
    session.stop()
    assert outgoing(session) == [b"one", '{"type":"finalize"}', b"two", '{"type":"stop"}']


def test_bounded() -> None:
    """Audio that waits has a limit; there is room again when it is sent."""
    session = LiveSession()
    session.write(bytes(LIMIT - 1))
    assert session.may_write
    session.write(b"x")
    assert not session.may_write
    session.receive(READY)
    assert sum(map(len, outgoing(session))) == LIMIT
    assert session.may_write


def test_what_write_takes() -> None:
    """write takes bytes in any form; other types are refused, and so is writing after the end."""
    session = LiveSession()
    for data in (b"ab", bytearray(b"ab"), memoryview(b"ab")):
        assert session.check_audio(data) == b"ab"
    with pytest.raises(ConfigurationError, match="bytes of audio, not str"):
        session.check_audio("ab")
    session.stop()
    with pytest.raises(ApiError, match="it has ended") as caught:
        session.check_audio(b"ab")
    assert caught.value.code == "CLOSED"


@pytest.mark.parametrize("odd", ["no json", "[]", "[" * 100_000, '{"type":"later"}', "\ud800"])
def test_odd_messages(odd: str) -> None:
    """A message that is not known changes nothing."""
    session = LiveSession()
    session.receive(READY)
    session.receive(odd)
    session.receive('{"type":"final","text":"a","end":1' + "0" * 400 + "}")
    result = session.take()
    assert result is not None
    assert (result.text, result.end) == ("a", None)
    assert session.take() is None
    assert not session.over


def test_closed_by_the_user() -> None:
    """After close() there are no more results, no error, and nothing that still waited is sent."""
    session = LiveSession()
    session.receive(READY)
    session.write(b"ab")
    session.close()
    assert (session.take(), session.outgoing(), session.may_write) == (None, None, True)
    assert session.error is not None
    assert session.error.code == "CLOSED"


def test_broken() -> None:
    """A failure of the program's side is raised with its code and as the cause; a second one is
    ignored."""
    for cause, code in (
        (ConfigurationError("no key", "MISSING_KEY"), "MISSING_KEY"),
        (OSError("api_key=hunter22 refused"), "NETWORK_ERROR"),
    ):
        session = LiveSession()
        session.broken(cause)
        session.broken(ValueError("later"))
        with pytest.raises(ApiError) as caught:
            session.take()
        assert (caught.value.code, caught.value.__cause__) == (code, cause)


def test_partials_are_replaced() -> None:
    """A partial result that was not read is replaced by the next; final results stay."""
    session = LiveSession()
    for kind, said in [("partial", "a"), ("partial", "ab"), ("final", "abc"), ("partial", "d")]:
        session.receive(json.dumps({"type": kind, "text": said, "speaker": 1}))
    assert [(one.text, one.final) for one in session.results] == [("abc", True), ("d", False)]
    assert session.results[0].speaker == "1"


@pytest.mark.parametrize(("limit", "value"), [("LIVE_RESULTS", 3), ("LIVE_TEXT", 200)])
def test_results_that_are_not_read(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, limit: str, value: int
) -> None:
    """The oldest results are left out, with one warning; results that are read make room."""
    monkeypatch.setattr(f"pinecall.core.rest.live.{limit}", value)
    session = LiveSession()
    for first in (0, 10):
        for number in range(first, first + 10):
            for kind in ("partial", "final"):
                session.receive(json.dumps({"type": kind, "text": f"{number:02}" * 15}))
        kept = []
        while (result := session.take()) is not None:
            kept.append(int(result.text[:2]))
        assert kept == [first + 7, first + 8, first + 9]
    [warning] = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "the results are not read" in warning.getMessage()


def test_fields_of_a_result() -> None:
    """Times, language and words are read; those that are absent are None or empty."""
    session = LiveSession()
    words = [{"word": "hola", "start": 0.5, "end": "1"}]
    session.receive(
        json.dumps({"type": "final", "text": "hola", "start": 0.5, "end": 1, "language": "es",
                    "words": words})
    )  # fmt: skip
    session.receive('{"type":"final"}')
    assert list(session.results) == [
        LiveResult(
            text="hola",
            final=True,
            start=0.5,
            end=1.0,
            language="es",
            words=(SpokenWord(word="hola", start=0.5, end=1.0),),
        ),
        LiveResult(text="", final=True),
    ]


def test_results_fill_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results are kept up to the last character of the limit."""
    message = json.dumps({"type": "final", "text": "a"})
    for limit, kept in ((2 * len(message), 2), (2 * len(message) - 1, 1)):
        monkeypatch.setattr("pinecall.core.rest.live.LIVE_TEXT", limit)
        session = LiveSession()
        for _ in range(2):
            session.receive(message)
        assert len(session.results) == kept


def test_fields_of_done() -> None:
    """The figures of the end are read; those that are absent are 0."""
    session, other = LiveSession(), LiveSession()
    session.receive('{"type":"done","request_id":"r","audio_seconds":90,"billed_minutes":1.5}')
    other.receive('{"type":"done"}')
    assert session.result() == LiveDone(request_id="r", audio_seconds=90.0, billed_minutes=1.5)
    assert other.result() == LiveDone(request_id=None, audio_seconds=0.0, billed_minutes=0.0)


def test_fields_of_ready() -> None:
    """Absent fields of ready have defaults; a second ready is ignored."""
    session = LiveSession()
    session.receive('{"type":"ready","diarize":true}')
    session.receive(READY)
    assert session.readiness() == LiveReady(
        request_id=None, model="", sample_rate=16000, encoding="linear16", diarize=True
    )


def test_long_audio() -> None:
    """Audio is sent in messages of at most 32 KiB."""
    session = LiveSession()
    session.receive(READY)
    data = bytes(range(256)) * 300
    session.write(data)
    pieces = [piece for piece in outgoing(session) if isinstance(piece, bytes)]
    assert [len(piece) for piece in pieces] == [32768, 32768, 11264]
    assert b"".join(pieces) == data


def test_done() -> None:
    """After done nothing more is taken or sent, and a lost connection is not an error."""
    session = LiveSession()
    session.receive('{"type":"done","audio_seconds":2.5,"billed_minutes":1}')
    session.closed(1006)
    assert session.done is not None
    assert session.done.audio_seconds == 2.5
    assert session.take() is None
    with pytest.raises(ApiError):
        session.write(b"x")


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "INVALID_KEY"), (402, "SUBSCRIPTION_REQUIRED"), (429, "RATE_LIMITED"),
     (500, "HTTP_500"), (0, "NETWORK_ERROR")],
)  # fmt: skip
def test_refused(status: int, code: str) -> None:
    """The handshake's status decides the code."""
    session = LiveSession()
    session.refused(Failure("handshake", "no", True, f"HTTP_{status}" if status else None))
    assert session.error is not None
    assert (session.error.code, session.error.status) == (code, status)


def test_unanswered() -> None:
    """A handshake without an answer is the same error as a server that is not ready in time."""
    session = LiveSession()
    session.refused(Failure("tcp", "the host did not answer", code="CONNECTION_TIMEOUT"))
    assert session.error is not None
    assert (session.error.code, session.error.status) == ("REQUEST_TIMEOUT", 0)


def test_error_frame() -> None:
    """An error of the server has its code and status 200; writing and reading raise it."""
    session = LiveSession()
    session.receive('{"type":"error","code":"BAD_MODEL","error":"no such model"}')
    for use in (session.take, lambda: session.write(b"x"), session.finalize):
        with pytest.raises(ApiError, match="no such model") as caught:
            use()
        assert (caught.value.code, caught.value.status) == ("BAD_MODEL", 200)


def test_closes() -> None:
    """A close with code 1000 before the end is CLOSED, with any other code NETWORK_ERROR."""
    for code, expected in ((1000, "CLOSED"), (1006, "NETWORK_ERROR"), (1011, "NETWORK_ERROR")):
        session = LiveSession()
        session.closed(code)
        assert session.error is not None
        assert session.error.code == expected


def test_never_ready() -> None:
    """A server that is not ready in time is an error; one that is ready has no deadline."""
    session = LiveSession()
    session.receive(READY)
    session.late()
    assert session.error is None
    session = LiveSession()
    session.late()
    assert session.error is not None
    assert session.error.code == "REQUEST_TIMEOUT"


def test_query() -> None:
    """The query has only the given options, spelt as the platform does; bad ones are refused."""
    assert LiveSession().query == ()
    assert LiveSession(sample_rate=8000, diarize=True).query == (
        ("sample_rate", "8000"),
        ("diarize", "true"),
    )
    with pytest.raises(ConfigurationError, match="encoding"):
        LiveSession(encoding="opus")
    for rate in (0, -1, True, 8000.5):
        with pytest.raises(ConfigurationError, match="sample_rate is a whole number above 0"):
            LiveSession(sample_rate=rate)  # type: ignore[arg-type]
