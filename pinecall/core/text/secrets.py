"""Secrets (the keys and tokens that this program was given), and how they are removed from text.

A secret is registered when it is given: the API key, WhatsApp's secrets, provider keys in a
configuration, minted tokens, a proxy's password, a token in a URL. Text shown afterwards (an
error's message, a log line or a ``repr``) goes through :func:`clean` before it is cut. The table
belongs to the process, not to a client: a key is a secret in every text.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Container, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from .utf8 import valid

__all__ = ["clean", "clean_start", "clean_value", "keep", "keep_in", "keep_url", "scrub"]

#: Characters: shorter secrets would match ordinary words, longer ones are never repeated.
_SHORTEST, _LONGEST = 4, 8192
#: The latest secrets are kept: a web back end mints tokens for as long as it runs.
_MOST = 1000
_HIDDEN = "***"

# Names whose values are secrets, in JSON, in queries and in configurations.
_NAMES = (
    "api_key|apiKey|access_token|accessToken|verify_token|verifyToken|app_secret|appSecret|"
    "auth_token|authToken|secret|password|token"
)
_NAMED = re.compile(rf"(?i:{_NAMES})")
# JSON, also inside a JSON string; a truncated text may end inside the value.
_IN_JSON = re.compile(
    rf'(?P<open>(?P<esc>\\*)"(?i:{_NAMES})(?P=esc)"\s*:\s*)(?P=esc)"(?:(?!(?P=esc)")(?:\\.|.))*(?:(?P=esc)"|\\?\Z)',
    re.DOTALL,
)
_IN_QUERY = re.compile(rf"([?&](?:{_NAMES}|key)=)[^&\s'\"]+")
_IN_HEADER = re.compile(
    r"(?i)\b((?:proxy-)?authorization\s*:\s*(?:(?:bearer|basic)\s+)?)[^\s'\",]+"
)

_TOKEN = re.compile(r"\b(pk|sk|wrtc?|cht|str|stk)_[\w.~+/=-]{4,}")
_BEARER = re.compile(r"(?i)(bearer\s+)[^\s&\"']+")

_kept: OrderedDict[str, None] = OrderedDict()
_pattern: re.Pattern[str] | None = None


def keep(secret: object) -> None:
    """Register a secret. Values that are not text, or too short for a secret, are ignored."""
    global _pattern
    if not isinstance(secret, str) or not _SHORTEST <= len(secret) <= _LONGEST:
        return
    if secret in _kept:
        _kept.move_to_end(secret)
        return
    _kept[secret] = None
    if len(_kept) > _MOST:
        _kept.popitem(last=False)
    _pattern = None


def keep_in(value: object) -> None:
    """Register all values with a secret's name, at any depth of a configuration."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if isinstance(name, str) and isinstance(inner, str) and _NAMED.fullmatch(name):
                keep(inner)
            else:
                keep_in(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            keep_in(inner)


def keep_url(url: str) -> None:
    """Register the password of a URL and the secrets in its query."""
    parts = urlsplit(url)
    keep(parts.password)
    for name, value in parse_qsl(parts.query):
        if name == "key" or _NAMED.fullmatch(name):
            keep(value)


def clean(text: str) -> str:
    """Return the text without secrets, and as valid UTF-8."""
    text = valid(text)
    if _kept:
        text = _known().sub(_HIDDEN, text)
    if '"' in text and _may_name(text):
        text = _IN_JSON.sub(rf'\g<open>\g<esc>"{_HIDDEN}\g<esc>"', text)
    if "=" in text:
        text = _IN_QUERY.sub(rf"\1{_HIDDEN}", text)
    if "uthorization" in text:
        text = _IN_HEADER.sub(rf"\1{_HIDDEN}", text)
    return text


def _may_name(text: str) -> bool:
    """Check whether one of ``_NAMES`` may be in it; most texts have none, and the pattern is slow."""
    folded = text.casefold()
    return any(part in folded for part in ("key", "token", "secret", "password"))


def clean_start(text: str, limit: int) -> str:
    """Return the beginning of a text, cleaned; ``…`` shows that there was more.

    It is cleaned before it is cut: half a secret would not be recognised.
    """
    # Look at more than is shown, since cleaning shortens secrets, and do not end inside one.
    end = looked = limit * 4
    for secret in _kept:
        at = text.find(secret, max(0, looked - len(secret) + 1), looked + len(secret) - 1)
        if at >= 0:
            end = min(end, at)
    short = clean(text[:end])
    return short if len(short) <= limit else short[:limit] + "…"


def clean_value(value: Any, spared: Container[str] = ()) -> Any:
    """Return a JSON value without secrets: each text :func:`clean`, and no text under a secret's
    name, at any depth. ``spared``: names at the top that are not secrets here."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {
            clean(name): _HIDDEN
            if isinstance(inner, str) and name not in spared and _NAMED.fullmatch(name)
            else clean_value(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [clean_value(inner) for inner in value]
    return value


def scrub(text: str) -> str:
    """:func:`clean` the text, and also remove what looks like the platform's keys and tokens: those
    never given to this program, in answers to requests and in the libraries' logs."""
    return _BEARER.sub(r"\1***", _TOKEN.sub(r"\1_***", clean(text)))


def _known() -> re.Pattern[str]:
    global _pattern
    if _pattern is None:
        import json  # needed only by a program that shows something

        forms: dict[str, None] = {}
        for secret in sorted(_kept, key=len, reverse=True):
            inner = json.dumps(secret)[1:-1]
            twice = json.dumps(inner)[1:-1]
            for form in (secret, inner, twice, json.dumps(secret, ensure_ascii=False)[1:-1]):
                forms[form] = None
            forms[quote(secret, safe="")] = None
        _pattern = re.compile("|".join(_bounded(form) for form in forms))
    return _pattern


def _bounded(form: str) -> str:
    """Return a pattern for a short secret that does not match inside a longer word."""
    escaped = re.escape(form)
    return escaped if len(form) >= 8 else rf"(?<![A-Za-z0-9]){escaped}(?![A-Za-z0-9])"
