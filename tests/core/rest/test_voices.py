"""Voices: what is asked, and how the rows of both endpoints are read."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.rest.voices import VoiceLanguage, audio_voices, voices
from pinecall.errors import ConfigurationError

from .replies import BASE, read


def test_provider_defaults_to_elevenlabs() -> None:
    """The provider is always sent; the key is not, since the endpoint is public."""
    op = voices()
    assert op.url(BASE) == f"{BASE}/api/sdk/voices?provider=elevenlabs"
    assert not op.needs_key


def test_rows() -> None:
    """voice_id, a missing name, and languages as text or objects are all read."""
    body = {
        "success": True,
        "voices": [
            {"voice_id": "v1", "alias": "sarah", "languages": ["es"]},
            {"id": "v2", "name": "Kai", "languages": [{"code": "en-US", "nativeName": "E"}]},
            "noise",
        ],
    }
    first, second = read(voices("cartesia"), body)
    assert (first.id, first.name, first.ref) == ("v1", "Unknown", "cartesia/sarah")
    assert (first.languages[0].code, first.languages[0].name) == ("es", "es")
    assert (second.ref, second.languages[0].native_name) == ("cartesia/v2", "E")


def test_language_is_a_prefix() -> None:
    """Only voices with a language that starts with the asked one are left."""
    rows = [{"id": "a", "languages": ["es-MX"]}, {"id": "b", "languages": ["en"]}, {"id": "c"}]
    found = read(voices(language="es"), {"success": True, "voices": rows})
    assert [voice.id for voice in found] == ["a"]


@pytest.mark.parametrize("body", [{"success": False, "voices": [{"id": "a"}]}, {}])
def test_no_voices(body: Any) -> None:
    """success false, or no list, is an empty list."""
    assert read(voices(), body) == []


def test_audio_voices_name_their_provider() -> None:
    """The speech endpoint is asked without a provider unless one is given."""
    op = audio_voices()
    assert op.url(BASE) == f"{BASE}/v1/audio/voices"
    (voice,) = read(op, {"voices": [{"id": "v", "provider": "openai"}]})
    assert voice.ref == "openai/v"


def test_audio_voices_query() -> None:
    """A provider and a language are sent where they are given, and name the voices without one."""
    op = audio_voices("cartesia", "es")
    assert op.url(BASE) == f"{BASE}/v1/audio/voices?provider=cartesia&language=es"
    (voice,) = read(op, {"voices": [{"id": "v"}]})
    assert voice.ref == "cartesia/v"


def test_language_that_is_an_object() -> None:
    """A language without a name is called by its code; other fields are read in both spellings."""
    row = {"code": "es", "native_name": "español", "flag": "🇪🇸", "region": "ES"}
    (voice,) = read(voices(), {"voices": [{"id": "v", "languages": [row]}]})
    assert voice.languages == (
        VoiceLanguage(code="es", name="es", native_name="español", flag="🇪🇸", region="ES"),
    )


@pytest.mark.parametrize("ask", [voices, audio_voices])
@pytest.mark.parametrize("name", ["provider", "language"])
def test_empty_arguments(ask: Any, name: str) -> None:
    """An empty provider or language is refused under its name."""
    with pytest.raises(ConfigurationError, match=f"{name} is a non-empty str"):
        ask(**{name: ""})
