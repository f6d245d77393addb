"""Inside the objects of a configuration, and units: what the platform documents is checked."""

from __future__ import annotations

import zoneinfo
from typing import Any

import pytest

from pinecall.errors import ConfigurationError
from pinecall.options import ReconnectPolicy
from pinecall.tools import tool

from ..harness import Wire


@pytest.mark.parametrize(
    ("field", "value", "near"),
    [
        ("interruption", {"min_word": 2}, "min_words"),
        ("interruption", {"minDuratonMs": 2}, "min_duration_ms"),
        ("llm", {"provider": "openai", "modle": "gpt-4.1"}, "model"),
        ("llm", {"maxToken": 5}, "max_tokens"),
        ("voice", {"provider": "elevenlabs", "voiceid": "x"}, "voice_id"),
        ("voice", {"stabilty": 1}, "stability"),
        ("stt", {"provider": "deepgram", "keyword": []}, "keywords"),
        ("stt", {"provider": "soniox", "turns": "native"}, "turn"),
        ("stt", {"langage": "es"}, "language"),
        ("analysis", {"send_audio_metric": True}, "send_audio_metrics"),
    ],
)
def test_a_misspelt_key(field: str, value: dict[str, Any], near: str) -> None:
    """A key that the platform does not document is refused, with the nearest that it does."""
    wire = Wire()
    with pytest.raises(ConfigurationError, match=f"{field} has no key .* did you mean '{near}'"):
        wire.pc.agent("mara", **{field: value})


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        ("interruption", False, False),
        ("interruption", {"minWords": 2, "enabled": True}, {"minWords": 2, "enabled": True}),
        ("llm", {"provider": "openai", "maxTokens": 5}, {"provider": "openai", "maxTokens": 5}),
        ("llm", "openai/gpt-4.1", "openai/gpt-4.1"),
        ("voice", {"provider": "rime", "speaker": "x"}, {"provider": "rime", "speaker": "x"}),
        ("voice", {"voice_id": "x", "speed": 1.1}, {"voice_id": "x", "speed": 1.1}),
        ("stt", {"provider": "xai", "anything": [1]}, {"provider": "xai", "anything": [1]}),
        ("analysis", {"sendTurnAudio": True}, {"send_turn_audio": True}),
    ],
)
def test_what_is_taken(field: str, value: object, stored: object) -> None:
    """Both spellings are taken, and what a provider that is not described calls its own."""
    agent = Wire().pc.agent("mara", **{field: value})
    assert getattr(agent.config, field) == stored


@pytest.mark.parametrize("field", ["interruption", "llm", "voice", "stt"])
def test_another_type(field: str) -> None:
    """A number is none of them."""
    with pytest.raises(ConfigurationError, match=f"{field} must be"):
        Wire().pc.agent("mara", **{field: 5})


def test_timezones(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown timezone is refused with the nearest, unless there is no database to know it by."""
    pc = Wire().pc
    assert pc.agent("mara", timezone="Europe/Madrid").config.timezone == "Europe/Madrid"
    with pytest.raises(ConfigurationError, match="did you mean 'Europe/Madrid'"):
        pc.agent("leo", timezone="Europe/Madird")
    with pytest.raises(ConfigurationError, match="write it like 'Europe/Madrid'"):
        pc.agent("leo", timezone="../../etc/passwd")
    monkeypatch.setattr(zoneinfo, "available_timezones", set)
    assert pc.agent("ada", timezone="Mars/Olympus").config.timezone == "Mars/Olympus"


def test_wherever_seconds_are_given() -> None:
    """Milliseconds are refused by every verb that takes a timeout."""
    wire = Wire()
    agent = wire.agent("mara", phone_number="+13186330963")
    options: dict[str, Any] = {"greeting": None, "metadata": None, "config": None}
    for given in (
        lambda: tool(name="wait", timeout=30000)(lambda: None),
        lambda: ReconnectPolicy(maximum=30000),
        lambda: wire.pc.line("+12186633772", extension_window=4000),
        lambda: wire.pc._place_drain(30000),
        lambda: wire.pc._place_chat("leo", "Hi", session_id=None, metadata=None, timeout=30000),
        lambda: agent._place_dial(
            "+34607827824", None, detect_turn_end=False, timeout=30000, **options
        ),
    ):
        with pytest.raises(ConfigurationError, match=r"in seconds, an hour at most: \d+ would be"):
            given()
