"""What the core asks of a front."""

from __future__ import annotations

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

    def wake(self) -> None:
        """Something is to be sent or delivered; called from any thread, never blocks."""
        ...

    def make_agent(self, session: Session, agent_id: str) -> AgentBase: ...

    def make_line(self, session: Session, number: str) -> LineBase: ...

    def make_call(
        self, session: Session, agent: AgentBase | LineBase, call_id: str, **facts: Any
    ) -> CallBase: ...

    def make_line_call(
        self, session: Session, line: LineBase, call_id: str, **facts: Any
    ) -> LineCallBase: ...

    def make_whatsapp_session(
        self, call: CallBase, contact_name: str | None
    ) -> WhatsAppSessionBase: ...
