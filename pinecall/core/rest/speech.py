"""Speech from text: ``POST /v1/audio/speech``, as bytes or as an event stream with word times."""

from __future__ import annotations

import base64
import binascii
from collections import deque
from typing import Any

import msgspec
from attrs import frozen

from ...errors import ApiError, ConfigurationError
from ..link.link import Failure
from ..text.jsontext import read
from ..wire.limits import SPEECH_AUDIO, SPEECH_EVENT, SPEECH_WORDS
from ..wire.sse_reader import SseReader
from .answers import filled, number, optional, positive, text, whole
from .op import Reply, RestOp, json_body, scrub, unreached

__all__ = ["SpeechFigures", "SpeechHead", "SpeechReader", "Word", "speech"]

#: Seconds without a byte from the server.
TIMEOUT = 30.0
MAX_INPUT = 5000
FORMATS = ("pcm", "wav", "mp3")

_FORMATS = {
    "audio/pcm": "pcm",
    "audio/l16": "pcm",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
}


@frozen(kw_only=True)
class Word:
    """A word with its ``start`` and ``end`` in seconds."""

    word: str
    start: float
    end: float


@frozen(kw_only=True)
class SpeechFigures:
    """Characters billed and milliseconds of audio, as the server counted them, else computed."""

    characters: int
    audio_ms: float


@frozen(kw_only=True)
class SpeechHead:
    """The head of the answer; pcm and wav are 16-bit little-endian mono."""

    request_id: str | None
    format: str
    sample_rate: int
    events: bool
    characters: int
    audio_ms: float | None


def speech(
    input: str,
    *,
    voice: str,
    model: str | None = None,
    language: str | None = None,
    format: str | None = None,
    sample_rate: int | None = None,
    speed: float | None = None,
    timestamps: bool | None = None,
) -> RestOp[SpeechHead]:
    """Return an op for the head of the answer; a :class:`SpeechReader` reads its body."""
    if not isinstance(input, str) or not 1 <= len(input) <= MAX_INPUT:
        size = f"{len(input)} characters" if isinstance(input, str) else type(input).__name__
        raise ConfigurationError(
            f"speech: input is a str of 1 to {MAX_INPUT} characters, not {size}"
        )
    if format is not None and format not in FORMATS:
        raise ConfigurationError(f"speech: format is one of {', '.join(FORMATS)}, not {format!r}")
    if sample_rate is not None:
        positive("speech: sample_rate", sample_rate, whole=True)
    if speed is not None:
        positive("speech: speed", speed)
    body = {
        "input": input,
        "voice": filled("speech: voice", voice),
        "model": None if model is None else filled("speech: model", model),
        "language": None if language is None else filled("speech: language", language),
        "response_format": format,
        "sample_rate": sample_rate,
        "speed": speed,
        "timestamps": timestamps,
    }

    def read(reply: Reply) -> SpeechHead:
        headers = reply.headers
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        return SpeechHead(
            request_id=headers.get("x-pinecall-request-id"),
            format=_FORMATS.get(kind, format or "pcm"),
            sample_rate=whole(headers, "x-sample-rate") or sample_rate or 16000,
            events=kind == "text/event-stream",
            characters=whole(headers, "x-pinecall-characters", len(input)),
            audio_ms=number(headers, "x-pinecall-audio-ms"),
        )

    return RestOp(
        what="audio/speech",
        method="POST",
        path="/v1/audio/speech",
        headers={
            "Content-Type": "application/json",
            "Accept": "text/event-stream" if timestamps else "audio/*",
        },
        body=json_body("speech", body),
        read=read,
        timeout=TIMEOUT,
    )


