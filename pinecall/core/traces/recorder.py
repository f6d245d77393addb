"""The traces of a client: begun with each call, kept while there is room.

The engine passes on what it receives and sends, the lifecycle says where calls begin and end.
Nothing of this is there before ``pc.traces()``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from attrs import define, evolve

from ...errors import PinecallError
from ..text.jsontext import read, write
from ..text.showing import shows
from ..wire.limits import TRACE_ENTRIES, TRACE_SOUND, TRACE_TEXT, TRACES_TEXT
from . import errors, lines
from .call_trace import CallTraceBase, Redact
from .entry import frame_of
from .facts import End, Facts

__all__ = ["Recorder", "Sink", "Traces"]

T = TypeVar("T", bound=CallTraceBase)


class Sink(Protocol):
    """A file that traces are written to. Its methods raise OSError."""

    def write(self, line: str) -> None: ...

    def close(self) -> None:
        """Let the file go. A later line opens it for itself alone, until ``reopen()``."""
        ...

    def reopen(self) -> None: ...


class Call(Protocol):
    """What a trace takes from a call."""

    id: str
    from_: str
    to: str
    direction: str
    transport: str
    reason: str
    duration: float
    started_at: float
    ended_at: float

    @property
    def agent(self) -> Any: ...


class _Ids(msgspec.Struct):
    call_id: Any = None
    session_id: Any = None


_ids = msgspec.json.Decoder(_Ids).decode


@define(eq=False)
class _Kept(Generic[T]):
    """A trace that is kept. ``began`` is on the clock of the connection."""

    trace: T
    began: float
    live: bool = True


class Traces(Mapping[str, T]):
    """The traces of a client's calls by call id, the oldest first; it grows and changes with them.

    While a call goes on its trace is kept. Of those that have ended, the oldest go first.
    """

    def __init__(self, kept: dict[str, _Kept[T]], guard: AbstractContextManager[Any]) -> None:
        self._kept = kept
        self._guard = guard

    def __getitem__(self, call_id: str) -> T:
        return self._kept[call_id].trace

    def __iter__(self) -> Iterator[str]:
        with self._guard:
            return iter(list(self._kept))

    def __len__(self) -> int:
        return len(self._kept)

    @shows
    def __repr__(self) -> str:
        live = sum(kept.live for kept in list(self._kept.values()))
        return f"<{type(self).__name__}: {len(self)} calls, {live} of them go on>"


class Recorder(Generic[T]):
    """Makes the traces. Its owner holds ``guard`` around every method.

    make: makes a trace of its facts and the guard
    report: takes an error, and the id of its call
    """

    def __init__(
        self,
        make: Callable[[Facts, AbstractContextManager[Any]], T],
        guard: AbstractContextManager[Any],
        report: Callable[[PinecallError, str], None],
        *,
        keep: int = 100,
    ) -> None:
        self._make = make
        self._guard = guard
        self._report = report
        self._kept: dict[str, _Kept[T]] = {}
        #: Characters of all traces.
        self._size = 0
        #: The last frame of a call without a trace: it may be the one that begins it.
        self._before: tuple[str, str] | None = None
        self._told: set[str] = set()
        self.traces: Traces[T] = Traces(self._kept, guard)
        self.keep = keep
        self.redact: Redact | None = None
        #: The file that was given, and where lines go now: nowhere once that has failed.
        self.file: Sink | None = None
        self._sink: Sink | None = None

    # -- frames ---------------------------------------------------------------------------------

    def received(self, call_id: str, text: str, now: float) -> None:
        kept = self._kept.get(call_id)
        if kept is None:
            self._before = (call_id, text)
        else:
            self._add(kept, text, now, out=False)

    def sent(self, texts: list[str], now: float) -> None:
        for text in texts:
            ids = _ids(text)
            kept = self._kept.get(ids.call_id or ids.session_id or "")
            if kept is not None:
                self._add(kept, text, now, out=True)

    def _add(self, kept: _Kept[T], text: str, now: float, *, out: bool) -> None:
        trace = kept.trace
        if len(text) > TRACE_SOUND:
            text = _without_sound(text)
        if self.redact is not None:
            redacted = self._redacted(frame_of(text), trace.call_id)
            if redacted is None:
                return
            text = redacted
        if not self._has_room(trace, len(text)):
            return
        at = round(now - kept.began, 6)
        trace._add(at, out, text)
        self._size += len(text)
        if self._sink is not None:
            self._write(lines.entry_line(trace.call_id, at, out, text), trace.call_id)

    # -- calls ----------------------------------------------------------------------------------

    def begin(self, call: Call, now: float, epoch: float) -> None:
        """Begin the trace of a call; go on with it, where a line has handed the call over."""
        before, self._before = self._before, None
        kept = self._kept.get(call.id)
        again = kept is not None
        if kept is None:
            # With redact, numbers are known only from the frames that it has seen.
            numbers = {} if self.redact is not None else {"from_": call.from_, "to": call.to}
            facts = Facts(
                call_id=call.id,
                agent_id=call.agent.id,
                direction=call.direction,
                transport=call.transport if call.transport != "unknown" else "",
                began=epoch,
                **numbers,
            )
            kept = self._kept[call.id] = _Kept(self._make(facts, self._guard), now)
            self._trim(self.keep)
        else:
            kept.live, kept.trace._end = True, None
            kept.trace._facts = evolve(kept.trace._facts, agent_id=call.agent.id)
        if self._sink is not None:
            self._write(lines.head_line(kept.trace._facts, again=again), call.id)
        if before is not None and before[0] == call.id and not again:
            self._add(kept, before[1], now, out=False)

    def end(self, call: Call, now: float) -> None:
        """Note the end of a call; its trace may go once there are too many."""
        kept = self._kept.get(call.id)
        if kept is None:
            return
        kept.live = False
        kept.trace._end = end = End(
            at=round(now - kept.began, 6),
            reason=call.reason,
            started_at=call.started_at,
            ended_at=call.ended_at,
            duration=call.duration,
        )
        if self._sink is not None:
            self._write(lines.end_line(call.id, end), call.id)
        self._trim(self.keep)

    def failed(self, call_id: str, error: PinecallError, now: float) -> None:
        """Note an error that was reported of a call."""
        kept = self._kept.get(call_id)
        if kept is None:
            return
        if self.redact is not None:
            data = {"event": "error", **errors.as_data(error)}
            text = self._redacted(data, call_id)
            if text is None:
                return
            error = errors.from_data(read(text))
        at = max(0.0, round(now - kept.began, 6))
        kept.trace._errors.append((at, error))
        if self._sink is not None:
            self._write(lines.error_line(call_id, at, error), call_id)

    # -- what is kept ---------------------------------------------------------------------------

    def redact_with(self, redact: Redact) -> None:
        """Redact what is kept already, and what comes."""
        self.redact = redact
        for kept in self._kept.values():
            trace = kept.trace
            self._size -= trace._size
            trace._redact(self._redacted)
            self._size += trace._size

    def _has_room(self, trace: T, size: int) -> bool:
        if trace._size + size > TRACE_TEXT or len(trace._ways) >= TRACE_ENTRIES:
            self._once(
                f"full {trace.call_id}",
                f"the trace of call {trace.call_id} is full: what else happens in it is left out",
                "TRACE_FULL",
                trace.call_id,
            )
            return False
        if self._size + size > TRACES_TEXT:
            self._trim(0, self._size + size - TRACES_TEXT)
            if self._size + size > TRACES_TEXT:
                self._once(
                    "all full",
                    "the traces of the live calls are full: what else happens in them is left out; "
                    "pc.traces(redact=…) may leave out frames like audio.metrics",
                    "TRACE_FULL",
                    trace.call_id,
                )
                return False
            # A late frame of an ended call may have made room of its own trace.
            return trace.call_id in self._kept
        return True

    def _trim(self, keep: int, size: int = 0) -> None:
        """Forget the oldest traces of ended calls, until ``keep`` are left, or ``size`` is freed."""
        until = self._size - size
        for call_id, kept in list(self._kept.items()):
            if len(self._kept) <= keep or (size and self._size <= until):
                return
            if not kept.live:
                del self._kept[call_id]
                self._size -= kept.trace._size
                self._told.discard(f"full {call_id}")

    def _redacted(self, frame: dict[str, Any], call_id: str) -> str | None:
        """Return the text of a frame, as ``redact`` leaves it; None to leave it out."""
        assert self.redact is not None
        try:
            changed: Any = self.redact(frame)
            if changed is None:
                return None
            if not isinstance(changed, dict):
                raise TypeError(f"it returned {type(changed).__name__}, not a dict or None")
            return write(changed).decode()
        except KeyboardInterrupt:
            raise
        except BaseException as exc:
            # Its text may hold what was to be redacted.
            self._once(
                "redact",
                f"pc.traces(redact=…): {type(exc).__name__} for {frame.get('event')!r:.80}; it is left "
                "out of the trace, and so is every frame that redact fails for",
                "REDACT_FAILED",
                call_id,
            )
            return None

    # -- the file -------------------------------------------------------------------------------

    def write_to(self, file: Sink) -> None:
        """Write what is kept already to a file, and what comes."""
        self.file = self._sink = file
        for kept in list(self._kept.values()):
            for line in lines.lines_of(kept.trace):
                if self._sink is not None:
                    self._write(line, kept.trace.call_id)

    def close(self) -> None:
        """Let the file go: the link is closed."""
        if self._sink is not None:
            self._sink.close()

    def reopen(self) -> None:
        """Keep the file open again: there is to be another link."""
        if self._sink is not None:
            self._sink.reopen()

    def _write(self, line: str, call_id: str) -> None:
        sink = self._sink
        assert sink is not None
        try:
            sink.write(line)
        except OSError as exc:
            self._sink = None
            sink.close()
            self._once(
                "file",
                f"pc.traces(path=…): the traces can no longer be written: {exc}; the calls go on, and so "
                "do their traces in memory",
                "TRACE_NOT_WRITTEN",
                call_id,
            )

    def _once(self, kind: str, message: str, code: str, call_id: str) -> None:
        if kind not in self._told:
            self._told.add(kind)
            self._report(PinecallError(message, code, call_id=call_id), call_id)


def _without_sound(text: str) -> str:
    """Return a long frame without its audio: a recording is no part of what happened."""
    frame = frame_of(text)
    return text if frame.pop("audio", None) is None else write(frame).decode()
