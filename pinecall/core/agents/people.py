"""People beside the agent: pauses in which they answer, their messages, and callers that are sent to
this connection."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...errors import ConfigurationError
from ..config import phone
from ..model.owner import Owner
from .scope import scope_of

__all__ = ["AgentPeople"]


class AgentPeople(Owner):
    """The part of an agent that lets people answer in its place."""

    __slots__ = ()

    _callers: tuple[str, ...]
    _pauses: list[dict[str, str]]

    def pause(self, session_id: str | None = None, *, contact: str | None = None) -> None:
        """Let a person answer: one session's, one contact's, or all (wire: ``session.pause``).

        Kept until ``resume`` and sent again after a reconnect.
        """
        self._require("pause")
        scope = scope_of(session_id, contact)
        with self._runtime.guard:
            if scope not in self._pauses:
                self._pauses.append(scope)
            if self.registered:
                self._runtime.transmit(self._pausing(scope))
        self._runtime.wake()

    def resume(self, session_id: str | None = None, *, contact: str | None = None) -> None:
        """Let the model answer again; without a scope all pauses end (wire: ``session.resume``)."""
        self._require("resume")
        scope = scope_of(session_id, contact)
        with self._runtime.guard:
            self._pauses = [p for p in self._pauses if scope and p != scope]
            if self.registered:
                frame = {"event": "session.resume", "agent_id": self.id, **scope}
                self._runtime.transmit(frame)
        self._runtime.wake()

    def _pausing(self, scope: dict[str, str]) -> dict[str, Any]:
        return {"event": "session.pause", "agent_id": self.id, **scope}

    def send_message(
        self, text: str, *, session_id: str | None = None, contact: str | None = None
    ) -> None:
        """Send a message to a WhatsApp contact as a person; sent later if the link is down.

        One of ``session_id`` and ``contact`` is needed. If the link is lost before the server has
        confirmed it, ``error`` fires, and it is not sent again (wire: ``session.send``).
        """
        self._require("send_message")
        scope = scope_of(session_id, contact)
        if not scope or not isinstance(text, str):
            raise ConfigurationError(
                "send_message(text, …) needs a text and session_id= or contact=", agent_id=self.id
            )
        frame = {"event": "session.send", "agent_id": self.id, **scope, "text": text}
        with self._runtime.guard:
            self._runtime.send_durable(frame, now=self.registered, agent_id=self.id)
        self._runtime.wake()

    def route_callers(self, numbers: Iterable[str]) -> None:
        """Send the calls and messages of these numbers to this connection (``dev.config``)."""
        self._require("route_callers")
        if isinstance(numbers, str):
            numbers = [numbers]
        what = f"route_callers, {self._title}"
        if not isinstance(numbers, Iterable):
            raise ConfigurationError(
                f"{what}: a list of phone numbers, not {type(numbers).__name__}", agent_id=self.id
            )
        callers = tuple(phone.normalize(number, what) for number in numbers)
        with self._runtime.guard:
            self._callers = callers
            if self.registered:
                self._runtime.transmit({"event": "dev.config", "callers": list(callers)})
        self._runtime.wake()
