"""Text from speech as it is spoken: ``WS /v1/audio/transcriptions/stream``.

:class:`LiveSession` holds messages until the server is ready, and keeps the results. A front opens
the socket, sends the messages of ``outgoing()`` after each change, and reports texts, the close,
and the passing of ``READY_WITHIN`` seconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec
from attrs import frozen

from ...errors import ApiError, ConfigurationError, RequestTimeout
from ...logs import Log
from ..link.link import Failure
from ..text.jsontext import read
from ..wire.limits import LIVE_RESULTS, LIVE_TEXT
from .answers import filled, flag, number, optional, positive, text, whole
from .op import handshake_status, scrub
from .transcription import SpokenWord, spoken_words

__all__ = ["LiveDone", "LiveReady", "LiveResult", "LiveSession"]

T = TypeVar("T")

log = Log("audio")

READY_WITHIN = 10.0
#: Bytes of audio buffered here: half a minute at 16 kHz, 16 bit.
LIMIT = 1 << 20
#: Bytes in one message.
_PIECE = 32 << 10
ENCODINGS = ("linear16", "mulaw")

_CODES = {401: "INVALID_KEY", 402: "SUBSCRIPTION_REQUIRED", 429: "RATE_LIMITED"}


@frozen(kw_only=True)
class LiveReady:
    request_id: str | None
    model: str
    sample_rate: int
    encoding: str
    diarize: bool


@frozen(kw_only=True)
class LiveResult:
    """Transcribed speech, times in seconds. The next result replaces one that is not ``final``."""

    text: str
    final: bool
    start: float | None = None
    end: float | None = None
    language: str | None = None
    speaker: str | None = None
    words: tuple[SpokenWord, ...] = ()


@frozen(kw_only=True)
class LiveDone:
    request_id: str | None
    audio_seconds: float
    billed_minutes: float


class LiveSession:
    def __init__(
        self,
        *,
        model: str | None = None,
        language: str | None = None,
        sample_rate: int | None = None,
        encoding: str | None = None,
        diarize: bool | None = None,
    ) -> None:
        if encoding is not None and encoding not in ENCODINGS:
            raise ConfigurationError(
                f"stream: encoding is one of {', '.join(ENCODINGS)}, not {encoding!r}"
            )
        given = {
            "model": None if model is None else filled("stream: model", model),
            "language": None if language is None else filled("stream: language", language),
            "sample_rate": None
            if sample_rate is None
            else str(positive("stream: sample_rate", sample_rate, whole=True)),
            "encoding": encoding,
            "diarize": None if diarize is None else ("true" if diarize else "false"),
        }
        self.query = tuple((name, value) for name, value in given.items() if value is not None)
        self.results: deque[LiveResult] = deque()
        #: The size of each of them in characters, and of all.
        self._sizes: deque[int] = deque()
        self._text = 0
        self._behind = False
        self.ready: LiveReady | None = None
        self.done: LiveDone | None = None
        self.error: ApiError | None = None
        self._outbox: deque[str | bytes] = deque()
        self._waiting = 0
        self._stopped = False

    def url(self, base: str) -> str:
        """Return the URL of the socket; ``base`` is REST's."""
        query = f"?{urlencode(self.query)}" if self.query else ""
        return f"{base.replace('http', 'ws', 1)}/v1/audio/transcriptions/stream{query}"

    @property
    def over(self) -> bool:
        return self.done is not None or self.error is not None

    def readiness(self) -> LiveReady:
        """Return the server's readiness, once it is ready or over; raise the error if it failed."""
        return self._reached(self.ready)

    def result(self) -> LiveDone:
        """Return the result, once it is over; raise the error if it failed."""
        return self._reached(self.done)

    def _reached(self, what: T | None) -> T:
        if what is None:
            assert self.error is not None
            raise self.error.with_traceback(None)
        return what

    @staticmethod
    def unfinished(timeout: float) -> RequestTimeout:
        """Return the error for a server not done ``timeout`` seconds after the end of the audio."""
        return RequestTimeout(
            f"audio/transcriptions/stream: the server was not done within {timeout:g} s"
        )

    @property
    def may_write(self) -> bool:
        return self._waiting < LIMIT

    def check_audio(self, data: object) -> bytes:
        """Return the audio; raise the session's error, or ConfigurationError if it is not bytes."""
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise ConfigurationError(f"write takes bytes of audio, not {type(data).__name__}")
        self._check_open()
        return bytes(data)

    def write(self, data: bytes) -> None:
        """Queue audio to be sent; wait until ``may_write`` first."""
        self._check_open()
        for start in range(0, len(data), _PIECE):
            self._outbox.append(data[start : start + _PIECE])
        self._waiting += len(data)

    def finalize(self) -> None:
        self._check_open()
        self._outbox.append('{"type":"finalize"}')

    def stop(self) -> None:
        """End the audio; repeating it changes nothing."""
        if not self._stopped and not self.over:
            self._stopped = True
            self._outbox.append('{"type":"stop"}')

    def _check_open(self) -> None:
        if self.error is not None:
            raise self.error.with_traceback(None)
        if self._stopped or self.done is not None:
            raise ApiError("audio/transcriptions/stream: it has ended; open another", "CLOSED")

    def outgoing(self) -> str | bytes | None:
        """Return the next message to send; None before the server is ready."""
        if self.ready is None or self.over or not self._outbox:
            return None
        message = self._outbox.popleft()
        if isinstance(message, bytes):
            self._waiting -= len(message)
        return message

    def receive(self, message: str) -> None:
        try:
            raw = read(message)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return
        if not isinstance(raw, dict) or self.over:
            return
        kind = raw.get("type")
        if kind == "partial" or kind == "final":
            self._heard(raw, kind == "final", len(message))
        elif kind == "ready" and self.ready is None:
            self.ready = LiveReady(
                request_id=optional(raw, "request_id"),
                model=text(raw, "model"),
                sample_rate=whole(raw, "sample_rate", 16000),
                encoding=text(raw, "encoding", default="linear16"),
                diarize=flag(raw, "diarize"),
            )
        elif kind == "done":
            self.done = LiveDone(
                request_id=optional(raw, "request_id"),
                audio_seconds=number(raw, "audio_seconds") or 0.0,
                billed_minutes=number(raw, "billed_minutes") or 0.0,
            )
        elif kind == "error":
            words = scrub(optional(raw, "error", "message") or "the provider failed")
            self._fail(words, optional(raw, "code") or "UPSTREAM_ERROR", 200)

    def _heard(self, raw: Mapping[str, Any], final: bool, size: int) -> None:
        # A partial result replaces the last one, also for a slow reader.
        if self.results and not self.results[-1].final:
            self.results.pop()
            self._text -= self._sizes.pop()
        while len(self.results) >= LIVE_RESULTS or (self.results and self._text + size > LIVE_TEXT):
            self._left_out()
        self._text += size
        self._sizes.append(size)
        self.results.append(
            LiveResult(
                text=text(raw, "text"),
                final=final,
                start=number(raw, "start"),
                end=number(raw, "end"),
                language=optional(raw, "language"),
                speaker=optional(raw, "speaker"),
                words=spoken_words(raw.get("words")),
            )
        )

    def _left_out(self) -> None:
        """Drop the oldest result: the program does not read them."""
        self.results.popleft()
        self._text -= self._sizes.popleft()
        if not self._behind:
            self._behind = True
            log.warning("live transcription: the results are not read, and the oldest are left out")

    def refused(self, failure: Failure) -> None:
        """React to a socket that could not be opened."""
        if failure.code == "CONNECTION_TIMEOUT":
            self.late()
            return
        status = handshake_status(failure)
        code = _CODES.get(status) or (f"HTTP_{status}" if status else "NETWORK_ERROR")
        self._fail(scrub(failure.message), code, status)

    def broken(self, error: Exception) -> None:
        """Fail for another local reason, for example a setting."""
        if not self.over:
            code = getattr(error, "code", None)
            self._fail(scrub(str(error)), code if isinstance(code, str) else "NETWORK_ERROR")
            assert self.error is not None
            self.error.__cause__ = error

    def closed(self, code: int | None) -> None:
        """React to the closed socket; no change if that was expected."""
        if code == 1000:
            self._fail("the server closed it before it was done", "CLOSED")
        else:
            self._fail(f"the connection was lost (close code {code})", "NETWORK_ERROR")

    def late(self) -> None:
        """Fail if the server is not ready after ``READY_WITHIN`` seconds."""
        if self.ready is None:
            self._fail(f"the server was not ready within {READY_WITHIN:g} s", "REQUEST_TIMEOUT")

    def close(self) -> None:
        self._fail("closed before it was done", "CLOSED")

    def _fail(self, message: str, code: str, status: int = 0) -> None:
        if not self.over:
            self.error = ApiError(f"audio/transcriptions/stream: {message}", code, status=status)
            self._outbox.clear()
            self._waiting = 0

    def take(self) -> LiveResult | None:
        """Return the next result; None if there is none (yet). Raises the session's error, unless
        the user closed it.
        """
        if self.results:
            self._text -= self._sizes.popleft()
            return self.results.popleft()
        if self.error is not None and self.error.code != "CLOSED":
            raise self.error.with_traceback(None)
        return None
