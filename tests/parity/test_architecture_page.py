"""docs/architecture.md names each file of the core, and none that is gone."""

from __future__ import annotations

import re
from pathlib import Path

import pinecall

CORE = Path(pinecall.__file__).parent / "core"
PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"

#: The folders that the page names whole, as ``effects/*``.
WHOLE = {"api", "effects", "rest"}


def named() -> set[str]:
    """What the first column of the table of the core names."""
    table = PAGE.read_text(encoding="utf-8").split("| core | |")[1].split("\n\n")[0]
    columns = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    return {name for column in columns for name in re.findall(r"`([^`]+)`", column)}


def test_the_files_of_the_core() -> None:
    """The table is the folder: a new file is in it, and one that is gone is not."""
    files = {path.stem for path in CORE.glob("*.py") if path.stem != "__init__"}
    folders = {path.parent.name for path in CORE.glob("*/*.py")}
    assert folders == WHOLE
    assert named() == files | {f"{folder}/*" for folder in folders}
