"""Events as browsers get them: the names and keys of the platform's TypeScript SDK, and the text of
server-sent events, written and read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

from ..events import Turn, UnknownEvent
from .jsontext import write
from .limits import MAX_ID
from .names import SIGNATURES

if TYPE_CHECKING:
    from ..events import Item
    from .call import CallBase

__all__ = [
    "HEADERS",
    "NAMES",
    "PING",
    "Parser",
    "ServerSentEvent",
    "block",
    "payload_of",
    "to_json",
]

#: Of every stream's response. Without ``Content-Encoding`` middleware that compresses holds events
#: back; ``Connection`` is left out because HTTP/2 forbids it.
HEADERS: tuple[tuple[str, str], ...] = (
    ("Content-Type", "text/event-stream"),
    ("Cache-Control", "no-cache, no-transform"),
    ("X-Accel-Buffering", "no"),
    ("Content-Encoding", "identity"),
)

PING = b":ping\n\n"

_SAME = (
    "audio.metrics",
    "bot.finished",
    "bot.interrupted",
    "bot.speaking",
    "bot.word",
    "call.dtmf_received",
    "call.ended",
    "call.started",
    "chat.started",
    "eager.turn",
    "message.confirmed",
    "reply.rejected",
    "session.paused",
    "session.resumed",
    "skill.loaded",
    "skill.unloaded",
    "speech.ended",
    "speech.started",
    "turn.continued",
    "turn.end",
    "turn.pause",
    "turn.resumed",
    "user.message",
    "user.speaking",
    "whatsapp.message",
    "whatsapp.response",
    "whatsapp.started",
    "whatsapp.status",
)

#: Event → its name in a stream; events that are not here are not in streams.
NAMES = {
    **{name: name for name in _SAME},
    "whatsapp.session_started": "whatsapp.sessionStarted",
    "whatsapp.session_ended": "whatsapp.sessionEnded",
    "llm.tool_call": "llm.toolCall",
}

# What these say of a call is the call; their frames hold the whole history and the metadata.
_CALL_ONLY = frozenset({"call.started", "call.ended", "chat.started"})
# Made up from another frame: the event's own fields are the data, under the event's own name.
_MADE_UP = frozenset({"bot.speaking", "user.message"})
_TURNS = frozenset({"eager.turn", "turn.end"})
_TURN_KEYS = (
    ("id", "id"),
    ("message_id", "messageId"),
    ("text", "text"),
    ("confidence", "confidence"),
    ("language", "language"),
    ("probability", "probability"),
    ("latency_ms", "latencyMs"),
    ("source", "source"),
)

_UNDERSCORE = re.compile(r"_([a-z])")
_camel: dict[str, str] = {}
_CAMEL_REMEMBERED = 4096

to_json = write


def camel(key: str) -> str:
    """``message_id`` → ``messageId``."""
    try:
        return _camel[key]
    except KeyError:
        pass
    name = _UNDERSCORE.sub(lambda match: match[1].upper(), key)
    if len(_camel) < _CAMEL_REMEMBERED and len(key) <= MAX_ID:
        _camel[key] = name
    return name


def payload_of(item: Item) -> dict[str, Any] | None:
    """An event's ``data``: its fields, then the call's, then ``agent``. None: not for streams.

    Keys are in camelCase on the top level only, as the platform's SDK has them.
    """
    name, event, call = item.name, item.event, item.call
    if isinstance(event, UnknownEvent):
        return None
    data: dict[str, Any] = {"event": name}
    if name in _CALL_ONLY:
        pass
    elif name in _TURNS and isinstance(event, Turn):
        for field, key in _TURN_KEYS:
            value = getattr(event, field)
            if value is not None:
                data[key] = value
    else:
        raw = event.raw
        for key, value in raw.items():
            if key[:1] != "_":
                data[camel(key)] = value
        if name in _MADE_UP and raw.get("event") != name:
            for key, value in attrs.asdict(event, recurse=False).items():
                if value is not None:
                    data[camel(key)] = value
            data["event"] = name
        elif name == "llm.tool_call":
            data["event"] = NAMES[name]
    if call is not None and SIGNATURES.get(name) != ("event", "agent"):
        data.update(call_facts(call))
    if item.agent is not None:
        data["agentId"] = data["agent"] = item.agent.id
    return data


def call_facts(call: CallBase) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "callId": call.id,
        "from": call.from_,
        "to": call.to,
        "direction": call.direction,
        "transport": call.transport,
    }
    if call.duration:
        facts["duration"] = call.duration
    if call.reason:
        facts["reason"] = call.reason
    return facts


def block(name: str, data: bytes, id: str = "", retry: int = 0) -> bytes:
    """One server-sent event. ``data`` is one line of JSON; ``retry`` is in milliseconds."""
    text = b"event: %b\ndata: %b\n" % (name.encode(), data)
    if id:
        text += b"id: %b\n" % id.encode()
    if retry:
        text += b"retry: %d\n" % retry
    return text + b"\n"


@attrs.frozen
class ServerSentEvent:
    """One event read from a stream; ``id`` is the last one the stream named, up to this event."""

    event: str = "message"
    data: str = ""
    id: str = ""
    retry: int | None = None


class Parser:
    """Reads a stream of server-sent events in pieces of any size; CR, LF and CRLF end a line."""

    def __init__(self) -> None:
        self.last_id = ""
        self._rest = b""
        self._after_cr = False
        self._name = ""
        self._data: list[str] = []
        self._retry: int | None = None

    def feed(self, piece: bytes) -> list[ServerSentEvent]:
        """The events that ``piece`` completes."""
        if not piece:
            return []
        follows, self._after_cr = self._after_cr, piece[-1:] == b"\r"
        if follows and piece[:1] == b"\n":
            piece = piece[1:]
        *lines, self._rest = re.split(rb"\r\n|\r|\n", self._rest + piece)
        found = []
        for line in lines:
            event = self._line(line.decode("utf-8", "replace"))
            if event is not None:
                found.append(event)
        return found

    def _line(self, line: str) -> ServerSentEvent | None:
        if not line:
            return self._finish()
        key, _, value = line.partition(":")
        value = value[1:] if value[:1] == " " else value
        if key == "data":
            self._data.append(value)
        elif key == "event":
            self._name = value
        elif key == "id" and "\0" not in value:
            self.last_id = value
        elif key == "retry" and value.isascii() and value.isdigit():
            self._retry = int(value)
        return None

    def _finish(self) -> ServerSentEvent | None:
        name, data, retry = self._name, self._data, self._retry
        self._name, self._data, self._retry = "", [], None
        if not data:
            return None
        return ServerSentEvent(name or "message", "\n".join(data), self.last_id, retry)
