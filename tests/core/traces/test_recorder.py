"""Traces of running calls: what is kept, for how long, and what goes to the file."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from pinecall.core.traces import recorder as module
from pinecall.core.traces.call_trace import CallTraceBase
from pinecall.core.traces.lines import read_lines
from pinecall.core.traces.recorder import Recorder
from pinecall.errors import PinecallError


class Agent:
    id = "mara"


class Call:
    """What a recorder asks of a call."""

    def __init__(self, call_id: str = "CA1", transport: str = "phone") -> None:
        self.id = call_id
        self.agent: Any = Agent()
        self.from_, self.to = "+34607827824", "+13186330963"
        self.direction, self.transport = "inbound", transport
        self.reason, self.duration, self.started_at, self.ended_at = "hangup", 7.5, 100.0, 107.5


class File:
    """A file in memory, on a disk that may be full."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.full = False
        self.open = True

    def write(self, line: str) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        self.lines.append(line)

    def close(self) -> None:
        self.open = False

    def reopen(self) -> None:
        self.open = True

    def read(self) -> list[CallTraceBase]:
        return read_lines("".join(self.lines).encode(), "x", CallTraceBase)


class World:
    def __init__(self, keep: int = 100) -> None:
        self.told: list[PinecallError] = []
        self.recorder = Recorder(CallTraceBase, threading.RLock(), self.report, keep=keep)

    def report(self, error: PinecallError, call_id: str) -> None:
        self.told.append(error)
        self.recorder.failed(call_id, error, 50.0)

    def begin(self, call_id: str = "CA1", now: float = 10.0) -> CallTraceBase:
        self.recorder.begin(Call(call_id), now, 1000.0)
        return self.recorder.traces[call_id]

    def hear(self, event: str, now: float = 11.0, call_id: str = "CA1", **fields: Any) -> None:
        frame = {"event": event, "call_id": call_id, **fields}
        self.recorder.received(call_id, json.dumps(frame), now)

    def say(self, now: float, **frame: Any) -> None:
        self.recorder.sent([json.dumps(frame)], now)


def names(trace: CallTraceBase) -> list[str]:
    return [entry.name for entry in trace.entries]


def test_a_call() -> None:
    """The frame that begins a call is its first; later ones follow with their times and ways."""
    world = World()
    world.hear("call.started", 10.0, **{"from": "+1"})
    trace = world.begin()
    world.hear("user.message", 11.25, text="Hi")
    world.say(11.5, event="bot.reply", call_id="CA1")
    world.say(11.5, event="session.configure", session_id="CA1")
    world.say(11.5, event="ping")
    assert [(e.at, e.way, e.name) for e in trace.entries] == [
        (0.0, "in", "call.started"),
        (1.25, "in", "user.message"),
        (1.5, "out", "bot.reply"),
        (1.5, "out", "session.configure"),
    ]
    assert (trace.agent_id, trace.from_, trace.started_at) == ("mara", "+1", 1000.0)


def test_a_call_that_is_there() -> None:
    """A trace that begins later has what the call knows, and no frame of another one."""
    world = World()
    world.hear("call.started", call_id="other")
    trace = world.begin()
    assert (trace.entries, trace.from_, trace.to) == ((), "+34607827824", "+13186330963")
    world.recorder.begin(Call("CA2", transport="unknown"), 10.0, 0.0)
    assert world.recorder.traces["CA2"].transport == "unknown"


def test_the_end() -> None:
    """The end has the call's own figures; the trace stays."""
    world = World()
    trace = world.begin()
    world.recorder.end(Call(), 17.0)
    assert (trace.reason, trace.duration, trace.started_at) == ("hangup", 7.5, 100.0)
    assert world.recorder.traces["CA1"] is trace
    world.recorder.end(Call("unknown"), 17.0)


