"""The plugin works in every form of test, and beside the other plugins for coroutines."""

from __future__ import annotations

from pathlib import Path

import pytest

from .running import run_pytest

ALL = ("asyncio", "anyio", "xdist", "hypothesispytest")


@pytest.mark.parametrize(
    ("plugins", "ini"),
    [
        ((), ""),
        (("asyncio",), "asyncio_mode=strict"),
        (("asyncio",), "asyncio_mode=auto"),
        (("anyio",), ""),
        (("anyio",), "anyio_mode=auto"),
        (ALL, "asyncio_mode=auto"),
    ],
    ids=["none", "asyncio-strict", "asyncio-auto", "anyio", "anyio-auto", "all"],
)
def test_every_form_of_test(tmp_path: Path, plugins: tuple[str, ...], ini: str) -> None:
    """``def`` and ``async def`` tests and fixtures, classes, TestCase and parameters pass on both fronts."""
    run = run_pytest(tmp_path, ["conversations.py", "async_fixtures.py"], plugins=plugins, ini=ini)
    assert set(run.outcomes.values()) == {"passed"}, run.output
    assert len(run.outcomes) == 21 and run.status == 0, run.output


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_marks_of_pytest_asyncio(tmp_path: Path, mode: str) -> None:
    """Marked tests and fixtures run on the plugin's loop where it is used, else on their own."""
    ini = f"asyncio_mode={mode}\nasyncio_default_fixture_loop_scope=function"
    run = run_pytest(tmp_path, ["marked_asyncio.py"], plugins=("asyncio",), ini=ini)
    assert set(run.outcomes.values()) == {"passed"} and len(run.outcomes) == 4, run.output


def test_marks_of_anyio(tmp_path: Path) -> None:
    """Marked tests run on the plugin's loop where it is used, else on anyio's."""
    run = run_pytest(tmp_path, ["marked_anyio.py"], plugins=("anyio", "asyncio"))
    assert set(run.outcomes.values()) == {"passed"} and len(run.outcomes) == 2, run.output


@pytest.mark.parametrize("plugins", [("hypothesispytest",), ALL], ids=["alone", "all"])
def test_examples_of_hypothesis(tmp_path: Path, plugins: tuple[str, ...]) -> None:
    """Each example of a ``@given`` test runs on the plugin's loop, of ``async def`` ones too."""
    run = run_pytest(
        tmp_path,
        ["examples.py"],
        plugins=plugins,
        ini="asyncio_mode=auto" if len(plugins) > 1 else "",
    )
    assert set(run.outcomes.values()) == {"passed"} and len(run.outcomes) == 2, run.output


def test_on_two_workers(tmp_path: Path) -> None:
    """Under pytest-xdist the same tests pass."""
    run = run_pytest(tmp_path, ["conversations.py", "async_fixtures.py"], "-n2", plugins=("xdist",))
    assert set(run.outcomes.values()) == {"passed"} and len(run.outcomes) == 21, run.output
