"""The server on real sockets, through both fronts and raw WebSocket clients."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import signal
import socket
import subprocess
import sys
import threading
import warnings
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect as connect_sync

from pinecall.emulator import Emulator, EmulatorError, Nobody, ToolCall, Turn
from pinecall.errors import CallEnded
from pinecall_sync.emulator import Emulator as BlockingEmulator

NUMBER = "+13186330963"


class Raw:
    """A raw client: registers one agent and answers tool calls with ``tool``."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.inbox: list[dict[str, Any]] = []
        self.reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for text in self.socket:
                frame = json.loads(text)
                self.inbox.append(frame)
                if frame["event"] == "llm.tool_call":
                    results = [
                        {"tool_call_id": c["id"], "result": c["name"]} for c in frame["tool_calls"]
                    ]
                    await self.send(
                        "llm.tool_result",
                        call_id=frame["call_id"],
                        msg_id=frame["msg_id"],
                        results=results,
                    )
        except websockets.ConnectionClosed:
            pass

    async def send(self, event: str, **fields: Any) -> None:
        """Send one frame."""
        await self.socket.send(json.dumps({"event": event, **fields}))


async def register(emu: Emulator, agent_id: str = "mara", **config: Any) -> Raw:
    """A connected client with one agent on the number."""
    count = sum(frame["event"] == "channel.add" for frame in emu.frames) + 1
    raw = Raw(await websockets.connect(emu.url))
    await raw.send("connect", api_key=emu.api_key)
    config = {"llm": "x", "preparing": False, **config}
    config = {key: value for key, value in config.items() if value is not None}
    await raw.send("agent.create", agent_id=agent_id, **config)
    await raw.send("channel.add", agent_id=agent_id, type="phone", ref=NUMBER)
    await emu.wait_frame("channel.add", count=count)
    return raw


def run(scenario: Any, **options: Any) -> Any:
    """Run a coroutine function with a started emulator."""

    async def main() -> Any:
        async with Emulator(**options) as emulator:
            return await scenario(emulator)

    return asyncio.run(main())


def test_a_conversation_over_real_sockets() -> None:
    """Greeting, question, tool, answer and hangup work from end to end."""

    async def scenario(emu: Emulator) -> None:
        raw = await register(emu, greeting="Hi there", tools=[])
        call = await emu.phone_call(to=NUMBER, from_="+34607827824")
        assert await call.wait_reply() == "Hi there"
        await call.say("!tool weather {}")
        assert await call.wait_reply() == "weather."
        assert list(emu.calls) == [call.id]
        await call.hangup()
        assert await call.wait_ended() == "hangup"
        assert call.heard == ["Hi there", "weather."]
        assert emu.calls == {}
        await raw.socket.close()

    run(scenario)


def test_the_blocking_front_is_the_same() -> None:
    """It has the same names, and blocks."""
    with BlockingEmulator() as emu, connect_sync(emu.url, close_timeout=0.05) as socket_:
        for frame in (
            {"event": "connect", "api_key": emu.api_key},
            {
                "event": "agent.create",
                "agent_id": "mara",
                "llm": "x",
                "preparing": False,
                "greeting": "Hi",
            },
            {"event": "channel.add", "agent_id": "mara", "type": "phone", "ref": NUMBER},
        ):
            socket_.send(json.dumps(frame))
        call = emu.phone_call(to=NUMBER)
        assert call.wait_reply() == "Hi"
        call.say("hello")
        assert call.wait_reply() == "Hello! How can I help you?"
        call.press("12#")
        call.hangup()
        call.hangup()
        assert call.wait_ended() == "hangup"
        chat = emu.chat("mara")
        chat.say("thanks")
        assert chat.wait_reply() == "You are welcome."
        chat.close()
        assert emu.agents["mara"].config["greeting"] == "Hi"
        assert [c.ref for c in emu.agents["mara"].channels] == [NUMBER]
        assert [c.agents for c in emu.connections] == [("mara",)]


