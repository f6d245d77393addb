"""The example of docs/traces.md, run as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "traces.md"


def test_the_example(tmp_path: Path) -> None:
    """It prints the conversation with its tool and the latency table, and leaves the file."""
    found = re.search(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    command = [sys.executable, "-W", "error", "-c", found[1]]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    for shown in (
        "caller  find tables for 2, please",
        "find_tables(party=2) →",
        "ended   hangup",
        "p90",
    ):
        assert shown in done.stdout
    assert (tmp_path / "calls.jsonl").exists()
