"""Processes, signals and event loops: each in an interpreter of its own."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import pinecall
from pinecall import ConfigurationError

from .driving import FAST, FRONTS
from .log import DEADLINE, Log
from .server import KEY, Server, hangs_up, silent, started, tool_call

ROOT = Path(__file__).parents[2]

ASYNCIO = """
import asyncio, sys
from pinecall import Pinecall
async def main():
    # -X dev tells of callbacks over 0.1 s, which is nothing on a busy machine.
    asyncio.get_running_loop().slow_callback_duration = 60
    {body}
asyncio.run(main())
"""
BLOCKING = """
import sys
from pinecall_sync import Pinecall
def main():
    {body}
main()
"""


def program(name: str, body: str) -> str:
    """The same program for either front: ``await`` and ``async`` go for the blocking one."""
    body = textwrap.indent(textwrap.dedent(body).strip(), "    ").lstrip()
    if name == "blocking":
        return BLOCKING.format(body=body.replace("await ", "").replace("async ", ""))
    return ASYNCIO.format(body=body)


class Process:
    """A program that prints what happens; ``line`` waits for it to say something."""

    def __init__(self, server: Server, source: str, *flags: str) -> None:
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PINECALL_API_KEY": KEY,
            "PINECALL_URL": server.url,
            "PYTHONUNBUFFERED": "1",
        }
        self.output = Log()
        self._process = subprocess.Popen(
            [sys.executable, *flags, "-c", source],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.output(line.rstrip())

    def line(self, text: str) -> None:
        self.output.wait_for(lambda line: line == text)

    def kill(self) -> None:
        self._process.kill()
        self.end()

    def send(self, signum: int) -> None:
        self._process.send_signal(signum)

    def end(self) -> int:
        try:
            code = self._process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise AssertionError(f"it did not end: {self.output.items}") from None
        self._reader.join(DEADLINE)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code


@pytest.fixture
def run(server: Server) -> Iterator[Callable[..., Process]]:
    """Starts programs that talk to the server; kills those that a failed test left behind."""
    processes: list[Process] = []

    def start(*arguments: str) -> Process:
        processes.append(Process(server, *arguments))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()


Run = Callable[..., Process]

BOTH = pytest.mark.parametrize("name", list(FRONTS))

RUN = r"""
pc = Pinecall()
pc.deploy("mara", channels=["chat"])
pc.on("connected", lambda: print("connected\n", end=""))
pc.on("call.started", lambda call: print("call\n", end=""))
pc.on("call.ended", lambda call, reason: print(f"ended {reason}\n", end=""))
pc.on("disconnected", lambda reason: print(f"disconnected {reason}\n", end=""))
import signal
before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
await pc.run_forever()
after = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
import threading
print("threads", [t.name for t in threading.enumerate() if t.name.startswith("pinecall")])
print("handlers restored", before == after)
"""


@BOTH
def test_sigint_ends_run_forever(server: Server, run: Run, name: str) -> None:
    """Ctrl-C: calls end, the goodbye is said, run_forever() returns, the old handlers are back."""
    process = run(program(name, RUN))
    server.connection().frames.wait_for(lambda frame: frame["event"] == "channel.add")
    server.start_call()
    process.line("call")
    process.send(signal.SIGINT)
    assert process.end() == 0
    *ends, threads, last = process.output.items[2:]
    assert threads == "threads []"
    assert sorted(ends) == ["disconnected client_disconnect", "ended client_disconnect"]
    assert last == "handlers restored True"
    assert server.connection().over.wait(DEADLINE)
    assert server.connection().close_code == 1000


@BOTH
def test_sigterm_drains(server: Server, run: Run, name: str) -> None:
    """SIGTERM: no new calls, the present one finishes, and then it is over."""
    process = run(program(name, RUN))
    server.connection().frames.wait_for(lambda frame: frame["event"] == "channel.add")
    there = server.start_call()
    process.line("call")
    process.send(signal.SIGTERM)
    there.frames.wait_for(lambda frame: frame["event"] == "channel.remove")
    there.send({"event": "call.ended", "call_id": "CA1", "reason": "hangup"})
    assert process.end() == 0
    *ends, threads, last = process.output.items[2:]
    assert threads == "threads []"
    assert sorted(ends) == ["disconnected client_disconnect", "ended hangup"]
    assert last == "handlers restored True"


@BOTH
@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_at_once(server: Server, run: Run, name: str, second: int) -> None:
    """A second signal does not wait for the calls."""
    process = run(program(name, RUN))
    server.connection().frames.wait_for(lambda frame: frame["event"] == "channel.add")
    there = server.start_call()
    process.line("call")
    process.send(signal.SIGTERM)
    there.frames.wait_for(lambda frame: frame["event"] == "channel.remove")
    process.send(second)
    assert process.end() == 0
    assert "ended client_disconnect" in process.output
    assert "threads []" in process.output


@BOTH
def test_sigint_while_connecting(server: Server, run: Run, name: str) -> None:
    """Ctrl-C while connect() hangs is a KeyboardInterrupt at once, and nothing keeps running."""
    asked = Log()

    def stall(sock: Any) -> None:
        asked(sock.recv(4096))
        silent(sock)

    server.takeover = stall
    body = """
    pc = Pinecall(connect_timeout=600)
    await pc.connect()
    """
    process = run(program(name, body))
    asked.wait_count(1)
    process.send(signal.SIGINT)
    assert process.end() in (-signal.SIGINT, 130)
    assert process.output.items[-1] == "KeyboardInterrupt"


@BOTH
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_connecting(server: Server, run: Run, name: str, signum: int) -> None:
    """run_forever() that is still connecting returns on a signal, and the old handlers are back."""
    asked = Log()

    def stall(sock: Any) -> None:
        asked(sock.recv(4096))
        silent(sock)

    server.takeover = stall
    process = run(program(name, RUN.replace("Pinecall()", "Pinecall(connect_timeout=600)")))
    asked.wait_count(1)
    process.send(signum)
    assert process.end() == 0
    assert process.output.items[-2:] == ["threads []", "handlers restored True"]


@BOTH
def test_sigint_while_reconnecting(server: Server, run: Run, name: str) -> None:
    """Ctrl-C ends run_forever() while the server is away."""
    process = run(program(name, RUN))
    process.line("connected")
    server.takeover = hangs_up
    server.connection().reset()
    process.line("disconnected connection_lost")
    process.send(signal.SIGINT)
    assert process.end() == 0
    assert process.output.items[-1] == "handlers restored True"


@BOTH
def test_a_second_process(server: Server, run: Run, name: str) -> None:
    """A program whose only agent is held by another process ends, and not as if all was well."""
    fatal = {"event": "error", "agent_id": "mara", "code": "AGENT_CONFLICT_FATAL", "error": "held"}
    server.replies["agent.create"] = lambda connection, _: connection.send(fatal)
    process = run(program(name, RUN))
    assert process.end() == 1
    assert "AgentConflictError" in process.output.items[-1]


@BOTH
def test_what_still_runs_is_named_once(server: Server, run: Run, name: str) -> None:
    """A handler that does not end is named at the end with its call and agent, once."""
    body = f"""
    from {"time" if name == "blocking" else "asyncio"} import sleep
    pc = Pinecall()
    mara = pc.deploy("mara", channels=["chat"])
    pc.on("connected", lambda: print("connected"))
    async def stuck(call):
        print("call")
        await sleep(60)
    mara.on("call.started", stuck)
    await pc.run_forever()
    """
    process = run(program(name, body))
    process.line("connected")
    server.frames.wait_for(lambda frame: frame["event"] == "channel.add")
    server.start_call()
    process.line("call")
    process.send(signal.SIGINT)
    assert process.end() == 0
    said = [line for line in process.output.items if "still running at disconnect" in line]
    assert len(said) == 1
    assert "of call CA1 of agent mara" in said[0]


UNATTENDED = "the program ended while agent 'mara' was registered: call run_forever() to wait for "
UNATTENDED += "calls, or disconnect()"


@BOTH
def test_exit_without_disconnect(server: Server, run: Run, name: str) -> None:
    """A program that forgets to wait for calls ends all the same, and says what it forgot, once."""
    body = """
    pc = Pinecall()
    pc.deploy("mara", channels=["chat"])
    await pc.connect()
    print("done")
    """
    for end in ("", "import gc\ngc.collect()"):
        process = run(f"{program(name, body)}\n{end}")
        assert process.end() == 0
        assert process.output.items == ["done", UNATTENDED]


@BOTH
@pytest.mark.parametrize(
    "body",
    [
        """
        async with Pinecall() as pc:
            pc.deploy("mara", channels=["chat"])
        """,
        """
        pc = Pinecall()
        await pc.connect()
        pc.deploy("mara", channels=["chat"])
        await pc.disconnect()
        """,
        """
        pc = Pinecall()
        pc.deploy("mara", channels=["chat"])
        pc.on("connected", lambda: pc.send({"event": "please.restart"}))
        pc.on("error", lambda error: None)
        try:
            await pc.run_forever()
        except Exception as exc:
            print(type(exc).__name__)
        """,
        """
        pc = Pinecall()
        await pc.connect()
        """,
        """
        pc = Pinecall()
        pc.deploy("mara", channels=["chat"])
        """,
    ],
)
def test_exit_when_all_is_in_order(server: Server, run: Run, name: str, body: str) -> None:
    """A program that disconnects, that waits for calls, or has no agents connected, ends without a
    word."""
    server.replies["please.restart"] = lambda connection, _: connection.close(4001, "Displaced")
    process = run(program(name, body))
    assert process.end() == 0
    assert [line for line in process.output.items if "the program ended" in line] == []


@BOTH
def test_exit_by_an_exception(server: Server, run: Run, name: str) -> None:
    """An exception ends a program with its traceback, and no more."""
    body = """
    pc = Pinecall()
    pc.deploy("mara", channels=["chat"])
    await pc.connect()
    raise SystemError("mine")
    """
    process = run(program(name, body))
    assert process.end() == 1
    assert process.output.items[-1] == "SystemError: mine"


@BOTH
def test_development_mode_is_quiet(server: Server, run: Run, name: str) -> None:
    """-X dev and -W error: a session with calls, tools and questions causes no warning, and the
    library prints nothing."""
    body = """
    import gc, threading
    pc = Pinecall()
    mara = pc.deploy("mara", channels=["chat"])
    done = threading.Event()
    async def started(call):
        print((await call.get_history())[0]["content"])
        call.say("hello")
        call.hangup()
    mara.on("call.started", started)
    it = pc.events("call.ended")
    async with pc:
        await mara.wait_ready()
        pc.send({"event": "please.call"})
        async for item in it:
            print(item.name)
            break
    del pc, mara, it
    gc.collect()
    """
    server.replies["please.call"] = lambda connection, _: server.start_call()
    process = run(program(name, body), "-X", "dev", "-W", "error")
    assert process.end() == 0
    assert process.output.items == ["of CA1", "call.ended"]


@BOTH
def test_fork(server: Server, run: Run, name: str) -> None:
    """A forked child gets a clear error for the parent's client, and may make one of its own."""
    body = """
    import os
    pc = Pinecall()
    mara = pc.deploy("mara", channels=["chat"])
    await pc.connect()
    await mara.wait_ready()
    pid = os.fork()
    if pid == 0:
        try:
            pc.send({"event": "from.the.child"})
        except Exception as exc:
            print(type(exc).__name__, "fork" in str(exc))
        os._exit(0)
    os.waitpid(pid, 0)
    pc.send({"event": "from.the.parent"})
    await pc.disconnect()
    """
    process = run(program(name, body), "-W", "ignore")
    assert process.end() == 0
    assert process.output.items == ["ConfigurationError True"]
    server.frames.wait_for({"event": "from.the.parent"})
    assert {"event": "from.the.child"} not in server.frames.items


