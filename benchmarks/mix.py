"""The events that a server sends while calls are going on: the same mix everywhere.

60 % ``bot.word``, 15 % ``audio.metrics``, 10 % ``user.speaking``, 5 % ``user.message`` and 10 %
others; 150 to 300 bytes each, with the stamps and ids that the platform sends.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

__all__ = ["NAMES", "agent_id", "call_id", "call_started", "events", "text_of"]

#: One round: 20 slots, so that each kind has its share and none comes in a block.
_ROUND = [
    "bot.word",
    "bot.word",
    "audio.metrics",
    "bot.word",
    "user.speaking",
    "bot.word",
    "bot.word",
    "other",
    "bot.word",
    "audio.metrics",
    "bot.word",
    "bot.word",
    "user.message",
    "bot.word",
    "bot.word",
    "audio.metrics",
    "bot.word",
    "user.speaking",
    "bot.word",
    "other",
]
_OTHERS = (
    "bot.speaking",
    "speech.started",
    "speech.ended",
    "turn.pause",
    "eager.turn",
    "turn.end",
    "turn.resumed",
    "bot.finished",
)

#: All names that occur; a handler is registered for each.
NAMES = ("bot.word", "audio.metrics", "user.speaking", "user.message", *_OTHERS)

_SENTENCE = (
    "I can book you a table for four on Saturday at nine, on the terrace if the weather is fine"
)
_WORDS = _SENTENCE.split()


def agent_id(index: int) -> str:
    return f"agent-{index}"


def call_id(index: int) -> str:
    return f"CA{index:030x}"


def text_of(frame: dict[str, Any]) -> str:
    """Compact, as a server written in JavaScript sends it."""
    return json.dumps(frame, separators=(",", ":"))


def call_started(index: int) -> str:
    return text_of(
        {
            "event": "call.started",
            "agent_id": agent_id(index),
            "call_id": call_id(index),
            "session_id": call_id(index),
            "from": f"+1555{index:07d}",
            "to": "+13186330963",
            "direction": "inbound",
            "transport": "phone",
            "language": "en",
            "seq": index,
            "ts": 1787352106.2,
        }
    )


def events(count: int, calls: int = 10) -> Iterator[str]:
    """``count`` events of calls 0 … ``calls`` - 1, each of the agent of its number, in turn."""
    for number in range(count):
        slot = number % len(_ROUND)
        name = _ROUND[slot]
        if name == "other":
            name = _OTHERS[number // 10 % len(_OTHERS)]
        # The last term breaks the step of calls and others, so that every call gets every kind.
        yield text_of(_frame(name, number, (number * 7 + number // 20 + number // 800) % calls))


def _frame(name: str, number: int, of: int) -> dict[str, Any]:
    reply = f"msg_{number // 200:08x}"
    said = f"{number:08x}-6b0c"
    frame: dict[str, Any] = {
        "event": name,
        "agent_id": agent_id(of),
        "call_id": call_id(of),
        **_fields(name, number, reply, said),
    }
    frame.update(seq=number, ts=1787352106.2 + number / 100)
    return frame


def _fields(name: str, number: int, reply: str, said: str) -> dict[str, Any]:
    turn = number // 400
    if name == "bot.word":
        start = round(number % 90 * 0.31, 3)
        word = _WORDS[number % len(_WORDS)]
        return {
            "message_id": reply,
            "word": word,
            "word_index": number % 90,
            "start_time": start,
            "end_time": round(start + 0.24, 3),
        }
    if name == "audio.metrics":
        return {
            "source": "user",
            "energy_db": -31.25,
            "rms": 0.0213,
            "peak": 0.1142,
            "is_speech": True,
            "vad_prob": 0.9127,
        }
    if name == "user.speaking":
        heard = _SENTENCE[: 20 + number % 60]
        return {"turn_id": turn, "message_id": said, "text": heard, "confidence": 0.93}
    if name == "user.message":
        return {
            "message_id": said,
            "text": _SENTENCE[: 40 + number % 40],
            "confidence": 0.97,
            "language": "en",
            "lag_ms": 212,
            "turn_id": turn,
        }
    if name in ("bot.speaking", "bot.finished"):
        fields: dict[str, Any] = {"message_id": reply, "text": _SENTENCE[:60]}
        return fields if name == "bot.speaking" else {**fields, "duration_ms": 1913}
    if name == "speech.started":
        return {"turn_id": turn, "confidence": 0.73, "timestamp": 1787352106.2}
    if name == "speech.ended":
        return {"turn_id": turn, "duration_ms": 691, "timestamp": 1787352106.9}
    if name == "turn.resumed":
        return {"turn_id": turn, "timestamp": 1787352107.1}
    judged: dict[str, Any] = {"turn_id": turn, "probability": 0.97, "latency_ms": 164}
    if name in ("eager.turn", "turn.end"):
        judged.update(message_id=said, text=_SENTENCE[:50])
    return judged
