"""One test body for both fronts: what waits is called through :meth:`Front.do`.

``front.do(pc.connect)`` blocks until ``connect`` is done, on the asyncio front by awaiting it on a
loop in another thread. Handlers that wait are written as generators: ``history = yield
call.get_history`` (see :meth:`Front.handler`).
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pinecall
import pinecall_sync
from pinecall import ReconnectPolicy

from .log import DEADLINE
from .server import KEY, Server

#: Reconnects without the wait.
FAST = ReconnectPolicy(initial=0.01, maximum=0.05)


class Front:
    """What the fronts differ in."""

    name: str
    module: Any

    def __init__(self) -> None:
        self.clients: list[Any] = []
        #: Called when the clients are closed, by the test's own thread: a server that ends waits for
        #: its connections, whose other ends may be on the loop.
        self.ends: list[Callable[[], None]] = []

    def client(self, to: Server | str, key: str | None = KEY, **options: Any) -> Any:
        """A client of this front, closed at the test's end."""
        url = to.url if isinstance(to, Server) else to
        options.setdefault("reconnect", FAST)
        client = self.module.Pinecall(key, url=url, **options)
        self.clients.append(client)
        return client

    def connected(self, to: Server | str, *agents: str, **options: Any) -> Any:
        """A connected client, with these agents registered."""
        client = self.client(to, **options)
        self.do(client.connect)
        for agent_id in agents:
            self.do(client.agent(agent_id).wait_ready)
        return client

    def do(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call it, and wait for what it gives."""
        return self.begin(function, *args, **kwargs).result(DEADLINE)

    def begin(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Future[Any]:
        """As ``do``, without waiting."""
        raise NotImplementedError

    def heard(self, playback: Any) -> Any:
        """Wait until it has been heard."""
        raise NotImplementedError

    def take(self, iterator: Any, count: int) -> list[Any]:
        """The next items of an event iterator; fewer, if it ends."""
        raise NotImplementedError

    def close_iterator(self, iterator: Any) -> None:
        raise NotImplementedError

    def handler(self, generator: Callable[..., Iterator[Any]]) -> Callable[..., Any]:
        """A handler that waits: each callable it yields is called, and its result sent back."""
        raise NotImplementedError

    def within(self, client: Any, body: Callable[[], None]) -> None:
        """Run ``body`` in the client's ``with`` block."""
        raise NotImplementedError

    def close(self) -> None:
        for client in self.clients:
            self.do(client.disconnect)
        for end in self.ends:
            end()


class Blocking(Front):
    name = "blocking"
    module = pinecall_sync

    def begin(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()

        def run() -> None:
            try:
                result = function(*args, **kwargs)
            except BaseException as exc:
                future.set_exception(exc)
            else:
                future.set_result(result)

        threading.Thread(target=run, name="test-do", daemon=True).start()
        return future

    def heard(self, playback: Any) -> Any:
        return playback.wait(DEADLINE)

    def take(self, iterator: Any, count: int) -> list[Any]:
        return self.do(lambda: list(itertools.islice(iterator, count)))

    def close_iterator(self, iterator: Any) -> None:
        iterator.close()

    def handler(self, generator: Callable[..., Iterator[Any]]) -> Callable[..., Any]:
        @functools.wraps(generator)
        def run(*args: Any) -> None:
            steps = generator(*args)
            try:
                step = next(steps)
                while True:
                    step = _step(steps, step)
            except StopIteration:
                pass

        return run

    def within(self, client: Any, body: Callable[[], None]) -> None:
        def run() -> None:
            with client as same:
                assert same is client
                body()

        self.do(run)


def _step(steps: Any, step: Callable[[], Any]) -> Any:
    try:
        result = step()
    except Exception as exc:
        return steps.throw(exc)
    return steps.send(result)


class Asyncio(Front):
    name = "asyncio"
    module = pinecall

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.complaints: list[dict[str, Any]] = []
        self.loop.set_exception_handler(lambda _loop, context: self.complaints.append(context))
        self._thread = threading.Thread(target=self.loop.run_forever, name="test-loop", daemon=True)
        self._thread.start()

    def begin(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Future[Any]:
        async def run() -> Any:
            result = function(*args, **kwargs)
            if inspect.isawaitable(result) and not isinstance(result, pinecall.Playback):
                result = await result
            return result

        return asyncio.run_coroutine_threadsafe(run(), self.loop)

    def heard(self, playback: Any) -> Any:
        async def run() -> Any:
            return await playback

        return self.do(run)

    def take(self, iterator: Any, count: int) -> list[Any]:
        async def run() -> list[Any]:
            items: list[Any] = []
            while len(items) < count:
                try:
                    items.append(await iterator.__anext__())
                except StopAsyncIteration:
                    break
            return items

        return self.do(run)

    def close_iterator(self, iterator: Any) -> None:
        self.do(iterator.aclose)

    def handler(self, generator: Callable[..., Iterator[Any]]) -> Callable[..., Any]:
        @functools.wraps(generator)
        async def run(*args: Any) -> None:
            steps: Any = generator(*args)
            try:
                step = next(steps)
                while True:
                    try:
                        result = step()
                        if inspect.isawaitable(result):
                            result = await result
                    except Exception as exc:
                        step = steps.throw(exc)
                    else:
                        step = steps.send(result)
            except StopIteration:
                pass

        return run

    def within(self, client: Any, body: Callable[[], None]) -> None:
        async def run() -> None:
            async with client as same:
                assert same is client
                body()

        self.do(run)

    def tasks(self) -> list[Any]:
        """Tasks on the loop, but for the one that asks."""

        def ask() -> list[Any]:
            current = asyncio.current_task(self.loop)
            return [task for task in asyncio.all_tasks(self.loop) if task is not current]

        return self.do(ask)

    def close(self) -> None:
        super().close()
        left = self.tasks()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(DEADLINE)
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        assert not left, left
        assert not self.complaints, self.complaints


FRONTS = {"asyncio": Asyncio, "blocking": Blocking}
