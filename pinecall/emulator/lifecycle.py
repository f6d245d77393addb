"""Starting and stopping the emulator, and looking at what it holds (both fronts)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

from attrs import fields_dict

from ..core.text.showing import shows
from . import views
from .app import make_app
from .core import Server, Settings
from .core import credits as credit
from .core.kernel.names import normal_number
from .core.kernel.outbox import Frame, Passed
from .errors import EmulatorError, Nobody
from .responders.external import Answerer, responder_of
from .responders.types import Responder
from .runner import Runner
from .traffic import HttpRequest
from .waiting import Waits

__all__ = ["EmulatorBase"]

DEFAULT_KEY = "pk_emulator"
_T = TypeVar("_T")
_D = TypeVar("_D")  # result of a method that finishes before it returns
_IDS = ("plain", "slug", "org")


class EmulatorBase(Waits[_D]):
    """A Pinecall server on this machine."""

    def __init__(
        self,
        port: int = 0,
        api_keys: Iterable[str] | Mapping[str, str] | None = None,
        responder: Responder | str | None = None,
        *,
        pace: float = 0.0,
        ids: str = "plain",
        seed: int = 0,
        capacity: int | None = None,
        credits: float | None = None,
        numbers: Iterable[str] | None = None,
        host: str = "127.0.0.1",
        **settings: Any,
    ) -> None:
        """Configure a server; it listens once it is started.

        Args:
            port: the port to listen on; 0 takes a free one, see ``url``.
            api_keys: the keys it accepts (a mapping gives the organisation of each); None is one key,
                ``pk_emulator``.
            responder: what answers instead of the built-in responder: ``responder(turn) -> str | ToolCall |
                ToolCalls | iterator``, plain or ``async def``, or the URL of an OpenAI-compatible server.
            pace: the speed of speech: 1.0 like people, 0.0 at once.
            ids: the form in which agent ids come back: ``plain``, ``slug`` or ``org`` (``org_1:mara``).
            seed: the same seed makes the same ids.
            capacity: the number of client slots; None is no limit.
            credits: the credit left; None is no limit, 0 refuses calls.
            numbers: the organisation's phone numbers; None accepts every number.
            host: the address to listen on.
            settings: any other value of :class:`~pinecall.emulator.core.Settings`, in seconds, like
                ``resume_window=5.0``.
        """
        if ids not in _IDS:
            raise EmulatorError(f"ids={ids!r}: one of {', '.join(_IDS)}")
        if isinstance(api_keys, str):
            raise EmulatorError("api_keys is a list of keys, or a mapping of key to organisation")
        unknown = set(settings) - set(fields_dict(Settings))
        if unknown:
            known = ", ".join(fields_dict(Settings))
            raise EmulatorError(f"unknown setting {sorted(unknown)[0]!r}; settings: {known}")
        self._settings = Settings(
            pace=_pace(pace), ids=ids, seed=seed, capacity=capacity, credits=credits,
            numbers=None if numbers is None else frozenset(map(normal_number, numbers)), **settings,
        )  # fmt: skip
        self._keys = _keys(api_keys, self._settings.org_id)
        self._responder = responder_of(responder)
        self._host, self._port = host, port
        self._watcher: Callable[[Passed], None] | None = None
        self._running: Runner | None = None

    # life

    def _start(self, home: asyncio.AbstractEventLoop | None) -> None:
        if self._running is not None and self._running.running:
            return
        core = Server(self._keys, self._settings, external=self._responder is not None)
        core.world.outbox.watcher = self._watcher
        answerer = Answerer(self._responder, home) if self._responder is not None else None
        runner = Runner(core, answerer, self._host, self._port)
        runner.start(make_app(runner))
        self._running, self._port = runner, runner.port

    def _stop(self) -> None:
        if self._running is not None:
            self._running.stop()

    @property
    def _runner(self) -> Runner:
        if self._running is None:
            raise EmulatorError(
                "the emulator is not running: start() it, or use it in a with block"
            )
        return self._running

    @property
    def port(self) -> int:
        """The port it listens on; 0 before the start if none was given."""
        return self._port

    @property
    def url(self) -> str:
        """The URL for clients: ``ws://127.0.0.1:PORT/client``."""
        return f"ws://{self._netloc}/client"

    @property
    def http_url(self) -> str:
        """The base URL of REST and of every other socket."""
        return f"http://{self._netloc}"

    @property
    def _netloc(self) -> str:
        port = self._runner.port
        return f"[{self._host}]:{port}" if ":" in self._host else f"{self._host}:{port}"

    @property
    def api_key(self) -> str:
        """The first of the keys it accepts."""
        return next(iter(self._keys))

    @shows
    def __repr__(self) -> str:
        if self._running is None or not self._running.running:
            return f"<{type(self).__name__}: not running>"
        agents, calls = len(self.agents), len(self.calls)
        return f"<{type(self).__name__} {self.url}: {agents} agents, {calls} live calls>"

    # what it holds

    @property
    def agents(self) -> dict[str, views.HeldAgent]:
        """Every agent by id."""
        return self._look(views.agents)

    @property
    def lines(self) -> dict[str, views.HeldLine]:
        """Every line by number."""
        return self._look(views.lines)

    @property
    def calls(self) -> dict[str, views.CallView]:
        """Every live call, chat and WhatsApp session by id."""
        return self._look(views.calls)

    @property
    def connections(self) -> list[views.ConnectionView]:
        """Every open connection, oldest first."""
        return self._look(views.connections)

    @property
    def frames(self) -> list[Frame]:
        """Every frame from clients, in order and unchanged; the newest 10 000."""
        return self._look(lambda core: list(core.frames))

    @property
    def requests(self) -> list[HttpRequest]:
        """Every HTTP request and side socket, in order; the newest 10 000."""
        return list(self._runner.requests)

    @property
    def pace(self) -> float:
        """The speed of speech: 0.0 at once, 1.0 like people. Can be set."""
        return self._settings.pace

    @pace.setter
    def pace(self, value: float) -> None:
        self._settings.pace = _pace(value)

    @property
    def capacity(self) -> int | None:
        """The number of client slots; None is no limit. Can be set."""
        return self._settings.capacity

    @capacity.setter
    def capacity(self, value: int | None) -> None:
        self._settings.capacity = value

    @property
    def credits(self) -> float | None:
        """The credit left; setting 0 ends live calls with ``credits.exhausted`` and refuses new ones."""
        return self._settings.credits

    @credits.setter
    def credits(self, value: float | None) -> None:
        self._act(lambda core: credit.change(core.world, core.sessions, value))

    def _look(self, read: Callable[[Server], _T]) -> _T:
        runner = self._runner
        return runner.look(lambda: read(runner.core))

    def _act(self, action: Callable[[Server], _T]) -> _T:
        runner = self._runner
        return runner.act(lambda: action(runner.core))

    def _attempt(self, action: Callable[[Server], _T], wait: float) -> Future[_T]:
        """Act as soon as ``Nobody`` is no longer raised, for at most ``wait`` seconds."""
        core = self._runner.core
        last: list[Nobody] = []

        def attempt() -> _T | None:
            last.clear()
            try:
                return action(core)
            except Nobody as why:
                last.append(why)
                return None

        future: Future[_T] = Future()
        try:
            found = self._act(lambda _: attempt())
        except EmulatorError as why:
            future.set_exception(why)
            return future
        if found is not None:
            future.set_result(found)
            return future
        if wait <= 0:
            future.set_exception(last[0])
            return future
        waiting = self._runner.wait(attempt, wait, lambda: str(last[0]) if last else "")
        return _as_nobody(waiting, last)


def _keys(given: Iterable[str] | Mapping[str, str] | None, org: str) -> dict[str, str]:
    if isinstance(given, Mapping):
        keys = dict(given)
    else:
        keys = dict.fromkeys([DEFAULT_KEY] if given is None else given, org)
    if not keys:
        raise EmulatorError("api_keys is empty: nobody could connect")
    return keys


def _pace(value: float) -> float:
    if not 0 <= value <= 10:
        raise EmulatorError(f"pace={value!r}: 0.0 (at once) to 1.0 (like people), at most 10")
    return float(value)


def _as_nobody(waiting: Future[Any], last: list[Nobody]) -> Future[Any]:
    """Wrap the future so that a timeout raises the last ``Nobody`` instead."""
    result: Future[Any] = Future()

    def done(finished: Future[Any]) -> None:
        why = finished.exception()
        if why is None:
            result.set_result(finished.result())
        elif isinstance(why, TimeoutError) and last:
            result.set_exception(last[0])
        else:
            result.set_exception(why)

    waiting.add_done_callback(done)
    return result
