"""Text as valid UTF-8: a Python string can contain half a surrogate pair, a file cannot."""

from __future__ import annotations

__all__ = ["valid"]


def valid(text: str) -> str:
    """Return the text with U+FFFD for each half of a surrogate pair; adjacent halves are joined."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