def test_a_line_that_hands_over() -> None:
    """A call that a line hands to an agent stays one trace, which is the agent's then."""
    world, file = World(), File()
    world.recorder.write_to(file)
    trace = world.begin()
    world.recorder.end(Call(), 12.0)
    agents = Call()
    agents.agent = type("Ventas", (), {"id": "ventas"})()
    world.hear("call.started", 13.0)
    world.recorder.begin(agents, 13.0, 1003.0)
    assert (trace.agent_id, trace.reason, names(trace)) == ("ventas", "", ["call.started"])
    [again] = file.read()
    assert (again.agent_id, again.reason, names(again)) == ("ventas", "", ["call.started"])


def test_how_many_are_kept() -> None:
    """Of the ended ones the oldest go first; a live call keeps its trace."""
    world = World(keep=2)
    for number in range(4):
        world.begin(f"CA{number}")
    assert list(world.recorder.traces) == ["CA0", "CA1", "CA2", "CA3"]
    for number in (2, 0, 3):
        world.recorder.end(Call(f"CA{number}"), 20.0)
    assert list(world.recorder.traces) == ["CA1", "CA3"]
    world.begin("CA4")
    assert list(world.recorder.traces) == ["CA1", "CA4"]
    assert len(world.recorder.traces) == 2
    assert repr(world.recorder.traces) == "<Traces: 2 calls, 2 of them go on>"


def test_a_trace_that_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call with too many frames, or too long ones, is told of once; what fitted stays."""
    monkeypatch.setattr(module, "TRACE_ENTRIES", 2)
    world = World(keep=1)
    trace = world.begin()
    for _ in range(4):
        world.hear("bot.word")
    assert (len(trace.entries), [error.code for error in world.told]) == (2, ["TRACE_FULL"])
    assert trace.errors == tuple(world.told)
    monkeypatch.setattr(module, "TRACE_TEXT", 100)
    world.begin("CA2")
    world.hear("bot.word", call_id="CA2", word="x" * 100)
    assert [error.call_id for error in world.told] == ["CA1", "CA2"]
    world.recorder.end(Call(), 20.0)
    assert list(world.recorder.traces) == ["CA2"]


def test_all_traces_that_are_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """For new frames the traces of ended calls go; without any, frames are left out, told once."""
    monkeypatch.setattr(module, "TRACES_TEXT", 250)
    world = World()
    for call_id in ("CA1", "CA2", "CA3"):
        world.begin(call_id)
        world.hear("bot.word", call_id=call_id, word="x" * 20)
    world.recorder.end(Call("CA1"), 20.0)
    world.recorder.end(Call("CA2"), 20.0)
    world.hear("bot.word", call_id="CA3", word="y" * 20)
    assert (list(world.recorder.traces), world.told) == (["CA2", "CA3"], [])
    for _ in range(4):
        world.hear("bot.word", call_id="CA3", word="z" * 20)
    assert list(world.recorder.traces) == ["CA3"]
    assert [error.code for error in world.told] == ["TRACE_FULL"]
    assert len(world.recorder.traces["CA3"].entries) == 3


def test_a_late_frame_that_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame of an ended call does not stay behind when its own trace has gone."""
    monkeypatch.setattr(module, "TRACES_TEXT", 100)
    world = World()
    world.begin()
    world.hear("bot.word", word="x" * 20)
    world.recorder.end(Call(), 20.0)
    world.hear("memory.ops", ops="y" * 20)
    assert (dict(world.recorder.traces), world.recorder._size) == ({}, 0)


def test_recordings() -> None:
    """The sound of a recording is left out; other long frames are whole."""
    world = World()
    trace = world.begin()
    world.hear("call.recording", audio="A" * 70_000, format="wav")
    world.hear("history.data", messages="A" * 70_000)
    recording, history = trace.entries
    assert recording.frame == {"event": "call.recording", "call_id": "CA1", "format": "wav"}
    assert len(history.frame["messages"]) == 70_000


def test_errors() -> None:
    """What was reported of a call is in its trace, and of another call in none."""
    world, file = World(), File()
    world.recorder.write_to(file)
    trace = world.begin()
    error = PinecallError("no", "HANDLER_ERROR", call_id="CA1")
    world.recorder.failed("CA1", error, 12.0)
    world.recorder.failed("CA2", error, 12.0)
    assert trace.errors == (error,)
    assert [one.message for one in file.read()[0].errors] == ["no"]


