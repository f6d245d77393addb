"""The platform's time is virtual: what takes minutes is over at once, in the right order."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from pinecall import DialError, RegistrationError, RequestTimeout, tool
from pinecall.emulator import EmulatorError
from pinecall.testing.caller import Caller
from pinecall.testing.clock import Clock
from pinecall.testing.emulator import Emulator
from pinecall.testing.model import Model

from .conftest import GUEST, NUMBER, Program


def test_speech_takes_the_calls_time(program: Program, caller: Caller, clock: Clock) -> None:
    """Words take their time on the clock of the call."""
    program.deploy()
    call = caller.phones(NUMBER, GUEST)
    call.hears("How can I help")
    assert clock.now == pytest.approx(3.0)  # 0.6 s, then six words at 2.5 a second
    call.says("one two three four five")
    assert clock.now == pytest.approx(5.0)
    call.hangs_up()


def test_ten_minutes(program: Program, caller: Caller, clock: Clock) -> None:
    """A call of ten minutes with forty turns; how long the test takes is in docs/testing.md."""
    mara = program.deploy(session_limits={"max_duration_seconds": 900})
    seen: list[str] = []
    mara.on("user.message", lambda event, call: seen.append(event.text))
    call = caller.phones(NUMBER, GUEST)
    call.hears("How can I help")
    words = " ".join(f"word{number}" for number in range(15))
    for turn in range(40):
        call.says(f"number {turn}: {words}")
        call.hears(f"number {turn}: {words}")
    call.hangs_up()
    assert len(seen) == 40
    assert clock.now > 600


def test_time_stands_still_while_the_test_works(program: Program, clock: Clock) -> None:
    """Nothing moves the clock but the waits of the test."""
    program.deploy()
    before = clock.now
    time.sleep(0.01)
    assert clock.now == before


def test_idle_limits(program: Program, caller: Caller, clock: Clock) -> None:
    """Idle warnings and the end of a silent call come at their times."""
    mara = program.deploy(session_limits={"idle_timeout_seconds": 30})
    seen: list[tuple[str, float]] = []
    mara.on("session.idle_warning", lambda event, call: seen.append(("warning", clock.now)))
    mara.on("session.timeout", lambda event, call: seen.append((event.reason, clock.now)))
    call = caller.phones(NUMBER)
    call.hears()
    clock.advance(100)
    call.ended("idle_timeout")
    names, times = zip(*seen, strict=True)
    assert names == ("warning", "warning", "idle_timeout")
    assert [round(later - times[0], 3) for later in times] == [0, 15, 25]


def test_longest_call(program: Program, caller: Caller, clock: Clock) -> None:
    """A call ends at its longest duration, however much is said."""
    mara = program.deploy(session_limits={"max_duration_seconds": 60})
    ended: list[float] = []
    mara.on("call.ended", lambda call, reason: ended.append(clock.now))
    call = caller.phones(NUMBER)
    while not call.over:
        call.says("I go on and on and on and on")
        call.waits(5)
    call.ended("max_duration")
    assert ended == [60.0]


def test_reconnecting_backs_off(program: Program, clock: Clock, emulator: Emulator) -> None:
    """A lost link comes back after growing delays, on the call's clock."""
    program.deploy()
    clock.advance(10)
    attempts: list[float] = []
    program.pc.on("reconnecting", lambda *_: attempts.append(clock.now))
    emulator.fail("open", status=503, times=6)
    emulator.drop()
    clock.advance(300)
    assert program.pc.connected
    assert len(attempts) == 7
    assert attempts == sorted(attempts)


def test_a_dead_peer_is_found(program: Program, caller: Caller, clock: Clock,
                              emulator: Emulator) -> None:  # fmt: skip
    """A link that went silent is given up after a ping without an answer, and made anew."""
    program.deploy()
    clock.advance(1)
    lost: list[float] = []
    program.pc.on("disconnected", lambda reason: lost.append(clock.now))
    emulator.black_hole()
    clock.advance(120)
    assert lost == [40.0]  # a ping at 30 s, and 10 s of silence
    caller.phones(NUMBER).hangs_up()


