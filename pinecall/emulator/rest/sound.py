"""Synthetic audio: one tone per word, and its transcription."""

from __future__ import annotations

import math
import struct
from functools import lru_cache

from ..core.voice.media import wav

__all__ = ["WORD_SECONDS", "heard", "mp3", "samples", "spoken_wav"]

WORD_SECONDS = 0.4
_MP3_FRAME = b"\xff\xfb\x90\x00" + bytes(413)
_MP3_FRAME_SECONDS = 1152 / 44100


@lru_cache(maxsize=8)
def _word(rate: int) -> bytes:
    count = round(WORD_SECONDS * rate)
    wave = (round(6000 * math.sin(2 * math.pi * 440 * at / rate)) for at in range(count))
    return b"".join(struct.pack("<h", value) for value in wave)


def samples(words: int, rate: int) -> bytes:
    """Make 16-bit mono samples, one beep per word."""
    return _word(rate) * words


def spoken_wav(text: str, rate: int) -> bytes:
    """Make a WAV file of beeps whose comment is the text, so that it can be transcribed again."""
    file = wav(0, rate, samples(len(text.split()), rate))
    comment = text.encode() + bytes(1 + len(text.encode()) % 2)
    info = b"INFO" + b"ICMT" + struct.pack("<I", len(comment)) + comment
    chunk = b"LIST" + struct.pack("<I", len(info)) + info
    size = struct.unpack("<I", file[4:8])[0] + len(chunk)
    return file[:4] + struct.pack("<I", size) + file[8:] + chunk


def mp3(seconds: float) -> bytes:
    """Make MPEG frames of silence."""
    return _MP3_FRAME * max(1, round(seconds / _MP3_FRAME_SECONDS))


def heard(audio: bytes, rate: int = 16000) -> tuple[str, float]:
    """Transcribe audio; returns the text and its seconds.

    A file made by :func:`spoken_wav` gives its text, bytes that are text give themselves, anything else
    gives ``<n> seconds of audio``.
    """
    if audio[:4] == b"RIFF" and len(audio) > 44:
        rate = struct.unpack("<I", audio[24:28])[0] or rate
        at = audio.find(b"ICMT")
        if at > 0:
            length = struct.unpack("<I", audio[at + 4 : at + 8])[0]
            text = audio[at + 8 : at + 8 + length].rstrip(b"\x00").decode(errors="replace")
            return text, len(text.split()) * WORD_SECONDS
        seconds = (len(audio) - 44) / (2 * rate)
        return f"{seconds:.1f} seconds of audio", seconds
    try:
        text = audio.decode()
    except UnicodeDecodeError:
        text = ""
    if text.strip() and text.replace("\n", "").isprintable():
        return text.strip(), len(text.split()) * WORD_SECONDS
    seconds = len(audio) / (2 * rate)
    return f"{seconds:.1f} seconds of audio", seconds
