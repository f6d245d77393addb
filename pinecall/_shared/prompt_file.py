"""A prompt from a file: the only verb that reads from the disk; the core does no I/O."""

from __future__ import annotations

from pathlib import Path
from typing import Generic, TypeVar

from ..core.api.calls import HistoryVerbs
from ..errors import ConfigurationError

__all__ = ["PromptFile", "read_prompt"]

M = TypeVar("M")  # messages
N = TypeVar("N")  # a number of messages


class PromptFile(HistoryVerbs[M, N], Generic[M, N]):
    """The requests of a call and of a WhatsApp session, with the one that reads a file."""

    def set_prompt_file(self, path: str | Path) -> N:
        """Call ``set_prompt`` with the text of a file (UTF-8), read now. Raises ConfigurationError
        for a file that cannot be read.
        """
        return self.set_prompt(read_prompt(path))


def read_prompt(path: str | Path) -> str:
    """Return the text of the file. Raises ConfigurationError if it cannot be read."""
    try:
        # Editors on Windows write a byte order mark, which is not part of the text.
        return Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigurationError(f"set_prompt_file({str(path)!r}): {exc}") from exc