async def test_pings_while_a_test_waits(pinecall: Any, clock: Clock, emulator: Emulator) -> None:
    """An idle link is kept alive; each ping comes at its time."""
    clock.advance(100)
    pings = [frame for frame in emulator.frames if frame["event"] == "ping"]
    assert len(pings) == 3


def test_dial_timeouts(program: Program, caller: Caller, clock: Clock) -> None:
    """A dial that nobody answers fails at its timeout."""
    mara = program.deploy()
    caller.answers("+34600000000").no_answer(after=50)

    def dial() -> Any:
        answer = mara.dial("+34600000000", timeout=10)
        return answer if not program.asyncio else caller._stage.world.call(_finish(answer))

    with pytest.raises(DialError, match="nobody answered within 10 s"):
        dial()
    assert clock.now == pytest.approx(10.0)


async def _finish(answer: Any) -> Any:
    return await answer


def test_waits_of_the_client(program: Program, caller: Caller, clock: Clock,
                             emulator: Emulator) -> None:  # fmt: skip
    """A client's own wait, with a timeout, takes the call's time."""
    emulator.fail("agent.create", "ignore")
    agent = program.pc.agent("mara", phone_number=NUMBER)
    with pytest.raises(RegistrationError):
        if program.asyncio:
            caller._stage.world.call(agent.wait_ready(timeout=5))
        else:
            agent.wait_ready(timeout=5)
    assert clock.now == 5


def test_handlers_wait_for_the_call(program: Program, caller: Caller, clock: Clock) -> None:
    """A handler that waits for its own words waits in the call's time, and holds up nothing."""
    mara = program.deploy(greeting=None)
    heard: list[float] = []
    if program.asyncio:

        @mara.on("call.started")
        async def started(call: Any) -> None:
            await call.say("one two three four five")
            heard.append(clock.now)
    else:

        @mara.on("call.started")
        def started_sync(call: Any) -> None:
            call.say("one two three four five").wait()
            heard.append(clock.now)

    call = caller.phones(NUMBER)
    call.hears("one two three")
    call.hangs_up()
    assert heard == [pytest.approx(2.6)]


def test_requests_in_handlers(program: Program, caller: Caller) -> None:
    """A handler can ask the server and wait for its answer."""
    mara = program.deploy()
    got: list[Any] = []
    if program.asyncio:

        @mara.on("user.message")
        async def said(event: Any, call: Any) -> None:
            got.append(await call.get_history())
    else:

        @mara.on("user.message")
        def said_sync(event: Any, call: Any) -> None:
            got.append(call.get_history())

    call = caller.phones(NUMBER)
    call.says("good evening")
    call.hears()
    call.hangs_up()
    assert got[0][-1] == {"role": "user", "content": "good evening"}


def test_a_tool_that_takes_real_time(program: Program, caller: Caller, clock: Clock,
                                     model: Model) -> None:  # fmt: skip
    """A sleep in a tool takes its real time, and none of the call's."""

    def slow() -> str:
        """Take a while."""
        time.sleep(0.05)
        return "done"

    async def slow_async() -> str:
        """Take a while."""
        await asyncio.sleep(0.05)
        return "done"

    tools = [tool(slow_async, name="slow") if program.asyncio else tool(slow)]
    program.deploy(tools=tools)
    model.on("go").calls("slow")
    call = caller.phones(NUMBER)
    call.hears()
    call.says("go")
    use = call.expects_tool("slow")
    call.hears("done", within=0.7)
    assert use.ended == use.began
    call.hangs_up()


async def test_a_plain_tool_on_the_asyncio_front(pinecall: Any, caller: Caller,
                                                 model: Model) -> None:  # fmt: skip
    """A plain tool runs in a thread there, and the clock waits for it."""
    ran: list[str] = []

    @tool
    def plain() -> str:
        """Run in a thread."""
        time.sleep(0.02)
        ran.append(threading.current_thread().name)
        return "done"

    pinecall.deploy("mara", prompt="x", tools=[plain], channels=[NUMBER])
    model.on("go").calls("plain")
    call = caller.phones(NUMBER)
    call.says("go")
    call.hears("done")
    call.hangs_up()
    assert ran[0].startswith("pinecall-tools")


