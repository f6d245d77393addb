"""Traces of calls and their files, on both fronts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import pinecall
import pinecall_sync
from pinecall import CallTrace, ConfigurationError, latency
from pinecall._shared.traces import TraceFile
from pinecall.traces import TraceEntry

from .driving import Front
from .log import Log
from .server import KEY, Server, said


def talked(front: Front, server: Server, pc: Any) -> Any:
    """A call in which the caller has said hello, and was answered."""
    begun, heard = Log(), Log()
    pc.on("call.started", begun)
    pc.on("user.message", lambda event, call: heard(event))
    there = server.start_call()
    call = begun.wait_count(1)[0]
    there.send(said("hello"))
    heard.wait_count(1)
    front.heard(front.do(call.say, "Good morning."))
    return call


def end(server: Server, pc: Any) -> None:
    over = Log()
    pc.on("call.ended", lambda call, reason: over(reason))
    server.connection().send(
        {"event": "call.ended", "agent_id": "mara", "call_id": "CA1", "reason": "hangup"}
    )
    over.wait_count(1)


def test_one_class() -> None:
    """Both packages export the same things."""
    for name in ("CallTrace", "TraceEntry", "TraceTurn", "TraceTool", "Latency", "latency"):
        assert getattr(pinecall, name) is getattr(pinecall_sync, name)


def test_nothing_before_it_is_used() -> None:
    """Neither a client nor a call imports anything of traces before they are asked for."""
    code = (
        "import sys, pinecall, pinecall_sync as s; s.Pinecall('key').agent('mara'); s.Call;"
        "print([m for m in sys.modules if 'trace' in m and 'pinecall' in m])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = done.stdout.strip()
    assert found == "['pinecall._shared.traced']" or found == (
        "['pinecall.core.wire.tracing', 'pinecall._shared.traced']"
    )


def test_a_call(front: Front, server: Server) -> None:
    """A live call has a trace that grows with it, and is the same after the end."""
    pc = front.connected(server, "mara")
    traces = pc.traces()
    assert isinstance(traces, Mapping) and pc.traces() is traces and dict(traces) == {}
    call = talked(front, server, pc)
    trace = call.trace
    assert isinstance(trace, CallTrace) and traces[call.id] is trace
    assert [entry.name for entry in trace.entries][:3] == [
        "call.started", "user.message", "bot.reply",
    ]  # fmt: skip
    assert (trace.call_id, trace.agent_id) == ("CA1", "mara")
    assert (trace.from_, trace.to, trace.transport) == ("+34607827824", "+13186330963", "phone")
    assert [turn.heard for turn in trace.turns] == ["hello"]
    assert trace.turns[0].said == "Good morning."
    ats = [entry.at for entry in trace.entries]
    assert ats[0] == 0.0 and ats == sorted(ats)
    before = trace.entries
    end(server, pc)
    assert trace.entries[: len(before)] == before and trace.reason == call.reason != ""
    assert call.trace is trace
    assert latency(traces).calls == 1


def test_no_trace(front: Front, server: Server) -> None:
    """While nobody keeps traces a call has none; from then on it has one."""
    pc = front.connected(server, "mara")
    call = talked(front, server, pc)
    assert call.trace is None
    front.do(pc.traces)
    assert call.trace.entries == () and call.trace.from_ == "+34607827824"
    front.heard(front.do(call.say, "Still there?"))
    assert [turn.said for turn in call.trace.turns] == ["Still there?"]


def test_a_trace_that_is_no_longer_kept(front: Front, server: Server) -> None:
    """A call whose trace has gone has none any more."""
    pc = front.connected(server, "mara")
    pc.traces(keep=1)
    call = talked(front, server, pc)
    end(server, pc)
    started = Log()
    pc.on("call.started", started)
    server.start_call("CA2")
    started.wait_count(1)
    assert call.trace is None and list(pc.traces()) == ["CA2"]


def test_before_connecting(front: Front, server: Server, tmp_path: Path) -> None:
    """It can be asked for at import time; nothing is open before there is something to write."""
    pc = front.client(server)
    traces = pc.traces(path=tmp_path / "calls.jsonl")
    assert (tmp_path / "calls.jsonl").read_bytes() == b""
    front.do(pc.connect)
    front.do(pc.agent("mara").wait_ready)
    talked(front, server, pc)
    [trace] = CallTrace.load(tmp_path / "calls.jsonl")
    assert trace.entries == traces["CA1"].entries


def test_the_file(front: Front, server: Server, tmp_path: Path) -> None:
    """Each frame is in the file when it has passed; the file is let go with the connection, and gone
    on with after the next one."""
    path = tmp_path / "calls.jsonl"
    pc = front.connected(server, "mara")
    traces = pc.traces(path=str(path))
    talked(front, server, pc)
    [live] = CallTrace.load(path)
    assert live.entries == traces["CA1"].entries and live.turns == traces["CA1"].turns
    front.do(pc.disconnect)
    assert not [fd for fd in os.listdir("/proc/self/fd") if _target(fd) == str(path)]
    [ended] = CallTrace.load(path)
    assert (ended.reason, ended.duration) == ("client_disconnect", traces["CA1"].duration)
    front.do(pc.connect)
    front.do(pc.agent("mara").wait_ready)
    started = Log()
    pc.on("call.started", started)
    server.start_call("CA2", connection=2)
    started.wait_count(1)
    assert [trace.call_id for trace in CallTrace.load(path)] == ["CA1", "CA2"]


def _target(fd: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        return ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk(front: Front, server: Server) -> None:
    """A disk that is full is told once, and the call goes on."""
    errors = Log()
    pc = front.connected(server, "mara")
    pc.on("error", errors)
    pc.traces(path="/dev/full")
    call = talked(front, server, pc)
    [error] = errors.wait_count(1)
    assert (error.code, error.call_id) == ("TRACE_NOT_WRITTEN", "CA1")
    assert "/dev/full" not in call.trace.transcript() and len(call.trace.turns) == 1
    assert call.trace.errors == (error,)
    assert len(errors) == 1


def test_redact(front: Front, server: Server, tmp_path: Path) -> None:
    """What redact takes out is neither kept nor written nor shown."""
    path = tmp_path / "calls.jsonl"

    def redact(frame: dict[str, Any]) -> dict[str, Any]:
        return {**frame, **{key: "***" for key in ("text", "from", "to") if key in frame}}

    pc = front.connected(server, "mara")
    pc.traces(path=path, redact=redact)
    call = talked(front, server, pc)
    assert (call.trace.from_, call.trace.turns[0].heard) == ("***", "***")
    for text in (path.read_text("utf-8"), call.trace.transcript(), str(call.trace.rows())):
        assert not any(word in text for word in ("hello", "morning", "+34607827824"))


def test_secrets(front: Front, server: Server, tmp_path: Path) -> None:
    """The key is in no trace, kept, written, saved or shown."""
    pc = front.connected(server, "mara")
    pc.traces(path=tmp_path / "a.jsonl")
    call = talked(front, server, pc)
    heard = Log()
    pc.on("user.message", lambda event, call: heard(event))
    server.connection().send(said(f"my key is {KEY}", message_id="m2"))
    heard.wait_count(1)
    call.trace.save(tmp_path / "b.jsonl")
    shown = [
        repr(call.trace),
        call.trace.transcript(),
        str(call.trace.rows()),
        str(call.trace.entries),
    ]
    for name in ("a.jsonl", "b.jsonl"):
        shown.append((tmp_path / name).read_text("utf-8"))
    assert "my key is ***" in shown[-1]
    assert not any(KEY in text for text in shown)


@pytest.mark.parametrize(
    ("first", "then", "says"),
    [
        ({"keep": 5}, {"keep": 6}, "another keep already (5)"),
        ({"path": "a.jsonl"}, {"path": "b.jsonl"}, "another path already"),
        ({"redact": dict}, {"redact": list}, "another redact already"),
    ],
)
def test_other_arguments(
    front: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    first: dict[str, Any], then: dict[str, Any], says: str,
) -> None:  # fmt: skip
    """A second call may leave out an argument, repeat it or add one; another value is refused."""
    monkeypatch.chdir(tmp_path)
    pc = front.client("ws://127.0.0.1:9")
    traces = pc.traces()
    assert pc.traces(**first) is traces
    assert pc.traces(**first) is traces and pc.traces() is traces
    with pytest.raises(ConfigurationError) as raised:
        pc.traces(**then)
    assert says in str(raised.value)
    assert os.listdir(tmp_path) == (["a.jsonl"] if "path" in first else [])


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"keep": 0}, "1 or more, not 0"),
        ({"keep": True}, "1 or more, not True"),
        ({"keep": "5"}, "1 or more, not '5'"),
        ({"redact": "phone"}, "takes a function"),
        ({"path": 5}, "takes the path of a file, like 'calls.jsonl', not 5"),
        ({"path": ""}, "takes the path of a file"),
        ({"path": b"calls.jsonl"}, "takes the path of a file"),
        (
            {"path": "/nowhere/at/all.jsonl"},
            "/nowhere/at/all.jsonl cannot be written: No such file",
        ),
        ({"path": "/"}, "/ cannot be written: Is a directory"),
    ],
)
def test_wrong_arguments(front: Front, wrong: dict[str, Any], says: str) -> None:
    """What cannot work is told at once, and nothing is kept because of it."""
    pc = front.client("ws://127.0.0.1:9")
    with pytest.raises(ConfigurationError) as raised:
        pc.traces(**wrong)
    assert says in str(raised.value)
    assert pc._engine.recorder is None


ENTRIES = [
    TraceEntry(0.0, "in", "call.started", {"event": "call.started", "from": "+34"}),
    TraceEntry(1.0, "in", "chat.message", {"event": "chat.message", "text": "¿Qué tal? 💬"}),
    TraceEntry(2.0, "in", "chat.response", {"event": "chat.response", "text": "Bien."}),
]


def made(call_id: str = "CA1") -> CallTrace:
    from pinecall.core.traces.facts import End, Facts

    return CallTrace._of(Facts(call_id=call_id), ENTRIES, end=End(at=3.0, reason="hangup"))


def test_saving(tmp_path: Path) -> None:
    """A saved trace is read as it was; saving replaces what was there."""
    path = tmp_path / "call.jsonl"
    for call_id in ("CA1", "CA2"):
        made(call_id).save(path)
        [again] = CallTrace.load(os.fspath(path))
        assert (again.call_id, again.turns, again.reason) == (call_id, made().turns, "hangup")
    assert len([json.loads(line) for line in path.read_text("utf-8").splitlines()]) == 5


def test_a_file_cut_anywhere(tmp_path: Path) -> None:
    """What is left of a file is read, and another run goes on with it."""
    path = tmp_path / "call.jsonl"
    made().save(path)
    whole = path.read_bytes()
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        traces = CallTrace.load(path)
        kept = traces[0].entries if traces else ()
        assert kept == tuple(ENTRIES[: len(kept)])
        file = TraceFile(path)
        lines = made("CA2")
        from pinecall.core.traces.lines import lines_of

        for line in lines_of(lines):
            file.write(line)
        file.close()
        again = CallTrace.load(path)
        assert again[-1].entries == tuple(ENTRIES)
        assert [trace.call_id for trace in again] == [*(t.call_id for t in traces), "CA2"]
    assert again[0].reason == "hangup"


def test_after_closing(tmp_path: Path) -> None:
    """A late line is still written, and leaves nothing open."""
    file = TraceFile(tmp_path / "calls.jsonl")
    file.write("1\n")
    file.close()
    file.write("2\n")
    assert file._file is None
    file.reopen()
    file.write("3\n")
    assert file._file is not None
    file.close()
    assert (tmp_path / "calls.jsonl").read_text() == "1\n2\n3\n"


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("nowhere.jsonl", "nowhere.jsonl cannot be read: No such file"),
        (".", "cannot be read: Is a directory"),
        (None, "CallTrace.load(path) takes the path of a file"),
    ],
)
def test_what_cannot_be_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: Any, says: str
) -> None:
    """A file that is not there is named."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError) as raised:
        CallTrace.load(path)
    assert says in str(raised.value)


def test_what_cannot_be_saved(tmp_path: Path) -> None:
    """A folder that is not there is named."""
    with pytest.raises(ConfigurationError) as raised:
        made().save(tmp_path / "nowhere" / "call.jsonl")
    assert "call.jsonl cannot be written: No such file" in str(raised.value)
