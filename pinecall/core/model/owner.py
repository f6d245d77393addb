"""Who has calls: an agent or a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..kernel.has_handlers import HasHandlers
from .registration import Registration

if TYPE_CHECKING:
    from ..kernel.handlers import Source

__all__ = ["Owner"]


class Owner(HasHandlers):
    """What agents and lines have in common: a name that is claimed, and live calls."""

    id: str
    #: Live calls, by id.
    _live_calls: dict[str, Any]
    #: How messages say that it is no more.
    _gone: str

    @property
    def _registration(self) -> Registration:
        """Its claim to its name on the server."""
        raise NotImplementedError

    @property
    def registered(self) -> bool:
        """Does the server have it now?"""
        return self._registration.held

    @property
    def _removed(self) -> bool:
        return self._registration.status == "removed"

    @property
    def _events_over(self) -> bool:
        return self._removed

    def _require(self, verb: str) -> None:
        """Raise RegistrationError where it was removed (an agent) or destroyed (a line)."""
        self._registration.require(verb)

    def _check_listening(self, verb: str) -> None:
        self._require(verb)

    def _call_ended(self, call: Source) -> None:
        """One of its calls is over."""
