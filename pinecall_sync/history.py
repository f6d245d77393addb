"""``SqliteHistory``, blocking: ``pc.agent("mara", history=SqliteHistory("calls.db"))``."""

from __future__ import annotations

from typing import TypeVar

from pinecall._shared.stores.sqlite_store import Records, SqliteStore
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

    def save(self, record: ConversationRecord) -> None:
        """Write the new part of the conversation; the same ``call_id`` again updates it."""
        self.save_record(record)

    def find_by_contact(
        self, contact: str, limit: int = 5, *, agent_id: str | None = None
    ) -> Records:
        """Return the last ``limit`` conversations with ``record.contact``, newest first."""
        return self.records(limit, contact=contact, agent_id=agent_id) if contact else []

    def list(self, limit: int = 100, agent_id: str | None = None) -> Records:
        """Return the last ``limit`` conversations, newest first; running ones are ``active``."""
        return self.records(limit, agent_id=agent_id)

    def get(self, call_id: str) -> ConversationRecord | None:
        found = self.records(1, call_id=call_id)
        return found[0] if found else None

    def delete(self, call_id: str) -> bool:
        """Delete a conversation; return False if there was none."""
        return self.delete_record(call_id)

    def close(self) -> None:
        """Close the file after any save in progress. May be repeated."""
        self.close_file()

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
