"""A WhatsApp session: one agent and one contact."""

from __future__ import annotations

from typing import Any

from ..kernel.outcome import Outcome
from ..text.showing import shows
from .call import CallBase

__all__ = ["WhatsAppSessionBase"]


class WhatsAppSessionBase:
    """The session behind a WhatsApp call (wire: ``whatsapp.session_started``).

    ``id`` is the id of both the session and its call. The fronts add the call's requests.
    """

    def __init__(self, call: CallBase, contact_name: str | None) -> None:
        self._runtime = call._runtime
        self._call = call
        self.id = call.id
        self.contact_name = contact_name

    @property
    def contact_phone(self) -> str:
        """Digits without a plus; empty until the contact writes, if the start was not seen."""
        return self._call.from_

    def _ask_history(self) -> Outcome[list[dict[str, Any]]]:
        return self._call._ask_history()

    def _ask_change(self, verb: str, **fields: Any) -> Outcome[int]:
        return self._call._ask_change(verb, **fields)

    @shows
    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} with {self.contact_phone}>"
