"""Phone numbers and SIP addresses, as channels, lines and dials name them."""

from __future__ import annotations

import re

from pinecall.errors import ConfigurationError

_PADDING = re.compile(r"[\s()\-]+")
_DIGITS = re.compile(r"\+[0-9]{7,15}")


def normalize(ref: str, what: str = "") -> str:
    """The number as the wire wants it: ``+`` and 7 to 15 digits (``channel.add``, ``line.create``).

    White space, dashes and brackets are deleted and a missing ``+`` is added:
    ``"1 (318) 633-0963"`` becomes ``"+13186330963"``. A ``sip:`` URI comes back unchanged.

    what: for whom or what it is, where the error is to begin with that

    Raises:
        ConfigurationError: ``ref`` is no str, or is neither a number nor a ``sip:`` URI.
    """
    prefix = f"{what}: " if what else ""
    if not isinstance(ref, str):
        shown = f"{ref!r} ({type(ref).__name__})" if isinstance(ref, int) else type(ref).__name__
        raise ConfigurationError(
            f"{prefix}a phone number must be a str like '+13186330963', got {shown}; put it in quotes"
        )
    number = _clean(ref)
    if number is None:
        raise ConfigurationError(
            f"{prefix}{_shown(ref)} is not a phone number; write it with its country code and 7 to 15"
            " digits, like '+13186330963', or give a SIP address, like 'sip:bot@example.com'"
        )
    return number


def is_phone(ref: object) -> bool:
    """Whether :func:`normalize` would take ``ref``: a phone number or a ``sip:`` URI."""
    return isinstance(ref, str) and _clean(ref) is not None


def _clean(ref: str) -> str | None:
    if ref.startswith("sip:"):
        return ref
    number = _PADDING.sub("", ref)
    if not number.startswith("+"):
        number = "+" + number
    return number if _DIGITS.fullmatch(number) else None


def _shown(ref: str) -> str:
    # A long text here is more likely a token in the wrong place than a number.
    return repr(ref) if len(ref) <= 40 else f"a text of {len(ref)} characters"