FORKED = """
import asyncio, os, sys
from {package} import Pinecall
from pinecall import Pinecall as Asyncio
pc = Pinecall()
mara = pc.deploy("mara", channels=["chat"])
calls = pc.events("call.started")
before = {{}}

def child():
    call = mara.calls["CA1"]
    waits = {{
        "events": lambda: next_of(pc.events()),
        "events of a call": lambda: next_of(call.events()),
        "events, begun before": lambda: next_of(before["events"]),
        "playback": lambda: wait_for(before["playback"]),
        "wait_ready": lambda: wait_for(mara.wait_ready),
        "history": lambda: wait_for(call.get_history),
        "drain": lambda: wait_for(pc.drain),
        "stream": lambda: next_of(pc.stream()),
        "stream, begun before": lambda: next_of(before["stream"]),
        "stream, made before": lambda: next_of(before["made"]),
        "disconnect": lambda: wait_for(pc.disconnect),
    }}
    for name, wait in waits.items():
        try:
            print(name, "gave", wait())
        except Exception as exc:
            print(name, type(exc).__name__, "fork" in str(exc))
    print(pc.stats()["agents"])
    os._exit(0)

{rest}
"""
FORK = {
    "blocking": """
def next_of(iterator):
    return next(iter(iterator))
def wait_for(what):
    return what.wait() if hasattr(what, "wait") else what()
def main():
    with pc:
        mara.wait_ready()
        for item in calls:
            break
        before.update(events=pc.events(), playback=mara.calls["CA1"].say("x"), made=pc.stream())
        before["stream"] = iter(pc.stream())
        next(before["stream"])
        with pc._runtime.guard:  # as if the link's thread had it
            pid = os.fork()
            if pid == 0:
                child()
        os.waitpid(pid, 0)
main()
""",
    "asyncio": """
def next_of(iterator):
    return asyncio.run(iterator.__aiter__().__anext__())
def wait_for(what):
    async def wait():
        return await (what() if callable(what) else what)
    return asyncio.run(wait())
async def main():
    async with pc:
        await mara.wait_ready()
        async for item in calls:
            break
        before.update(events=pc.events(), playback=mara.calls["CA1"].say("x"), made=pc.stream())
        before["stream"] = pc.stream().__aiter__()
        await before["stream"].__anext__()
        pid = os.fork()
        if pid == 0:
            asyncio._set_running_loop(None)
            child()
        os.waitpid(pid, 0)
asyncio.run(main())
""",
}


