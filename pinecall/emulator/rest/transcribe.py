"""``POST /v1/audio/transcriptions``: transcription of a file, by :func:`~.sound.heard`."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import BaseRoute

from ..runner import Runner
from .auth import Denied, organisation
from .endpoint import endpoint
from .sound import WORD_SECONDS, heard
from .speech import has_credit

__all__ = ["routes", "words_of"]

_LARGEST = 25 * 1024 * 1024
_MODELS = ("elevenlabs/scribe_v1", "deepgram/nova-3", "deepgram/nova-2", "soniox/stt-async-preview")
_EXTENSIONS = {
    "wav", "wave", "mp3", "mpga", "m4a", "mp4", "aac", "webm", "ogg", "oga", "opus", "flac", "pcm", "raw",
    "mulaw", "ulaw",
}  # fmt: skip


def routes(runner: Runner) -> list[BaseRoute]:
    """Make the route."""

    async def transcribe(request: Request) -> Any:
        organisation(request, runner)
        has_credit(runner)
        fields, file = _form(request, await request.body())
        model = fields.get("model", _MODELS[0])
        if model not in _MODELS and not any(m.startswith(model + "/") for m in _MODELS):
            raise Denied(400, "BAD_MODEL", f"unknown model {model!r}")
        form = fields.get("response_format", "json")
        if form not in ("json", "verbose_json", "text"):
            raise Denied(400, "BAD_REQUEST", "response_format: json, verbose_json or text")
        diarize = fields.get("diarize") == "true"
        if diarize and model.startswith("soniox"):
            raise Denied(400, "DIARIZE_UNSUPPORTED", f"{model} cannot label speakers")
        text, seconds = heard(file)
        ident = "req_" + runner.act(lambda: runner.core.world.new_ids.hex(8))
        headers = {"X-Pinecall-Request-Id": ident}
        if form == "text":
            return PlainTextResponse(text, headers=headers)
        language = fields.get("language", "en")
        body: dict[str, Any] = {"text": text, "language": language, "duration": round(seconds, 3)}
        if form == "verbose_json":
            words = words_of(text, diarize=diarize)
            segment = {"id": 0, "start": 0.0, "end": round(seconds, 3), "text": text}
            if diarize:
                segment["speaker"] = 0
            body |= {"model": model, "words": words, "segments": [segment]}
        return JSONResponse(body, headers=headers)

    return [endpoint("POST", "/v1/audio/transcriptions", transcribe, "code")]


def words_of(text: str, *, diarize: bool) -> list[dict[str, Any]]:
    """List the words with their times, and their speaker (a number) when asked for."""
    speaker = {"speaker": 0} if diarize else {}
    return [
        {"word": word, "start": round(at * WORD_SECONDS, 3),
         "end": round((at + 1) * WORD_SECONDS, 3), **speaker}
        for at, word in enumerate(text.split())
    ]  # fmt: skip


def _form(request: Request, body: bytes) -> tuple[dict[str, str], bytes]:
    """Parse a multipart form into its text fields and its file."""
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        raise Denied(400, "BAD_REQUEST", "a multipart/form-data body is needed")
    if len(body) > _LARGEST + 64 * 1024:
        raise Denied(413, "FILE_TOO_LARGE", "the file is larger than 25 MB")
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    fields: dict[str, str] = {}
    file: bytes | None = None
    for part in message.iter_parts():
        payload = part.get_payload(decode=True)
        data = payload if isinstance(payload, bytes) else b""
        name = part.get_param("name", header="content-disposition")
        filename = part.get_filename()
        if name == "file":
            if filename and filename.rsplit(".", 1)[-1].lower() not in _EXTENSIONS:
                raise Denied(415, "UNSUPPORTED_MEDIA", f"{filename}: unsupported container")
            file = data
        elif isinstance(name, str):
            fields[name] = data.decode(errors="replace")
    if not file:
        raise Denied(400, "BAD_REQUEST", "the part 'file' is missing or empty")
    if len(file) > _LARGEST:
        raise Denied(413, "FILE_TOO_LARGE", "the file is larger than 25 MB")
    return fields, file
