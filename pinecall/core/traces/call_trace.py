"""The trace of one call: its frames as they passed, and what they tell."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from attrs import evolve

from ...errors import PinecallError
from ..text.showing import shows
from .entry import TraceEntry, Way, frame_of
from .facts import End, Facts
from .reading import Reading
from .rows import rows_of
from .tools import TraceTool
from .transcript import transcript_of
from .turns import TraceTurn

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["CallTraceBase", "Redact"]

#: Changes a frame before it is kept; None leaves it out.
Redact = Callable[[dict[str, Any]], "dict[str, Any] | None"]


class CallTraceBase:
    """What happened in one call: the frames that passed, and what they say of it.

    While the call goes on, it grows; read it as often as you like. Times are seconds since the call
    began (since ``pc.traces()``, if the call was there before), on the clock of the connection.
    """

    __slots__ = (
        "_ats",
        "_end",
        "_errors",
        "_facts",
        "_guard",
        "_kept",
        "_reading",
        "_size",
        "_ways",
    )

    def __init__(self, facts: Facts, guard: AbstractContextManager[Any] | None = None) -> None:
        """``guard`` is held while it is read, if another thread may write to it."""
        self._facts = facts
        self._guard: AbstractContextManager[Any] = nullcontext() if guard is None else guard
        #: Each frame: its text, or its entry once that was asked for.
        self._kept: list[str | TraceEntry] = []
        self._ats = array("d")
        self._ways = bytearray()
        #: Characters of the texts.
        self._size = 0
        self._errors: list[tuple[float, PinecallError]] = []
        self._end: End | None = None
        #: Made when somebody reads: most traces are only kept.
        self._reading: Reading | None = None

    @classmethod
    def _of(
        cls,
        facts: Facts,
        entries: Iterable[TraceEntry],
        errors: Iterable[tuple[float, PinecallError]] = (),
        end: End | None = None,
    ) -> Self:
        """Return a trace made of what is known; several threads may read it."""
        trace = cls(facts)
        for entry in entries:
            trace._kept.append(entry)
            trace._ats.append(entry.at)
            trace._ways.append(entry.way == "out")
        trace._errors.extend(errors)
        trace._end = end
        trace._read()
        return trace

    # -- writing --------------------------------------------------------------------------------

    def _add(self, at: float, out: bool, text: str) -> None:
        """Add a frame. It is read when somebody asks for it."""
        self._kept.append(text)
        self._ats.append(at)
        self._ways.append(out)
        self._size += len(text)

    def _redact(self, redacted: Callable[[dict[str, Any], str], str | None]) -> None:
        """Change what is kept so far: ``redacted(frame, call_id)`` is the new text, if any."""
        with self._guard:
            before = list(self.entries)
            self._kept, self._ats, self._ways = [], array("d"), bytearray()
            self._size, self._reading = 0, None
            for entry in before:
                text = redacted(entry.frame, self.call_id)
                if text is not None:
                    self._add(entry.at, entry.way == "out", text)
            self._facts = evolve(self._facts, from_="", to="")

    # -- the call -------------------------------------------------------------------------------

    @property
    def call_id(self) -> str:
        """The call's id."""
        return self._facts.call_id

    @property
    def agent_id(self) -> str:
        """The id of its agent, or of its line."""
        return self._facts.agent_id or self._told("agent_id", "")

    @property
    def from_(self) -> str:
        """The caller: a number, a SIP URI, or ``webrtc`` or ``chat``."""
        return self._told("from", self._facts.from_)

    @property
    def to(self) -> str:
        """The number or agent that was called."""
        return self._told("to", self._facts.to)

    @property
    def direction(self) -> str:
        """``inbound`` or ``outbound``."""
        return self._told("direction", self._facts.direction or "inbound")

    @property
    def transport(self) -> str:
        """``phone``, ``webrtc``, ``chat``, ``whatsapp`` or ``unknown``."""
        return self._told("transport", self._facts.transport or "unknown")

    @property
    def started_at(self) -> float:
        """Epoch seconds: the platform's, or this machine's until the call ends; 0 if unknown."""
        ends = [end.started_at for end in self._ends() if end.started_at]
        return ends[0] if ends else self._facts.began

    @property
    def ended_at(self) -> float:
        """Epoch seconds: the platform's, else reckoned from ``started_at``; 0 until the end."""
        ends = [end.ended_at for end in self._ends() if end.ended_at]
        if ends:
            return ends[0]
        begun = self.started_at
        return begun + self.duration if begun and self._ends() else 0.0

    @property
    def duration(self) -> float:
        """Seconds: the platform's, else by this machine's clock; 0 until the end."""
        ends = self._ends()
        return next((end.duration for end in ends if end.duration), ends[0].at if ends else 0.0)

    @property
    def reason(self) -> str:
        """Why the call ended, like ``hangup``; empty until then."""
        return next((end.reason for end in self._ends() if end.reason), "")

    # -- what happened --------------------------------------------------------------------------

    @property
    def entries(self) -> tuple[TraceEntry, ...]:
        """The frames so far, in the order in which they passed."""
        return tuple(self._entry(place) for place in range(len(self._ways)))

    @property
    def turns(self) -> tuple[TraceTurn, ...]:
        """What the caller said and what the agent said to it, by turns: see :class:`TraceTurn`."""
        with self._guard:
            ends = self._ends()
            return self._read().turns(ends[0].at if ends else None)

    @property
    def tools(self) -> tuple[TraceTool, ...]:
        """The tool calls, in their order: see :class:`TraceTool`."""
        with self._guard:
            return self._read().tools()

    @property
    def errors(self) -> tuple[PinecallError, ...]:
        """What ``error`` reported of this call. In a loaded trace: its class, text and ids."""
        return tuple(error for _, error in list(self._errors))

    def transcript(self) -> str:
        """Return the conversation as a person reads it: a line for each turn of caller and agent,
        with the tools in between, the waits, and what went wrong."""
        ends = self._ends()
        end = (ends[0].at, self.reason) if ends else None
        title = (
            f"call {self.call_id} of {self.agent_id or 'an unknown agent'}: {self.direction} "
            f"{self.transport}, {self.from_ or '?'} → {self.to or '?'}"
        )
        return transcript_of(title, self.turns, self.tools, list(self._errors), end)

    def rows(self) -> list[dict[str, Any]]:
        """Return a flat dict for each turn, for pandas or polars: all with the same keys.

        ``wait_…`` are the parts of ``wait``; ``tools`` are names, separated by commas.
        """
        call = {
            "call_id": self.call_id,
            "agent_id": self.agent_id,
            "transport": self.transport,
            "direction": self.direction,
            "started_at": self.started_at,
        }
        return rows_of(call, self.turns)

    @shows
    def __repr__(self) -> str:
        ends = self._ends()
        length = self.duration if ends else (self._ats[-1] if self._ats else 0.0)
        how = f"{self.reason or 'ended'}" if ends else "goes on"
        text = (
            f"<{type(self).__name__} {self.call_id} of {self.agent_id!r}: {len(self._ways)} "
            f"entries, {length:.1f} s, {how}>"
        )
        return " ".join(text.split())

    # -- reading --------------------------------------------------------------------------------

    def _entry(self, place: int) -> TraceEntry:
        kept = self._kept[place]
        if isinstance(kept, str):
            frame = frame_of(kept)
            way: Way = "out" if self._ways[place] else "in"
            kept = TraceEntry(self._ats[place], way, str(frame.get("event", "")), frame)
            self._kept[place] = kept
        return kept

    def _read(self) -> Reading:
        """Return the reading of all that has passed."""
        with self._guard:
            reading = self._reading = self._reading or Reading()
            while reading.count < len(self._ways):
                reading.take(self._entry(reading.count))
            return reading

    def _told(self, what: str, otherwise: str) -> str:
        return self._read().told.texts.get(what) or otherwise

    def _ends(self) -> list[End]:
        """Return what is known of the end: by the client, then by the frames."""
        told = self._read().told.end
        return [end for end in (self._end, told) if end is not None]
