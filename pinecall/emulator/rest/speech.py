"""``POST /v1/audio/speech``: synthetic speech, whole or as an event stream with the words' times."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import BaseRoute

from ..runner import Runner
from .auth import Denied, organisation
from .catalog import VOICES
from .endpoint import endpoint, json_body
from .sound import WORD_SECONDS, mp3, samples, spoken_wav

__all__ = ["has_credit", "routes"]

_TYPES = {"pcm": "audio/pcm", "wav": "audio/wav", "mp3": "audio/mpeg"}
_PROVIDERS = {voice["provider"] for voice in VOICES}
_LONGEST = 5000
_CHUNK = 4096


def has_credit(runner: Runner) -> None:
    """Raise ``Denied`` 402 when the organisation's credit is gone."""
    left = runner.core.world.settings.credits
    if left is not None and left <= 0:
        raise Denied(402, "INSUFFICIENT_CREDITS", "no credit left")


def routes(runner: Runner) -> list[BaseRoute]:
    """Make the route."""

    async def speech(request: Request) -> Any:
        organisation(request, runner)
        body = await json_body(request)
        text, form, rate = _checked(body)
        has_credit(runner)
        ident = "req_" + runner.act(lambda: runner.core.world.new_ids.hex(8))
        words = text.split()
        seconds = len(words) * WORD_SECONDS
        audio = _audio(text, form, rate)
        headers = {"X-Pinecall-Request-Id": ident}
        if body.get("timestamps") is True:
            events = _events(ident, text, form, rate, audio)
            return StreamingResponse(events, media_type="text/event-stream", headers=headers)
        headers |= {
            "X-Sample-Rate": str(rate), "X-Channels": "1", "X-Bit-Depth": "16",
            "X-Pinecall-Characters": str(len(text)), "X-Pinecall-Audio-Ms": str(round(seconds * 1000)),
        }  # fmt: skip
        return StreamingResponse(_chunks(audio), media_type=_TYPES[form], headers=headers)

    return [endpoint("POST", "/v1/audio/speech", speech, "code")]


def _checked(body: dict[str, Any]) -> tuple[str, str, int]:
    text, voice, form = body.get("input"), body.get("voice"), body.get("response_format", "pcm")
    rate, model = body.get("sample_rate", 16000), body.get("model")
    if not isinstance(text, str) or not text.strip():
        raise Denied(400, "BAD_REQUEST", "input must be a non-empty string")
    if len(text) > _LONGEST:
        raise Denied(413, "INPUT_TOO_LONG", f"input has more than {_LONGEST} characters")
    provider, slash, alias = str(voice or "").partition("/")
    known = {v["alias"] for v in VOICES if v["provider"] == provider}
    ids = {v["id"] for v in VOICES}
    if not (slash and alias in known) and voice not in ids:
        raise Denied(400, "BAD_VOICE", f"unknown voice {voice!r}")
    if model is not None and str(model).split("/")[0] not in _PROVIDERS:
        raise Denied(400, "BAD_MODEL", f"unknown model {model!r}")
    if form not in _TYPES:
        raise Denied(400, "FORMAT_UNSUPPORTED", f"response_format: one of {', '.join(_TYPES)}")
    if rate not in (16000, 24000):
        raise Denied(400, "BAD_REQUEST", "sample_rate: 16000 or 24000")
    return text, str(form), int(rate)


def _audio(text: str, form: str, rate: int) -> bytes:
    count = len(text.split())
    if form == "wav":
        return spoken_wav(text, rate)
    return mp3(count * WORD_SECONDS) if form == "mp3" else samples(count, rate)


async def _chunks(audio: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(audio), _CHUNK):
        yield audio[at : at + _CHUNK]


async def _events(
    ident: str, text: str, form: str, rate: int, audio: bytes
) -> AsyncIterator[bytes]:
    words = text.split()
    part = -(-len(audio) // len(words))
    yield _event({"type": "start", "request_id": ident, "format": form, "sample_rate": rate})
    for at, word in enumerate(words):
        data = base64.b64encode(audio[at * part : (at + 1) * part]).decode()
        yield _event({"type": "audio", "data": data})
        start, end = round(at * WORD_SECONDS, 3), round((at + 1) * WORD_SECONDS, 3)
        yield _event({"type": "word", "word": word, "start": start, "end": end})
    seconds = len(words) * WORD_SECONDS
    yield _event({"type": "done", "characters": len(text), "audio_ms": round(seconds * 1000)})
    yield b"data: [DONE]\n\n"


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + msgspec.json.encode(data) + b"\n\n"
