"""Running pytest in a process of its own on the files of ``inner/``, and reading what it reports."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

INNER = Path(__file__).parent / "inner"
ROOT = Path(__file__).parents[2]

#: The plugins of other people that a run is without, unless it asks for them.
OTHERS = {
    "asyncio": "pytest_asyncio",
    "anyio": "anyio",
    "xdist": "xdist",
    "hypothesispytest": "hypothesis",
}

_RECORDING = """
import json, os
from pathlib import Path

reports = []

def pytest_runtest_logreport(report):
    reports.append((report.nodeid, report.when, report.outcome, report.longreprtext))

def pytest_sessionfinish(session):
    if "PYTEST_XDIST_WORKER" not in os.environ:
        Path("reports.json").write_text(json.dumps(reports))
"""


class Run:
    """What a run of pytest has reported."""

    def __init__(self, process: subprocess.CompletedProcess[str], reports: list[list[str]]) -> None:
        self.status = process.returncode
        self.output = process.stdout + process.stderr
        #: The reports of each test, ``file.py::name``: when, the outcome, and the text of a failure.
        self.reports: dict[str, list[list[str]]] = {}
        for test, *report in reports:
            self.reports.setdefault(test.replace("test_", "", 1), []).append(report)

    def outcome(self, test: str) -> str:
        """``passed``, ``failed`` or ``skipped``; ``error`` for a fixture's failure."""
        outcomes = {when: outcome for when, outcome, _ in self.reports[test]}
        if "failed" in (outcomes.get("setup"), outcomes.get("teardown")):
            return "error" if outcomes.get("call") != "failed" else "failed"
        return outcomes.get("call", "skipped")

    def text(self, test: str) -> str:
        """Everything that is told of a test's failures."""
        return "\n".join(text for _, _, text in self.reports[test])

    @property
    def outcomes(self) -> dict[str, str]:
        """Each test's outcome."""
        return {test: self.outcome(test) for test in self.reports}


def run_pytest(
    where: Path, files: list[str], *options: str, plugins: tuple[str, ...] = (), ini: str = ""
) -> Run:
    """Run pytest on files of ``inner/`` in the folder ``where``, with these plugins of others only."""
    targets = [f"test_{name}" for name in files]
    for name, target in zip(files, targets, strict=True):
        shutil.copy(INNER / name, where / target)
    (where / "conftest.py").write_text(_RECORDING)
    (where / "pytest.ini").write_text(f"[pytest]\n{ini}\n")
    without = [f"-pno:{name}" for name in OTHERS if name not in plugins]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "120"}
    environment.pop("PYTEST_ADDOPTS", None)
    for name in [name for name in environment if name.startswith("PYTEST_XDIST")]:
        del environment[name]
    process = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-pno:cacheprovider", *without, *options, *targets],
        cwd=where, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    found = where / "reports.json"
    return Run(process, json.loads(found.read_text()) if found.exists() else [])
