"""Text from a recording: the form that is sent, and how the answer is read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pinecall.core.rest.op import Reply
from pinecall.core.rest.transcription import (
    Segment,
    SpokenWord,
    Transcription,
    check_size,
    file_name_and_type,
    transcribe,
)
from pinecall.errors import ApiError, ConfigurationError


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
def test_name_and_type(name: str | None, kind: str | None, expected: tuple[str, str]) -> None:
    """The name and the type are each filled in from the other."""
    assert file_name_and_type(name, kind) == expected


def test_form() -> None:
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


def test_verbose() -> None:
    """Words and segments are read with speakers as text, the request's id from its header."""
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


def test_text() -> None:
    """Plain text is the whole result."""
    op = transcribe(b"x", format="text")
    assert op.headers["Accept"] == "text/plain"
    found = op.parse(Reply(status=200, headers={}, body="señal".encode(), base=""))
    assert (found.text, found.language, found.duration) == ("señal", "", 0.0)


def test_not_json() -> None:
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
def test_refused_options(options: dict[str, Any], words: str) -> None:
    """A wrong option is refused before anything is uploaded."""
    with pytest.raises(ConfigurationError, match=words):
        transcribe(b"x", **options)


def test_empty() -> None:
    """An empty recording is refused."""
    with pytest.raises(ConfigurationError, match="the recording is empty"):
        transcribe(b"")


def test_too_long() -> None:
    """A recording of more than 25 MB is refused with its size; one of 25 MB is sent."""
    check_size(25 << 20)
    with pytest.raises(
        ConfigurationError, match=r"the recording is 26\.0 MB, at most 25 MB"
    ) as caught:
        transcribe(bytes(26 << 20))
    assert caught.value.code == "FILE_TOO_LARGE"


def test_absent_fields() -> None:
    """Fields that are absent, or of another type, have defaults; rows that are not objects are
    left out."""
    body = b'{"text": "a", "words": [5, {"word": "b"}], "segments": [{"text": "c"}]}'
    found = transcribe(b"x").parse(Reply(status=200, headers={}, body=body, base=""))
    assert found == Transcription(
        text="a",
        words=(SpokenWord(word="b", start=0.0, end=0.0),),
        segments=(Segment(id="0", start=0.0, end=0.0, text="c"),),
    )
