"""Each module of the core is covered by the tests under its name alone, to the last branch.

Run after tests/core with coverage and ``--cov-context=test``, from the root of the project:

    python tests/core/own_coverage.py

``core/kernel/timers.py`` is to be covered by ``tests/core/kernel/test_timers.py``. Prints what that file
leaves out; exits with 1 where there is something.
"""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import coverage

ROOT = Path(__file__).parents[2]
CORE = ROOT / "pinecall" / "core"


def left_out(measured: coverage.Coverage, module: Path) -> str:
    """What the module's own tests do not reach; empty where that is nothing."""
    test = (Path("tests/core") / module.relative_to(CORE)).with_name(f"test_{module.name}")
    if not (ROOT / test).exists():
        return f"there is no {test}"
    report = io.StringIO()
    outfile, sys.stdout = "-", report
    try:
        # What is run at import has no test for its context.
        own = ["^$", f"^{re.escape(test.as_posix())}::"]
        measured.json_report(morfs=[str(module)], outfile=outfile, contexts=own)
    finally:
        sys.stdout = sys.__stdout__
    [found] = json.loads(report.getvalue())["files"].values()
    lines, branches = found["missing_lines"], found["missing_branches"]
    return f"lines {lines}, branches {branches}" if lines or branches else ""


def main() -> int:
    """The exit status."""
    measured = coverage.Coverage(config_file=str(ROOT / "pyproject.toml"))
    measured.load()
    modules = [path for path in sorted(CORE.rglob("*.py")) if path.name != "__init__.py"]
    missing = {module: why for module in modules if (why := left_out(measured, module))}
    for module, why in missing.items():
        print(f"{module.relative_to(ROOT)}: {why}")
    print(f"{len(modules) - len(missing)} of {len(modules)} modules are covered by their own tests")
    return 1 if missing or not modules else 0


if __name__ == "__main__":
    sys.exit(main())
