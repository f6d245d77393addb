"""``SqliteHistory`` for asyncio: ``pc.agent("mara", history=SqliteHistory("calls.db"))``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ._shared.stores.sqlite_store import Records, SqliteStore
from .core.history.record import ConversationRecord

__all__ = ["ConversationRecord", "SqliteHistory"]

T = TypeVar("T")
Self = TypeVar("Self", bound="SqliteHistory")


class SqliteHistory(SqliteStore):
    """Conversations in one SQLite file, saved while they run, so that a crash loses none.

    Give one to any number of agents; several processes may share the file. It is opened at the
    first use, in a thread, and readable by its owner only. After a power cut the newest saves may
    be missing; the file stays intact.

    Raises ConfigurationError for a path or record that cannot be used, and PinecallError with code
    ``HISTORY_DAMAGED`` (the file is left as it is) or ``HISTORY_FAILED`` (disk full, locked …).
    """

    async def save(self, record: ConversationRecord) -> None:
        """Write the new part of the conversation; the same ``call_id`` again updates it."""
        await _in_thread(self.save_record, record)

    async def find_by_contact(
        self, contact: str, limit: int = 5, *, agent_id: str | None = None
    ) -> Records:
        """Return the last ``limit`` conversations with ``record.contact``, newest first."""
        if not contact:
            return []
        return await _in_thread(self.records, limit, contact=contact, agent_id=agent_id)

    async def list(self, limit: int = 100, agent_id: str | None = None) -> Records:
        """Return the last ``limit`` conversations, newest first; running ones are ``active``."""
        return await _in_thread(self.records, limit, agent_id=agent_id)

    async def get(self, call_id: str) -> ConversationRecord | None:
        found = await _in_thread(self.records, 1, call_id=call_id)
        return found[0] if found else None

    async def delete(self, call_id: str) -> bool:
        """Delete a conversation; return False if there was none."""
        return await _in_thread(self.delete_record, call_id)

    async def close(self) -> None:
        """Close the file after any save in progress. May be repeated."""
        await _in_thread(self.close_file)

    async def __aenter__(self: Self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def _in_thread(function: Callable[..., T], *args: Any, **keywords: Any) -> T:
    import asyncio

    return await asyncio.to_thread(function, *args, **keywords)
