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
    live_calls: dict[str, Any]
    #: How messages say that it is no more.
    gone: str

    @property
    def registration(self) -> Registration:
        """Its claim to its name on the server."""
        raise NotImplementedError

    @property
    def registered(self) -> bool:
        """Does the server have it now?"""
        return self.registration.held

    @property
    def removed(self) -> bool:
        return self.registration.status == "removed"

    @property
    def events_over(self) -> bool:
        return self.removed

    def require(self, verb: str) -> None:
        """Raise RegistrationError where it was removed (an agent) or destroyed (a line)."""
        self.registration.require(verb)

    def check_listening(self, verb: str) -> None:
        self.require(verb)

    def call_ended(self, call: Source) -> None:
        """One of its calls is over."""