def test_a_tools_own_timeout(program: Program, caller: Caller, model: Model) -> None:
    """A coroutine that never ends is given up at the tool's timeout, in the call's time."""
    if not program.asyncio:
        pytest.skip("a thread that hangs is a program that hangs")

    @tool(timeout=5)
    async def never() -> str:
        """Wait for what does not come."""
        await asyncio.Event().wait()
        return ""

    program.deploy(tools=[never])
    model.on("go").calls("never")
    call = caller.phones(NUMBER)
    call.says("go")
    call.hears("no answer within 5 s")
    call.hangs_up()


def test_two_fronts_in_one_test(pinecall: Any, pinecall_sync: Any, caller: Caller) -> None:
    """Clients of both fronts can share a server."""
    pinecall.deploy("mara", prompt="x", greeting="I am Mara.", channels=["chat", NUMBER])
    pinecall_sync.deploy("otto", prompt="x", greeting="I am Otto.", channels=["+13186330964"])
    mara, otto = caller.phones(NUMBER), caller.phones("+13186330964")
    mara.hears("Mara")
    otto.hears("Otto")
    mara.hangs_up()
    otto.hangs_up()


def test_rest_in_memory(program: Program, caller: Caller) -> None:
    """REST is answered by the same server, without a socket."""
    program.deploy()
    make = lambda: program.pc.create_token("webrtc", "mara")  # noqa: E731
    token = caller._stage.world.call(make()) if program.asyncio else make()
    assert token.token


def test_rest_in_a_handler(program: Program, caller: Caller) -> None:
    """A handler can use REST while the call goes on."""
    mara = program.deploy()
    got: list[Any] = []
    if program.asyncio:

        @mara.on("user.message")
        async def said(event: Any, call: Any) -> None:
            got.append(await program.pc.phones())
    else:

        @mara.on("user.message")
        def said_sync(event: Any, call: Any) -> None:
            got.append(program.pc.phones())

    call = caller.phones(NUMBER)
    call.says("good evening")
    call.hears()
    call.hangs_up()
    assert isinstance(got[0], list)


async def test_tasks_of_the_test(pinecall: Any, caller: Caller) -> None:
    """A task of the test runs while a verb waits, awaited or not."""
    mara = pinecall.deploy("mara", prompt="x", channels=[NUMBER])
    callee = caller.answers("+34600000000")
    dialling = asyncio.create_task(mara.dial("+34600000000", greeting="It is Mara."))
    callee.hears("It is Mara")
    call = await dialling
    assert call.to == "+34600000000"
    await callee.hangs_up()
    callee.ended("hangup")


async def test_awaiting_the_client(pinecall: Any, clock: Clock) -> None:
    """The call goes on while a test awaits the client."""
    mara = pinecall.agent("mara", phone_number=NUMBER)
    await mara.wait_ready()
    assert clock.now == 0
    answer = pinecall.chat("mara", "hello", timeout=3)
    with pytest.raises(RequestTimeout):
        await answer
    assert clock.now == 3


def test_the_same_test_is_the_same(program: Program, caller: Caller) -> None:
    """Ids and times are the same in each run: a trace can be stored."""
    program.deploy()
    call = caller.phones(NUMBER)
    call.says("good evening")
    call.hears()
    call.hangs_up()
    assert call.id == "CAeb1167b367a9c3787c65c1e582e2e662"
    assert call.trace.started_at == 1_767_603_600.0


@pytest.mark.pinecall(clock="real")
def test_a_network_of_its_own_is_virtual(pinecall: Any, emulator: Emulator) -> None:
    """Over sockets there is no latency to set and no black hole: the error says what there is."""
    with pytest.raises(EmulatorError, match="latency needs the virtual clock"):
        emulator.latency = 0.2
    with pytest.raises(EmulatorError, match=r"black_hole\(\) needs the virtual clock"):
        emulator.black_hole()
