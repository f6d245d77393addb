"""``SqliteHistory`` for asyncio: ``pc.agent("mara", history=SqliteHistory("calls.db"))``."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from ._shared.stores.sqlite_store import Records, SqliteStore
from .core.history.record import ConversationRecord
from .core.text.showing import shows

__all__ = ["ConversationRecord", "SqliteHistory"]

T = TypeVar("T")
Self = TypeVar("Self", bound="SqliteHistory")


class SqliteHistory:
    """Conversations in one SQLite file: saved while they run, so that a crash loses none.

    Give one to any number of agents; several processes may share the file. It is opened at the
    first use, in a thread, and readable by its owner only. After a power cut the newest saves may
    be missing; the file stays intact.

    Raises ConfigurationError for a path or record that cannot be used, and PinecallError with code
    ``HISTORY_DAMAGED`` (the file is left as it is) or ``HISTORY_FAILED`` (disk full, locked …).
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._store = SqliteStore(path)

    @property
    def path(self) -> Path:
        """The file, absolute."""
        return self._store.path

    async def save(self, record: ConversationRecord) -> None:
        """Write what is new of the conversation; the same ``call_id`` again updates it."""
        await _in_thread(self._store.save, record)

    async def find_by_contact(
        self, contact: str, limit: int = 5, *, agent_id: str | None = None
    ) -> Records:
        """The newest ``limit`` conversations with a contact (``record.contact``), newest first."""
        return await _in_thread(self._store.find_by_contact, contact, limit, agent_id=agent_id)

    async def list(self, limit: int = 100, agent_id: str | None = None) -> Records:
        """The newest ``limit`` conversations, newest first; those that run are ``active``."""
        return await _in_thread(self._store.list, limit, agent_id)

    async def get(self, call_id: str) -> ConversationRecord | None:
        return await _in_thread(self._store.get, call_id)

    async def delete(self, call_id: str) -> bool:
        """Forget a conversation; False if there was none."""
        return await _in_thread(self._store.delete, call_id)

    async def close(self) -> None:
        """Close the file, when a save in progress is done. May be repeated."""
        await _in_thread(self._store.close)

    @shows
    def __repr__(self) -> str:
        return f"<SqliteHistory {str(self.path)!r}>"

    async def __aenter__(self: Self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def _in_thread(function: Callable[..., T], *args: Any, **keywords: Any) -> T:
    import asyncio

    return await asyncio.to_thread(function, *args, **keywords)
