"""The agent's speech."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...events import (
    BotFinished,
    BotInterrupted,
    BotSpeaking,
    BotWord,
    MessageAborted,
    MessageConfirmed,
    ReplyRejected,
)
from .base import effect, pass_on, to_call

if TYPE_CHECKING:
    from ..calls.call import CallBase
    from ..lifecycle import Lifecycle


@effect(BotSpeaking)
def bot_speaking(s: Lifecycle, event: BotSpeaking, agent: Any, call: CallBase | None) -> None:
    if call is not None:
        call._bot_begins(event.message_id)
    to_call(s, event, agent, call)


@effect(BotWord)
def bot_word(s: Lifecycle, event: BotWord, agent: Any, call: CallBase | None) -> None:
    if call is None:
        pass_on(s, event, agent, call)
        return
    if event.message_id == call._bot_message_id:
        call._bot_says(event.word)
    s.emit("bot.word", (event, call), event=event, agent=agent, call=call)


@effect(BotFinished, BotInterrupted)
def bot_done(s: Lifecycle, event: Any, agent: Any, call: CallBase | None) -> None:
    if call is None:
        pass_on(s, event, agent, call)
        return
    interrupted = isinstance(event, BotInterrupted)
    call._speeches_settle(event.message_id, interrupted=interrupted)
    if interrupted:
        call._abort_streams(event.message_id)
    spoken = call._bot_message_id

    def heard() -> None:
        # The handlers of this event may still read the spoken text.
        if call._bot_message_id == spoken:
            call._bot_begins(None)

    s.emit(event.EVENT, (event, call), event=event, agent=agent, call=call, done=heard)


@effect(MessageConfirmed)
def message_confirmed(
    s: Lifecycle, event: MessageConfirmed, agent: Any, call: CallBase | None
) -> None:
    if call is None:
        pass_on(s, event, agent, call)
        return
    if call._conversation.confirmed(event.message_id, event.text):
        s.emit("message.confirmed", (event, call), event=event, agent=agent, call=call)


@effect(ReplyRejected, MessageAborted)
def reply_rejected(s: Lifecycle, event: Any, agent: Any, call: CallBase | None) -> None:
    if call is not None:
        call._speeches_settle(event.message_id, interrupted=True)
        call._abort_streams(event.message_id)
    to_call(s, event, agent, call)
