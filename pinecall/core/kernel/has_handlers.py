"""Tables of handlers: of a client, an agent, a line or a call."""

from __future__ import annotations

from .callables import Function
from .handlers import Handlers
from .runtime import Runtime

__all__ = ["HasHandlers"]


class HasHandlers:
    """Something that handlers are registered on. Its table is made with the first handler: most
    calls never have one."""

    session: Runtime
    own_handlers: Handlers | None = None

    @property
    def title(self) -> str:
        """Its name in messages, like ``agent mara``."""
        raise NotImplementedError

    @property
    def events_over(self) -> bool:
        """Will nothing more happen here? A call ends, an agent is removed, a line destroyed."""
        return False

    @property
    def handlers(self) -> Handlers:
        if self.own_handlers is None:
            self.own_handlers = self.session.new_handlers(self.title)
        return self.own_handlers

    def check_listening(self, verb: str) -> None:
        """Raise where a handler would never be called."""

    def add_handler(self, event: str, handler: Function) -> Function:
        self.check_listening("on")
        with self.session.guard:
            return self.handlers.add(event, handler)

    def add_once(self, event: str, handler: Function) -> Function:
        self.check_listening("once")
        with self.session.guard:
            return self.handlers.add(event, handler, once=True)

    def remove_handler(self, event: str, handler: Function | None = None) -> None:
        with self.session.guard:
            self.handlers.remove(event, handler)