@BOTH
def test_waiting_in_a_forked_child(server: Server, run: Run, name: str) -> None:
    """Whatever waits gives the same clear error there, at once, also what was begun before."""
    server.replies["bot.reply"] = None
    server.replies["agent.create"] = lambda connection, frame: connection.send(
        {"event": "agent.created", "agent_id": "mara"}, started("CA1")
    )
    package = "pinecall" if name == "asyncio" else "pinecall_sync"
    source = FORKED.format(package=package, rest=FORK[name])
    process = run(source, "-W", "ignore")
    assert process.end() == 0, process.output.items
    *told, agents = process.output.items
    assert len(told) == 11
    assert [line for line in told if not line.endswith(" ConfigurationError True")] == []
    assert agents == "1"


TOOL = r"""
import time
from pinecall import tool
@tool
def slow() -> str:
    "Take long."
    print("in the tool\n", end="")
    time.sleep(600)
pc = Pinecall()
pc.deploy("mara", channels=["chat"], tools=[slow])
await pc.run_forever()
print("returned")
"""


@BOTH
@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGTERM, signal.SIGTERM]])
def test_a_plain_tool_at_the_end(server: Server, run: Run, name: str, signals: list[int]) -> None:
    """A tool that does not return keeps its process from ending no longer than disconnect() does."""
    process = run(program(name, TOOL))
    server.connection().frames.wait_for(lambda frame: frame["event"] == "channel.add")
    there = server.start_call()
    there.send(tool_call("slow"))
    process.line("in the tool")
    process.send(signals[0])
    for signum in signals[1:]:
        there.frames.wait_for(lambda frame: frame["event"] == "channel.remove")
        process.send(signum)
    assert process.end() == 0
    assert "returned" in process.output


