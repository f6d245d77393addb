"""What the core asks of a front."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .agent import AgentBase
    from .call import CallBase
    from .line import LineBase, LineCallBase
    from .session import Session
    from .whatsapp import WhatsAppSessionBase

__all__ = ["Front"]


class Front(Protocol):
    """The classes users see, and the two things that differ between an event loop and threads."""

    #: May handlers and tools be coroutine functions?
    coroutines: bool
    #: The front's ``Pinecall``, for agents that go through it.
    client: Any
    #: Held around every access to the session; reentrant.
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

    # The classes users see, or what makes them.

    @property
    def make_agent(self) -> Callable[[Session, str], AgentBase]: ...

    @property
    def make_line(self) -> Callable[[Session, str], LineBase]: ...

    @property
    def make_call(self) -> Callable[..., CallBase]:
        """Of a session, an agent (or line), an id, and the facts by name."""
        ...

    @property
    def make_line_call(self) -> Callable[..., LineCallBase]: ...

    @property
    def make_whatsapp_session(self) -> Callable[[CallBase, str | None], WhatsAppSessionBase]: ...
