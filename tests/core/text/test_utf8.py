"""Text that can be written as UTF-8."""

from __future__ import annotations

import pytest

from pinecall.core.text.utf8 import valid


@pytest.mark.parametrize("text", ["", "plain", "adiós", "😀", "\ufffd", "\x00"])
def test_valid_text(text: str) -> None:
    """Text that UTF-8 can hold stays the same."""
    assert valid(text) == text


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("\ud83d", "\ufffd"),
        ("a\ud83d", "a\ufffd"),
        ("é\ude00z", "é\ufffdz"),
        ("\ud83dx\ude00", "\ufffdx\ufffd"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
        ("😀\ud83d", "😀\ufffd"),
    ],
    ids=ascii,
)
def test_half_a_pair(text: str, mended: str) -> None:
    """Each half of a surrogate pair becomes U+FFFD, and the rest stays."""
    assert valid(text) == mended
    assert valid(text).encode().decode() == mended


def test_two_halves() -> None:
    """The two halves of a pair that stand side by side become their character."""
    assert valid("a\ud83d\ude00") == "a😀"
