"""``pc.audio``: speech from text, text from recordings, text from speech as it is spoken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, cast

from ._shared.recording import Recording, read_recording
from .core.rest import speech as speech_ops
from .core.rest.live import LiveSession
from .core.rest.op import RestOp
from .core.rest.speech import SpeechFigures, SpeechHead, SpeechReader, Word
from .core.rest.transcription import Transcription, transcribe
from .core.rest.voices import Voice, audio_voices
from .live import LiveTranscription

if TYPE_CHECKING:
    import httpx

    from ._asyncio.http import HttpPort
    from ._shared.endpoints import Progress

__all__ = ["Audio", "LiveTranscription", "Speech", "SpeechFigures", "Transcription", "Word"]


class Audio:
    """All raise ApiError, with the platform's code (``BAD_VOICE``, ``INSUFFICIENT_CREDITS`` …)."""

    def __init__(self, port: HttpPort) -> None:
        self._port = port

    async def speech(
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
        head, response = await self._port.open(op)
        return Speech(self._port, op, head, response)

    async def transcribe(
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
        data, name = await asyncio.to_thread(read_recording, file, filename)
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
        return await self._port.run(op, progress=progress)

    def stream(
        self,
        *,
        model: str | None = None,
        language: str | None = None,
        sample_rate: int | None = None,
        encoding: str | None = None,
        diarize: bool | None = None,
    ) -> LiveTranscription:
        """Live transcription: ``async with pc.audio.stream() as live``.

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

    async def voices(
        self, *, provider: str | None = None, language: str | None = None
    ) -> list[Voice]:
        """The voices ``speech`` takes, of every provider unless one is named."""
        return await self._port.run(audio_voices(provider, language))


class Speech:
    """``async for chunk in speech``: bytes of audio, as they come. Nothing is read ahead of you.

    ``done()`` and ``words`` do not need the audio to be read: it waits here meanwhile.
    """

    def __init__(
        self, port: HttpPort, op: RestOp[SpeechHead], head: SpeechHead, response: httpx.Response
    ) -> None:
        self._reader = SpeechReader(op, head)
        self._response = response
        self._body = cast("AsyncGenerator[bytes, None]", response.aiter_bytes())
        self._base = port.endpoints.base()
        self._lock = asyncio.Lock()
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

    def __aiter__(self) -> Speech:
        return self

    async def __anext__(self) -> bytes:
        while (audio := self._reader.take()) is None:
            if self._reader.over:
                raise StopAsyncIteration
            await self._more(for_audio=True)
        return audio

    async def read(self) -> bytes:
        """All the audio that was not read yet."""
        return b"".join([chunk async for chunk in self])

    async def done(self) -> SpeechFigures:
        """Until the speech is complete: characters and milliseconds. Raises ApiError if it failed
        or was cancelled."""
        while not self._reader.over:
            await self._more(for_audio=False)
        return self._reader.result()

    async def cancel(self) -> None:
        """Stop the synthesis, by closing the connection. What was received can still be read."""
        self._reader.cancel()
        await self._close()

    aclose = cancel

    async def __aenter__(self) -> Speech:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.cancel()

    async def _more(self, *, for_audio: bool) -> None:
        import httpx

        from ._shared.endpoints import trouble

        async with self._lock:
            if self._reader.over or (for_audio and self._reader.audio):
                return
            try:
                self._reader.feed(await self._body.__anext__())
            except StopAsyncIteration:
                self._reader.ended()
            except (httpx.HTTPError, httpx.StreamError) as exc:
                self._reader.failed(trouble(exc), self._base)
            except BaseException:
                # httpx gives a stream up whose reader was cancelled.
                self._reader.cancel()
                raise
            finally:
                if self._reader.over:
                    await self._close()

    async def _close(self) -> None:
        await self._response.aclose()
        try:
            # Else the loop closes it some time later, in a task of its own.
            await self._body.aclose()
        except RuntimeError:
            pass  # somebody is reading; closing the response ends that
