"""A saved call is played against the program, and stored traces are compared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

import pinecall.testing
from pinecall import CallTrace
from pinecall.testing import ExpectationFailed
from pinecall.testing.caller import Caller
from pinecall.testing.doubles import Tools
from pinecall.testing.model import Model
from pinecall.testing.options import Options
from pinecall.testing.stage import Stage

from .conftest import GUEST, NUMBER, Program
from .test_calls import with_tables

Replays = Callable[..., None]


def a_booking(deploy: Callable[[Any], Any], path: Path, *, sync: bool = False) -> None:
    """Save a call with a tool, a message of the program's own, a request and an interruption."""
    stage = Stage(Options())
    try:
        deploy(Program(stage.client(sync=sync)))
        stage.model.on("table for two").calls("find_tables", party=2).then("There is one at 20:30.")
        call = stage.caller.phones(NUMBER, GUEST)
        call.hears("How can I help")
        call.says("a table for two tonight")
        call.expects_tool("find_tables", party=2)
        call.hears("20:30")
        call.says("thank you")
        call.hears("welcome")
        call.hangs_up()
        call.ended()
        call.trace.save(path)
    finally:
        stage.close()


def talkative(program: Program) -> Any:
    """Mara, who says something of her own and reads the history at the end."""
    mara = with_tables(program)
    if program.asyncio:

        @mara.on("user.message")
        async def said(event: Any, call: Any) -> None:
            await call.get_history()
            call.say(f"You want {event.text}.")
    else:

        @mara.on("user.message")
        def said_sync(event: Any, call: Any) -> None:
            call.get_history()
            call.say(f"You want {event.text}.")

    return mara


def quiet(program: Program) -> Any:
    """Mara, who says nothing of her own."""
    return with_tables(program)


def chatty(program: Program) -> Any:
    """As ``quiet``, and speaks at the start."""
    mara = with_tables(program)
    mara.on("call.started", lambda call: call.say("It is late.") and None)
    return mara


@pytest.fixture
def booking(tmp_path: Path) -> Path:
    """A saved call of ``quiet``."""
    path = tmp_path / "booking.jsonl"
    a_booking(quiet, path)
    return path


def test_the_same_program(program: Program, replay: Replays, booking: Path) -> None:
    """The program that was recorded, on either front, passes."""
    quiet(program)
    replay(booking)


@pytest.mark.parametrize("sync", [False, True], ids=["from asyncio", "from blocking"])
def test_ids_that_the_program_makes(
    program: Program, replay: Replays, tmp_path: Path, sync: bool
) -> None:
    """Message and request ids are the program's own: they may be others this time."""
    path = tmp_path / "talk.jsonl"
    stage = Stage(Options())
    try:
        talkative(Program(stage.client(sync=sync)))
        call = stage.caller.phones(NUMBER, GUEST)
        call.hears("How can I help")
        call.says("a table")
        call.hears()
        call.waits(10)
        call.hangs_up()
        call.trace.save(path)
    finally:
        stage.close()
    program.pc._engine.random = Random(7).random
    talkative(program)
    replay(path)


def test_another_result(program: Program, replay: Replays, booking: Path, tools: Tools) -> None:
    """A tool that answers otherwise is told field by field."""
    quiet(program)
    tools.replace("find_tables", returns=["21:00"])
    with pytest.raises(ExpectationFailed) as failed:
        replay(booking)
    assert "the program sent another llm.tool_result, at 5.0 s" in str(failed.value)
    assert "results[0].result[0]: expected '20:30', it is '21:00'" in str(failed.value)


def test_one_frame_more(program: Program, replay: Replays, booking: Path) -> None:
    """What the program sends besides is told where it comes."""
    chatty(program)
    with pytest.raises(ExpectationFailed, match=r"sent bot\.reply besides, at 0\.\d s"):
        replay(booking)


def test_one_frame_less(program: Program, replay: Replays, tmp_path: Path) -> None:
    """What the program sends no more is told."""
    path = tmp_path / "chatty.jsonl"
    _save_chatty(path)
    quiet(program)
    with pytest.raises(ExpectationFailed, match=r"instead of bot\.reply|did not send bot\.reply"):
        replay(path)


def _save_chatty(path: Path) -> None:
    stage = Stage(Options())
    try:
        chatty(Program(stage.client(sync=False)))
        call = stage.caller.phones(NUMBER, GUEST)
        call.hears("How can I help")
        call.hears("It is late")
        call.hangs_up()
        call.trace.save(path)
    finally:
        stage.close()


def test_an_agent_that_is_missing(program: Program, replay: Replays, booking: Path) -> None:
    """Without the agent of the call there is nobody to play it to."""
    with pytest.raises(
        ExpectationFailed, match="the call is one of agent 'mara'; deployed: no agent"
    ):
        replay(booking)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "it holds none"),
        ("hello\n", "not a file of traces"),
        ('{"trace": 99, "call": "CA1"}\n', "version 99"),
    ],
    ids=["empty", "text", "another version"],
)
def test_a_wrong_file(
    program: Program, replay: Replays, tmp_path: Path, content: str, what: str
) -> None:
    """A file that holds no trace, or one of another version, is told with its name."""
    quiet(program)
    path = tmp_path / "wrong.jsonl"
    path.write_text(content)
    with pytest.raises(ExpectationFailed, match=what):
        replay(path)


def test_an_empty_trace(program: Program, replay: Replays, booking: Path) -> None:
    """A trace that was cut off behind its first line has nothing to play."""
    quiet(program)
    booking.write_bytes(booking.read_bytes().partition(b"\n")[0] + b"\n")
    with pytest.raises(ExpectationFailed, match="the trace holds no frame to play"):
        replay(booking)


