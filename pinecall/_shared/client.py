"""The client of both fronts without what connects and waits, and the host the core runs in."""

from __future__ import annotations

import os
import random
import ssl as ssl_module
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from ..core.agents.agent import AgentBase
from ..core.api.answering import Answering
from ..core.api.client import ClientBase
from ..core.engine import Engine
from ..core.lines.line import LineBase
from ..logs import Log
from ..options import AgentOptions, ReconnectPolicy
from .notebook import former_clients, remember
from .settings import Settings
from .unattended import warn, watch

if TYPE_CHECKING:
    from ..core.calls.call import CallBase
    from ..core.calls.whatsapp import WhatsAppSessionBase
    from ..core.kernel.outcome import Outcome
    from ..core.kernel.runtime import Runtime
    from ..core.lines.line_call import LineCallBase
    from .traces import CallTrace

__all__ = ["BaseClient", "Host"]

log = Log("link")

AgentT = TypeVar("AgentT", bound=AgentBase)
LineT = TypeVar("LineT", bound=LineBase)
ReplyT = TypeVar("ReplyT")  # the answer of an agent to a message


class Driving(Protocol):
    """The methods of a front's driver that any thread may call."""

    def wake(self) -> None: ...
    def now(self) -> float: ...
    def check_process(self) -> None: ...


class Host:
    """The core's view of a front: its :class:`~pinecall.core.kernel.front.Front`."""

    def __init__(self, client: Any, classes: Any, *, coroutines: bool) -> None:
        """Keep ``classes``: the module with the front's ``Agent``, ``Call`` and so on."""
        self.guard: AbstractContextManager[Any] = threading.RLock()
        _hosts.add(self)
        self.driver: Driving | None = None
        self.client = client
        self.coroutines = coroutines
        self.make_agent: Callable[[Runtime, str], AgentBase] = classes.Agent
        self.make_line: Callable[[Runtime, str], LineBase] = classes.Line
        self.make_call: Callable[..., CallBase] = classes.Call
        self.make_line_call: Callable[..., LineCallBase] = classes.LineCall
        self.make_whatsapp_session: Callable[[CallBase, str | None], WhatsAppSessionBase] = (
            classes.WhatsAppSession
        )

    def epoch(self) -> float:
        return time.time()

    def now(self) -> float:
        return 0.0 if self.driver is None else self.driver.now()

    def check(self) -> None:
        if self.driver is not None:
            self.driver.check_process()

    def wake(self) -> None:
        if self.driver is not None:
            self.driver.wake()


_hosts: weakref.WeakSet[Host] = weakref.WeakSet()


def _free_guards() -> None:
    """Free the guards in a forked child: a thread that held one exists in the parent only."""
    for host in list(_hosts):
        host.guard._at_fork_reinit()  # type: ignore[attr-defined]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_free_guards)


