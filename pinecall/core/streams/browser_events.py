"""Events in the form for browsers: the names and keys of the platform's TypeScript SDK."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

from ...events import Turn, UnknownEvent
from ..wire.limits import MAX_ID
from ..wire.names import SIGNATURES

if TYPE_CHECKING:
    from ...events import Item
    from ..calls.call import CallBase

__all__ = ["NAMES", "call_facts", "camel", "payload_of"]

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

# The call itself is their data: their frames hold the whole history and the metadata.
_CALL_ONLY = frozenset({"call.started", "call.ended", "chat.started"})
# Derived from another frame: the event's own fields are the data, under the event's own name.
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


def camel(key: str) -> str:
    """Convert ``message_id`` to ``messageId``."""
    try:
        return _camel[key]
    except KeyError:
        pass
    name = _UNDERSCORE.sub(lambda match: match[1].upper(), key)
    if len(_camel) < _CAMEL_REMEMBERED and len(key) <= MAX_ID:
        _camel[key] = name
    return name


def payload_of(item: Item) -> dict[str, Any] | None:
    """Return an event's ``data``: its fields, the call's, and ``agent``. None: not for streams.

    Only the top level's keys are in camelCase, as in the platform's SDK.
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
