"""Tables of handlers: of a client, an agent, a line or a call."""

from __future__ import annotations

from .callables import Function
from .handlers import Handlers
from .runtime import Runtime

__all__ = ["HasHandlers"]


class HasHandlers:
    """An object that handlers are registered on. Its table is created with the first handler: most
    calls never have one."""

    _runtime: Runtime
    _own_handlers: Handlers | None = None

    @property
    def _title(self) -> str:
        """The name used in messages, like ``agent mara``."""
        raise NotImplementedError

    @property
    def _events_over(self) -> bool:
        """Whether no more events will come: the call ended, the agent or line is gone."""
        return False

    @property
    def _handlers(self) -> Handlers:
        if self._own_handlers is None:
            self._own_handlers = self._runtime.new_handlers(self._title)
        return self._own_handlers

    def _check_listening(self, verb: str) -> None:
        """Raise if a handler would never be called."""

    def _add_handler(self, event: str, handler: Function) -> Function:
        self._check_listening("on")
        with self._runtime.guard:
            return self._handlers.add(event, handler)

    def _add_once(self, event: str, handler: Function) -> Function:
        self._check_listening("once")
        with self._runtime.guard:
            return self._handlers.add(event, handler, once=True)

    def _remove_handler(self, event: str, handler: Function | None = None) -> None:
        with self._runtime.guard:
            self._handlers.remove(event, handler)
