"""Who has the plugin installed and does not use it pays nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from .running import run_pytest


def test_a_run_without_it_imports_nothing_of_the_sdk(tmp_path: Path) -> None:
    """Neither the core, nor the fronts, nor what they need is imported in other people's runs."""
    run = run_pytest(tmp_path, ["others.py"])
    assert run.outcomes == {"others.py::test_imports_nothing": "passed"}, run.output


def test_options_have_the_prefix(tmp_path: Path) -> None:
    """``pytest --help`` has no option of the plugin without ``--pinecall``, and no setting of it."""

    def options(*more: str) -> set[str]:
        run = subprocess.run(
            [sys.executable, "-m", "pytest", "--help", *more],
            cwd=tmp_path, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return set(re.findall(r"^  (-[-\w]+|\w+ \(\w+\))", run.stdout, re.MULTILINE))

    ours = options() - options("-pno:pinecall")
    assert ours and all(name.startswith("--pinecall-") for name in ours)
