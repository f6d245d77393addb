"""Speech, recordings and live transcription as the core sees them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from pinecall.core.link.link import Failure
from pinecall.core.rest.live import LIMIT, LiveSession
from pinecall.core.rest.op import Reply
from pinecall.core.rest.speech import SpeechReader, speech
from pinecall.core.rest.transcription import file_name_and_type, transcribe
from pinecall.errors import ApiError, ConfigurationError, RequestTimeout


def head(kind: str, **headers: str) -> Reply:
    return Reply(status=200, headers={"content-type": kind, **headers}, body=b"", base="https://h")


def reader(kind: str = "audio/pcm", headers: Any = None, **options: Any) -> SpeechReader:
    op = speech("Hola", voice="elevenlabs/sarah", **options)
    return SpeechReader(op, op.parse(head(kind, **(headers or {}))))


def events(*given: Any) -> bytes:
    texts = [one if isinstance(one, str) else json.dumps(one) for one in given]
    return "".join(f"data: {text}\n\n" for text in texts).encode()


class TestSpeech:
    def test_only_what_is_given(self) -> None:
        """Options that were not given are not sent; the names are the platform's."""
        op = speech("Hola", voice="v", format="wav", sample_rate=24000, speed=1.5)
        assert json.loads(op.body or b"") == {
            "input": "Hola",
            "voice": "v",
            "response_format": "wav",
            "sample_rate": 24000,
            "speed": 1.5,
        }
        assert op.headers["Accept"] == "audio/*"
        timed = speech("Hola", voice="v", timestamps=True)
        assert timed.headers["Accept"] == "text/event-stream"
        assert not op.retryable

    @pytest.mark.parametrize(
        "options",
        [{"input": ""}, {"input": "x" * 5001}, {"voice": ""}, {"format": "ogg"}, {"speed": 0},
         {"sample_rate": 1.5}],
    )  # fmt: skip
    def test_refused(self, options: dict[str, Any]) -> None:
        """What the server would refuse is refused here."""
        with pytest.raises(ConfigurationError):
            speech(**({"input": "Hola", "voice": "v"} | options))

    @pytest.mark.parametrize(
        ("kind", "size", "ms"),
        [("audio/pcm", 32000, 1000.0), ("audio/x-wav", 32044, 1000.0), ("audio/mp3", 999, 0.0)],
    )
    def test_figures_computed(self, kind: str, size: int, ms: float) -> None:
        """Without the headers: the input's length, and the time the bytes take at 16 kHz."""
        speaking = reader(kind)
        speaking.feed(bytes(size))
        speaking.ended()
        assert speaking.result().audio_ms == ms
        assert speaking.result().characters == 4

    def test_figures_from_headers(self) -> None:
        """The server's figures win; the format comes from the content type."""
        headers = {
            "x-pinecall-characters": "9",
            "x-pinecall-audio-ms": "77",
            "x-sample-rate": "24000",
        }
        speaking = reader("audio/L16; rate=24000", headers, format="wav")
        assert (speaking.head.format, speaking.head.sample_rate) == ("pcm", 24000)
        speaking.ended()
        assert (speaking.result().characters, speaking.result().audio_ms) == (9, 77.0)

    @pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
    @pytest.mark.parametrize("size", [1, 2, 3, 7, 10_000])
    def test_events_cut_anywhere(self, newline: bytes, size: int) -> None:
        """Audio and words come whole, whatever the line ends and wherever the bytes are cut."""
        speaking = reader("text/event-stream", timestamps=True)
        sound = base64.b64encode(b"\x01\x02" * 5).decode()
        data = events(
            {"type": "start", "request_id": "r", "format": "pcm", "sample_rate": 24000},
            {"type": "audio", "data": sound},
            {"type": "word", "word": "ñ", "start": 0.0, "end": 0.4},
            {"type": "later"},
            "no json",
            {"type": "done", "characters": 10, "audio_ms": 900},
            "[DONE]",
        )
        data = b": comment\nevent: x\n" + data
        data = data.replace(b"\n", newline)
        for start in range(0, len(data), size):
            speaking.feed(data[start : start + size])
        assert b"".join(speaking.audio) == b"\x01\x02" * 5
        assert [word.word for word in speaking.words] == ["ñ"]
        if not speaking.over:
            speaking.ended()
        assert (speaking.result().audio_ms, speaking.head.sample_rate) == (900.0, 24000)

    def test_events_cut_short(self) -> None:
        """A stream that ends without done has failed."""
        speaking = reader("text/event-stream")
        speaking.feed(events({"type": "audio", "data": "AAAA"}))
        speaking.ended()
        with pytest.raises(ApiError, match="before the speech was complete"):
            speaking.result()

    def test_error_event(self) -> None:
        """A failure after the start fails the audio and done: status 200, its code, and words that
        came stay."""
        speaking = reader("text/event-stream")
        speaking.feed(events({"type": "word", "word": "a", "start": 0, "end": 1}))
        speaking.feed(events({"type": "error", "error": "provider down"}))
        with pytest.raises(ApiError, match="provider down") as caught:
            speaking.take()
        assert (caught.value.code, caught.value.status) == ("UPSTREAM_ERROR", 200)
        with pytest.raises(ApiError, match="provider down"):
            speaking.result()
        assert len(speaking.words) == 1

    def test_done_without_figures(self) -> None:
        """[DONE] alone completes it, with what can be computed; what comes after is ignored."""
        speaking = reader("text/event-stream")
        speaking.feed(events({"type": "audio", "data": base64.b64encode(bytes(3200)).decode()}))
        speaking.feed(events("[DONE]", {"type": "word", "word": "late"}, {"type": "error"}))
        speaking.ended()
        assert speaking.result().audio_ms == 100.0
        assert speaking.words == []

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (events({"type": "audio", "data": "?"}), "BAD_RESPONSE"),
            (events({"type": "audio", "data": "ñ"}), "BAD_RESPONSE"),
            (b"data: " + b"x" * (8 << 20), "BAD_RESPONSE"),
        ],
        ids=["no base64", "no ASCII", "no end"],
    )
    def test_unreadable(self, data: bytes, code: str) -> None:
        """Audio that is not base64, and a line without an end, fail the speech."""
        speaking = reader("text/event-stream")
        speaking.feed(data)
        with pytest.raises(ApiError) as caught:
            speaking.take()
        assert caught.value.code == code

    @pytest.mark.parametrize("odd", ["[]", "5", "[" * 100_000, '{"type":"audio"}'])
    def test_odd_events(self, odd: str) -> None:
        """Events that are not known, and audio without a sound, are ignored."""
        speaking = reader("text/event-stream")
        speaking.feed(events(odd, {"type": "done", "characters": 3, "audio_ms": 1}))
        assert speaking.take() is None
        assert speaking.result().characters == 3

    def test_lost(self) -> None:
        """A connection that breaks fails it with the cause; a complete speech stays complete."""
        cause = OSError("reset")
        speaking, complete = reader(), reader()
        complete.ended()
        for one in (speaking, complete):
            one.failed(Failure("tcp", "reset", cause=cause), "https://h")
            one.ended()
        with pytest.raises(ApiError, match=r"https://h could not be reached: reset") as caught:
            speaking.result()
        assert caught.value.__cause__ is cause
        assert complete.result().characters == 4

    def test_cancel(self) -> None:
        """done fails; reading just ends, after what was there."""
        speaking = reader()
        speaking.feed(b"ab")
        speaking.cancel()
        assert speaking.take() == b"ab"
        assert speaking.take() is None
        with pytest.raises(ApiError) as caught:
            speaking.result()
        assert caught.value.code == "CANCELLED"

    def test_cancel_after_the_end(self) -> None:
        """A complete speech stays complete."""
        speaking = reader()
        speaking.ended()
        speaking.cancel()
        assert speaking.result().characters == 4


