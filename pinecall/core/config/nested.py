"""What may stand inside ``llm``, ``stt``, ``voice``, ``interruption``, ``analysis``, and a timezone.

Where the platform documents the keys of an object, a key that is none of them is refused, with the
nearest one. What it leaves to a provider that it does not describe is passed on as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..text.spelling import nearest
from .checks import Place, known_keys, mapping, text

__all__ = ["analysis", "interruption", "llm", "stt", "timezone", "voice"]

_ANALYSIS = (
    "send_audio_metrics",
    "audio_metrics_interval_ms",
    "send_turn_audio",
    "send_bot_audio",
    "recording",
)
#: The newer keys, and those of older servers.
_INTERRUPTION = (
    "enabled",
    "min_duration_ms",
    "confidence",
    "min_volume",
    "min_words",
    "backchannel_filter",
    "energy_threshold_db",
)
_LLM = ("provider", "engine", "model", "enabled", "temperature", "max_tokens", "prompt")

_TURNS = "language language_hint eot_threshold eager_eot_threshold eot_timeout_ms keyterms"
_STT = {
    "deepgram": "model language interim_results smart_format punctuate profanity_filter"
    " use_native_vad endpointing_ms utterance_end_ms keywords keyterms min_confidence",
    "deepgram-flux": f"model {_TURNS} min_confidence",
    "gladia": "model language endpointing max_duration_without_endpointing speech_threshold"
    " code_switching audio_enhancer",
    "transcribe": "model language",
    "soniox": "model language turn enable_endpoint_detection endpoint_latency_adjustment_level"
    " endpoint_sensitivity max_endpoint_delay_ms context keyterms",
}
_VOICE = {
    "elevenlabs": "voice_id model speed stability similarity_boost style use_speaker_boost language",
    "cartesia": "voice_id model speed volume emotion language",
    "polly": "voice_id engine language rate volume pitch",
}


def analysis(place: Place, field: str, value: object) -> dict[str, Any]:
    return known_keys(place, field, value, _ANALYSIS)


def interruption(place: Place, field: str, value: object) -> bool | dict[str, Any]:
    if isinstance(value, Mapping):
        return _documented(place, field, value, _INTERRUPTION)
    if not isinstance(value, bool):
        raise place.wrong(field, "a bool or a dict", value)
    return value


def llm(place: Place, field: str, value: object) -> str | dict[str, Any]:
    if isinstance(value, Mapping):
        return _documented(place, field, value, _LLM)
    return _text(place, field, value)


def stt(place: Place, field: str, value: object) -> str | dict[str, Any]:
    return _of_provider(place, field, value, _STT)


def voice(place: Place, field: str, value: object) -> str | dict[str, Any]:
    return _of_provider(place, field, value, _VOICE)


def _of_provider(
    place: Place, field: str, value: object, known: Mapping[str, str]
) -> str | dict[str, Any]:
    if not isinstance(value, Mapping):
        return _text(place, field, value)
    provider = value.get("provider")
    if provider is None:
        keys = " ".join(known.values())
    elif provider in known:
        keys = known[str(provider)]
    else:
        return mapping(place, field, value)
    return _documented(place, field, value, ("provider", *dict.fromkeys(keys.split())))


def _documented(
    place: Place, field: str, value: Mapping[Any, Any], names: tuple[str, ...]
) -> dict[str, Any]:
    """The keys are checked, and stay in the spelling that they have: the server reads the object."""
    known_keys(place, field, value, names)
    return mapping(place, field, value)


def _text(place: Place, field: str, value: object) -> str:
    if not isinstance(value, str):
        raise place.wrong(field, "a str or a dict", value)
    return value


def timezone(place: Place, field: str, value: object) -> str:
    """A name of the IANA database, ``Europe/Madrid``; taken as it is where there is no database."""
    name = text(place, field, value)
    import zoneinfo  # only for those who name one

    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        known = zoneinfo.available_timezones()
        if known:
            near = nearest(name, known)
            hint = f"did you mean {near!r}?" if near else "write it like 'Europe/Madrid'"
            raise place.error(f"{field} {name[:60]!r} is no timezone; {hint}") from None
    return name
