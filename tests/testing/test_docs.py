"""docs/testing.md: every block runs as it stands, and the failure it shows is a real one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pinecall.testing import Call

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "testing.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
FAILING = "test_failing.py"


def written(folder: Path, blocks: list[str]) -> Path:
    """The files that the blocks name in their first lines; the rest of them are one more."""
    files: dict[str, str] = {}
    for block in blocks:
        named = re.match(r"# (\w+\.py)\n", block)
        name = named[1] if named else "test_page.py"
        files[name] = files.get(name, "") + block + "\n\n"
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    return folder


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a folder, with the plugin's extra and nothing else."""
    without = ["-pno:asyncio", "-pno:anyio", "-pno:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "-q", *without, *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "120"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )  # fmt: skip


def test_the_first_lines(tmp_path: Path) -> None:
    """Six lines are a test, alone in a folder; the README shows the same."""
    assert BLOCKS[0].count("\n") == 6
    assert BLOCKS[0] in (ROOT / "README.md").read_text("utf-8")
    done = run(written(tmp_path, BLOCKS[:1]))
    assert "1 passed" in done.stdout, done.stdout


def test_every_block(tmp_path: Path) -> None:
    """The program, its fixture and all tests of the page pass together; first they store a trace."""
    written(tmp_path, BLOCKS)
    for more in (["--pinecall-update"], ["test_page.py"]):
        done = run(tmp_path, f"--ignore={FAILING}", *more)
        assert done.returncode == 0, done.stdout
    assert (tmp_path / "traces" / "booking.jsonl").exists()


def test_the_failure(tmp_path: Path) -> None:
    """The text that the page shows is what the test above it prints."""
    shown = re.search(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert shown is not None
    done = run(written(tmp_path, BLOCKS), FAILING)
    assert done.returncode == 1
    printed = [line[8:] for line in done.stdout.splitlines() if line.startswith("E ")]
    assert [line.removeprefix("pinecall.testing.ExpectationFailed: ") for line in printed] == (
        shown[1].splitlines()
    )


def test_every_fixture(tmp_path: Path) -> None:
    """The table has the plugin's fixtures, all of them."""
    listed = run(tmp_path, "--fixtures").stdout
    fixtures = set(re.findall(r"^(\w+) -- .*pinecall/testing/plugin\.py", listed, re.MULTILINE))
    assert fixtures
    table = PAGE.partition("## Fixtures")[2].partition("## ")[0]
    rows = re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", " ".join(rows))) == fixtures


@pytest.mark.parametrize("name", [name for name in dir(Call) if not name.startswith("_")])
def test_every_verb(name: str) -> None:
    """What the caller can do or tell is on the page."""
    if name not in ("id", "story"):
        assert re.search(rf"`{name}[(`]", PAGE), name