def test_a_forgotten_await_still_acts() -> None:
    """Except for the waits, everything has happened when a method returns."""

    async def scenario(emu: Emulator) -> None:
        await register(emu)
        emu.phone_call(to=NUMBER)
        assert len(emu.calls) == 1
        call = await emu.phone_call(to=NUMBER)
        call.say("hello")
        call.hangup()
        assert call.ended
        emu.drop()
        assert emu.connections == []

    run(scenario)


def test_a_call_waits_for_its_agent() -> None:
    """A number may be rung shortly before its agent registers."""

    async def scenario(emu: Emulator) -> str:
        ringing = emu.phone_call(to=NUMBER, wait=5.0)
        await register(emu, greeting="Hi")
        call = await ringing
        return await call.wait_reply()

    assert run(scenario) == "Hi"


def test_nobody_there_is_said_clearly() -> None:
    """The error names who is missing and who is online."""

    async def scenario(emu: Emulator) -> None:
        await register(emu)
        with pytest.raises(Nobody, match=r"nobody answers \+15550001111; .*\+13186330963"):
            await emu.phone_call(to="+15550001111", wait=0.0)
        with pytest.raises(Nobody, match="'julia' is not online; online: mara"):
            await emu.chat("julia", wait=0.05)
        with pytest.raises(EmulatorError, match="not a phone number"):
            await emu.phone_call(to="x")

    run(scenario)


def test_waits_say_what_was_seen() -> None:
    """A timeout names what came instead; the end of the call fails the wait at once."""

    async def scenario(emu: Emulator) -> None:
        await register(emu, llm=None, greeting="Hi")
        call = await emu.phone_call(to=NUMBER)
        await call.say("hello")
        with pytest.raises(TimeoutError, match=r"no reply .*heard: \['Hi'\]"):
            await call.wait_reply(timeout=0.05)
        waiting = call.wait_reply(timeout=10.0)
        await call.hangup()
        with pytest.raises(CallEnded, match="hangup"):
            await waiting
        with pytest.raises(CallEnded):
            await call.say("hello?")
        with pytest.raises(TimeoutError, match=r"no call\.hangup frame.*channel\.add"):
            await emu.wait_frame("call.hangup", timeout=0.05)

    run(scenario)


def test_drop_cuts_or_closes() -> None:
    """1006 cuts the socket without a close frame; any other code is sent in one."""

    async def scenario(emu: Emulator) -> None:
        for code, reason in ((1006, ""), (1012, "restart")):
            raw = await register(emu)
            await emu.drop(code, reason)
            await raw.reader
            assert (raw.socket.close_code, raw.socket.close_reason) == (code, reason)

    run(scenario)


def test_raw_frames_go_to_one_agents_client_or_to_all() -> None:
    """Text, bytes and dicts arrive in order."""

    async def scenario(emu: Emulator) -> None:
        async with websockets.connect(emu.url) as one, websockets.connect(emu.url) as two:
            for socket_, agent in ((one, "a"), (two, "b")):
                await socket_.send(json.dumps({"event": "connect", "api_key": emu.api_key}))
                await socket_.send(json.dumps({"event": "agent.create", "agent_id": agent}))
                await socket_.recv()
                await socket_.recv()
            emu.send({"event": "x"}, agent="b")
            emu.send_raw("not json")
            emu.send_raw(b"\x00\x01")
            assert [await two.recv() for _ in range(3)] == [
                '{"event":"x"}',
                "not json",
                b"\x00\x01",
            ]
            assert await one.recv() == "not json"
            with pytest.raises(EmulatorError, match="send_raw"):
                emu.send("x")  # type: ignore[arg-type]

    run(scenario)


