"""``on``, ``once``, ``off`` and ``events`` under mypy --strict and pyright."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SNIPPETS = sorted(path.name for path in HERE.glob("*.py") if path.name.startswith(("ok_", "bad_")))

Errors = dict[tuple[str, int], str]


def run(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command, *(str(HERE / name) for name in SNIPPETS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


@cache
def mypy() -> Errors:
    pytest.importorskip("mypy")
    found: Errors = {}
    output = run("mypy", "--strict", "--no-error-summary", "--no-pretty", "--hide-error-context")
    for path, line, text in re.findall(r"^(.+?):(\d+): error: (.*)$", output, re.M):
        if (ROOT / path).parent == HERE:
            found[Path(path).name, int(line)] = text
    return found


@cache
def pyright() -> Errors:
    pytest.importorskip("pyright")
    report = json.loads(run("pyright", "--outputjson", "--pythonpath", sys.executable))
    return {
        (Path(one["file"]).name, one["range"]["start"]["line"] + 1): one["message"]
        for one in report["generalDiagnostics"]
        if one["severity"] == "error"
    }


def expected(name: str) -> set[int]:
    lines = (HERE / name).read_text().splitlines()
    return {number for number, line in enumerate(lines, 1) if line.endswith("  # E")}


@pytest.mark.parametrize("checker", [mypy, pyright], ids=["mypy", "pyright"])
@pytest.mark.parametrize("name", SNIPPETS)
def test_snippet(name: str, checker: object) -> None:
    """The checker refuses the lines that end in ``# E``, and accepts every other line."""
    errors = checker()  # type: ignore[operator]
    found = {line: text for (file, line), text in errors.items() if file == name}
    unexpected = {line: text for line, text in found.items() if line not in expected(name)}
    assert not unexpected
    assert not expected(name) - set(found), "accepted, and should not be"


def test_each_front_has_right_and_wrong_snippets() -> None:
    """Each front is checked both ways, and the wrong snippets do hold errors."""
    assert SNIPPETS == ["bad_asyncio.py", "bad_blocking.py", "ok_asyncio.py", "ok_blocking.py"]
    assert [bool(expected(name)) for name in SNIPPETS] == [True, True, False, False]
