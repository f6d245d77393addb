"""What the clients of both fronts are made of: settings, a session, and the core's port to a front."""

from __future__ import annotations

import os
import random
import threading
import time
import weakref
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ..core.agents.agent import AgentBase
from ..core.api.client import ClientBase
from ..core.engine import Engine
from ..core.lifecycle import Makers
from ..core.lines.line import LineBase
from .notebook import remember
from .settings import Settings
from .unattended import tell, watch

if TYPE_CHECKING:
    from ..core.kernel.outcome import Outcome

__all__ = ["BaseClient", "HostBase"]

AgentT = TypeVar("AgentT", bound=AgentBase)
LineT = TypeVar("LineT", bound=LineBase)


class Driving(Protocol):
    def wake(self) -> None: ...
    def check_process(self) -> None: ...


class HostBase:
    """With a front's classes: its :class:`~pinecall.core.kernel.front.Front`."""

    def __init__(self) -> None:
        self.guard: AbstractContextManager[Any] = threading.RLock()
        _hosts.add(self)
        self.driver: Driving | None = None
        self.client: Any = None

    def epoch(self) -> float:
        return time.time()

    def check(self) -> None:
        if self.driver is not None:
            self.driver.check_process()

    def wake(self) -> None:
        if self.driver is not None:
            self.driver.wake()


_hosts: weakref.WeakSet[HostBase] = weakref.WeakSet()


def _free_guards() -> None:
    """In a forked child: a thread that held a guard exists in the parent alone."""
    for host in list(_hosts):
        host.guard._at_fork_reinit()  # type: ignore[attr-defined]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_free_guards)


class BaseClient(ClientBase[AgentT, LineT]):
    """A client, but for what connects and waits."""

    settings: Settings
    #: The process in which it connected; None: there is nothing to say when it goes.
    _watched_by: int | None = None

    def _set_up(self, front: Makers, **given: Any) -> None:
        self.settings = Settings.checked(**given)
        front.client = self
        self.session = Engine(self.settings.link(), front, random=random.random)
        remember(self)

    def _hurry(self) -> None:
        """Names that another client has just let go are asked for without the usual delay."""
        for agent in self.session.registry.agents.values():
            agent.registration.hurry()

    def _begin_connecting(self) -> Outcome[None]:
        watch(self)
        with self.session.guard:
            return self.session.connect()

    def __del__(self) -> None:
        if self._watched_by is not None:
            tell(self)

    def _raise_failure(self) -> None:
        """With ``strict`` what a handler raised, once."""
        failure = self.session.take_failure()
        if failure is not None and self.settings.strict:
            raise failure
