"""``pc.audio`` without what waits: its methods, and a speech that is being read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ...core.rest import speech as speech_ops
from ...core.rest import transcription
from ...core.rest.live import LiveSession
from ...core.rest.speech import SpeechReader, Word
from ...core.rest.voices import audio_voices
from .endpoints import trouble
from .recording import Recording, read_recording

if TYPE_CHECKING:
    import httpx

    from ...core.rest.op import RestOp
    from ...core.rest.speech import SpeechHead
    from ...core.rest.transcription import Transcription
    from .endpoints import Progress
    from .http import Make

__all__ = ["AudioBase", "SpeechBase"]

SpeechT = TypeVar("SpeechT")
TranscriptionT = TypeVar("TranscriptionT")
VoicesT = TypeVar("VoicesT")
LiveT = TypeVar("LiveT")


class AudioBase(Generic[SpeechT, TranscriptionT, VoicesT, LiveT]):
    """Speech and transcription. All methods raise ApiError, with the platform's code
    (``BAD_VOICE``, ``INSUFFICIENT_CREDITS`` …)."""

    #: The front's ``HttpPort``.
    _port: Any

    def __init__(self, port: Any) -> None:
        self._port = port

    # -- what a front does; the arguments of a request are checked when it begins ------------------

    def _speech(self, make: Make[SpeechHead]) -> SpeechT:
        raise NotImplementedError

    def _live(self, session: LiveSession) -> LiveT:
        raise NotImplementedError

    # -- what users call ----------------------------------------------------------------------------

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
    ) -> SpeechT:
        """Speak ``input`` (up to 5000 characters). Gives the :class:`Speech` when the answer begins.

        ``voice`` is ``provider/alias`` or a provider's id; ``format`` pcm (default), wav or mp3,
        pcm and wav in 16-bit mono; ``sample_rate`` 16000 (default) or 24000; with ``timestamps``
        the words come with their times.
        """
        return self._speech(
            lambda: speech_ops.speech(
                input,
                voice=voice,
                model=model,
                language=language,
                format=format,
                sample_rate=sample_rate,
                speed=speed,
                timestamps=timestamps,
            )
        )

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
    ) -> TranscriptionT:
        """The text of a recording of up to 25 MB: bytes, a path, or a file opened with ``rb``.

        ``format``: json (default), verbose_json (with words and segments) or text. ``progress``
        is called with the bytes sent and the bytes in all. ``timeout``, in seconds, is for the whole
        request.
        """

        def make() -> RestOp[Transcription]:
            data, name = read_recording(file, filename)
            return transcription.transcribe(
                data,
                filename=name,
                content_type=content_type,
                model=model,
                language=language,
                diarize=diarize,
                format=format,
                timeout=timeout,
            )

        text: TranscriptionT = self._port.upload(make, progress)
        return text

    def stream(
        self,
        *,
        model: str | None = None,
        language: str | None = None,
        sample_rate: int | None = None,
        encoding: str | None = None,
        diarize: bool | None = None,
    ) -> LiveT:
        """Live transcription: ``async with pc.audio.stream() as live``, on the blocking front
        ``with``.

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
        return self._live(session)

    def voices(self, *, provider: str | None = None, language: str | None = None) -> VoicesT:
        """The voices ``speech`` takes, of every provider unless one is named."""
        voices: VoicesT = self._port.perform(lambda: audio_voices(provider, language))
        return voices


class SpeechBase:
    """The audio of a text, read as it comes."""

    def __init__(
        self, port: Any, op: RestOp[SpeechHead], head: SpeechHead, response: httpx.Response
    ) -> None:
        self._reader = SpeechReader(op, head)
        self._response = response
        self._base = port.endpoints.base()
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

    def _take(self, exhausted: Exception) -> bytes | None:
        """The next audio, if any has arrived. At the end raises ``exhausted``, or the error of the
        speech."""
        audio = self._reader.take()
        if audio is None and self._reader.over:
            raise exhausted
        return audio

    def _has(self, *, audio: bool) -> bool:
        """Has the speech ended, or, if ``audio``, is there audio to take?"""
        return self._reader.over or (audio and bool(self._reader.audio))

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """For one read of the response: passes its end or its error on to the speech."""
        import httpx

        try:
            yield
        except (StopIteration, StopAsyncIteration):
            self._reader.ended()
        except (httpx.HTTPError, httpx.StreamError) as exc:
            self._reader.failed(trouble(exc), self._base)
        except BaseException:
            # An interrupted read has lost its place in the stream.
            self._reader.cancel()
            raise