def test_a_wrong_key_is_refused_on_the_socket() -> None:
    """The error comes, then close 1008."""

    async def scenario(emu: Emulator) -> None:
        async with websockets.connect(emu.url) as socket_:
            await socket_.send(json.dumps({"event": "connect", "api_key": "no"}))
            assert json.loads(await socket_.recv())["code"] == "INVALID_KEY"
            await socket_.wait_closed()
            assert socket_.close_code == 1008

    run(scenario, api_keys=["pk_1", "pk_2"])


def test_a_refused_handshake() -> None:
    """fail("open") answers with an HTTP status instead of a WebSocket."""

    async def scenario(emu: Emulator) -> None:
        emu.fail("open", status=503)
        with pytest.raises(websockets.InvalidStatus, match="503"):
            await websockets.connect(emu.url)
        await (await websockets.connect(emu.url)).close()

    run(scenario)


def test_a_frozen_server_accepts_and_says_nothing() -> None:
    """It answers again after thaw."""

    async def scenario(emu: Emulator) -> None:
        emu.freeze()
        async with websockets.connect(emu.url) as socket_:
            await socket_.send(json.dumps({"event": "connect", "api_key": emu.api_key}))
            await socket_.send(json.dumps({"event": "ping"}))
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(socket_.recv(), 0.1)
            emu.thaw()
            assert json.loads(await socket_.recv())["event"] == "connected"

    run(scenario)


@pytest.mark.parametrize(
    "kind", ["text", "coroutine", "iterator", "async iterator", "tool", "raises"]
)
def test_any_callable_can_answer(kind: str) -> None:
    """Plain or async, whole or in pieces, with tools; an exception is a model failure."""
    seen: list[Turn] = []

    def text(turn: Turn) -> Any:
        seen.append(turn)
        return "Fine."

    async def coroutine(turn: Turn) -> Any:
        return "Fine."

    def iterator(turn: Turn) -> Any:
        yield "Fi"
        yield "ne."

    async def async_iterator(turn: Turn) -> Any:
        yield "Fi"
        yield "ne."

    def tool(turn: Turn) -> Any:
        return (
            "Fine."
            if turn.messages[-1]["role"] == "tool"
            else [ToolCall("weather", {"city": "Rome"})]
        )

    def raises(turn: Turn) -> Any:
        raise ValueError("out of ideas")

    responders = {
        "text": text,
        "coroutine": coroutine,
        "iterator": iterator,
        "async iterator": async_iterator,
        "tool": tool,
        "raises": raises,
    }

    async def scenario(emu: Emulator) -> None:
        raw = await register(emu, prompt="Be {{mood}}", vars={"mood": "kind"})
        call = await emu.phone_call(to=NUMBER)
        await call.say("how are you?")
        if kind == "raises":
            while not any(f["event"] == "llm.error" for f in raw.inbox):
                await asyncio.sleep(0)
            error = next(f for f in raw.inbox if f["event"] == "llm.error")
            assert error["error"] == "ValueError: out of ideas"
        else:
            assert await call.wait_reply() == "Fine."
        if kind == "text":
            assert (seen[0].text, seen[0].prompt) == ("how are you?", "Be kind")

    run(scenario, responder=responders[kind])


def test_misuse_is_refused_with_the_fix() -> None:
    """Errors come before anything starts, and say what is possible."""
    for options, text in (
        ({"ids": "x"}, "plain, slug, org"),
        ({"api_keys": "pk"}, "a list of keys"),
        ({"api_keys": []}, "nobody could connect"),
        ({"nonsense": 1}, "settings: "),
        ({"pace": -1}, "pace"),
        ({"responder": 5}, "a callable"),
        ({"responder": "ftp://x"}, r"http\(s\) URL"),
    ):
        with pytest.raises(EmulatorError, match=text):
            Emulator(**options)
    emulator = BlockingEmulator()
    with pytest.raises(EmulatorError, match="not running"):
        _ = emulator.url
    with emulator:
        with pytest.raises(EmulatorError, match="refuse, ignore"):
            emulator.fail("ping", "explode")
        with pytest.raises(EmulatorError, match="times"):
            emulator.fail("ping", times=0)
        with pytest.raises(EmulatorError, match="answer, busy"):
            emulator.on_dial("+15550001111", "maybe")
        other = BlockingEmulator(emulator.port)
        with pytest.raises(EmulatorError, match="cannot listen"):
            other.start()
    with pytest.raises(EmulatorError, match="not running"):
        emulator.drop()


