"""WhatsApp sessions: calls without a voice and without a definite end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...events import (
    WhatsAppMessage,
    WhatsAppResponse,
    WhatsAppSessionEnded,
    WhatsAppSessionStarted,
    WhatsAppStatus,
)
from ..agents.agent import AgentBase
from .base import effect, pass_on

if TYPE_CHECKING:
    from ..calls.call import CallBase
    from ..lifecycle import Lifecycle


def _known(s: Lifecycle, event: Any, agent: Any) -> tuple[AgentBase | None, CallBase | None]:
    """Return the session's call and agent; without either, the only agent that has WhatsApp."""
    call = s.registry.calls.get(event.session_id) if event.session_id else None
    if call is not None and isinstance(call.agent, AgentBase):
        return call.agent, call
    if isinstance(agent, AgentBase):
        return agent, None
    if event.agent_id:
        return None, None
    ended = s.registry.ended_owner(event.session_id) if event.session_id else None
    if isinstance(ended, AgentBase):
        return ended, None
    having = [
        one
        for one in s.registry.agents.values()
        if any(channel.type == "whatsapp" for channel in one._channel_table.values())
    ]
    return (having[0], None) if len(having) == 1 else (None, None)


def start_session(
    s: Lifecycle,
    agent: AgentBase,
    session_id: str,
    event: Any,
    contact_phone: str = "",
    contact_name: str | None = None,
) -> CallBase:
    call = s.makers.make_call(
        s, agent, session_id, from_=contact_phone, to=agent.id, transport="whatsapp"
    )
    s.start_call(call, event)
    call._announced = True
    session = s.makers.make_whatsapp_session(call, contact_name)
    s.emit("whatsapp.started", (call,), event=event, agent=agent, call=call)
    s.emit("whatsapp.session_started", (session,), event=event, agent=agent, call=call)
    call._begin_history(agent.config.history)
    return call


@effect(WhatsAppSessionStarted)
def session_started(s: Lifecycle, event: WhatsAppSessionStarted, agent: Any, call: Any) -> None:
    owner, known = _known(s, event, agent)
    if known is not None:
        known.from_ = known.from_ or event.contact_phone or ""
    elif owner is None:
        pass_on(s, event, owner, None)
    elif s.registry.ended_owner(event.session_id) is not None:
        s.drop(event, f"session {event.session_id} is over")
    else:
        start_session(
            s, owner, event.session_id, event, event.contact_phone or "", event.contact_name
        )


@effect(WhatsAppMessage)
def message(s: Lifecycle, event: WhatsAppMessage, agent: Any, call: Any) -> None:
    owner, known = _known(s, event, agent)
    if (
        known is None
        and owner is not None
        and event.session_id
        and s.registry.ended_owner(event.session_id) is None
    ):
        # A session that began before this process started.
        known = start_session(s, owner, event.session_id, event, event.from_ or "", event.name)
    if known is not None:
        known.from_ = known.from_ or event.from_ or ""
        if event.text:
            known._conversation.remember("user", event.text, event.message_id)
    pass_on(s, event, owner, known)


@effect(WhatsAppResponse)
def response(s: Lifecycle, event: WhatsAppResponse, agent: Any, call: Any) -> None:
    owner, known = _known(s, event, agent)
    if known is not None and event.text:
        known._conversation.remember("assistant", event.text, source=event.source)
    pass_on(s, event, owner, known)


@effect(WhatsAppStatus)
def status(s: Lifecycle, event: WhatsAppStatus, agent: Any, call: Any) -> None:
    owner, known = _known(s, event, agent)
    pass_on(s, event, owner, known)


@effect(WhatsAppSessionEnded)
def session_ended(s: Lifecycle, event: WhatsAppSessionEnded, agent: Any, call: Any) -> None:
    owner, known = _known(s, event, agent)
    if known is not None:
        known.duration = event.duration or 0.0
        known.started_at = event.started_at or known.started_at
        known.ended_at = event.ended_at or 0.0
        if event.messages:
            known._conversation.told(event.messages)
    pass_on(s, event, owner, known)
    if known is not None:
        s.end_call(known, s.clean(event.reason or "unknown"), event)