INTERRUPTS = """
pc = Pinecall()
pc.deploy("mara", channels=["chat"])
@pc.on("call.started")
def started(call):
    raise {raised}
pc.on("error", lambda error: print("error"))
try:
    await pc.run_forever()
    print("returned")
except KeyboardInterrupt:
    print("interrupted")
"""


@BOTH
def test_ctrl_c_in_a_handler(server: Server, run: Run, name: str) -> None:
    """KeyboardInterrupt ends the program, as if it had come from the keyboard."""
    process = run(program(name, INTERRUPTS.format(raised="KeyboardInterrupt")))
    server.connection().frames.wait_for(lambda frame: frame["event"] == "channel.add")
    server.start_call()
    process.end()
    assert "error" not in process.output
    assert {"returned", "interrupted", "KeyboardInterrupt"} & set(process.output.items)


@BOTH
def test_sys_exit_in_a_handler(server: Server, run: Run, name: str) -> None:
    """SystemExit in a handler is an error of the handler; in the main program it ends that."""
    process = run(program(name, INTERRUPTS.format(raised="SystemExit(3)")))
    server.connection().frames.wait_for(lambda frame: frame["event"] == "channel.add")
    server.start_call()
    process.line("error")
    process.send(signal.SIGINT)
    assert process.end() == 0
    body = """
    pc = Pinecall()
    await pc.connect()
    sys.exit(3)
    """
    assert run(program(name, body), "-W", "ignore").end() == 3


