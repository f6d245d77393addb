"""User code that fails badly, in handlers, tools and tasks: nobody else is disturbed."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import contextvars
import gc
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import pinecall
from pinecall import ConfigurationError, PinecallError, tool

from .driving import Asyncio, Front
from .log import DEADLINE, Log, until
from .server import KEY, Server, said, tool_call


class NoText(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def of_a_cancelled_task() -> Any:
    """As ``task.result()`` of a task that was cancelled."""
    loop = asyncio.new_event_loop()
    future = loop.create_future()
    future.cancel()
    loop.close()
    return future.result()


def raises(exc: type[BaseException]) -> Callable[[], Any]:
    def fail() -> Any:
        raise exc

    return fail


FAILURES = {
    "ValueError": raises(ValueError),
    "no text": raises(NoText),
    "a cancelled task": of_a_cancelled_task,
    "CancelledError of threads": raises(concurrent.futures.CancelledError),
    "GeneratorExit": raises(GeneratorExit),
    "SystemExit": raises(SystemExit),
    "StopIteration": lambda: next(iter(())),
    "StopAsyncIteration": raises(StopAsyncIteration),
}

badly = pytest.mark.parametrize("fail", FAILURES.values(), ids=list(FAILURES))


@contextlib.contextmanager
def left_to_the_collector() -> Iterator[None]:
    """A loop that is closed under its connections leaves them to the garbage collector."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


def throw_away(loop: asyncio.AbstractEventLoop) -> None:
    """Close a loop whose tasks have not ended, and end them as the garbage collector does."""
    loop.set_exception_handler(lambda _loop, _context: None)
    tasks = asyncio.all_tasks(loop)
    loop.close()
    for task in tasks:
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        task.get_coro().close()  # type: ignore[union-attr]


@badly
def test_handlers(front: Front, server: Server, log: Log, fail: Callable[[], Any]) -> None:
    """A handler that fails is one ``error``; the next one and other agents get their events, those
    of the same read included, and the link stays."""
    pc = front.connected(server, "mara", "leo")
    errors = Log()
    pc.on("error", errors)
    pc.on("disconnected", log)
    mara, leo = pc.get_agent("mara"), pc.get_agent("leo")
    mara.on("user.message", lambda event, call: fail())
    mara.on("user.message", lambda event, call: log(("next", event.text)))
    leo.on("user.message", lambda event, call: log(("other", event.text)))
    there = server.start_call("CA1", "mara")
    server.start_call("CA2", "leo")
    frames = []
    for text in ("one", "two"):
        frames.append(said(text, "CA1", f"m{text}"))
        frames.append(said(text, "CA2", f"l{text}", "leo"))
    there.send(*frames)
    found = log.wait_count(4)
    assert [item for item in found if item[0] == "next"] == [("next", "one"), ("next", "two")]
    assert [item for item in found if item[0] == "other"] == [("other", "one"), ("other", "two")]
    for error in errors.wait_count(2):
        assert isinstance(error, PinecallError)
        assert (error.agent_id, error.call_id) == ("mara", "CA1")
    assert len(errors) == 2
    assert pc.connected


@badly
def test_coroutine_handlers(server: Server, log: Log, fail: Callable[[], Any]) -> None:
    """asyncio: a coroutine that ends so, at once or later, is one ``error`` as well."""
    front = Asyncio()
    pc = front.connected(server, "mara")
    pc.on("error", log)

    @pc.on("call.started")
    async def at_once(call: Any) -> None:
        fail()

    @pc.on("call.started")
    async def later(call: Any) -> None:
        await asyncio.sleep(0)
        fail()

    server.start_call()
    log.wait_count(2)
    assert pc.connected
    front.close()
    assert len(log) == 2


def test_a_handler_awaits_a_cancelled_task(server: Server, log: Log) -> None:
    """asyncio: CancelledError that comes out of something awaited is the handler's failure."""
    front = Asyncio()
    pc = front.connected(server, "mara")
    pc.on("error", log)

    @pc.on("call.started")
    async def started(call: Any) -> None:
        task = asyncio.ensure_future(asyncio.sleep(60))
        asyncio.get_running_loop().call_soon(task.cancel)
        await task

    server.start_call()
    log.wait_count(1)
    assert pc.connected
    front.close()
    assert len(log) == 1


