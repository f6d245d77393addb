"""Speech from text: what is asked, and its audio, words and figures as they come."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from pinecall.core.link.link import Failure
from pinecall.core.rest.op import Reply
from pinecall.core.rest.speech import SpeechFigures, SpeechHead, SpeechReader, Word, speech
from pinecall.errors import ApiError, ConfigurationError


def head(kind: str, **headers: str) -> Reply:
    return Reply(status=200, headers={"content-type": kind, **headers}, body=b"", base="https://h")


def reader(kind: str = "audio/pcm", headers: Any = None, **options: Any) -> SpeechReader:
    op = speech("Hola", voice="elevenlabs/sarah", **options)
    return SpeechReader(op, op.parse(head(kind, **(headers or {}))))


def events(*given: Any) -> bytes:
    texts = [one if isinstance(one, str) else json.dumps(one) for one in given]
    return "".join(f"data: {text}\n\n" for text in texts).encode()


def test_only_what_is_given() -> None:
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
def test_refused(options: dict[str, Any]) -> None:
    """Options that the server would refuse are a ConfigurationError."""
    with pytest.raises(ConfigurationError):
        speech(**({"input": "Hola", "voice": "v"} | options))


@pytest.mark.parametrize(
    ("kind", "size", "ms"),
    [("audio/pcm", 32000, 1000.0), ("audio/x-wav", 32044, 1000.0), ("audio/mp3", 999, 0.0)],
)
def test_figures_computed(kind: str, size: int, ms: float) -> None:
    """Without the headers the figures are the input's length and the time the bytes take at 16 kHz."""
    speaking = reader(kind)
    speaking.feed(bytes(size))
    speaking.ended()
    assert speaking.result().audio_ms == ms
    assert speaking.result().characters == 4


def test_figures_from_headers() -> None:
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
def test_events_cut_anywhere(newline: bytes, size: int) -> None:
    """Audio and words are complete for every kind of line end and wherever the bytes are cut."""
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


def test_events_cut_short() -> None:
    """A stream that ends without done has failed."""
    speaking = reader("text/event-stream")
    speaking.feed(events({"type": "audio", "data": "AAAA"}))
    speaking.ended()
    with pytest.raises(ApiError, match="before the speech was complete") as caught:
        speaking.result()
    assert (caught.value.code, caught.value.status) == ("NETWORK_ERROR", 0)


def test_error_event() -> None:
    """An error event is raised by take() and result() with its code and status 200; words that came
    before it stay."""
    speaking = reader("text/event-stream")
    speaking.feed(events({"type": "word", "word": "a", "start": 0, "end": 1}))
    speaking.feed(events({"type": "error", "error": "provider down"}))
    with pytest.raises(ApiError, match="provider down") as caught:
        speaking.take()
    assert (caught.value.code, caught.value.status) == ("UPSTREAM_ERROR", 200)
    with pytest.raises(ApiError, match="provider down"):
        speaking.result()
    assert len(speaking.words) == 1


def test_done_without_figures() -> None:
    """[DONE] alone completes a speech, with computed figures; later events are ignored."""
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
def test_unreadable(data: bytes, code: str) -> None:
    """Audio that is not base64, and a line without an end, fail the speech."""
    speaking = reader("text/event-stream")
    speaking.feed(data)
    with pytest.raises(ApiError) as caught:
        speaking.take()
    assert caught.value.code == code


@pytest.mark.parametrize("odd", ["[]", "5", "[" * 100_000, '{"type":"audio"}'])
def test_odd_events(odd: str) -> None:
    """Events that are not known, and audio without a sound, are ignored."""
    speaking = reader("text/event-stream")
    speaking.feed(events(odd, {"type": "done", "characters": 3, "audio_ms": 1}))
    assert speaking.take() is None
    assert speaking.result().characters == 3


def test_lost() -> None:
    """A lost connection fails a speech with the cause; a complete speech stays complete."""
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


def test_cancel() -> None:
    """After cancel() the audio that came can be read; then take() is None and result() raises."""
    speaking = reader()
    speaking.feed(b"ab")
    speaking.cancel()
    assert speaking.take() == b"ab"
    assert speaking.take() is None
    with pytest.raises(ApiError) as caught:
        speaking.result()
    assert caught.value.code == "CANCELLED"


def test_cancel_after_the_end() -> None:
    """A speech that is complete cannot be cancelled."""
    speaking = reader()
    speaking.ended()
    speaking.cancel()
    assert speaking.result().characters == 4


