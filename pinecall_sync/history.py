"""``SqliteHistory``, blocking: ``pc.agent("mara", history=SqliteHistory("calls.db"))``."""

from __future__ import annotations

from typing import TypeVar

from pinecall._shared.stores.sqlite_store import SqliteStore
from pinecall.core.history.record import ConversationRecord

__all__ = ["ConversationRecord", "SqliteHistory"]

Self = TypeVar("Self", bound="SqliteHistory")


class SqliteHistory(SqliteStore):
    """Conversations in one SQLite file, saved while they run, so that a crash loses none.

    Give one to any number of agents; several threads and processes may share the file. It is opened
    at the first use, and readable by its owner only. After a power cut the newest saves may be
    missing; the file stays intact.

    Raises ConfigurationError for a path or record that cannot be used, and PinecallError with code
    ``HISTORY_DAMAGED`` (the file is left as it is) or ``HISTORY_FAILED`` (disk full, locked …).
    """

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
