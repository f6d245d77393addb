"""``pc.audio``: speech from text, text from recordings, text from speech as it is spoken."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pinecall._shared.recording import Recording, read_recording
from pinecall.core.rest import speech as speech_ops
from pinecall.core.rest.live import LiveSession
from pinecall.core.rest.op import RestOp
from pinecall.core.rest.speech import SpeechFigures, SpeechHead, SpeechReader, Word
from pinecall.core.rest.transcription import Transcription, transcribe
from pinecall.core.rest.voices import Voice, audio_voices

from .live import LiveTranscription

if TYPE_CHECKING:
    import httpx

    from pinecall._shared.endpoints import Progress

    from ._threads.http import HttpPort

__all__ = ["Audio", "LiveTranscription", "Speech", "SpeechFigures", "Transcription", "Word"]


class Audio:
    """All raise ApiError, with the platform's code (``BAD_VOICE``, ``INSUFFICIENT_CREDITS`` …)."""

    def __init__(self, port: HttpPort) -> None:
        self._port = port

    def speech(
        self,
        input: str,
        *,
        voice: str,
        model: str | None = None,
        language: str | None = None,
        format: str | None = None,
        sample_rate: int | None = None,
        speed: float | None = None,
        timestamps: bool | None = None,
    ) -> Speech:
        """Say ``input`` (up to 5000 characters). Returns when the answer begins.

        ``voice`` is ``provider/alias`` or a provider's id; ``format`` pcm (default), wav or mp3,
        pcm and wav in 16-bit mono; ``sample_rate`` 16000 (default) or 24000; with ``timestamps``
        the words come with their times.
        """
        op = speech_ops.speech(
            input,
            voice=voice,
            model=model,
            language=language,
            format=format,
            sample_rate=sample_rate,
            speed=speed,
            timestamps=timestamps,
        )
        head, response = self._port.open(op)
        return Speech(self._port, op, head, response)

    def transcribe(
        self,
        file: Recording,
        *,
        model: str | None = None,
        language: str | None = None,
        diarize: bool | None = None,
        format: str | None = None,
        filename: str | None = None,
        content_type: str | None = None,
        progress: Progress | None = None,
        timeout: float = 300.0,
    ) -> Transcription:
        """The text of a recording of up to 25 MB: bytes, a path, or a file opened with ``rb``.

        ``format``: json (default), verbose_json (with words and segments) or text. ``progress``
        is called with the bytes sent and the bytes there are. ``timeout``, in seconds, is for all.
        """
        data, name = read_recording(file, filename)
        op = transcribe(
            data,
            filename=name,
            content_type=content_type,
            model=model,
            language=language,
            diarize=diarize,
            format=format,
            timeout=timeout,
        )
        return self._port.run(op, progress=progress)

    def stream(
        self,
        *,
        model: str | None = None,
        language: str | None = None,
        sample_rate: int | None = None,
        encoding: str | None = None,
        diarize: bool | None = None,
    ) -> LiveTranscription:
        """Live transcription: ``with pc.audio.stream() as live``.

        ``sample_rate`` 16000 (default), 8000, 24000 or 48000; ``encoding`` linear16 (default) or
        mulaw.
        """
        session = LiveSession(
            model=model,
            language=language,
            sample_rate=sample_rate,
            encoding=encoding,
            diarize=diarize,
        )
        return LiveTranscription(self._port, session)

    def voices(self, *, provider: str | None = None, language: str | None = None) -> list[Voice]:
        """The voices ``speech`` takes, of every provider unless one is named."""
        return self._port.run(audio_voices(provider, language))


class Speech:
    """``for chunk in speech``: bytes of audio, as they come. Nothing is read ahead of you.

    ``done()`` and ``words`` do not need the audio to be read: it waits here meanwhile.
    """

    def __init__(
        self, port: HttpPort, op: RestOp[SpeechHead], head: SpeechHead, response: httpx.Response
    ) -> None:
        self._reader = SpeechReader(op, head)
        self._response = response
        self._body: Iterator[bytes] = response.iter_bytes()
        self._base = port.endpoints.base()
        self._lock = threading.Lock()
        port.adopt(self)

    @property
    def request_id(self) -> str | None:
        return self._reader.head.request_id

    @property
    def format(self) -> str:
        """pcm, wav or mp3."""
        return self._reader.head.format

    @property
    def sample_rate(self) -> int:
        return self._reader.head.sample_rate

    @property
    def words(self) -> tuple[Word, ...]:
        """With ``timestamps``: the words so far; all of them after ``done()``."""
        return tuple(self._reader.words)

    def __iter__(self) -> Speech:
        return self

    def __next__(self) -> bytes:
        while (audio := self._reader.take()) is None:
            if self._reader.over:
                raise StopIteration
            self._more(for_audio=True)
        return audio

    def read(self) -> bytes:
        """All the audio that was not read yet."""
        return b"".join(self)

    def done(self) -> SpeechFigures:
        """Until the speech is complete: characters and milliseconds. Raises ApiError if it failed
        or was cancelled."""
        while not self._reader.over:
            self._more(for_audio=False)
        return self._reader.result()

    def cancel(self) -> None:
        """Stop the synthesis, by closing the connection; any thread may. What was received can
        still be read."""
        self._reader.cancel()
        # Closing a socket does not wake a thread that reads it; this does, and spares TLS.
        stream = self._response.extensions.get("network_stream")
        raw = stream.get_extra_info("socket") if stream is not None else None
        if raw is not None and not self._response.is_closed:
            try:
                socket.socket.shutdown(raw, socket.SHUT_RDWR)
            except OSError:
                pass  # it is gone already
        with self._lock:
            self._response.close()

    close = cancel

    def __enter__(self) -> Speech:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()

    def _more(self, *, for_audio: bool) -> None:
        import httpx

        from pinecall._shared.endpoints import trouble

        with self._lock:
            if self._reader.over or (for_audio and self._reader.audio):
                return
            try:
                self._reader.feed(next(self._body))
            except StopIteration:
                self._reader.ended()
            except (httpx.HTTPError, httpx.StreamError) as exc:
                self._reader.failed(trouble(exc), self._base)
            except BaseException:
                # A stream whose reader was interrupted has lost its place.
                self._reader.cancel()
                raise
            finally:
                if self._reader.over:
                    self._response.close()
