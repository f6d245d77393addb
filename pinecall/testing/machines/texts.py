"""What a text holds that a rule is about: somebody's name, digits read back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

__all__ = ["found", "read_with_a_gap", "words_of"]

#: Digits as a person reads them: 1234, 1 2 3 4 or 1-2-3-4; fewer than three may be anything.
_DIGITS = re.compile(r"\d(?:[\s,.-]{0,2}\d){2,}")


def words_of(frame: dict[str, Any]) -> str:
    """Return what a command says, for a failure."""
    said = frame.get("text") or frame.get("token")
    return repr(said) if said else f"its {frame['event']}"


def found(text: str, words: Iterable[str]) -> str | None:
    """Return the first of the words that is in the text, as a word."""
    return next(
        (w for w in sorted(words) if re.search(rf"(?<!\w){re.escape(w)}(?!\w)", text)), None
    )


def read_with_a_gap(text: str, pressed: str) -> str | None:
    """Return digits of the text that were pressed in this order, but with others between them."""
    keys = re.sub(r"\D", "", pressed)
    for run in _DIGITS.findall(text):
        digits = re.sub(r"\D", "", run)
        if digits not in keys and _is_in_order(digits, keys):
            return digits
    return None


def _is_in_order(few: str, many: str) -> bool:
    rest = iter(many)
    return all(digit in rest for digit in few)