@badly
def test_tools(front: Front, server: Server, log: Log, fail: Callable[[], Any]) -> None:
    """The model gets an error result at once, and the program goes on."""
    pc = front.client(server)
    pc.on("error", log)

    @tool
    def broken() -> Any:
        """Break."""
        return fail()

    @tool
    async def broken_later() -> Any:
        """Break after a while."""
        await asyncio.sleep(0)
        return fail()

    tools = [broken, broken_later] if isinstance(front, Asyncio) else [broken]
    pc.deploy("mara", tools=tools)
    front.do(pc.connect)
    front.do(pc.get_agent("mara").wait_ready)
    there = server.start_call()
    for number, one in enumerate(tools):
        there.send(tool_call(one.name, msg_id=f"t{number}", tool_call_id=f"c{number}"))
        frame = there.frames.wait_for(lambda f, n=number: f.get("msg_id") == f"t{n}")
        assert frame["results"][0]["result"]["error"]
    assert len(log.wait_count(len(tools))) == len(tools)
    assert pc.connected


def test_disconnect_still_cancels(server: Server, log: Log) -> None:
    """asyncio: a handler that is cancelled by disconnect() has ended, not failed."""
    front = Asyncio()
    pc = front.connected(server, "mara")
    pc.on("error", lambda error: log(error))

    @pc.on("call.started")
    async def waits(call: Any) -> None:
        log("waits")
        try:
            await asyncio.sleep(600)
        finally:
            log("ended")

    server.start_call()
    log.wait_count(1)
    front.do(pc.disconnect, 0.0)
    assert log.wait_count(2) == ["waits", "ended"]
    front.close()
    assert len(log) == 2


@pytest.mark.parametrize("ends", ["cancelled", "closed"])
def test_the_loop_goes_first(server: Server, log: Log, ends: str) -> None:
    """asyncio: tasks that asyncio.run() cancels, or that are thrown away with a loop, did not fail."""

    async def main() -> None:
        pc = pinecall.Pinecall(KEY, url=server.url)
        pc.on("error", lambda error: log(error))

        @pc.on("call.started")
        async def waits(call: Any) -> None:
            log("waits")
            await asyncio.sleep(600)

        await pc.connect()
        await pc.agent("mara").wait_ready()
        server.start_call()
        while not len(log):
            await asyncio.sleep(0.01)

    with left_to_the_collector():
        if ends == "cancelled":
            asyncio.run(main())
        else:
            loop = asyncio.new_event_loop()
            loop.run_until_complete(main())
            throw_away(loop)
    assert log.items == ["waits"]


