"""Events, handlers and options under mypy --strict and pyright."""

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
    for path, line, kind, text in re.findall(r"^(.+?):(\d+): (error|note): (.*)$", output, re.M):
        at = Path(path).name, int(line)
        if (ROOT / path).parent == HERE and (kind == "error" or at in found):
            found[at] = f"{found.get(at, '')}{text}\n"
    return found


@cache
def pyright() -> Errors:
    pytest.importorskip("pyright")
    found: Errors = {}
    report = json.loads(run("pyright", "--outputjson", "--pythonpath", sys.executable))
    for one in report["generalDiagnostics"]:
        if one["severity"] == "error":
            at = Path(one["file"]).name, one["range"]["start"]["line"] + 1
            found[at] = f"{found.get(at, '')}{one['message']}\n"
    return found


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


def misspelt(name: str) -> dict[int, str]:
    """Line → the misspelt event or option in it."""
    lines = enumerate((HERE / name).read_text().splitlines(), 1)
    found = {
        number: re.search(r"\b(user\.mesage|llm\.before|promt|voise)\b", line)
        for number, line in lines
    }
    return {number: match[1] for number, match in found.items() if match}


@pytest.mark.parametrize("checker", [mypy, pyright], ids=["mypy", "pyright"])
@pytest.mark.parametrize("name", [name for name in SNIPPETS if name.startswith("bad_")])
def test_misspelt_name_is_shown_in_a_few_lines(name: str, checker: object) -> None:
    """What the checker says of a misspelt event or option names it, and lists no overloads."""
    errors = checker()  # type: ignore[operator]
    for line, word in misspelt(name).items():
        assert word in errors[name, line]
        assert len(errors[name, line]) < 2000


def test_snippets_hold_what_they_are_for() -> None:
    """Each front is checked both ways; the wrong snippets do hold errors and misspelt names."""
    assert {name: (bool(expected(name)), len(misspelt(name))) for name in SNIPPETS} == {
        "bad_asyncio.py": (True, 5),
        "bad_blocking.py": (True, 5),
        "bad_options.py": (True, 18),
        "ok_asyncio.py": (False, 0),
        "ok_blocking.py": (False, 0),
        "ok_options.py": (False, 0),
    }
