"""Prompt templates: ``{{name}}`` and its built-in values, and texts by language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

__all__ = ["built_in_vars", "filled", "local_text"]

_VAR = re.compile(r"\{\{\s*([\w.-]+)\s*\}\}")


def filled(template: str, values: Mapping[str, Any]) -> str:
    """Replace every known ``{{name}}`` in ``template``; unknown ones stay as they are."""
    return _VAR.sub(lambda m: str(values[m[1]]) if m[1] in values else m[0], template)


def built_in_vars(now: float, zone: str | None) -> dict[str, str]:
    """Make ``date``, ``time``, ``day``, ``datetime`` and ``date_block`` in a time zone, else UTC."""
    at = datetime.fromtimestamp(now, tz=timezone.utc).astimezone(_zone(zone))
    date, clock, day = at.strftime("%Y-%m-%d"), at.strftime("%H:%M"), at.strftime("%A")
    tomorrow = (at + timedelta(days=1)).strftime("%A %Y-%m-%d")
    return {
        "date": date,
        "time": clock,
        "day": day,
        "datetime": f"{date} {clock}",
        "date_block": f"Today is {day} {date}, {clock}. Tomorrow is {tomorrow}.",
    }


def local_text(text: Any, language: str | None) -> str:
    """Choose a greeting by language: the text itself, or the best entry of a language map."""
    if isinstance(text, dict):
        wanted = language or ""
        return str(
            text.get(wanted) or text.get(wanted.split("-")[0]) or next(iter(text.values()), "")
        )
    return text if isinstance(text, str) else ""


def _zone(name: str | None) -> tzinfo:
    try:
        return ZoneInfo(name) if name else timezone.utc
    except (KeyError, ValueError, OSError):
        return timezone.utc
