"""The owner of calls: an agent or a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..kernel.has_handlers import HasHandlers
from .registration import Registration

if TYPE_CHECKING:
    from ..kernel.handlers import Source

__all__ = ["Owner"]


class Owner(HasHandlers):
    """The common part of agents and lines: a claimed name and live calls."""

    id: str
    #: Live calls, by id.
    _live_calls: dict[str, Any]
    #: How messages say that the owner was removed or destroyed.
    _gone: str

    @property
    def _registration(self) -> Registration:
        """The claim to its name on the server."""
        raise NotImplementedError

    @property
    def registered(self) -> bool:
        """Whether the server has it registered now."""
        return self._registration.held

    @property
    def _removed(self) -> bool:
        return self._registration.status == "removed"

    @property
    def _events_over(self) -> bool:
        return self._removed

    def _require(self, verb: str) -> None:
        """Raise RegistrationError if it was removed (an agent) or destroyed (a line)."""
        self._registration.require(verb)

    def _check_listening(self, verb: str) -> None:
        self._require(verb)

    def _call_ended(self, call: Source) -> None:
        """Handle the end of one of its calls."""
