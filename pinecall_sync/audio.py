"""``pc.audio``: speech from text, text from recordings, text from speech as it is spoken."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pinecall._shared.rest.audio import AudioBase, SpeechBase
from pinecall.core.rest.live import LiveSession
from pinecall.core.rest.op import RestOp
from pinecall.core.rest.speech import SpeechFigures, SpeechHead, Word
from pinecall.core.rest.transcription import Transcription
from pinecall.core.rest.voices import Voice

from ._threads.closing import ClosingIterator
from .live import LiveTranscription

if TYPE_CHECKING:
    import httpx

    from pinecall._shared.rest.http import Make

    from ._threads.http import HttpPort

__all__ = ["Audio", "LiveTranscription", "Speech", "SpeechFigures", "Transcription", "Word"]


class Audio(AudioBase["Speech", Transcription, list[Voice], LiveTranscription]):
    __doc__ = AudioBase.__doc__

    _port: HttpPort

    def _speech(self, make: Make[SpeechHead]) -> Speech:
        op = make()
        head, response = self._port.open(op)
        return Speech(self._port, op, head, response)

    def _live(self, session: LiveSession) -> LiveTranscription:
        return LiveTranscription(self._port, session)


class Speech(SpeechBase, ClosingIterator):
    """Spoken text: ``for chunk in speech`` gives the audio as bytes, none read ahead.

    ``done()`` and ``words`` do not require the audio to be read: it is kept until it is.
    """

    def __init__(
        self, port: HttpPort, op: RestOp[SpeechHead], head: SpeechHead, response: httpx.Response
    ) -> None:
        self._body: Iterator[bytes] = response.iter_bytes()
        self._lock = threading.Lock()
        super().__init__(port, op, head, response)

    def __next__(self) -> bytes:
        while (audio := self._take(StopIteration())) is None:
            self._more(for_audio=True)
        return audio

    def read(self) -> bytes:
        """Return all the audio that was not read yet."""
        return b"".join(self)

    def done(self) -> SpeechFigures:
        """Wait until the speech is complete; return its characters and milliseconds. Raises
        ApiError if it failed or was cancelled.
        """
        while not self._reader.over:
            self._more(for_audio=False)
        return self._reader.result()

    def cancel(self) -> None:
        """Stop the synthesis by closing the connection; any thread may call it. The audio received
        so far can still be read.
        """
        self._reader.cancel()
        # ClosingIterator a socket does not wake a thread that reads it; this does, and spares TLS.
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

    def _more(self, *, for_audio: bool) -> None:
        with self._lock:
            if self._has(audio=for_audio):
                return
            try:
                with self._reading():
                    self._reader.feed(next(self._body))
            finally:
                if self._reader.over:
                    self._response.close()