class TestTranscribe:
    @pytest.mark.parametrize(
        ("name", "kind", "expected"),
        [
            (None, None, ("audio.wav", "audio/wav")),
            ("a.MP3", None, ("a.MP3", "audio/mpeg")),
            ("talk.opus", None, ("talk.opus", "audio/ogg")),
            (None, "audio/mp4", ("audio.m4a", "audio/mp4")),
            (None, "audio/ogg; codecs=opus", ("audio.ogg", "audio/ogg")),
            ("x.bin", None, ("x.bin", "audio/wav")),
            ("x.bin", "audio/flac", ("x.bin", "audio/flac")),
        ],
    )
    def test_name_and_type(
        self, name: str | None, kind: str | None, expected: tuple[str, str]
    ) -> None:
        """Each is filled in from the other."""
        assert file_name_and_type(name, kind) == expected

    def test_form(self) -> None:
        """A multipart form with only the given fields; a name cannot break out of its header."""
        op = transcribe(b"RIFF", filename='a"\r\nX: y.wav', language="es", diarize=False)
        boundary = op.headers["Content-Type"].partition("boundary=")[2].encode()
        parts = (op.body or b"").split(b"--" + boundary)
        assert len(parts) == 5
        assert parts[1] == (
            b'\r\nContent-Disposition: form-data; name="file"; filename="a%22%0D%0AX: y.wav"'
            b"\r\nContent-Type: audio/wav\r\n\r\nRIFF\r\n"
        )
        assert parts[2] == b'\r\nContent-Disposition: form-data; name="language"\r\n\r\nes\r\n'
        assert parts[3].endswith(b'name="diarize"\r\n\r\nfalse\r\n')
        assert parts[4] == b"--\r\n"

    def test_verbose(self) -> None:
        """Words and segments, with speakers as text; the request's id from its header."""
        body = {
            "text": "hola",
            "language": "es",
            "duration": 1.5,
            "model": "m",
            "words": [{"word": "hola", "start": 0, "end": 1, "speaker": 0}],
            "segments": [{"id": 0, "start": 0, "end": 1, "text": "hola", "speaker": "B"}],
        }
        found = transcribe(b"x", format="verbose_json").parse(
            Reply(
                status=200,
                headers={"x-pinecall-request-id": "r1"},
                body=json.dumps(body).encode(),
                base="",
            )
        )
        assert (found.words[0].speaker, found.segments[0].speaker) == ("0", "B")
        assert (found.segments[0].id, found.duration, found.request_id) == ("0", 1.5, "r1")

    def test_text(self) -> None:
        """Plain text is the text, and nothing else is known."""
        op = transcribe(b"x", format="text")
        assert op.headers["Accept"] == "text/plain"
        found = op.parse(Reply(status=200, headers={}, body="señal".encode(), base=""))
        assert (found.text, found.language, found.duration) == ("señal", "", 0.0)

    def test_not_json(self) -> None:
        """A good status without JSON is BAD_RESPONSE."""
        with pytest.raises(ApiError) as caught:
            transcribe(b"x").parse(Reply(status=200, headers={}, body=b"hola", base=""))
        assert caught.value.code == "BAD_RESPONSE"

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"format": "srt"}, "format is one of json, verbose_json, text, not 'srt'"),
            ({"content_type": "audio/ wav"}, "is not a media type"),
            ({"content_type": "audio/wäv"}, "is not a media type"),
            ({"timeout": 0}, "timeout is a number above 0"),
        ],
    )
    def test_refused_options(self, options: dict[str, Any], words: str) -> None:
        """A wrong option is refused before anything is uploaded."""
        with pytest.raises(ConfigurationError, match=words):
            transcribe(b"x", **options)

    @pytest.mark.parametrize("data", [b"", bytes((25 << 20) + 1)], ids=["empty", "too long"])
    def test_refused(self, data: bytes) -> None:
        """Nothing, and more than 25 MB, is refused before it is sent."""
        with pytest.raises(ConfigurationError, match="recording"):
            transcribe(data)


