"""A live call of a real session, and readers of its stream."""

from __future__ import annotations

from typing import Any

from ..harness import Wire
from ..hubs import Reader

__all__ = ["IDS", "Scene", "said", "told"]

IDS = {"agent_id": "mara", "call_id": "CA1"}


class Scene:
    """The call is CA1 of mara; its events come over the wire."""

    def __init__(self, wire: Wire | None = None, **call: Any) -> None:
        self.wire = wire or Wire()
        self.call = self.wire.call(**call)
        self.hub = self.wire.engine.open_hub()

    def reader(self, **options: Any) -> Reader:
        """A reader of the call's stream."""
        return Reader(self, call=self.call, **options)  # type: ignore[arg-type]

    def client_reader(self, **options: Any) -> Reader:
        """A reader of the client's stream."""
        return Reader(self, **options)  # type: ignore[arg-type]

    def say(self, message_id: str, *words: str) -> None:
        """The agent's words, and the server's confirmation of them."""
        self.words(message_id, *words)
        self.wire.server("bot.finished", **IDS, message_id=message_id)
        self.wire.server("message.confirmed", **IDS, message_id=message_id, text=" ".join(words))

    def words(self, message_id: str, *words: str) -> None:
        self.wire.server("bot.speaking", **IDS, message_id=message_id)
        for index, word in enumerate(words):
            self.wire.server("bot.word", **IDS, message_id=message_id, word=word, word_index=index)

    def hear(self, message_id: str, text: str) -> None:
        self.wire.server("user.message", **IDS, message_id=message_id, text=text)

    def end(self, reason: str = "hangup") -> None:
        self.wire.server("call.ended", **IDS, reason=reason, duration_seconds=12.6)


def told(reader: Reader) -> list[tuple[str, dict[str, Any]]]:
    """The new events as (name, data)."""
    return [(name, data) for name, data, _ in reader.read()]


def said(text: str, message_id: str) -> dict[str, str]:
    return {"text": text, "messageId": message_id}
