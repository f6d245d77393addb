"""docs/architecture.md names each file of the core in its package, and none that is gone."""

from __future__ import annotations

import re
from pathlib import Path

import pinecall

from .test_layers import LAYERS

CORE = Path(pinecall.__file__).parent / "core"
PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"


def rows() -> dict[str, list[str]]:
    """The table of the core: package (or file) → the files that its row names, in its order."""
    table = PAGE.read_text(encoding="utf-8").split("| package | files |")[1].split("\n\n")[0]
    found = {}
    for row in table.splitlines():
        if row.startswith("| `"):
            package, files = row.split("|")[1:3]
            found[package.strip(" `")] = re.findall(r"`([^`]+)`", files)
    return found


def test_the_files_of_the_core() -> None:
    """Each row is its folder: a new file is in it, and one that is gone is not."""
    there = {
        path.stem if path.is_file() else path.name: sorted(
            file.stem for file in path.glob("*.py") if file.stem != "__init__"
        )
        for path in CORE.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    del there["__init__"]
    assert {package: sorted(files) for package, files in rows().items()} == there


def test_the_order_of_the_packages() -> None:
    """The rows stand in the order in which the packages may import each other."""
    order = [layer.removeprefix("core.") for layer in LAYERS if layer.startswith("core.")]
    assert list(rows()) == order
