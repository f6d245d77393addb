"""What holds where no extra is installed.

Left out of a run where the extra is there (see conftest.py); ``nox -s imports`` makes an environment
without it, and runs this file by its name.
"""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys

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


@pytest.mark.parametrize("package", ["pinecall", "pinecall_sync"])
def test_everything_else_is_there(package: str) -> None:
    """Every exported name loads without an extra."""
    module = importlib.import_module(package)
    assert len(module.__all__) > 40
    for name in module.__all__:
        assert getattr(module, name) is not None
