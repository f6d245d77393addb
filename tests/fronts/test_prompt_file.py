"""Prompts from files: the same for both fronts."""

from __future__ import annotations

from pathlib import Path

import pytest

from pinecall import ConfigurationError
from pinecall._shared.prompt_file import read_prompt


def test_read(tmp_path: Path) -> None:
    """A prompt is read from a UTF-8 file."""
    path = tmp_path / "prompt.md"
    path.write_text("Hola, ¿qué tal?", encoding="utf-8")
    assert read_prompt(path) == read_prompt(str(path)) == "Hola, ¿qué tal?"


def test_unreadable(tmp_path: Path) -> None:
    """A file that is not there, or is not UTF-8, is refused by its name."""
    path = tmp_path / "prompt.md"
    with pytest.raises(ConfigurationError, match=r"set_prompt_file.*prompt\.md"):
        read_prompt(path)
    path.write_bytes(b"\xff")
    with pytest.raises(ConfigurationError, match=r"prompt\.md.*utf-8"):
        read_prompt(path)
