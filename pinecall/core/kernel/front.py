"""The interface that a front provides to the core."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

__all__ = ["Front"]


class Front(Protocol):
    """The differences between an event loop and threads."""

    #: Whether handlers and tools may be coroutine functions.
    coroutines: bool
    #: The front's ``Pinecall``, for agents that go through it.
    client: Any
    #: Held around every access to the core; reentrant.
    guard: AbstractContextManager[Any]

    def epoch(self) -> float:
        """Return seconds since 1970, for records; not for deadlines."""
        ...

    def now(self) -> float:
        """Return the time of the clock that ``now`` arguments are from, while it is connected."""
        ...

    def check(self) -> None:
        """Raise ConfigurationError if this client cannot be used: in a forked child."""
        ...

    def wake(self) -> None:
        """Signal that there is something to send or deliver. Thread-safe; never blocks."""
        ...
