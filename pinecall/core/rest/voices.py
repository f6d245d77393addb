"""Voices: ``GET /api/sdk/voices`` and ``GET /v1/audio/voices``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from .answers import filled, optional, rows, text
from .op import Reply, RestOp

__all__ = ["Voice", "VoiceLanguage", "audio_voices", "voices"]


@frozen(kw_only=True)
class VoiceLanguage:
    code: str
    name: str
    native_name: str | None = None
    flag: str | None = None
    region: str | None = None


@frozen(kw_only=True)
class Voice:
    """A voice; in a configuration: ``voice="provider/alias"`` (:attr:`ref`)."""

    id: str
    name: str
    provider: str
    alias: str | None = None
    gender: str | None = None
    style: str | None = None
    languages: tuple[VoiceLanguage, ...] = ()
    description: str | None = None
    preview_url: str | None = None

    @property
    def ref(self) -> str:
        return f"{self.provider}/{self.alias or self.id}"


def voices(provider: str | None = None, language: str | None = None) -> RestOp[list[Voice]]:
    """List a provider's voices (default ``elevenlabs``) that speak ``language`` (like ``es``)."""
    asked = "elevenlabs" if provider is None else filled("provider", provider)
    prefix = None if language is None else filled("language", language).lower()
    query = [("provider", asked)]
    if language is not None:
        query.append(("language", language))

    def read(reply: Reply) -> list[Voice]:
        body = reply.object()
        if body.get("success") is False:
            return []
        found = rows(body.get("voices"), lambda row: _voice(row, asked))
        return [voice for voice in found if prefix is None or _speaks(voice, prefix)]

    return RestOp(
        what="Failed to list the voices",
        path="/api/sdk/voices",
        query=tuple(query),
        read=read,
        needs_key=False,
    )


def audio_voices(provider: str | None = None, language: str | None = None) -> RestOp[list[Voice]]:
    """List the voices that ``audio.speech`` accepts, of every provider unless one is named."""
    given = {"provider": provider, "language": language}

    def read(reply: Reply) -> list[Voice]:
        return rows(reply.object().get("voices"), lambda row: _voice(row, provider or ""))

    return RestOp(
        what="Failed to list the voices for speech",
        path="/v1/audio/voices",
        query=tuple((k, filled(k, v)) for k, v in given.items() if v is not None),
        read=read,
    )


def _speaks(voice: Voice, prefix: str) -> bool:
    return any(language.code.lower().startswith(prefix) for language in voice.languages)


def _voice(row: Mapping[str, Any], provider: str) -> Voice:
    languages = row.get("languages")
    return Voice(
        id=text(row, "id", "voice_id"),
        name=optional(row, "name") or "Unknown",
        provider=optional(row, "provider") or provider,
        alias=optional(row, "alias"),
        gender=optional(row, "gender"),
        style=optional(row, "style"),
        languages=tuple(map(_language, languages if isinstance(languages, list) else ())),
        description=optional(row, "description"),
        preview_url=optional(row, "preview_url", "previewUrl"),
    )


def _language(value: Any) -> VoiceLanguage:
    if not isinstance(value, dict):
        return VoiceLanguage(code=str(value), name=str(value))
    code = text(value, "code")
    return VoiceLanguage(
        code=code,
        name=optional(value, "name") or code,
        native_name=optional(value, "nativeName", "native_name"),
        flag=optional(value, "flag"),
        region=optional(value, "region"),
    )
