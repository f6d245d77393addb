"""Frames that the server sends again after a reconnect, known by their message."""

from __future__ import annotations

from typing import Any

from ..wire.limits import MAX_ID, REPEATS_REMEMBERED

__all__ = ["Repeats"]

_REPEATABLE = frozenset(
    {"bot.finished", "bot.interrupted", "eager.turn", "message.confirmed", "user.message"}
)


class Repeats:
    def __init__(self) -> None:
        #: By call: the event, its message, and the hash of its text, which may be long.
        self._seen: dict[str, dict[tuple[str, str, int], None]] = {}

    def has(self, call_id: str, name: str, data: dict[str, Any]) -> bool:
        """Whether this was seen before. Another text under the same message is new."""
        message = data.get("messageId")
        if name not in _REPEATABLE or not message or len(message) > MAX_ID:
            return False
        key = (name, message, hash(data.get("text") or ""))
        seen = self._seen.setdefault(call_id, {})
        if key in seen:
            return True
        seen[key] = None
        if len(seen) > REPEATS_REMEMBERED:
            del seen[next(iter(seen))]
        return False

    def forget(self, call_id: str) -> None:
        self._seen.pop(call_id, None)

    def clear(self) -> None:
        self._seen.clear()