def test_a_full_pool_is_said(
    front: Front,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Tools that wait for a thread are reported, once; they run when there is one."""
    monkeypatch.setattr("pinecall._asyncio.user_code.THREADS", 1)
    go = threading.Event()

    @tool
    def stuck() -> str:
        """Wait."""
        go.wait(DEADLINE)
        return "done"

    pc = front.client(server, **({} if isinstance(front, Asyncio) else {"threads": 1}))
    pc.deploy("mara", tools=[stuck])
    front.do(pc.connect)
    front.do(pc.get_agent("mara").wait_ready)
    there = server.start_call()
    for one in ("t1", "t2", "t3"):
        there.send(tool_call("stuck", msg_id=one, tool_call_id=one))
    until(lambda: "all 1 threads for" in caplog.text, "the warning")
    go.set()
    for msg_id in ("t1", "t2", "t3"):
        there.frames.wait_for(lambda f, one=msg_id: f.get("msg_id") == one)
    assert caplog.text.count("are busy; what comes now waits") == 1


variable: contextvars.ContextVar[str] = contextvars.ContextVar("cell", default="unset")


def test_the_context_of_the_registration(front: Front, server: Server, log: Log) -> None:
    """Handlers and tools run in the context in which they were given, whoever connects."""
    pc = front.client(server)

    @tool
    def look() -> str:
        """Look."""
        return variable.get()

    def cell(name: str, *steps: Callable[[], Any]) -> None:
        context = contextvars.copy_context()
        context.run(variable.set, name)
        for step in steps:
            context.run(step)

    def handler(event: Any, call: Any) -> None:
        log(variable.get())
        variable.set("changed")
        call.reply("done")

    async def later(event: Any, call: Any) -> None:
        await asyncio.sleep(0)
        log(variable.get())

    def two() -> None:
        pc.on("user.message", handler)
        if isinstance(front, Asyncio):
            pc.on("user.message", later)

    cell("one", lambda: pc.deploy("mara", tools=[look]))
    cell("two", two)
    cell("three", lambda: front.do(pc.connect))
    front.do(pc.get_agent("mara").wait_ready)
    there = server.start_call()
    for number in (1, 2):
        there.send(said("hi", message_id=f"m{number}"))
        reply = there.frames.wait_for(
            lambda f, n=number: f["event"] == "bot.reply" and f["in_reply_to"] == f"m{n}"
        )
        assert reply["text"] == "done"
    there.send(tool_call("look"))
    frame = there.frames.wait_for(lambda f: f["event"] == "llm.tool_result")
    assert frame["results"][0]["result"] == "one"
    count = 4 if isinstance(front, Asyncio) else 2
    assert log.wait_count(count) == ["two"] * count


def test_disconnect_on_another_loop(server: Server) -> None:
    """asyncio: whatever would close the client raises on another loop, and closes nothing."""
    front = Asyncio()
    pc = front.connected(server, "mara")

    async def leave() -> None:
        async with pc:
            """connect() says it already."""

    for close in (pc.disconnect, pc.drain, pc.run_forever, leave):
        with pytest.raises(ConfigurationError, match="another event loop"):
            asyncio.run(close())
    with pytest.raises(ConfigurationError, match="another event loop"):
        asyncio.run(pc.__aexit__(None, None, None))
    assert pc.connected
    assert not pc._runtime.link.close_reason
    front.do(pc.disconnect)
    asyncio.run(pc.disconnect())
    front.close()


def test_disconnect_after_the_loop(server: Server) -> None:
    """asyncio: a client whose loop is closed can be disconnected on another."""
    pc = pinecall.Pinecall(KEY, url=server.url)
    with left_to_the_collector():
        asyncio.run(pc.connect())
        asyncio.run(pc.disconnect())
    assert pc.state == "closed"


def test_who_waits_on_a_loop_that_is_gone(server: Server) -> None:
    """asyncio: a waiter whose own loop was closed does not keep the answer from the others."""
    front = Asyncio()
    pc = front.connected(server)
    front.do(pc.agent("mara").wait_ready)
    server.replies["agent.create"] = None
    other = pc.agent("leo")
    calls = pc.events("call.started")

    async def give_up() -> None:
        waits = [other.wait_ready(), calls.__anext__()]
        await asyncio.wait([asyncio.ensure_future(one) for one in waits], timeout=0.05)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(give_up())
    throw_away(loop)
    waiting = front.begin(other.wait_ready)
    server.connection().send({"event": "agent.created", "agent_id": "leo"})
    waiting.result(DEADLINE)
    server.start_call()
    assert front.take(calls, 1)[0].name == "call.started"
    front.close()


def test_a_task_factory_that_fails(server: Server, log: Log) -> None:
    """asyncio: an application's task factory is user code as well."""
    front = Asyncio()
    pc = front.connected(server, "mara")
    pc.on("error", log)

    async def started(call: Any) -> None:
        """It never begins."""

    pc.on("call.started", started)
    pc.on("call.started", lambda call: log("next"))

    def broken(_loop: Any, coroutine: Any, **_: Any) -> Any:
        coroutine.close()
        raise KeyError("factory")

    front.loop.call_soon_threadsafe(front.loop.set_task_factory, broken)
    server.start_call()
    found = log.wait_count(2)
    assert "KeyError" in str(next(item for item in found if item != "next"))
    front.loop.call_soon_threadsafe(front.loop.set_task_factory, None)
    front.close()


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups")
def test_a_group_of_exceptions(server: Server, log: Log) -> None:
    """asyncio: what a TaskGroup gathers, of any kind, is one failure."""
    front = Asyncio()
    pc = front.connected(server, "mara")
    pc.on("error", log)

    async def fails() -> None:
        raise GeneratorExit

    @pc.on("call.started")
    async def started(call: Any) -> None:
        async with asyncio.TaskGroup() as group:  # type: ignore[attr-defined]
            group.create_task(fails())

    server.start_call()
    log.wait_count(1)
    assert pc.connected
    front.close()
    assert len(log) == 1
