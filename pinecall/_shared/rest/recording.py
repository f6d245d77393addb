"""A recording to transcribe: bytes, a path or an open file. Reading it blocks."""

from __future__ import annotations

import os
from typing import IO, TypeAlias

from ...core.rest.transcription import MAX_FILE, check_size
from ...errors import ConfigurationError

__all__ = ["Recording", "read_recording"]

Recording: TypeAlias = "bytes | bytearray | memoryview | str | os.PathLike[str] | IO[bytes]"


def read_recording(file: Recording, filename: str | None) -> tuple[bytes, str | None]:
    """The bytes and the name of a recording. Raises OSError for a file that cannot be read, and
    ConfigurationError, before it is read, for a file over 25 MB."""
    if isinstance(file, (bytes, bytearray, memoryview)):
        return bytes(file), filename
    if isinstance(file, (str, os.PathLike)):
        with open(file, "rb") as opened:
            check_size(os.fstat(opened.fileno()).st_size)
            return opened.read(MAX_FILE + 1), filename or os.path.basename(os.fspath(file))
    read = getattr(file, "read", None)
    data = read(MAX_FILE + 1) if callable(read) else None
    if not isinstance(data, bytes):
        raise ConfigurationError(
            "transcribe takes bytes, a path, or a file opened for reading bytes ('rb'), not "
            f"{type(file).__name__}"
        )
    name = getattr(file, "name", None)
    return data, filename or (os.path.basename(name) if isinstance(name, str) else None)
