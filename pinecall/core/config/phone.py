"""Phone numbers and SIP addresses, as channels, lines and dials name them."""

from __future__ import annotations

import re

from ...errors import ConfigurationError

__all__ = ["is_phone", "normalize"]

#: What people write between digits: white space, dashes of all kinds, dots, slashes, brackets.
_SEPARATORS = re.compile(r"[\s()\[\]./\\\-\u2010-\u2015\u2212\ufe58\ufe63\uff0d\u00b7]+")
#: What comes along when a number is pasted, and nobody sees: direction and other invisible marks.
_INVISIBLE = re.compile(r"[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")
_TEL = re.compile(r"tel:", re.IGNORECASE)
_SIP = re.compile(r"(sips?):(.*)", re.IGNORECASE | re.DOTALL)
_ADDRESS = re.compile(
    r"(?:[^\s@<>\"]+@)?(?:\[[0-9A-Fa-f:.]+\]|[^\s@<>\";?:\[\]]+)(?::[0-9]{1,5})?(?:[;?][^\s<>\"]*)?"
)

_HOW = "write it with its country code and 8 to 15 digits, like '+13186330963'"
_OR_SIP = ", or give a SIP address, like 'sip:bot@example.com'"


def normalize(ref: str, what: str = "") -> str:
    """The number as the wire wants it: ``+`` and 8 to 15 digits (``channel.add``, ``line.create``).

    Separators, invisible marks and ``tel:`` are deleted and a missing ``+`` is added:
    ``"tel:1 (318) 633-0963"`` becomes ``"+13186330963"``. Of a ``sip:`` or ``sips:`` URI white space
    around it goes, and its scheme is written in small letters. What cannot be a number with its
    country code is refused, never guessed: none begins with a zero (E.164).

    what: for whom or what it is, where the error is to begin with that

    Raises:
        ConfigurationError: ``ref`` is no str, or is neither a number nor a SIP address.
    """
    prefix = f"{what}: " if what else ""
    if not isinstance(ref, str):
        shown = f"{ref!r} ({type(ref).__name__})" if isinstance(ref, int) else type(ref).__name__
        raise ConfigurationError(
            f"{prefix}a phone number must be a str like '+13186330963', got {shown}; put it in quotes"
        )
    number, problem = _read(ref)
    if problem:
        raise ConfigurationError(f"{prefix}{_shown(ref)} {problem}")
    return number


def is_phone(ref: object) -> bool:
    """Whether :func:`normalize` would take ``ref``: a phone number or a SIP address."""
    return isinstance(ref, str) and not _read(ref)[1]


def _read(ref: str) -> tuple[str, str]:
    """The number or address, and what is wrong with it (else empty)."""
    text = _INVISIBLE.sub("", ref).strip()
    if sip := _SIP.fullmatch(text):
        if _ADDRESS.fullmatch(sip[2]):
            return f"{sip[1].lower()}:{sip[2]}", ""
        return "", "is not a SIP address; write it like 'sip:bot@example.com'"
    if _TEL.match(text):
        text = text[4:]
        if ";" in text:
            return "", "has parameters, which cannot be dialled; give the number alone"
    trunk = re.search(r"[\[(]\s*0+\s*[\])]", text) is not None
    digits = _SEPARATORS.sub("", text)
    plus, digits = digits.startswith("+"), digits.removeprefix("+")
    if not re.fullmatch("[0-9]+", digits):
        return "", f"is not a phone number; {_HOW}{_OR_SIP}"
    if trunk:
        return "", f"has a (0), which is dialled within the country only; leave it out: {_HOW}"
    if digits.startswith("00") and not plus:
        return "", f"begins with 00, a prefix of some countries only; write + in its place: {_HOW}"
    if digits.startswith("0"):
        return "", f"is a national number, or none: no country code begins with 0; {_HOW}"
    if not 8 <= len(digits) <= 15:
        return "", f"is not a phone number: it has {len(digits)} digits; {_HOW}{_OR_SIP}"
    return f"+{digits}", ""


def _shown(ref: str) -> str:
    # A long text here is more likely a token in the wrong place than a number.
    return repr(ref) if len(ref) <= 40 else f"a text of {len(ref)} characters"