@pytest.mark.parametrize("piece", [b"data: " + b"x" * 90, b"data:\n" * 16])
def test_event_without_end(monkeypatch: pytest.MonkeyPatch, piece: bytes) -> None:
    """An event that is too long fails the speech, in one line or in many; later ones are ignored."""
    monkeypatch.setattr("pinecall.core.rest.speech.SPEECH_EVENT", 1000)
    speaking = reader("text/event-stream")
    for _ in range(30):
        speaking.feed(piece)
    speaking.feed(b"\n\n" + events({"type": "word", "word": "late"}))
    with pytest.raises(ApiError, match="an event of the answer is too long") as caught:
        speaking.result()
    assert caught.value.code == "BAD_RESPONSE"
    assert speaking.words == []


def test_audio_that_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """More audio than may wait fails the speech; audio that is read makes room, and is kept."""
    monkeypatch.setattr("pinecall.core.rest.speech.SPEECH_AUDIO", 100)
    speaking = reader()
    for _ in range(3):
        speaking.feed(b"x" * 100)
        assert speaking.take() == b"x" * 100
    speaking.feed(b"x" * 100)
    speaking.feed(b"")
    assert not speaking.over
    speaking.feed(b"x")
    assert speaking.take() == b"x" * 100
    with pytest.raises(ApiError, match="more than 100 bytes of audio wait to be read"):
        speaking.take()


def test_words_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """More words than a speech can have fail it; those that came stay."""
    monkeypatch.setattr("pinecall.core.rest.speech.SPEECH_WORDS", 100)
    word = {"type": "word", "word": "on"}
    speaking = reader("text/event-stream")
    speaking.feed(events(*[word] * 5))
    with pytest.raises(ApiError, match="more words than a speech"):
        speaking.result()
    assert [one.word for one in speaking.words] == ["on"] * (100 // len(json.dumps(word)))


def test_start_event() -> None:
    """The start event's facts replace the head's; those that it leaves out stay."""
    headers = {"x-pinecall-request-id": "r1", "x-sample-rate": "8000"}
    speaking = reader("text/event-stream", headers)
    speaking.feed(events({"type": "start", "format": "mp3"}))
    assert (speaking.head.request_id, speaking.head.sample_rate) == ("r1", 8000)
    speaking.feed(events({"type": "start", "request_id": "r2", "sample_rate": 24000}))
    assert speaking.head == SpeechHead(
        request_id="r2",
        format="mp3",
        sample_rate=24000,
        events=True,
        characters=4,
        audio_ms=None,
    )


def test_lengths_of_the_input() -> None:
    """An input of 1 to 5,000 characters is taken."""
    for input in ("x", "x" * 5000):
        assert json.loads(speech(input, voice="v").body or b"")["input"] == input


@pytest.mark.parametrize(("format", "expected"), [("mp3", "mp3"), (None, "pcm")])
def test_format_of_an_unknown_type(format: str | None, expected: str) -> None:
    """Where the content type says nothing, the format is the one asked for, else pcm."""
    assert reader("application/octet-stream", format=format).head.format == expected


def test_times_of_words() -> None:
    """A word has its start and end in seconds; a time that is absent is 0."""
    speaking = reader("text/event-stream")
    speaking.feed(
        events({"type": "word", "word": "a", "start": 0.25, "end": "0.75"}, {"type": "word"})
    )
    assert speaking.words == [Word(word="a", start=0.25, end=0.75), Word(word="", start=0, end=0)]


def test_last_event_without_a_blank_line() -> None:
    """The last event counts though the answer ends before its blank line."""
    speaking = reader("text/event-stream")
    speaking.feed(b'data: {"type":"done","characters":7,"audio_ms":5}')
    assert not speaking.over
    speaking.ended()
    assert speaking.result() == SpeechFigures(characters=7, audio_ms=5.0)


def test_wav_without_a_sound() -> None:
    """A wav that is shorter than its header has no length."""
    speaking = reader("audio/wav")
    speaking.feed(b"RIFF")
    speaking.ended()
    assert speaking.result().audio_ms == 0.0


def test_last_character_of_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """An event, and the words, may be as long as their limits, and no longer."""
    word = events({"type": "word", "word": "on"})
    size = len(word) - len(b"data: \n\n")
    for less in (0, 1):
        monkeypatch.setattr("pinecall.core.rest.speech.SPEECH_WORDS", 2 * size - less)
        monkeypatch.setattr("pinecall.core.rest.speech.SPEECH_EVENT", 1000 - less)
        words, event = reader("text/event-stream"), reader("text/event-stream")
        words.feed(word * 2)
        event.feed(b"x" * 1000)
        assert (words.over, event.over) == (bool(less), bool(less))
