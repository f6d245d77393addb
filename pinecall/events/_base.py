"""The base of all events: the frame they came in."""

from __future__ import annotations

from typing import Any, ClassVar

import attrs
import msgspec
from attrs import frozen

from ..core.text.by_value import ByValue


class Event(ByValue):
    """One frame from the server, or an event that the SDK makes.

    ``EVENT`` is the name on the wire. Two events are equal if they are of one class and their fields
    are equal. Many events have these fields:

    agent_id: the agent's id as the server writes it: plain, ``org:slug``, a slug or
        ``line:<number>``; empty or None where the server names none
    call_id: id of the call, the chat or the WhatsApp session
    session_id: the same id, under the name that some frames have for it
    message_id: id of a message of the caller's or of the agent's
    turn_id: number of the caller's turn on the call, from 1; 0 for none
    """

    __slots__ = ("_raw", "_text")

    EVENT: ClassVar[str] = ""

    _raw: dict[str, Any]
    _text: str

    @property
    def raw(self) -> dict[str, Any]:
        """The whole frame, with the fields that the class does not name; decoded on first use.

        An event that was made by hand has its fields instead.
        """
        try:
            return self._raw
        except AttributeError:
            pass
        try:
            raw: dict[str, Any] = msgspec.json.decode(self._text)
        except AttributeError:
            raw = self._from_fields()
        set_raw(self, raw)
        return raw

    @property
    def seq(self) -> int | None:
        """The server's number of the frame, where it sent one."""
        return self.raw.get("seq")

    @property
    def ts(self) -> float | None:
        """When the server sent the frame, in epoch seconds, where it says so."""
        return self.raw.get("ts")

    # Written once, as ByValue is, for the same reason.
    def __repr__(self) -> str:
        shown = (f for f in attrs.fields(type(self)) if f.repr)  # type: ignore[arg-type]
        values = ", ".join(f"{f.name}={getattr(self, f.name, None)!r}" for f in shown)
        return f"{type(self).__name__}({values})"

    def _from_fields(self) -> dict[str, Any]:
        # An event that was made by hand (in a user's test) has no frame.
        fields = attrs.asdict(self, recurse=False)  # type: ignore[arg-type]
        set_fields = {key.rstrip("_"): value for key, value in fields.items() if value is not None}
        return {"event": self.EVENT, **set_fields}


# The slots' own setters pass by the frozen classes' __setattr__, at a third of its cost.
set_raw = Event.__dict__["_raw"].__set__
set_text = Event.__dict__["_text"].__set__


@frozen(kw_only=True, eq=False, repr=False)
class UnknownEvent(Event):
    """An event that this SDK does not know, or a known one with a field of the wrong type.

    name: its name on the wire
    problem: what is wrong with a known event's fields; empty for an unknown event
    """

    name: str
    agent_id: str | None = None
    call_id: str | None = None
    problem: str = ""

    def _from_fields(self) -> dict[str, Any]:
        return {"event": self.name}
