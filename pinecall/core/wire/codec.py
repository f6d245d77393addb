"""Conversion of text to events and of frames to text.

Reading is tolerant: unknown keys stay in ``raw``, an unknown event is an :class:`UnknownEvent`, a
``null`` reads as an absent key, and a field of the wrong type turns the event into an
``UnknownEvent`` that names the field. Only a message that is not a valid frame is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import attrs
import msgspec

from ...errors import ConfigurationError
from ...events import EVENTS, Event, UnknownEvent
from ...events._base import set_raw, set_text
from ..text.jsontext import mend, write
from ..text.secrets import clean_start

__all__ = ["Malformed", "decode", "encode", "encode_value", "preview", "salvage"]

Frame = dict[str, Any]

_PREFIXES = ('{"event":"', '{"event": "')
_KEYWORDS = {"from": "from_"}
#: Some servers send a browser's event names to the sender of ``llm.chat``.
_SAME = {
    f"chat.{what}": f"llm.chat.{what}"
    for what in ("token", "tool_call", "tool_result", "done", "error")
}


class Malformed(ValueError):
    """A message that is not a valid frame: not JSON, not an object, or without an ``event``."""


class NotJson(Malformed):
    """A message that is not JSON; a tolerant reader may still be able to read it."""


class _Head(msgspec.Struct):
    event: str


_head = msgspec.json.Decoder(_Head)
_decoders: dict[str, Callable[[str], Event]] = {}


def encode(frame: Frame) -> str:
    """Return compact JSON; raise ConfigurationError, naming the event, if it cannot be JSON."""
    try:
        return write(frame).decode()
    except (TypeError, ValueError, RecursionError) as exc:
        raise ConfigurationError(
            f"{frame.get('event')}: cannot be written as JSON: {exc}", call_id=frame.get("call_id")
        ) from None


def encode_value(value: Any) -> str:
    return value if isinstance(value, str) else write(value).decode()


def event_name(text: str) -> str:
    """Return the ``event`` of a frame; costs almost nothing if it is the first key."""
    if text.startswith(_PREFIXES):
        start = text.find('"', 8) + 1
        end = text.find('"', start)
        name = text[start:end]
        if end > start and "\\" not in name:
            return name
    try:
        return _head.decode(text).event
    except msgspec.ValidationError as exc:
        raise Malformed(_not_a_frame(text, exc)) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as exc:
        raise NotJson(f"not JSON: {exc}") from None


def _not_a_frame(text: str, exc: Exception) -> str:
    if text.lstrip()[:1] != "{":
        return "JSON, but not an object"
    return f"an object without a usable 'event' ({exc})"


def decode(text: str, mended: Callable[[Event], None] | None = None) -> Event:
    """Return the event in ``text``; raise only :class:`Malformed`, if it is not a valid frame.

    Text that is almost JSON is mended (see :mod:`pinecall.core.text.jsontext`), and ``mended`` is
    called with the event.
    """
    try:
        return _decode(text)
    except NotJson:
        better = mend(text)
        if better is None:
            raise
    event = _decode(better)
    if mended is not None:
        mended(event)
    return event


def _decode(text: str) -> Event:
    name = event_name(text)
    read = _decoders.get(name)
    if read is None:
        known = _SAME.get(name, name)
        if known in EVENTS:
            read = _decoders[name] = _reader(known)
        else:
            read = _unknown  # not cached: a server can send unlimited names
    try:
        event = read(text)
    except msgspec.ValidationError as exc:
        return _not_as_announced(name, text, exc)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as exc:
        raise NotJson(f"{name}: not JSON: {exc}") from None
    set_text(event, text)
    return event


def _reader(name: str) -> Callable[[str], Event]:
    cls = EVENTS[name]
    names = {field.name for field in attrs.fields(cls)}  # type: ignore[arg-type]
    if not names.isdisjoint(_KEYWORDS.values()):
        return lambda text: _from_dict(msgspec.json.decode(text, type=dict[str, Any]), cls)
    return msgspec.json.Decoder(cls).decode


def _from_dict(raw: Frame, cls: type[Event]) -> Event:
    return msgspec.convert({_KEYWORDS.get(key, key): value for key, value in raw.items()}, cls)


def _unknown(text: str) -> Event:
    raw = msgspec.json.decode(text, type=dict[str, Any])
    agent_id, call_id = raw.get("agent_id"), raw.get("call_id")
    return UnknownEvent(
        name=str(raw["event"]),
        agent_id=agent_id if isinstance(agent_id, str) else None,
        call_id=call_id if isinstance(call_id, str) else None,
    )


def _not_as_announced(name: str, text: str, exc: Exception) -> Event:
    try:
        raw = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError, RecursionError) as broken:
        raise NotJson(f"{name}: not JSON: {broken}") from None
    present = {key: value for key, value in raw.items() if value is not None}
    event: Event
    try:
        event = _from_dict(present, EVENTS[_SAME.get(name, name)])
    except msgspec.ValidationError as still:
        problem = str(still)
        unknown = _unknown(text)
        event = attrs.evolve(unknown, problem=problem)  # type: ignore[misc]
    set_text(event, text)
    return event


def salvage(event: UnknownEvent) -> Event:
    """Return an event with invalid fields without them, for what it still says.

    Only for the state: a call that ended with a garbled duration has ended all the same.
    """
    raw = {key: value for key, value in event.raw.items() if value is not None}
    cls = EVENTS[event.name]
    while True:
        try:
            good = _from_dict(raw, cls)
        except msgspec.ValidationError as exc:
            match = re.search(r"`\$\.(\w+)", str(exc))
            # The problem names Python's field; the frame has the wire's name, or (wrongly)
            # Python's.
            wrong = {match[1], match[1].rstrip("_")} & raw.keys() if match else set()
            if not wrong:
                good = cls()
                break
            for key in wrong:
                del raw[key]
        else:
            break
    set_raw(good, event.raw)
    return good


def preview(text: str, limit: int = 120) -> str:
    """Return a short piece of a received text, without secrets, for an error."""
    return clean_start(text, limit)
