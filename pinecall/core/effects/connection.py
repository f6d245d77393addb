"""Frames of the connection itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import AgentConflictError, PinecallError, ServerAtCapacityError
from ...events import Authenticated, Connected, ErrorFrame, Ping, Pong
from ..agents.agent import AgentBase
from .base import effect

if TYPE_CHECKING:
    from ..lifecycle import Lifecycle

_REGISTRATION = frozenset({"REGISTRATION_ERROR", "PROVIDER_KEY_REQUIRED", "MODEL_NOT_ALLOWED"})
_CONFLICT = frozenset({"AGENT_CONFLICT", "AGENT_IN_USE", "AGENT_CONFLICT_FATAL"})
# Older servers put the code into the text.
_IN_TEXT = (
    "PHONE_IN_USE",
    "AGENT_IN_USE",
    "AGENT_CONFLICT_FATAL",
    "AGENT_CONFLICT",
    "SERVER_AT_CAPACITY",
)


@effect(Connected, Authenticated)
def heard(s: Lifecycle, event: Any, agent: Any, call: Any) -> None:
    """Ignore the event: it is only a sign of life."""


@effect(Pong)
def pong(s: Lifecycle, event: Pong, agent: Any, call: Any) -> None:
    s.proofs.pong()


@effect(Ping)
def ping(s: Lifecycle, event: Ping, agent: Any, call: Any) -> None:
    s.transmit({"event": "pong"})


@effect(ErrorFrame)
def error(s: Lifecycle, event: ErrorFrame, agent: Any, call: Any) -> None:
    text = s.clean(event.error or event.message or "no reason given")
    in_text = next((known for known in _IN_TEXT if known in text), "SERVER_ERROR")
    code = s.clean(event.code or in_text)
    request_id = event.raw.get("request_id")
    if isinstance(request_id, str) and s.requests.refused(request_id, text, code):
        return  # the caller of the request gets the error
    if isinstance(agent, AgentBase):
        registration = agent._registration
        if code in _CONFLICT or code in ("PHONE_IN_USE", "SERVER_AT_CAPACITY"):
            registration.refused(event, code, text)
            return
        if code in _REGISTRATION and not registration.held:
            registration.refused(event, code, text)
            return
        if agent._has_dials and agent._dials.refused(text, code):
            return
    s.report(_error(event, code, text), agent=agent)


def _error(event: ErrorFrame, code: str, text: str) -> PinecallError:
    about = f"agent {event.agent_id!r}: " if event.agent_id else ""
    message = f"the server reports: {about}{text} ({code})"
    if code in _CONFLICT:
        return AgentConflictError(message, code, agent_id=event.agent_id)
    if code == "SERVER_AT_CAPACITY":
        return ServerAtCapacityError(message, code, used=event.used, limit=event.limit)
    return PinecallError(message, code, agent_id=event.agent_id)
