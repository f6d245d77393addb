"""What holds where no extra is installed.

Left out of a run where the extra is there (see conftest.py); ``nox -s imports`` makes an environment
without it, and runs this file by its name.
"""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest


def test_no_extra_is_installed() -> None:
    """The environment has no package of the extra."""
    assert importlib.util.find_spec("starlette") is None
    assert importlib.util.find_spec("uvicorn") is None


@pytest.mark.parametrize("package", ["pinecall", "pinecall_sync"])
def test_the_emulator_says_what_it_needs(package: str) -> None:
    """``import pinecall.emulator`` names the extra that is missing."""
    with pytest.raises(ModuleNotFoundError, match=r'pip install "pinecall-sdk\[emulator\]"'):
        importlib.import_module(f"{package}.emulator")


def test_the_emulators_command_says_what_it_needs() -> None:
    """``python -m pinecall.emulator`` says it in one line, and fails."""
    command = [sys.executable, "-m", "pinecall.emulator"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert 'pip install "pinecall-sdk[emulator]"' in line


def run_pytest(folder: Path, test: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run pytest, with the plugin that it finds by itself, on one test."""
    (folder / "test_inner.py").write_text(test, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-pno:cacheprovider", *options]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


def test_tests_of_other_things_run(tmp_path: Path) -> None:
    """The plugin that pytest loads in every run needs no extra itself."""
    done = run_pytest(tmp_path, "def test_it(): pass")
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
    listed = run_pytest(tmp_path, "def test_it(): pass", "--fixtures")
    assert "pinecall_sync" in listed.stdout


def test_a_fixture_says_what_it_needs(tmp_path: Path) -> None:
    """A test that uses the plugin fails with the command that installs the extra, and no traceback."""
    fixtures = ["pinecall", "pinecall_sync", "caller", "model", "tools", "clock", "emulator"]
    tests = "\n".join(f"def test_{name}({name}): pass" for name in fixtures)
    done = run_pytest(tmp_path, tests, "-rN")
    assert done.returncode == 1, done.stdout
    assert f"{len(fixtures)} errors" in done.stdout
    assert done.stdout.count('pip install "pinecall-sdk[testing]"') == len(fixtures)
    assert len(done.stdout.splitlines()) < 3 * len(fixtures)


@pytest.mark.parametrize("name", ["CallerMachine", "Call"])
def test_an_import_says_what_it_needs(name: str) -> None:
    """What is imported of the plugin names the extra that is missing."""
    with pytest.raises(ModuleNotFoundError, match=r'pip install "pinecall-sdk\[testing\]"'):
        getattr(importlib.import_module("pinecall.testing"), name)


@pytest.mark.parametrize("option", ["--pinecall-faults", "--pinecall-chaos"])
def test_an_option_says_what_it_needs(tmp_path: Path, option: str) -> None:
    """An option that cannot do anything is an error of usage, which names the command."""
    done = run_pytest(tmp_path, "def test_it(pinecall): pass", option)
    assert done.returncode == 4, done.stdout
    assert 'pip install "pinecall-sdk[testing]"' in done.stderr


@pytest.mark.parametrize("package", ["pinecall", "pinecall_sync"])
def test_everything_else_is_there(package: str) -> None:
    """Every exported name loads without an extra."""
    module = importlib.import_module(package)
    assert len(module.__all__) > 40
    for name in module.__all__:
        assert getattr(module, name) is not None
