"""What the core asks of a front."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

__all__ = ["Front"]


class Front(Protocol):
    """What differs between an event loop and threads."""

    #: May handlers and tools be coroutine functions?
    coroutines: bool
    #: The front's ``Pinecall``, for agents that go through it.
    client: Any
    #: Held around every access to the core; reentrant.
    guard: AbstractContextManager[Any]

    def epoch(self) -> float:
        """Seconds since 1970, for records; not for deadlines."""
        ...

    def check(self) -> None:
        """Raise ConfigurationError where this client cannot be used: in a forked child."""
        ...

    def wake(self) -> None:
        """Something is to be sent or delivered; called from any thread, never blocks."""
        ...
