"""How a name is spelt elsewhere, and which one a misspelt name was meant to be."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["camel", "nearest"]


def camel(name: str) -> str:
    """``prompt_vars`` as the platform's SDK spells it: ``promptVars``."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that ``word`` most looks like, if any does."""
    import difflib  # only for those who misspell one

    close = difflib.get_close_matches(word, list(known), n=1)
    return close[0] if close else None