def test_redact() -> None:
    """redact changes what is kept and written, leaves out, and sees errors; numbers stay away."""
    seen: list[str] = []

    def redact(frame: dict[str, Any]) -> dict[str, Any] | None:
        seen.append(frame["event"])
        if frame["event"] == "user.speaking" or frame.get("message") == "private":
            return None
        return {key: "***" if key in ("from", "text", "message") else frame[key] for key in frame}

    world, file = World(), File()
    world.recorder.redact_with(redact)
    world.recorder.write_to(file)
    world.hear("call.started", 10.0, **{"from": "+34607827824"})
    trace = world.begin()
    world.hear("user.speaking", text="my name")
    world.hear("user.message", text="my name is Ana")
    for message in ("Ana raised", "private"):
        world.recorder.failed("CA1", PinecallError(message, call_id="CA1"), 12.0)
    assert (trace.from_, trace.to, names(trace)) == ("***", "", ["call.started", "user.message"])
    assert [error.message for error in trace.errors] == ["***"]
    written = "".join(file.lines)
    assert not any(word in written for word in ("Ana", "my name", "+34607827824", "+13186330963"))
    assert seen == ["call.started", "user.speaking", "user.message", "error", "error"]


def test_redact_later() -> None:
    """What was kept before is redacted too."""
    world = World()
    trace = world.begin()
    world.hear("user.message", text="my name is Ana")
    world.recorder.redact_with(lambda frame: {**frame, "text": "***"})
    assert trace.entries[0].frame["text"] == "***"
    assert (trace.from_, world.recorder._size) == ("", trace._size)


@pytest.mark.parametrize("wrong", ["raises", "text", "object", "leaves"])
def test_redact_that_fails(wrong: str) -> None:
    """A frame that redact fails for is left out; that is told once, without the frame's words."""

    def redact(frame: dict[str, Any]) -> Any:
        if wrong == "leaves":
            raise SystemExit("Ana")
        if wrong == "raises":
            raise ValueError("Ana")
        return "Ana" if wrong == "text" else {"event": "x", "text": ["Ana", object()]}

    world = World()
    trace = world.begin()
    world.recorder.redact_with(redact)
    for _ in range(3):
        world.hear("user.message", text="Ana")
    [error] = world.told
    assert (error.code, trace.entries, trace.errors) == ("REDACT_FAILED", (), ())
    assert "'user.message'" in error.message and "Ana" not in error.message


def test_redact_and_ctrl_c() -> None:
    """A Ctrl-C inside redact is the program's."""

    def redact(frame: dict[str, Any]) -> None:
        raise KeyboardInterrupt

    world = World()
    world.begin()
    world.recorder.redact_with(redact)
    with pytest.raises(KeyboardInterrupt):
        world.hear("user.message")


def test_the_file() -> None:
    """Each thing that happens is written when it happens; what was kept before comes first."""
    world, file = World(), File()
    world.begin()
    world.hear("user.message", text="Hi")
    world.recorder.write_to(file)
    assert len(file.lines) == 2
    world.say(12.0, event="bot.reply", call_id="CA1")
    assert len(file.lines) == 3
    world.recorder.end(Call(), 17.0)
    [again] = file.read()
    assert (names(again), again.reason) == (["user.message", "bot.reply"], "hangup")
    world.recorder.close()
    assert not file.open
    world.recorder.reopen()
    assert file.open


def test_a_full_disk() -> None:
    """A file that cannot be written is told of once and let go; the trace goes on."""
    world, file = World(), File()
    trace = world.begin()
    world.hear("user.message")
    file.full = True
    world.recorder.write_to(file)
    world.hear("user.message")
    world.recorder.end(Call(), 17.0)
    [error] = world.told
    assert (error.code, error.call_id, file.open) == ("TRACE_NOT_WRITTEN", "CA1", False)
    assert "No space left on device" in error.message
    assert (len(trace.entries), trace.reason, file.lines) == (2, "hangup", [])
    world.recorder.close()
    world.recorder.reopen()
    assert world.recorder.file is file
