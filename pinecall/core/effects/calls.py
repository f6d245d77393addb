"""The life of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ...errors import PinecallError
from ...events import (
    CallDialing,
    CallEnded,
    CallError,
    CallRecording,
    CallRinging,
    CallStarted,
    CallUpdated,
)
from ..agents.agent import AgentBase
from ..agents.dials import NOT_ANSWERED, dial_reason
from ..agents.ringing import RingingCall
from ..lines.line import LineBase
from ..lines.line_call import LineCallBase
from .base import concerns_somebody, effect, late, pass_on, to_call
from .greeting import greet

if TYPE_CHECKING:
    from ..calls.call import CallBase
    from ..lifecycle import Lifecycle
    from ..model.owner import Owner


@effect(CallStarted)
def call_started(
    s: Lifecycle, event: CallStarted, agent: Owner | None, call: CallBase | None
) -> None:
    owner = s.registry.owner(event.agent_id)
    if isinstance(call, LineCallBase) and call.routed and isinstance(owner, AgentBase):
        # Transferred: the agent's call has the same id as the line's, whose end may come late.
        s.end_call(call, "routed")
        agent, call = owner, None
    if call is not None and call._announced:
        # Servers repeat it, and it may come after later events; the object that handlers already
        # have is kept.
        call.language = event.language or call.language
        call.from_, call.to = call.from_ or event.from_ or "", call.to or event.to or ""
        call.metadata = call.metadata or event.metadata
        if call.transport == "unknown":
            call.direction = event.direction or call.direction
            call.transport = event.transport or "unknown"
        return
    if agent is None:
        pass_on(s, event, agent, call)
        return
    if call is None:
        if s.registry.ended_owner(event.call_id) is not None:
            if not event.routed_from and not isinstance(
                s.registry.ended_owner(event.call_id), LineBase
            ):
                s.drop(event, f"call {event.call_id} is over")
                return
            s.registry.revive(event.call_id)
        make = s.makers.make_line_call if isinstance(agent, LineBase) else s.makers.make_call
        call = make(s, agent, event.call_id)
        s.start_call(call, event)
    else:
        s.weigh(call, event)
    call.from_ = event.from_ or call.from_
    call.to = event.to or call.to
    call.direction = event.direction or call.direction
    call.transport = event.transport or "unknown"
    call.metadata = event.metadata
    call.language = event.language
    call.extension = event.extension
    call.routed_from = event.routed_from
    call.line_transcript = event.line_transcript
    call._answered()
    call._announced = True
    if isinstance(agent, LineBase):
        agent._answer(cast("LineCallBase", call), event)
    else:
        _begin(s, event, cast("AgentBase", agent), call)


def _begin(s: Lifecycle, event: CallStarted, agent: AgentBase, call: CallBase) -> None:
    """Begin the call of an agent."""
    s.emit("call.started", (call,), event=event, agent=agent, call=call)
    call._begin_history(agent.config.history)
    if agent._has_dials:
        agent._dials.started(call)
    if call.direction == "inbound":
        greet(s, agent, call)


@effect(CallEnded)
def call_ended(s: Lifecycle, event: CallEnded, agent: Owner | None, call: CallBase | None) -> None:
    reason = s.clean(event.reason or "unknown")
    if isinstance(s.registry.owner(event.agent_id), LineBase) and not isinstance(
        call, LineCallBase
    ):
        s.drop(event, f"call {event.call_id} is over on its line")
        return
    if call is not None:
        call.duration = event.duration_seconds or 0.0
        call.started_at = event.started_at or call.started_at
        call.ended_at = event.ended_at or 0.0
        if event.messages:
            call._conversation.told(event.messages)
        s.end_call(call, reason, event)
        return
    known = s.registry.ended_owner(event.call_id) is not None
    outbound = event.direction == "outbound" or dial_reason(reason) in NOT_ANSWERED
    if not known and outbound and isinstance(agent, AgentBase) and agent._has_dials:
        agent._dials.ended_unseen(event.call_id, event.to, reason)
    else:
        s.drop(event, f"call {event.call_id} is not known here")


@effect(CallDialing)
def call_dialing(
    s: Lifecycle, event: CallDialing, agent: Owner | None, call: CallBase | None
) -> None:
    if (
        call is None
        and isinstance(agent, AgentBase)
        and s.registry.ended_owner(event.call_id) is None
    ):
        call = s.makers.make_call(
            s,
            agent,
            event.call_id,
            from_=event.from_,
            to=event.to,
            direction="outbound",
            transport="phone",
            status="dialing",
        )
        s.start_call(call, event)
        agent._dials.dialing(call)
    pass_on(s, event, agent, call)


@effect(CallUpdated)
def call_updated(s: Lifecycle, event: CallUpdated, agent: Any, call: CallBase | None) -> None:
    if call is not None and event.language:
        call.language = event.language
    to_call(s, event, agent, call)


@effect(CallError)
def call_error(s: Lifecycle, event: CallError, agent: Owner | None, call: CallBase | None) -> None:
    text = s.clean(event.error or "no reason given")
    if call is None and not concerns_somebody(s, event, agent):
        return
    pass_on(s, event, agent, call)
    dialing = call is not None and call.status == "dialing"
    if isinstance(agent, AgentBase) and agent._has_dials and (call is None or dialing):
        agent._dials.call_error(event.call_id, text, s.clean(event.code or "") or None)
    if call is not None and dialing:
        s.end_call(call, "failed")
    s.report(
        PinecallError(
            f"call {event.call_id or '?'} of agent {event.agent_id!r}: {text}",
            s.clean(event.code or "CALL_ERROR"),
            agent_id=event.agent_id,
            call_id=event.call_id,
        ),
        agent=agent,
        call=call,
    )


@effect(CallRinging)
def call_ringing(s: Lifecycle, event: CallRinging, agent: Any, call: Any) -> None:
    if not isinstance(agent, AgentBase):
        pass_on(s, event, agent, call)
        return
    ringing = RingingCall(s, agent, event.call_id, event.from_, event.to)
    heard = s.has_handlers("call.ringing", agent)
    s.emit("call.ringing", (ringing,), event=event, agent=agent)
    if s.drain is not None:
        ringing.reject()
    elif not heard:
        # No handler decides: accept now rather than make the caller wait for the server's timer.
        ringing.accept()


@effect(CallRecording)
def call_recording(s: Lifecycle, event: CallRecording, agent: Any, call: Any) -> None:
    """Pass on a recording: it comes after the end of its call, and may name no agent."""
    late(s, event, agent, call, event.call_id)