def test_a_missing_file(program: Program, replay: Replays, tmp_path: Path) -> None:
    """A file that is not there is told with its path."""
    with pytest.raises(ExpectationFailed, match=r"nowhere\.jsonl"):
        replay(tmp_path / "nowhere.jsonl")


def test_a_file_that_was_cut(program: Program, replay: Replays, booking: Path) -> None:
    """A trace that was cut off in the middle is played up to the cut."""
    quiet(program)
    data = booking.read_bytes()
    booking.write_bytes(data[: len(data) // 2])
    replay(booking)


def test_several_calls(program: Program, replay: Replays, booking: Path, tmp_path: Path) -> None:
    """Of a file with several calls, one is chosen."""
    quiet(program)
    both = tmp_path / "both.jsonl"
    text = booking.read_text()
    call_id = CallTrace.load(booking)[0].call_id
    both.write_text(text + text.replace(call_id, "CA2"))
    with pytest.raises(ExpectationFailed, match="one call is wanted"):
        replay(both)
    replay(both, call_id="CA2")


@pytest.mark.parametrize("found", ["20:30", "21:00"])
def test_from_the_call_log(
    program: Program, replay: Replays, tmp_path: Path, tools: Tools, found: str
) -> None:
    """The platform's log of a call is played too; of the commands it has the results of tools."""
    path = tmp_path / "log.jsonl"
    stage = Stage(Options())
    try:
        chatty(Program(stage.client(sync=False)))
        stage.model.on("table").calls("find_tables", party=2).then("At 20:30.")
        call = stage.caller.phones(NUMBER, GUEST)
        call.says("a table")
        call.hears("20:30")
        call.hangs_up()
        log = stage.world.runner.core.world.log.calls[call.id]
        CallTrace.from_log(log.entries).save(path)
    finally:
        stage.close()
    quiet(program)  # what it says of its own is not in the log
    if found == "20:30":
        replay(path)
        return
    tools.replace("find_tables", returns=[found])
    with pytest.raises(ExpectationFailed, match=r"expected '20:30', it is '21:00'"):
        replay(path)


def test_from_a_program_in_production(program: Program, replay: Replays, tmp_path: Path) -> None:
    """What ``pc.traces(path=…)`` wrote while the call ran is played as well."""
    path = tmp_path / "production.jsonl"
    stage = Stage(Options())
    try:
        client = stage.client(sync=False, traces=path)
        quiet(Program(client))
        stage.model.on("table").calls("find_tables", party=2).then("At 20:30.")
        call = stage.caller.phones(NUMBER, GUEST)
        call.says("a table")
        call.hears("20:30")
        call.hangs_up()
    finally:
        stage.close()
    quiet(program)
    replay(path)


@pytest.mark.pinecall(faults=[])
async def test_a_dialled_call(pinecall: Any, replay: Replays, tmp_path: Path) -> None:
    """A call that the program dials is played once it has dialled."""
    import asyncio

    path = tmp_path / "dialled.jsonl"
    stage = Stage(Options())
    try:
        client = stage.client(sync=True)
        mara = client.deploy("mara", prompt="x", channels=[NUMBER])
        callee = stage.caller.answers("+34600000000")
        mara.dial("+34600000000", greeting="It is Mara.")
        callee.hears("It is Mara")
        callee.hangs_up()
        callee.trace.save(path)
    finally:
        stage.close()
    mara = pinecall.deploy("mara", prompt="x", channels=[NUMBER])
    dialling = asyncio.create_task(mara.dial("+34600000000", greeting="It is Mara."))
    replay(path)
    call = await dialling
    assert call.to == "+34600000000"


def test_a_stored_trace(
    program: Program, caller: Caller, model: Model, assert_trace: Any, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A trace is compared with the stored one; ``--pinecall-update`` writes it."""
    stored = caller._stage._stored
    monkeypatch.setattr(stored, "_folder", tmp_path / "traces")
    quiet(program)
    call = caller.phones(NUMBER)
    call.says("it rains")
    call.hears()
    call.hangs_up()
    with pytest.raises(ExpectationFailed, match=r"there is no .*run pytest with --pinecall-update"):
        assert_trace("rain")
    monkeypatch.setattr(stored, "_update", True)
    assert_trace("rain")
    monkeypatch.setattr(stored, "_update", False)
    assert_trace("rain")
    pinecall.testing.assert_trace("rain", call)
    again = caller.phones(NUMBER)
    again.says("it rains")
    again.hears()
    again.hangs_up()
    assert_trace("rain", again)
    other = caller.phones(NUMBER)
    other.says("it snows")
    other.hears()
    other.hangs_up()
    with pytest.raises(ExpectationFailed, match="text: expected 'it rains', it is 'it snows'"):
        assert_trace("rain", other)
    with pytest.raises(ExpectationFailed, match="the test has 3 calls; say which"):
        assert_trace("rain")
    with pytest.raises(ExpectationFailed, match="a name like 'booking', no path"):
        assert_trace("../rain", other)


def test_outside_of_a_test() -> None:
    """The imported helpers say where they work."""
    with pytest.raises(RuntimeError, match="works inside a test"):
        pinecall.testing.replay("x.jsonl")
    with pytest.raises(RuntimeError, match="works inside a test"):
        pinecall.testing.assert_trace("x")


@pytest.mark.pinecall(clock="real")
def test_replay_needs_the_virtual_clock(pinecall: Any, replay: Replays) -> None:
    """In real time a replay is refused."""
    with pytest.raises(ExpectationFailed, match="needs the virtual clock"):
        replay("x.jsonl")
