"""Conversations in one SQLite file: the store of both ``SqliteHistory`` classes.

There is a row for each conversation and each message: a save writes the messages that are new or
changed, in one transaction. What a process has saved survives its death. The file is in WAL mode, so
that other threads and processes can use it at the same time (they wait up to 5 s for each other).
"""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from ...core.history.record import ConversationRecord, transcript_of
from ...core.text.jsontext import write
from ...core.text.showing import shows
from ...errors import ConfigurationError
from .sqlite_file import SqliteFile, transaction

__all__ = ["Records", "SqliteStore"]

Records: TypeAlias = list[ConversationRecord]

_TABLES = (
    """
    CREATE TABLE conversations (
        call_id TEXT PRIMARY KEY, agent_id TEXT NOT NULL, channel TEXT NOT NULL,
        direction TEXT NOT NULL, "from" TEXT NOT NULL, "to" TEXT NOT NULL, contact TEXT,
        started_at REAL NOT NULL, ended_at REAL NOT NULL, duration REAL NOT NULL,
        reason TEXT NOT NULL, status TEXT NOT NULL, language TEXT, metadata TEXT NOT NULL,
        transcript TEXT
    )""",
    """
    CREATE TABLE messages (
        call_id TEXT NOT NULL, position INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (call_id, position)
    ) WITHOUT ROWID""",
    "CREATE INDEX by_contact ON conversations (contact, started_at)",
    "CREATE INDEX by_start ON conversations (started_at)",
)
_COLUMNS = (
    "call_id", "agent_id", "channel", "direction", "from", "to", "contact", "started_at",
    "ended_at", "duration", "reason", "status", "language", "metadata", "transcript",
)  # fmt: skip
_NAMES = ", ".join(f'"{name}"' for name in _COLUMNS)
_UPSERT = (
    f"INSERT INTO conversations ({_NAMES}) VALUES ({', '.join('?' * len(_COLUMNS))}) "
    "ON CONFLICT (call_id) DO UPDATE SET "
    + ", ".join(f'"{name}" = excluded."{name}"' for name in _COLUMNS[1:])
)


class SqliteStore:
    """A store of conversations. Its methods block, and may be called from any thread.

    The file is opened at the first use. The methods raise ConfigurationError for a path or a record
    that cannot be used, and PinecallError with code ``HISTORY_DAMAGED`` (the file is left as it is)
    or ``HISTORY_FAILED`` (disk full, locked).
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = SqliteFile(path, _TABLES)

    @property
    def path(self) -> Path:
        """The file, absolute."""
        return self._file.path

    @shows
    def __repr__(self) -> str:
        return f"<{type(self).__name__} {str(self.path)!r}>"

    # -- the store ------------------------------------------------------------------------------

    def save(self, record: ConversationRecord) -> None:
        """Write what is new of the conversation; the same ``call_id`` again updates it."""
        values, bodies = _values(record), [_json(record, message) for message in record.messages]

        def write(connection: sqlite3.Connection) -> None:
            with transaction(connection):
                known = dict(
                    connection.execute(
                        "SELECT position, body FROM messages WHERE call_id = ?", (record.call_id,)
                    ).fetchall()
                )
                if not record.started_at:
                    row = connection.execute(
                        "SELECT started_at FROM conversations WHERE call_id = ?", (record.call_id,)
                    ).fetchone()
                    values["started_at"] = row[0] if row else time.time()
                connection.execute(_UPSERT, tuple(values[name] for name in _COLUMNS))
                connection.executemany(
                    "INSERT OR REPLACE INTO messages VALUES (?, ?, ?)",
                    [
                        (record.call_id, position, body)
                        for position, body in enumerate(bodies)
                        if known.get(position) != body
                    ],
                )
                if len(known) > len(bodies):
                    connection.execute(
                        "DELETE FROM messages WHERE call_id = ? AND position >= ?",
                        (record.call_id, len(bodies)),
                    )

        self._file.use(write)

    def find_by_contact(
        self, contact: str, limit: int = 5, *, agent_id: str | None = None
    ) -> Records:
        """The newest ``limit`` conversations with a contact (``record.contact``), newest first."""
        return self._records(limit, contact=contact, agent_id=agent_id) if contact else []

    def list(self, limit: int = 100, agent_id: str | None = None) -> Records:
        """The newest ``limit`` conversations, newest first; those that run are ``active``."""
        return self._records(limit, agent_id=agent_id)

    def get(self, call_id: str) -> ConversationRecord | None:
        found = self._records(1, call_id=call_id)
        return found[0] if found else None

    def _records(
        self,
        limit: int,
        *,
        call_id: str | None = None,
        contact: str | None = None,
        agent_id: str | None = None,
    ) -> Records:
        """Newest first."""
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
            raise ConfigurationError(f"limit is how many conversations, 0 or more, not {limit!r}")
        given = {"call_id": call_id, "contact": contact, "agent_id": agent_id}
        wanted = {name: value for name, value in given.items() if value is not None}
        where = " AND ".join(f"{name} = ?" for name in wanted) or "1"

        def read(connection: sqlite3.Connection) -> Records:
            with transaction(connection, "BEGIN"):
                rows = connection.execute(
                    f"SELECT {_NAMES} FROM conversations WHERE {where} "
                    "ORDER BY started_at DESC, rowid DESC LIMIT ?",
                    (*wanted.values(), min(limit, 2**62)),
                ).fetchall()
                return [_record(connection, dict(zip(_COLUMNS, row, strict=True))) for row in rows]

        return self._file.use(read)

    def delete(self, call_id: str) -> bool:
        """Forget a conversation; False if there was none."""

        def delete(connection: sqlite3.Connection) -> bool:
            with transaction(connection):
                connection.execute("DELETE FROM messages WHERE call_id = ?", (call_id,))
                found = connection.execute(
                    "DELETE FROM conversations WHERE call_id = ?", (call_id,)
                )
                return found.rowcount > 0

        return self._file.use(delete)

    def close(self) -> None:
        """Close the file, when a save in progress is done. May be repeated."""
        self._file.close()


def _values(record: ConversationRecord) -> dict[str, Any]:
    values = {name: getattr(record, name, None) for name in _COLUMNS}
    values["from"] = record.from_
    values["metadata"] = _json(record, record.metadata)
    derived = transcript_of(record.messages) == record.transcript
    values["transcript"] = None if derived else _json(record, record.transcript)
    return values


def _record(connection: sqlite3.Connection, row: dict[str, Any]) -> ConversationRecord:
    bodies = connection.execute(
        "SELECT body FROM messages WHERE call_id = ? ORDER BY position", (row["call_id"],)
    )
    messages = [msgspec.json.decode(body) for (body,) in bodies]
    transcript = row.pop("transcript")
    return ConversationRecord(
        **{("from_" if name == "from" else name): value for name, value in row.items()}
        | {
            "metadata": msgspec.json.decode(row["metadata"]),
            "messages": messages,
            "transcript": (
                transcript_of(messages) if transcript is None else msgspec.json.decode(transcript)
            ),
        }
    )


def _json(record: ConversationRecord, value: object) -> str:
    try:
        return write(value).decode()
    except (TypeError, ValueError, OverflowError, RecursionError) as exc:
        raise ConfigurationError(
            f"call {record.call_id} of agent {record.agent_id!r} holds something that JSON cannot "
            f"carry, so it was not saved: {exc}",
            agent_id=record.agent_id,
            call_id=record.call_id,
        ) from exc
