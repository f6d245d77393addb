"""The benchmarks run; what they measure is judged by people, on a machine that does nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import mix

ROOT = Path(__file__).parent.parent

NAMES = [
    "asyncio",
    "blocking",
    "core",
    "scaling",
    "latency",
    "register",
    "memory",
    "traces",
    "import",
    "fanout",
    "idle",
]


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    file = tmp_path_factory.mktemp("benchmarks") / "quick.json"
    run = _run("--quick", "--json", str(file))
    assert run.returncode == 0, run.stderr
    return file, run.stdout


def _results(file: Path) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["results"]
    return results


def test_every_benchmark_gives_figures(quick: tuple[Path, str]) -> None:
    """Each of them has a line in the JSON and in the table, with a figure and its ratio."""
    file, printed = quick
    results = _results(file)
    assert list(dict.fromkeys(result["benchmark"] for result in results)) == NAMES
    for result in results:
        assert f"{result['benchmark']}: {result['what']}" in printed
        assert result["samples"]
    compared = [result["ratio"] for result in results if result["against"]]
    assert compared
    assert min(compared) > 0


def test_quick_judges_nothing(quick: tuple[Path, str]) -> None:
    """A busy machine fails no target: the quick figures are not held against any."""
    file, _ = quick
    assert {result["met"] for result in _results(file)} == {None}
    assert any(result["target"] for result in _results(file))


def test_the_json_says_where_it_was_measured(quick: tuple[Path, str]) -> None:
    """Machine, versions and date stand beside the figures."""
    whole = json.loads(quick[0].read_text(encoding="utf-8"))
    assert whole["quick"] is True
    assert {"system", "processor", "cores"} <= set(whole["machine"])
    assert {"attrs", "msgspec", "websockets", "websocket-client"} <= set(whole["versions"])
    assert whole["date"]
    assert whole["python"]


def test_compare_prints_ratios_to_an_earlier_run(quick: tuple[Path, str]) -> None:
    """``--compare`` has a line for each figure that both runs have."""
    file, _ = quick
    run = _run("memory", "--quick", "--compare", str(file))
    assert run.returncode == 0, run.stderr
    compared = run.stdout.partition("Beside ")[2]
    assert compared.count("memory: ") == 3
    assert "core: " not in compared


def test_an_unknown_name_is_refused() -> None:
    """A misspelt benchmark is named, with those that there are."""
    run = _run("asincio")
    assert run.returncode == 2
    assert "'asincio'" in run.stderr
    assert "asyncio" in run.stderr.partition("there are")[2]


def test_each_event_of_the_mix_has_its_share_and_size() -> None:
    """60, 15, 10, 5 and 10 % of 150 to 300 bytes, and every call hears every kind."""
    texts = list(mix.events(20_000))
    frames = [json.loads(text) for text in texts]
    counts = {name: sum(1 for f in frames if f["event"] == name) for name in mix.NAMES}
    main = {"bot.word": 12_000, "audio.metrics": 3_000, "user.speaking": 2_000}
    assert {name: counts[name] for name in main} == main
    assert counts["user.message"] == 1_000
    assert sum(counts.values()) == 20_000
    assert min(map(len, texts)) >= 150
    assert max(map(len, texts)) <= 300
    assert len({(f["event"], f["call_id"]) for f in frames}) == len(mix.NAMES) * 10