class BaseClient(ClientBase[AgentT, LineT], Answering, Generic[AgentT, LineT, ReplyT]):
    """A client without the methods that connect and wait."""

    _settings: Settings
    #: The process that connected it; None once its end needs no warning.
    _watched_by: int | None = None
    #: The front's own driver.
    _driver: Any

    def __init__(
        self,
        api_key: str | None = None,
        *,
        url: str | None = None,
        reconnect: bool | ReconnectPolicy = True,
        ping_interval: float | None = 30.0,
        connect_timeout: float = 10.0,
        ssl: ssl_module.SSLContext | str | None = None,
        proxy: str | None = None,
        allow_insecure: bool = False,
        strict: bool = False,
    ) -> None:
        self._settings = Settings(
            api_key=api_key,
            url=url,
            reconnect=reconnect,
            ping_interval=ping_interval,
            connect_timeout=connect_timeout,
            ssl=ssl,
            proxy=proxy,
            allow_insecure=allow_insecure,
            strict=strict,
        )
        host = self._make_host()
        self._runtime = Engine(self._settings.link(), host, random=random.random)
        self._driver = host.driver = self._make_driver()
        remember(self)

    def _make_host(self) -> Host:
        raise NotImplementedError

    def _make_driver(self) -> Any:
        raise NotImplementedError

    def chat(
        self,
        agent_id: str,
        text: str,
        *,
        session_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        timeout: float = 30.0,
    ) -> ReplyT:
        """Write to an agent of the organisation, of this process or another; return its answer.

        session_id: continues a conversation; without it a new one begins, whose id is in the
            answer. Messages of one session are sent one after the other
        metadata: becomes ``call.metadata`` of a new conversation
        timeout: seconds, from now

        The frame is on its way when the method returns: on the asyncio front, await the answer or
        ignore it. Raises ConfigurationError, NotConnected (at once, also when the link is lost
        meanwhile), RequestRejected and RequestTimeout. (Wire: ``llm.chat`` → ``llm.chat.done`` or
        ``llm.chat.error``; ``on("llm.chat.token", …)`` receives its parts.)
        """
        outcome = self._place_chat(
            agent_id, text, session_id=session_id, metadata=metadata, timeout=timeout
        )
        reply: ReplyT = self._answer(outcome)
        return reply

    def traces(
        self,
        keep: int = 100,
        path: str | os.PathLike[str] | None = None,
        redact: Callable[[dict[str, Any]], dict[str, Any] | None] | None = None,
    ) -> Mapping[str, CallTrace]:
        """Keep a trace of each call from now on; return the traces by call id, the oldest first.

        keep: how many; the traces of ended calls go first, the oldest before the others. Those of
            live calls stay, so that there may be more for a while
        path: also append each frame to this file as it passes, as JSON Lines, the calls side by
            side; ``CallTrace.load(path)`` reads it
        redact: gets each frame before it is kept or written, and returns it, changed or not, or
            None to leave it out. Errors pass through it as frames of the event ``error``

        It may be called again: an argument that is left out is not changed, one that was not given
        before is from then on, and another value than before raises ConfigurationError. A file that
        cannot be written raises it too; if writing fails later, ``error`` fires once, and the calls
        go on. No key, token or WhatsApp secret is ever in a trace.
        """
        from .traces import keep_traces  # nothing of it is there before it is used

        return keep_traces(self._engine, keep, path, redact)

    # -- a notebook's former clients --------------------------------------------------------------

    def _put_agent(self, id: str, given: AgentOptions, channels: list[Any]) -> AgentT:
        replaced = self._replace_formers(id)
        agent = super()._put_agent(id, given, channels)
        if replaced:
            self._hurry()
        return agent

    def _replace_formers(self, agent_id: str = "") -> bool:
        """Disconnect the former clients of this one, or of this agent. Returns whether there were any."""
        formers = self._formers(agent_id)
        for former in formers:
            self._replace(former)
        return bool(formers)

    def _formers(self, agent_id: str = "") -> list[Any]:
        """Return the clients to disconnect before this one connects or gets this agent."""
        formers = former_clients(self, agent_id)
        for former in formers:
            log.info("%s gives way to the client of the cell's new run", repr(former))
        return formers

    def _replace(self, former: Any) -> None:
        """Disconnect a former client."""
        raise NotImplementedError

    def _hurry(self) -> None:
        """Request names that another client has just released, without the usual delay."""
        for agent in self._engine.registry.agents.values():
            agent._registration.hurry()

    # -- connecting and leaving ---------------------------------------------------------------------

    def _begin_connecting(self) -> Outcome[None]:
        watch(self)
        with self._engine.guard:
            return self._engine.connect()

    def _when_over(self) -> Outcome[None]:
        with self._engine.guard:
            return self._engine.when_over()

    def __del__(self) -> None:
        if self._watched_by is not None:
            warn(self)

    def _raise_failure(self) -> None:
        """With ``strict``, raise a handler's exception, once."""
        failure = self._engine.take_failure()
        if failure is not None and self._settings.strict:
            raise failure
