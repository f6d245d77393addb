"""Claiming a number as a line. The states are those of :mod:`pinecall.core.model.registration`."""

from __future__ import annotations

from ...errors import RegistrationError
from ...events import LineError
from ..model.registration import Registration

__all__ = ["LineRegistration"]


class LineRegistration(Registration):
    """A line's registration: after the ack it sends only what was held for its calls."""

    __slots__ = ()

    def acked(self) -> bool:
        if not super().acked():
            return False
        self._release()
        return True

    def refused(self, event: LineError) -> None:
        """Handle ``line.error``: the line is refused for good."""
        code = self.runtime.clean(event.code or "LINE_CONFIG_ERROR")
        text = self.runtime.clean(event.error or code)
        message = f"{self.owner._title} was refused: {text} ({code})"
        self.refuse(RegistrationError(message, code, agent_id=self.owner.id))
