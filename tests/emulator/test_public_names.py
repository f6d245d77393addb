"""The emulator's objects show the names that docs/emulator.md lists, and no others."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from types import ModuleType

import attrs
import pytest

import pinecall.emulator
import pinecall_sync.emulator

PAGE = Path(__file__).parents[2] / "docs" / "emulator.md"
FRONTS = [pinecall.emulator, pinecall_sync.emulator]
#: The public contract of the emulator: these never change.
CONTRACT = {
    "Emulator": "start stop url http_url api_key phone_call chat agents calls frames send drop fail",
    "CallerEnd": "say wait_reply press interrupt hangup",
    "ChatEnd": "say wait_reply",
}


def listed(section: str) -> set[str]:
    """The names in the first column of a section's table, without their arguments."""
    text = PAGE.read_text(encoding="utf-8").split(f"\n## {section}\n")[1].split("\n## ")[0]
    columns = [row.split("|")[1] for row in text.splitlines() if row.startswith("| `")]
    return {name for column in columns for name in re.findall(r"`(\w+)", column)}


def shown(held: type) -> set[str]:
    """What an editor offers after the dot, on the class and on its instances."""
    assigned = re.findall(
        r"self\.(\w+)(?:: [^=]+)? = ", "".join(map(inspect.getsource, ours(held)))
    )
    return {name for name in {*dir(held), *assigned} if not name.startswith("_")}


def ours(held: type) -> list[type]:
    """The emulator's classes that make up a class."""
    return [base for base in held.__mro__ if ".emulator" in base.__module__]


@pytest.mark.parametrize("front", FRONTS, ids=lambda front: str(front.__name__))
@pytest.mark.parametrize("name", ["Emulator", "CallerEnd", "ChatEnd", "WhatsAppEnd"])
def test_public_names(front: ModuleType, name: str) -> None:
    """The page lists each name, each listed name is there, and those of the contract are among them."""
    names = listed(name) | (listed("Every far end") if name.endswith("End") else set())
    assert shown(getattr(front, name)) == names
    assert set(CONTRACT.get(name, "").split()) <= names


def test_what_was_heard() -> None:
    """The page names the fields of what ``replies`` gives."""
    fields = [field.name for field in attrs.fields(pinecall.emulator.Heard)]
    assert f"Heard({', '.join(fields)})" in PAGE.read_text(encoding="utf-8")
