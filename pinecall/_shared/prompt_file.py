"""A prompt from a file: the one verb that reads from the disk, which the core must not do."""

from __future__ import annotations

from pathlib import Path
from typing import Generic, TypeVar

from ..core.api.calls import HistoryVerbs
from ..errors import ConfigurationError

__all__ = ["PromptFile", "read_prompt"]

MessagesT = TypeVar("MessagesT")  # messages
CountT = TypeVar("CountT")  # a number of messages


class PromptFile(HistoryVerbs[MessagesT, CountT], Generic[MessagesT, CountT]):
    """The requests of a call and of a WhatsApp session, with the one that reads a file."""

    def set_prompt_file(self, path: str | Path) -> CountT:
        """Call ``set_prompt`` with the text of a file (UTF-8), read now. Raises ConfigurationError for
        a file that cannot be read."""
        return self.set_prompt(read_prompt(path))


def read_prompt(path: str | Path) -> str:
    """Return the text of the file; raise ConfigurationError where it cannot be read."""
    try:
        # Editors on Windows write a byte order mark, which is not part of the text.
        return Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigurationError(f"set_prompt_file({str(path)!r}): {exc}") from exc