def test_stop_leaves_nothing_behind() -> None:
    """The thread and the port are gone, and every waiter is woken."""
    before = set(threading.enumerate())
    emulator = BlockingEmulator().start()
    failures: list[BaseException] = []

    def wait() -> None:
        try:
            emulator.wait_frame("never", timeout=30.0)
        except BaseException as why:
            failures.append(why)

    waiter = threading.Thread(target=wait)
    waiter.start()
    while not emulator._runner._waiters:
        pass
    with connect_sync(emulator.url) as socket_:
        socket_.send(json.dumps({"event": "connect", "api_key": emulator.api_key}))
        emulator.stop()
        emulator.stop()
        waiter.join(5)
    assert isinstance(failures[0], EmulatorError)
    left = set(threading.enumerate()) - before
    assert not [t for t in left if t.name.startswith("pinecall-")]
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", emulator.port)) != 0
    with emulator:
        assert emulator.agents == {}


def test_stop_while_somebody_connects() -> None:
    """A connection accepted during the stop is closed, without a ResourceWarning."""
    with warnings.catch_warnings(record=True) as lost:
        warnings.simplefilter("always", ResourceWarning)
        for _ in range(20):
            emulator = BlockingEmulator().start()
            late = [socket.create_connection(("127.0.0.1", emulator.port)) for _ in range(2)]
            emulator.stop()
            for one in late:
                with one, contextlib.suppress(ConnectionResetError):
                    one.settimeout(5)
                    assert one.recv(1) == b""
        gc.collect()
    assert [str(warning.message) for warning in lost] == []


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_interrupted(signum: int) -> None:
    """It prints the URL and a key, and stops on SIGINT or SIGTERM with a goodbye and status 0."""
    command = [
        sys.executable,
        "-m",
        "pinecall.emulator",
        "--port",
        "0",
        "--key",
        "pk_mine",
        "--pace",
        "0",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        assert "pk_mine" in process.stdout.readline()
        with connect_sync(url) as socket_:
            socket_.send(json.dumps({"event": "connect", "api_key": "pk_mine"}))
            assert json.loads(socket_.recv())["event"] == "connected"
            process.send_signal(signum)
            with pytest.raises(ConnectionClosed) as closed:
                socket_.recv(10)
        assert closed.value.rcvd is not None
        rest = process.stdout.read()
        assert process.wait(10) == 0
    assert "connected" in rest
    assert "pk_mine" not in rest


def test_a_person_types_with_an_agent() -> None:
    """With ``--chat`` answers appear; an empty line ends it."""
    command = [
        sys.executable,
        "-u",
        "-m",
        "pinecall.emulator",
        "--port",
        "0",
        "--pace",
        "0",
        "--chat",
        "mara",
    ]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        url = process.stdout.readline().split()[-1]
        with connect_sync(url) as socket_:
            socket_.send(json.dumps({"event": "connect", "api_key": "pk_emulator"}))
            socket_.send(json.dumps({"event": "agent.create", "agent_id": "mara", "llm": "x"}))
            out, _ = process.communicate("thanks\n\n", timeout=20)
    assert "mara: You are welcome." in out
    assert process.returncode == 0


def test_what_it_sends_leaves_at_once() -> None:
    """Accepted sockets have TCP_NODELAY: small messages do not wait for the client's acknowledgement."""
    with BlockingEmulator() as emulator, connect_sync(f"{emulator.url}?api_key=x") as client:
        client.send("{}")
        server = emulator._runner._uvicorn
        assert server is not None
        (protocol,) = server.server_state.connections
        accepted = protocol.transport.get_extra_info("socket")
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
