"""``WS /v1/audio/transcriptions/stream``: transcription as the audio arrives."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from ..runner import Runner
from .auth import Denied, bearer
from .sockets import refuse
from .sound import heard
from .speech import has_credit
from .transcribe import words_of

__all__ = ["routes"]

_MODELS = ("deepgram/nova-3", "elevenlabs/scribe_v2_realtime", "soniox/stt-rt-v5")
_RATES = ("8000", "16000", "24000", "48000")


class _Session:
    """One transcription: audio in, partials and finals out."""

    def __init__(self, query: Any, ident: str) -> None:
        self.ident = ident
        self.model = query.get("model", _MODELS[0])
        self.rate = query.get("sample_rate", "16000")
        self.encoding = query.get("encoding", "linear16")
        self.diarize = query.get("diarize") == "true"
        self.language = query.get("language", "en")
        self._open = b""
        self._seconds = 0.0

    def wrong(self) -> Denied | None:
        """Check the query; returns the error, None when it is valid."""
        if self.model not in _MODELS:
            return Denied(400, "BAD_MODEL", f"unknown model {self.model!r}")
        if self.rate not in _RATES or self.encoding not in ("linear16", "mulaw"):
            return Denied(400, "BAD_REQUEST", "sample_rate or encoding is not supported")
        if self.diarize and self.model.startswith("elevenlabs"):
            return Denied(400, "DIARIZE_UNSUPPORTED", f"{self.model} cannot label speakers")
        return None

    def ready(self) -> dict[str, Any]:
        """Make the first frame."""
        return {
            "type": "ready", "request_id": self.ident, "model": self.model,
            "sample_rate": int(self.rate), "encoding": self.encoding, "diarize": self.diarize,
        }  # fmt: skip

    def audio(self, data: bytes) -> dict[str, Any]:
        """Take more audio; returns a partial of everything since the last final."""
        self._open += data
        return {"type": "partial", "text": self._heard()[0]}

    def final(self) -> list[dict[str, Any]]:
        """Make the final for what was heard since the last one; none for silence."""
        if not self._open:
            return []
        text, seconds = self._heard()
        start, self._open = self._seconds, b""
        self._seconds += seconds
        frame: dict[str, Any] = {
            "type": "final", "text": text, "start": round(start, 3), "end": round(self._seconds, 3),
            "language": self.language, "words": words_of(text, diarize=self.diarize),
        }  # fmt: skip
        if self.diarize:
            frame["speaker"] = 0
        return [frame]

    def done(self) -> dict[str, Any]:
        """Make the last frame."""
        seconds = round(self._seconds, 3)
        minutes = -(-self._seconds // 60)
        return {
            "type": "done", "request_id": self.ident, "audio_seconds": seconds, "billed_minutes": minutes,
        }  # fmt: skip

    def _heard(self) -> tuple[str, float]:
        width = 1 if self.encoding == "mulaw" else 2
        return heard(self._open, int(self.rate) * width // 2)


def routes(runner: Runner) -> list[BaseRoute]:
    """Make the socket's route."""

    async def stream(socket: WebSocket) -> None:
        key = bearer(socket) or socket.query_params.get("api_key")
        try:
            if key not in runner.core.keys:
                raise Denied(401, "INVALID_KEY" if key else "MISSING_KEY", "Invalid API key")
            has_credit(runner)
        except Denied as why:
            await refuse(socket, why)
            return
        await socket.accept()
        ident = "req_" + runner.act(lambda: runner.core.world.new_ids.hex(8))
        try:
            await _talk(socket, _Session(socket.query_params, ident))
        except (WebSocketDisconnect, RuntimeError):
            return

    return [WebSocketRoute("/v1/audio/transcriptions/stream", stream)]


async def _talk(socket: WebSocket, session: _Session) -> None:
    wrong = session.wrong()
    if wrong is not None:
        await _fail(socket, wrong)
        return
    await socket.send_json(session.ready())
    while (message := await socket.receive())["type"] == "websocket.receive":
        data = message.get("bytes")
        if data is not None:
            await socket.send_json(session.audio(data))
            continue
        try:
            frame: Any = msgspec.json.decode(message["text"])
        except msgspec.DecodeError:
            frame = None
        kind = frame.get("type") if isinstance(frame, dict) else None
        if kind not in ("finalize", "stop"):
            await _fail(socket, Denied(400, "BAD_REQUEST", f"unknown frame {kind!r}"))
            return
        for final in session.final():
            await socket.send_json(final)
        if kind == "stop":
            await socket.send_json(session.done())
            await socket.close(1000)
            return


async def _fail(socket: WebSocket, why: Denied) -> None:
    await socket.send_json({"type": "error", "code": why.code, "error": why.text})
    await socket.close(1008, why.code)
