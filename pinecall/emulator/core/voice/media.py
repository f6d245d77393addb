"""Synthetic audio data of a call: loudness figures and the recording."""

from __future__ import annotations

import base64
import struct

from ..sessions.session import Session

__all__ = ["metrics", "recording", "wav"]

_LONGEST_RECORDING = 30.0


def wav(seconds: float, rate: int, samples: bytes | None = None) -> bytes:
    """Make a WAV file of 16-bit mono audio; silent unless ``samples`` are given."""
    data = bytes(2 * round(seconds * rate)) if samples is None else samples
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16, b"data", len(data),
    )  # fmt: skip
    return head + data


def metrics(call: Session, source: str, seconds: float) -> None:
    """Send one ``audio.metrics`` per interval of the audio, when ``config.analysis`` asks for them."""
    analysis = (call.config("config") or {}).get("analysis") or {}
    if not analysis.get("send_audio_metrics"):
        return
    interval = (analysis.get("audio_metrics_interval_ms") or 100) / 1000
    for at in range(max(1, int(seconds / interval))):
        later = at * interval * call.world.settings.pace
        call.world.later(later, lambda: _one(call, source))


def _one(call: Session, source: str) -> None:
    if not call.ended:
        call.emit(
            "audio.metrics", source=source, energy_db=-31.2, rms=0.02, peak=0.11, is_speech=True,
            vad_prob=0.9, timestamp=call.world.now,
        )  # fmt: skip


def recording(call: Session) -> None:
    """Send ``call.recording``: silence as long as the call, at most 30 s."""
    analysis = (call.config("config") or {}).get("analysis") or {}
    if not ((call.config("media") or {}).get("recording") or analysis.get("recording")):
        return
    seconds = min(_LONGEST_RECORDING, (call.ended_at or call.started_at) - call.started_at)
    audio = base64.b64encode(wav(seconds, 8000)).decode()
    call.emit(
        "call.recording",
        audio=audio,
        format="wav",
        sample_rate=8000,
        duration_ms=round(seconds * 1000),
    )
