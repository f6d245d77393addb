"""``pc.audio``: speech from text, text from recordings, text from speech as it is spoken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, cast

from ._asyncio.closing import ClosingIterator
from ._shared.rest.audio import AudioBase, SpeechBase
from .core.rest.live import LiveSession
from .core.rest.op import RestOp
from .core.rest.speech import SpeechFigures, SpeechHead, Word
from .core.rest.transcription import Transcription
from .core.rest.voices import Voice
from .live import LiveTranscription
from .waiting import Later

if TYPE_CHECKING:
    import httpx

    from ._asyncio.http import HttpPort
    from ._shared.rest.http import Make

__all__ = ["Audio", "LiveTranscription", "Speech", "SpeechFigures", "Transcription", "Word"]


class Audio(
    AudioBase[Later["Speech"], Later[Transcription], Later[list[Voice]], LiveTranscription]
):
    __doc__ = AudioBase.__doc__

    _port: HttpPort

    async def _speech(self, make: Make[SpeechHead]) -> Speech:
        op = make()
        head, response = await self._port.open(op)
        return Speech(self._port, op, head, response)

    def _live(self, session: LiveSession) -> LiveTranscription:
        return LiveTranscription(self._port, session)


class Speech(SpeechBase, ClosingIterator):
    """Spoken text: ``async for chunk in speech`` gives the audio as bytes, none read ahead.

    ``done()`` and ``words`` do not require the audio to be read: it is kept until it is.
    """

    def __init__(
        self, port: HttpPort, op: RestOp[SpeechHead], head: SpeechHead, response: httpx.Response
    ) -> None:
        self._body = cast("AsyncGenerator[bytes, None]", response.aiter_bytes())
        self._lock = asyncio.Lock()
        super().__init__(port, op, head, response)

    async def __anext__(self) -> bytes:
        while (audio := self._take(StopAsyncIteration())) is None:
            await self._more(for_audio=True)
        return audio

    async def read(self) -> bytes:
        """Return all the audio that was not read yet."""
        return b"".join([chunk async for chunk in self])

    async def done(self) -> SpeechFigures:
        """Wait until the speech is complete; return its characters and milliseconds. Raises
        ApiError if it failed or was cancelled.
        """
        while not self._reader.over:
            await self._more(for_audio=False)
        return self._reader.result()

    async def cancel(self) -> None:
        """Stop the synthesis by closing the connection. The audio received so far can still be
        read.
        """
        self._reader.cancel()
        await self._close()

    aclose = cancel

    async def _more(self, *, for_audio: bool) -> None:
        async with self._lock:
            if self._has(audio=for_audio):
                return
            try:
                with self._reading():
                    self._reader.feed(await self._body.__anext__())
            finally:
                if self._reader.over:
                    await self._close()

    async def _close(self) -> None:
        await self._response.aclose()
        try:
            # Else the loop closes it some time later, in a task of its own.
            await self._body.aclose()
        except RuntimeError:
            pass  # a task is reading; closing the response ends the read
