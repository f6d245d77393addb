"""What every event has: its frame."""

from __future__ import annotations

from typing import Any, ClassVar

import attrs
import msgspec
from attrs import frozen

from ..core.text.by_value import ByValue


class Event(ByValue):
    """One frame from the server.

    ``raw`` is the whole frame as a dict, with the fields this class does not name; it is decoded on
    first use. ``seq`` (int) and ``ts`` (epoch seconds) are the server's stamps, where it sent them.
    Two events are equal if they are of one class and their fields are.
    """

    __slots__ = ("_raw", "_text")

    EVENT: ClassVar[str] = ""

    _raw: dict[str, Any]
    _text: str

    @property
    def raw(self) -> dict[str, Any]:
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
        return self.raw.get("seq")

    @property
    def ts(self) -> float | None:
        return self.raw.get("ts")

    # Written once, as ByValue is, for the same reason.
    def __repr__(self) -> str:
        shown = (f for f in attrs.fields(type(self)) if f.repr)  # type: ignore[arg-type]
        values = ", ".join(f"{f.name}={getattr(self, f.name, None)!r}" for f in shown)
        return f"{type(self).__name__}({values})"

    def _from_fields(self) -> dict[str, Any]:
        # An event built by hand (a user's test) has no frame: its fields stand in for one.
        fields = attrs.asdict(self, recurse=False)  # type: ignore[arg-type]
        set_fields = {key.rstrip("_"): value for key, value in fields.items() if value is not None}
        return {"event": self.EVENT, **set_fields}


# The slots' own setters pass by the frozen classes' __setattr__, at a third of its cost.
set_raw = Event.__dict__["_raw"].__set__
set_text = Event.__dict__["_text"].__set__


@frozen(kw_only=True, eq=False, repr=False)
class UnknownEvent(Event):
    """An event this SDK does not know, or one whose fields were not of the announced types.

    name: its own name on the wire
    problem: what was wrong with a known event's fields; empty for a new event
    """

    name: str
    agent_id: str | None = None
    call_id: str | None = None
    problem: str = ""

    def _from_fields(self) -> dict[str, Any]:
        return {"event": self.name}