@BOTH
def test_made_before_a_fork(server: Server, run: Run, name: str) -> None:
    """A client made before the fork, and connected after it, is the child's."""
    source = {
        "blocking": """
            import os
            from pinecall_sync import Pinecall
            pc = Pinecall()
            pc.deploy("mara", channels=["chat"])
            pid = os.fork()
            if pid == 0:
                with pc:
                    pc.send({"event": "from.the.child"})
                os._exit(0)
            print(os.waitpid(pid, 0)[1])
            """,
        "asyncio": """
            import asyncio, os
            from pinecall import Pinecall
            pc = Pinecall()
            pc.deploy("mara", channels=["chat"])
            async def main():
                async with pc:
                    pc.send({"event": "from.the.child"})
            pid = os.fork()
            if pid == 0:
                asyncio.run(main())
                os._exit(0)
            print(os.waitpid(pid, 0)[1])
            """,
    }[name]
    process = run(textwrap.dedent(source), "-W", "ignore")
    assert process.end() == 0
    assert process.output.items == ["0"]
    server.frames.wait_for({"event": "from.the.child"})


def test_a_second_event_loop(server: Server) -> None:
    """asyncio: a client that is connected on one loop says so on another one."""
    front = FRONTS["asyncio"]()
    pc = front.connected(server)
    with pytest.raises(ConfigurationError, match="another event loop"):
        asyncio.run(pc.connect())
    front.close()


def test_asyncio_run_twice(server: Server) -> None:
    """asyncio: the same client in two asyncio.run(), with and without a disconnect between."""
    pc = pinecall.Pinecall(KEY, url=server.url, reconnect=FAST)
    pc.deploy("mara", channels=["chat"])

    async def once(goodbye: bool) -> None:
        await pc.connect()
        await pc.get_agent("mara").wait_ready()  # type: ignore[union-attr]
        if goodbye:
            await pc.disconnect()

    with warnings.catch_warnings():
        # A loop that is closed under its connections leaves them to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        asyncio.run(once(goodbye=True))
        asyncio.run(once(goodbye=False))
        asyncio.run(once(goodbye=True))
        gc.collect()
    assert len(server.connections) == 3


def test_blocking_under_a_running_loop(server: Server) -> None:
    """The blocking front works where a loop is running, as in a notebook."""
    import pinecall_sync

    async def cell() -> bool:
        with pinecall_sync.Pinecall(KEY, url=server.url) as pc:
            pc.deploy("mara", channels=["chat"]).wait_ready()
            return pc.connected

    assert asyncio.run(cell())
