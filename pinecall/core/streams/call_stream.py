"""The stream of one call, for a page that shows it alone: fewer events, each with its whole text,
so that a page replaces the last one with the same ``messageId``.

The names and keys are those of the platform's SDK: ``call.started`` ``{callId}`` · ``bot.word``
``{text, messageId}``, the text so far · ``bot.confirmed`` ``{text, messageId}`` · ``user.speaking``
and ``user.message``, the same · ``tool.call`` ``{name, args}`` · ``call.ended`` ``{reason,
duration}``, in whole seconds, and nothing after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ..text.jsontext import read
from ..tools.arguments import name_and_arguments
from ..wire.limits import CALL_RING, CALL_RING_BYTES
from .chunk import Chunk
from .replay import Ring
from .sse import to_json
from .subscriber import Subscriber

if TYPE_CHECKING:
    from ...events import Item
    from ..calls.call import CallBase

__all__ = ["CallStream"]

GREETING_ID = "greeting"

Entry = tuple[str, dict[str, Any]]


class CallStream:
    """The readers of a call's stream and the frames sent to them. It lives as long as its call."""

    def __init__(self, epoch: str) -> None:
        self.ring = Ring(epoch, CALL_RING, CALL_RING_BYTES)
        self.readers: dict[Subscriber, None] = {}

    def publish(self, call: CallBase, item: Item) -> list[Subscriber]:
        """Send an event, already applied to the call, to the readers; return the slow ones."""
        ring = self.ring
        slow: dict[Subscriber, None] = {}
        for name, data in _entries(item.name, item.event, call):
            frame = Chunk(name, to_json(data), id=ring.next_id())
            ring.add(frame)
            slow.update((reader, None) for reader in self.readers if not reader.put(frame))
        return list(slow)

    def complete(self, call: CallBase, last_id: str) -> bool:
        """Whether a reader with this id has received everything, and nothing more can come."""
        return call._over and self.ring.cursor(last_id)[0] == self.ring.number

    def first(self, call: CallBase, last_id: str, greeting: str | None, retry: int) -> list[Chunk]:
        """Return the first frames for a new reader: the call's id, and the events it missed or, if
        those are unknown, the transcript so far.
        """
        ring = self.ring
        cursor, reason = ring.cursor(last_id)
        entries: list[Entry] = [("call.started", {"callId": call.id})]
        if not cursor:
            if reason:
                entries.append(("gap", {"event": "gap", "reason": reason}))
            entries += _said(call, call._greeting if greeting is None else greeting)
            if call._over:
                entries.append(_end(call))
        parts = [(name, to_json(data)) for name, data in entries]
        frames = ring.opening(parts, cursor or ring.number, retry)
        return [*frames, *(ring.after(cursor) if cursor else ())]


def _entries(name: str, event: Any, call: CallBase) -> list[Entry]:
    if name in ("user.speaking", "user.message"):
        return [(name, _text(event.text, event.message_id))]
    if name == "bot.word" or (name == "bot.speaking" and call.transport == "chat"):
        spoken = event.message_id and event.message_id == call._bot_message_id
        if name == "bot.word" or spoken:
            text = call.current_bot_text if spoken else event.word
            return [("bot.word", _text(text, event.message_id))]
        # A chat's answer that came in one piece: the newest message of the transcript.
        return _transcript(call)[-1:]
    if name == "message.confirmed" and event.text:
        return [("bot.confirmed", _text(event.text, event.message_id))]
    if name == "llm.tool_call":
        return [("tool.call", _tool_call(one)) for one in event.tool_calls]
    return [_end(call)] if name == "call.ended" else []


def _text(text: str, message_id: str | None) -> dict[str, Any]:
    return {"text": text, "messageId": message_id or ""}


def _end(call: CallBase) -> Entry:
    return "call.ended", {"reason": call.reason, "duration": round(call.duration)}


def _tool_call(tool_call: dict[str, Any]) -> dict[str, Any]:
    name, arguments = name_and_arguments(tool_call)
    if isinstance(arguments, str):
        try:
            arguments = read(arguments or "{}")
        except msgspec.DecodeError:
            pass  # a model may write invalid JSON; it is shown unchanged
    return {"name": name, "args": arguments}


def _transcript(call: CallBase) -> list[Entry]:
    """Return the transcript; a message without an id, or with a forgotten one, gets its index."""
    ids = call._conversation.ids()
    return [
        (
            "user.message" if message["role"] == "user" else "bot.confirmed",
            _text(message["content"], ids.get(id(message)) or f"said-{index}"),
        )
        for index, message in enumerate(call.transcript)
        if isinstance(message["content"], str)
    ]


def _said(call: CallBase, greeting: str | None) -> list[Entry]:
    said = _transcript(call)
    if greeting and all(data["text"] != greeting for _, data in said):
        said.insert(0, ("bot.confirmed", _text(greeting, GREETING_ID)))
    if call.current_bot_text:
        said.append(("bot.word", _text(call.current_bot_text, call._bot_message_id)))
    return said
