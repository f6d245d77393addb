"""The SQLite file of a conversation history: opened on first use, checked, shared by threads."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from ...errors import ConfigurationError, PinecallError

__all__ = ["SqliteFile", "transaction"]

T = TypeVar("T")

#: Marks the file as ours (``PRAGMA application_id``: "Pine"), and the version of its tables.
APPLICATION, VERSION = 0x50696E65, 1
#: Seconds to wait for another process that writes.
BUSY = 5.0

# A forked child must not close its parent's connections: closing may remove the log in use.
_INHERITED: list[sqlite3.Connection] = []
_MAKING = threading.Lock()


class SqliteFile:
    """A file for one connection at a time. ``tables``: the statements that set up a new file."""

    def __init__(self, path: str | os.PathLike[str], tables: tuple[str, ...]) -> None:
        text = os.fspath(path)
        if not isinstance(text, str) or not text or text == ":memory:":
            raise ConfigurationError(
                f"SqliteHistory(path) needs the path of a file, like 'calls.db', not {text!r}"
            )
        self.path = Path(text).expanduser().absolute()
        self._tables = tables
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._process = 0
        self._closed = False

    def use(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Call ``function(connection)``, one at a time; SQLite's errors become PinecallErrors."""
        with self._lock:
            try:
                return function(self._open())
            except sqlite3.Error as exc:
                raise self._error(exc) from exc

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._let_go()

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if self._process == os.getpid():
            connection.close()
        else:
            _INHERITED.append(connection)

    def _open(self) -> sqlite3.Connection:
        if self._closed:
            raise ConfigurationError(f"the history {str(self.path)!r} is closed")
        if self._connection is not None and self._process == os.getpid():
            return self._connection
        self._let_go()
        self._make()
        connection = sqlite3.connect(
            self.path, timeout=BUSY, isolation_level=None, check_same_thread=False
        )
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        self._connection, self._process = connection, os.getpid()
        return connection

    def _make(self) -> None:
        try:
            # Conversations are private: a file made here is readable for its owner only. One
            # that exists is not opened: closing it would release the locks of other stores on it.
            with _MAKING:
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            return
        except OSError as exc:
            raise ConfigurationError(
                f"the history {str(self.path)!r} cannot be opened ({exc.strerror}); give a file "
                "that can be written, in a folder that exists"
            ) from exc

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Check, before writing, that the file is ours, undamaged, and of a known version."""
        with transaction(connection, "BEGIN"):
            self._ours(connection)
            problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if problem != "ok":
            raise sqlite3.DatabaseError(problem)
        _to_wal(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        with transaction(connection):
            if not self._ours(connection):
                for statement in self._tables:
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION}")
                connection.execute(f"PRAGMA user_version = {VERSION}")

    def _ours(self, connection: sqlite3.Connection) -> bool:
        """Is it a history? False for an empty file; raises ConfigurationError for a foreign one."""
        owner, version, tables = (
            connection.execute(question).fetchone()[0]
            for question in (
                "PRAGMA application_id",
                "PRAGMA user_version",
                "SELECT count(*) FROM sqlite_master",
            )
        )
        if owner == APPLICATION and version > VERSION:
            raise ConfigurationError(
                f"the history {str(self.path)!r} was written by a newer version of pinecall "
                f"(form {version}, known here: {VERSION}); upgrade pinecall or give another path"
            )
        if owner != APPLICATION and (tables or owner or version):
            raise ConfigurationError(
                f"{str(self.path)!r} is another program's database; give the history its own file"
            )
        return bool(tables)

    def _error(self, exc: sqlite3.Error) -> PinecallError:
        # sqlite3 has no class of its own for a damaged file: it raises the base class.
        if type(exc) is sqlite3.DatabaseError:
            return PinecallError(
                f"the history {str(self.path)!r} is damaged, or no history ({exc}); it was left as "
                "it is: move it away, or give another path",
                "HISTORY_DAMAGED",
            )
        return PinecallError(
            f"the history {str(self.path)!r} could not be used: {exc}", "HISTORY_FAILED"
        )


def _to_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL mode. When two processes open a new file at once, one of them must try again."""
    deadline = time.monotonic() + BUSY
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as exc:
            if "locked" not in str(exc) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


@contextmanager
def transaction(connection: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # After some errors (a full disk) SQLite has rolled back already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
