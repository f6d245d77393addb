"""The caller's speech, and turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...events import (
    AudioMetrics,
    EagerTurn,
    TurnContinued,
    TurnEnd,
    UserMessage,
    UserSpeaking,
)
from ..lines.line_call import LineCallBase
from .base import effect, pass_on, to_call

if TYPE_CHECKING:
    from ..calls.call import CallBase
    from ..lifecycle import Lifecycle


@effect(UserSpeaking, AudioMetrics)
def interim(s: Lifecycle, event: Any, agent: Any, call: CallBase | None) -> None:
    to_call(s, event, agent, call)


@effect(UserMessage)
def user_message(s: Lifecycle, event: UserMessage, agent: Any, call: CallBase | None) -> None:
    if call is None:
        pass_on(s, event, agent, call)
        return
    if event.message_id:
        call.last_message_id = event.message_id
    call._turn.heard(event)
    if call._conversation.remember("user", event.text, event.message_id):
        answers = event.message_id or None
        s.emit("user.message", (event, call), event=event, agent=agent, call=call, answers=answers)


@effect(EagerTurn)
def eager_turn(s: Lifecycle, event: EagerTurn, agent: Any, call: CallBase | None) -> None:
    if call is None:
        pass_on(s, event, agent, call)
        return
    turn = call._turn.eager(event)
    call.last_message_id = event.message_id or call.last_message_id
    answers = turn.message_id or None
    s.emit("eager.turn", (turn, call), event=turn, agent=agent, call=call, answers=answers)


@effect(TurnEnd)
def turn_end(s: Lifecycle, event: TurnEnd, agent: Any, call: CallBase | None) -> None:
    if call is None:
        pass_on(s, event, agent, call)
        return
    turn = call._turn.ended(event)
    if isinstance(call, LineCallBase):
        call._turn_ended(turn)
    call.last_message_id = event.message_id or call.last_message_id
    answers = turn.message_id or None
    s.emit("turn.end", (turn, call), event=turn, agent=agent, call=call, answers=answers)


@effect(TurnContinued)
def turn_continued(s: Lifecycle, event: TurnContinued, agent: Any, call: CallBase | None) -> None:
    if call is not None:
        call._abort_streams()
    to_call(s, event, agent, call)
