"""Text that can be written as UTF-8: half a surrogate pair is in a Python string, but in no file."""

from __future__ import annotations

__all__ = ["valid"]


def valid(text: str) -> str:
    """The text with U+FFFD for each half of a surrogate pair; two halves side by side are joined."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
