"""Traces and their files: what the core's traces need of a disk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.traces.call_trace import CallTraceBase, Redact
from ..core.traces.from_log import read_log
from ..core.traces.lines import lines_of, mark_line, read_lines
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from ..core.engine import Engine

__all__ = ["CallTrace", "keep_traces"]

KEEP = 100

AnyPath = str | os.PathLike[str]


class CallTrace(CallTraceBase):
    __doc__ = CallTraceBase.__doc__
    __slots__ = ()

    @classmethod
    def load(cls, path: AnyPath) -> list[CallTrace]:
        """Return the traces in a file of ``save()`` or ``pc.traces(path=…)``, the oldest first.

        What is missing of a file that was cut off is missing of its traces. Raises
        ConfigurationError if the file cannot be read, holds something else, is of another version,
        or is damaged elsewhere than at its end.
        """
        file = _path(path, "CallTrace.load(path)")
        try:
            data = file.read_bytes()
        except OSError as exc:
            raise ConfigurationError(
                f"CallTrace.load(path): {file} cannot be read: {exc.strerror or exc}"
            ) from exc
        return read_lines(data, str(file), CallTrace)

    @classmethod
    def from_log(cls, entries: Iterable[Any]) -> CallTrace:
        """Return the trace of a call from the platform's log of it (``pc.observe(call=…)``).

        The log holds what was said, the turns and the tools; of the program's own commands it has
        the results of tools only. Raises ConfigurationError unless the entries are of one call.
        """
        facts, frames = read_log(entries)
        return cls._of(facts, frames)

    def save(self, path: AnyPath) -> None:
        """Write the trace to a file of its own, as JSON Lines; a file that is there is replaced.

        Raises ConfigurationError if the file cannot be written.
        """
        file = _path(path, "trace.save(path)")
        try:
            with file.open("wb") as out:
                out.writelines(line.encode() for line in lines_of(self))
        except OSError as exc:
            raise ConfigurationError(
                f"trace.save(path): {file} cannot be written: {exc.strerror or exc}",
                call_id=self.call_id,
            ) from exc


def keep_traces(
    engine: Engine, keep: int, path: AnyPath | None, redact: Redact | None
) -> Mapping[str, CallTrace]:
    """Begin to keep traces, or return those that are kept already: see ``pc.traces()``."""
    if type(keep) is not int or keep < 1:
        raise ConfigurationError(
            f"pc.traces(keep=…) takes how many calls to keep, 1 or more, not {keep!r:.80}"
        )
    if redact is not None and not callable(redact):
        raise ConfigurationError(
            "pc.traces(redact=…) takes a function: it gets each frame and returns it, changed or not, "
            f"or None to leave it out; not {type(redact).__name__}"
        )
    engine.front.check()
    with engine.guard:
        recorder = engine.recorder
        if recorder is not None:
            _check_same("keep", keep, KEEP, recorder.keep, KEEP)
            _check_same("redact", redact, None, recorder.redact, None)
            known = getattr(recorder.file, "path", None)
            if path is not None:
                _check_same("path", _path(path), None, known, None)
        file = None if path is None or (recorder and recorder.file) else TraceFile(path)
        recorder = engine.record(CallTrace)
        if keep != KEEP:
            recorder.keep = keep
        if redact is not None and recorder.redact is None:
            recorder.redact_with(redact)
        if file is not None:
            recorder.write_to(file)
        return recorder.traces


class TraceFile:
    """A file that the traces of all calls are appended to, line by line as they come."""

    def __init__(self, path: AnyPath) -> None:
        """Make the file, if it is not there. Raises ConfigurationError if that cannot be done."""
        self.path = _path(path)
        self._file: FileIO | None = None
        self._stays_open = True
        try:
            self._open()
        except OSError as exc:
            raise ConfigurationError(
                f"pc.traces(path=…): {self.path} cannot be written: {exc.strerror or exc}; give the "
                "path of a file in a folder that is there"
            ) from exc
        self._let_go()

    def write(self, line: str) -> None:
        file = self._file or self._open()
        _write(file, line)
        if not self._stays_open:
            self._let_go()

    def close(self) -> None:
        self._stays_open = False
        self._let_go()

    def reopen(self) -> None:
        self._stays_open = True

    def _open(self) -> FileIO:
        # Without a buffer: what is written is there, also if the program dies.
        file = self._file = FileIO(self.path, "ab+")
        size = file.seek(0, os.SEEK_END)
        if size:
            file.seek(size - 1)
            if file.read(1) != b"\n":
                _write(file, "\n" + mark_line())
        return file

    def _let_go(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()


def _write(file: FileIO, line: str) -> None:
    left = memoryview(line.encode())
    while left:
        left = left[file.write(left) :]


def _path(path: Any, where: str = "pc.traces(path=…)") -> Path:
    try:
        text = os.fspath(path)
    except TypeError:
        text = None
    if not isinstance(text, str) or not text:
        raise ConfigurationError(
            f"{where} takes the path of a file, like 'calls.jsonl', not {path!r:.80}"
        )
    return Path(text).expanduser().absolute()


def _check_same(what: str, given: Any, unsaid: Any, known: Any, unset: Any) -> None:
    """Raise if an argument is given another value than before."""
    if given != unsaid and known != unset and given != known:
        raise ConfigurationError(
            f"pc.traces({what}=…): this client's traces have another {what} already ({known!r:.80}); call "
            f"it with that one, or without {what}"
        )