READY = '{"type":"ready","request_id":"r","model":"m","sample_rate":16000,"encoding":"linear16"}'


def outgoing(session: LiveSession) -> list[str | bytes]:
    found: list[str | bytes] = []
    while (message := session.outgoing()) is not None:
        found.append(message)
    return found


class TestLive:
    @pytest.mark.parametrize(
        ("options", "query"),
        [({}, ""), ({"language": "es", "diarize": True}, "?language=es&diarize=true")],
    )
    def test_url(self, options: dict[str, Any], query: str) -> None:
        """The socket's URL is REST's base as a WebSocket's, with the options that were given."""
        url = "wss://voice.example/v1/audio/transcriptions/stream"
        assert LiveSession(**options).url("https://voice.example") == url + query

    def test_readiness(self) -> None:
        """What the server said as it became ready, or what went wrong before."""
        session, failed = LiveSession(), LiveSession()
        session.receive(READY)
        assert session.readiness() is session.ready
        failed.late()
        with pytest.raises(ApiError, match="was not ready within 10 s"):
            failed.readiness()

    def test_result(self) -> None:
        """The figures of the end, or what went wrong before it; or nothing in time."""
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

    def test_nothing_before_ready(self) -> None:
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

    def test_bounded(self) -> None:
        """What waits is bounded, and there is room again when it is sent."""
        session = LiveSession()
        session.write(bytes(LIMIT))
        assert not session.may_write
        session.receive(READY)
        assert sum(map(len, outgoing(session))) == LIMIT
        assert session.may_write

    def test_what_write_takes(self) -> None:
        """Bytes in any form; anything else is refused, and so is writing after the end."""
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
    def test_odd_messages(self, odd: str) -> None:
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

    def test_closed_by_the_user(self) -> None:
        """close() ends it; reading then just ends, and what still waits is not sent."""
        session = LiveSession()
        session.receive(READY)
        session.write(b"ab")
        session.close()
        assert (session.take(), session.outgoing(), session.may_write) == (None, None, True)
        assert session.error is not None
        assert session.error.code == "CLOSED"

    def test_broken(self) -> None:
        """A failure on this side is raised with its code and as the cause; after the end it is
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

    def test_partials_are_replaced(self) -> None:
        """A reader who is behind gets the newest partial only, and every final."""
        session = LiveSession()
        for kind, said in [("partial", "a"), ("partial", "ab"), ("final", "abc"), ("partial", "d")]:
            session.receive(json.dumps({"type": kind, "text": said, "speaker": 1}))
        assert [(one.text, one.final) for one in session.results] == [("abc", True), ("d", False)]
        assert session.results[0].speaker == "1"

    def test_done(self) -> None:
        """done ends it; what comes after is of no effect."""
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
    def test_refused(self, status: int, code: str) -> None:
        """The handshake's status decides the code."""
        session = LiveSession()
        session.refused(Failure("handshake", "no", True, f"HTTP_{status}" if status else None))
        assert session.error is not None
        assert (session.error.code, session.error.status) == (code, status)

    def test_unanswered(self) -> None:
        """A handshake that is not answered in time is a server that is not ready in time."""
        session = LiveSession()
        session.refused(Failure("tcp", "the host did not answer", code="CONNECTION_TIMEOUT"))
        assert session.error is not None
        assert (session.error.code, session.error.status) == ("REQUEST_TIMEOUT", 0)

    def test_error_frame(self) -> None:
        """Its code, with status 200; writing and reading raise it."""
        session = LiveSession()
        session.receive('{"type":"error","code":"BAD_MODEL","error":"no such model"}')
        for use in (session.take, lambda: session.write(b"x"), session.finalize):
            with pytest.raises(ApiError, match="no such model") as caught:
                use()
            assert (caught.value.code, caught.value.status) == ("BAD_MODEL", 200)

    def test_closes(self) -> None:
        """A clean close too early is CLOSED, any other NETWORK_ERROR."""
        for code, expected in ((1000, "CLOSED"), (1006, "NETWORK_ERROR"), (1011, "NETWORK_ERROR")):
            session = LiveSession()
            session.closed(code)
            assert session.error is not None
            assert session.error.code == expected

    def test_never_ready(self) -> None:
        """A server that is not ready in time fails it; one that was is left alone."""
        session = LiveSession()
        session.receive(READY)
        session.late()
        assert session.error is None
        session = LiveSession()
        session.late()
        assert session.error is not None
        assert session.error.code == "REQUEST_TIMEOUT"

    def test_query(self) -> None:
        """Only given options, as the platform spells them."""
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
