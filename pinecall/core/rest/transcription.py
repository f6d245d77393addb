"""Text from a recording: ``POST /v1/audio/transcriptions``, a multipart form."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from ...errors import ConfigurationError
from .answers import filled, number, optional, positive, rows, text, whole
from .op import Reply, RestOp

__all__ = ["Segment", "SpokenWord", "Transcription", "file_name_and_type", "transcribe"]

#: Seconds, the upload included.
TIMEOUT = 300.0
MAX_FILE = 25 << 20
FORMATS = ("json", "verbose_json", "text")

_TYPES = {
    "wav": "audio/wav", "wave": "audio/wav", "mp3": "audio/mpeg", "mpga": "audio/mpeg",
    "m4a": "audio/mp4", "mp4": "audio/mp4", "aac": "audio/aac", "webm": "audio/webm",
    "ogg": "audio/ogg", "oga": "audio/ogg", "opus": "audio/ogg", "flac": "audio/flac",
    "pcm": "audio/pcm", "raw": "audio/pcm", "mulaw": "audio/basic", "ulaw": "audio/basic",
}  # fmt: skip
_EXTENSIONS = {kind: extension for extension, kind in reversed(_TYPES.items())}


@frozen(kw_only=True)
class SpokenWord:
    """A word with ``start`` and ``end`` in seconds; ``speaker`` with ``diarize`` only."""

    word: str
    start: float
    end: float
    speaker: str | None = None


@frozen(kw_only=True)
class Segment:
    id: str
    start: float
    end: float
    text: str
    speaker: str | None = None


@frozen(kw_only=True)
class Transcription:
    """A transcript, ``duration`` in seconds; ``model``, ``words``, ``segments`` with
    ``verbose_json``.
    """

    text: str
    language: str = ""
    duration: float = 0.0
    model: str | None = None
    words: tuple[SpokenWord, ...] = ()
    segments: tuple[Segment, ...] = ()
    request_id: str | None = None


def transcribe(
    data: bytes,
    *,
    filename: str | None = None,
    content_type: str | None = None,
    model: str | None = None,
    language: str | None = None,
    diarize: bool | None = None,
    format: str | None = None,
    timeout: float = TIMEOUT,
) -> RestOp[Transcription]:
    """Return the op for a recording. ``format``: json (default), verbose_json or text. Raises
    ConfigurationError for an empty recording, and for one over 25 MB.
    """
    if format is not None and format not in FORMATS:
        raise ConfigurationError(
            f"transcribe: format is one of {', '.join(FORMATS)}, not {format!r}"
        )
    if not data:
        raise ConfigurationError("transcribe: the recording is empty")
    check_size(len(data))
    name, kind = file_name_and_type(filename, content_type)
    fields = {
        "model": None if model is None else filled("transcribe: model", model),
        "language": None if language is None else filled("transcribe: language", language),
        "diarize": None if diarize is None else ("true" if diarize else "false"),
        "response_format": format,
    }
    boundary, body = _form(data, name, kind, {k: v for k, v in fields.items() if v is not None})
    plain = format == "text"

    def read(reply: Reply) -> Transcription:
        request_id = reply.headers.get("x-pinecall-request-id")
        if plain:
            return Transcription(text=reply.text, request_id=request_id)
        return _transcription(reply.object(), request_id)

    return RestOp(
        what="audio/transcriptions",
        method="POST",
        path="/v1/audio/transcriptions",
        headers={
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Accept": "text/plain" if plain else "application/json",
        },
        body=body,
        read=read,
        timeout=positive("transcribe: timeout", timeout),
    )


def check_size(size: int) -> None:
    if size > MAX_FILE:
        raise ConfigurationError(
            f"transcribe: the recording is {size / (1 << 20):.1f} MB, at most {MAX_FILE >> 20} MB "
            "are taken; split it, or send it compressed",
            "FILE_TOO_LARGE",
        )


def file_name_and_type(filename: str | None, content_type: str | None) -> tuple[str, str]:
    """Return the file name and media type, each derived from the other if missing."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind and not all(33 <= ord(letter) < 127 for letter in kind):
        raise ConfigurationError(f"transcribe: content_type {content_type!r} is not a media type")
    if filename:
        extension = filename.rpartition(".")[2].lower()
        return filename, kind or _TYPES.get(extension, "audio/wav")
    return f"audio.{_EXTENSIONS.get(kind, 'wav')}", kind or "audio/wav"


def _form(data: bytes, name: str, kind: str, fields: Mapping[str, str]) -> tuple[str, bytes]:
    # Derived from the content, so that the content cannot contain it.
    boundary = f"pinecall-{hashlib.sha256(data).hexdigest()[:40]}"
    quoted = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    start = f"--{boundary}\r\nContent-Disposition: form-data; name="
    head = f'{start}"file"; filename="{quoted}"\r\nContent-Type: {kind}\r\n\r\n'
    rest = "".join(f'\r\n{start}"{key}"\r\n\r\n{value}' for key, value in fields.items())
    return boundary, b"".join([head.encode(), data, f"{rest}\r\n--{boundary}--\r\n".encode()])


def _transcription(body: Mapping[str, Any], request_id: str | None) -> Transcription:
    return Transcription(
        text=text(body, "text"),
        language=text(body, "language"),
        duration=number(body, "duration") or 0.0,
        model=optional(body, "model"),
        words=spoken_words(body.get("words")),
        segments=tuple(rows(body.get("segments"), _segment)),
        request_id=request_id,
    )


def spoken_words(value: Any) -> tuple[SpokenWord, ...]:
    return tuple(rows(value, _word))


def _word(row: Mapping[str, Any]) -> SpokenWord:
    return SpokenWord(
        word=text(row, "word"),
        start=number(row, "start") or 0.0,
        end=number(row, "end") or 0.0,
        speaker=optional(row, "speaker"),
    )


def _segment(row: Mapping[str, Any]) -> Segment:
    return Segment(
        id=text(row, "id", default=str(whole(row, "id"))),
        start=number(row, "start") or 0.0,
        end=number(row, "end") or 0.0,
        text=text(row, "text"),
        speaker=optional(row, "speaker"),
    )
