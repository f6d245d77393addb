"""Ids in the server's forms, and phone numbers in the form it compares."""

from __future__ import annotations

import random
import re
from collections.abc import Container
from functools import lru_cache

from ...errors import EmulatorError

__all__ = ["Ids", "addressed", "caller_id", "normal_number", "slug"]

_ALNUM = "abcdefghijklmnopqrstuvwxyz0123456789"


@lru_cache(maxsize=1024)
def slug(text: str) -> str:
    """Turn ``My Agent`` into ``my-agent``, the form in which ids are stored; empty for non-Latin ids."""
    text = re.sub(r"[_\s]+", "-", text.strip().lower())
    return re.sub(r"-+", "-", re.sub(r"[^a-z0-9-]", "", text)).strip("-")


def addressed(agent_id: str, org: str, form: str) -> str:
    """Format an agent's id for frames: ``plain``, ``slug`` or ``org`` (``org_1:mara``)."""
    if form == "plain":
        return agent_id
    known = slug(agent_id) or agent_id
    return f"{org}:{known}" if form == "org" else known


def normal_number(number: str) -> str:
    """Normalise a number to the form ``+13186330963``; ``sip:`` addresses stay as they are.

    Raises:
        EmulatorError: the number does not have 7 to 15 digits.
    """
    if number.lower().startswith(("sip:", "sips:")):
        return number
    digits = re.sub(r"[\s\-()]", "", number).removeprefix("+")
    if not re.fullmatch(r"\d{7,15}", digits):
        raise EmulatorError(f"{number!r} is not a phone number: 7 to 15 digits, like +13186330963")
    return "+" + digits


def caller_id(number: str | None) -> str:
    """Normalise a caller's number; what carriers write for a withheld one stays as it is
    (``anonymous``, ``Restricted``, nothing at all)."""
    text = (number or "").strip()
    return normal_number(text) if re.search("[0-9]", text) else text


class Ids:
    """Generates ids of every kind, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def hex(self, digits: int) -> str:
        """Make a random number of that many hex digits."""
        return f"{self._random.getrandbits(4 * digits):0{digits}x}"

    def phone_call(self) -> str:
        """Make a phone call's id: ``CA`` and 32 hex digits, like Twilio's."""
        return "CA" + self.hex(32)

    def uuid(self) -> str:
        """Make a bare UUID, the id of WebRTC calls."""
        h = self.hex(32)
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"

    def message(self) -> str:
        """Make the id of a message the bot speaks."""
        return "msg_" + self.hex(12)

    def tagged(self, tag: str, taken: Container[str] = ()) -> str:
        """Make an id of ``tag`` and 12 of a-z0-9 that is not in ``taken``."""
        while (made := tag + "".join(self._random.choices(_ALNUM, k=12))) in taken:
            pass
        return made