class SpeechReader:
    """The body of an answer: ``audio`` and ``words`` as they arrive, ``result()`` once ``over``."""

    def __init__(self, op: RestOp[SpeechHead], head: SpeechHead) -> None:
        self.op = op
        self.head = head
        self.audio: deque[bytes] = deque()
        self.words: list[Word] = []
        self.figures: SpeechFigures | None = None
        self.error: ApiError | None = None
        self.cancelled = False
        self._size = 0
        self._waiting = 0
        self._words_size = 0
        self._events = SseReader()

    @property
    def over(self) -> bool:
        return self.figures is not None or self.error is not None

    def feed(self, data: bytes) -> None:
        if not self.head.events:
            self._sound(data)
            return
        if self.error is not None:
            return  # data after a failure is not kept
        for event in self._events.feed(data):
            self._event(event.data)
        if self._events.held > SPEECH_EVENT:
            self._fail("an event of the answer is too long", "BAD_RESPONSE")

    def ended(self) -> None:
        """React to the end of the body."""
        if self.head.events:
            self.feed(b"\n\n")
            self._fail("the answer ended before the speech was complete", "NETWORK_ERROR")
        elif not self.over:
            self._done(self.head.characters, self.head.audio_ms)

    def failed(self, failure: Failure, base: str) -> None:
        if not self.over:
            self.error = unreached(self.op, failure, base)
            self.error.__cause__ = failure.cause

    def cancel(self) -> None:
        if not self.over:
            self.cancelled = True
            self._fail("cancelled before the speech was complete", "CANCELLED")

    def take(self) -> bytes | None:
        """Return the next piece of audio; None if there is none (yet). Raises its failure."""
        if self.audio:
            piece = self.audio.popleft()
            self._waiting -= len(piece)
            return piece
        if self.error is not None and not self.cancelled:
            raise self.error.with_traceback(None)
        return None

    def result(self) -> SpeechFigures:
        if self.error is not None:
            raise self.error.with_traceback(None)
        assert self.figures is not None
        return self.figures

    def _sound(self, data: bytes) -> None:
        if self._waiting + len(data) > SPEECH_AUDIO:
            self._fail(f"more than {SPEECH_AUDIO} bytes of audio wait to be read", "BAD_RESPONSE")
        elif data:
            self._size += len(data)
            self._waiting += len(data)
            self.audio.append(data)

    def _done(self, characters: int, audio_ms: float | None) -> None:
        if audio_ms is None:
            header = 44 if self.head.format == "wav" else 0
            samples = 0 if self.head.format == "mp3" else max(self._size - header, 0) / 2
            audio_ms = samples * 1000 / self.head.sample_rate
        self.figures = SpeechFigures(characters=characters, audio_ms=audio_ms)

    def _fail(self, message: str, code: str, status: int = 0) -> None:
        if not self.over:
            self.error = self.op.fail(message, code, status)

    def _event(self, data: str) -> None:
        if self.over or not data:
            return
        if data == "[DONE]":
            self._done(self.head.characters, self.head.audio_ms)
            return
        try:
            event = read(data)
        except (msgspec.DecodeError, RecursionError):
            return
        if not isinstance(event, dict):
            return
        kind = event.get("type")
        if kind == "audio":
            self._audio(event)
        elif kind == "word":
            self._words_size += len(data)
            if self._words_size > SPEECH_WORDS:
                self._fail("the answer has more words than a speech", "BAD_RESPONSE")
                return
            start, end = number(event, "start"), number(event, "end")
            self.words.append(Word(word=text(event, "word"), start=start or 0.0, end=end or 0.0))
        elif kind == "start":
            self._start(event)
        elif kind == "done":
            self._done(whole(event, "characters", self.head.characters), number(event, "audio_ms"))
        elif kind == "error":
            words = scrub(optional(event, "error", "message") or "the provider failed")
            self._fail(words, optional(event, "code") or "UPSTREAM_ERROR", 200)

    def _audio(self, event: dict[str, Any]) -> None:
        try:
            self._sound(base64.b64decode(text(event, "data"), validate=True))
        except (binascii.Error, ValueError):
            self._fail("a piece of audio was not base64", "BAD_RESPONSE", 200)

    def _start(self, event: dict[str, Any]) -> None:
        self.head = SpeechHead(
            request_id=optional(event, "request_id") or self.head.request_id,
            format=optional(event, "format") or self.head.format,
            sample_rate=whole(event, "sample_rate") or self.head.sample_rate,
            events=True,
            characters=self.head.characters,
            audio_ms=self.head.audio_ms,
        )
