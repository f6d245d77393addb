"""Commands that make the bot speak or stop: replies, streams, cancelling."""

from __future__ import annotations

from ..kernel.outbox import Frame
from ..kernel.records import Connection
from ..kernel.refusals import Refused, text_of
from ..platform import Platform
from ..sessions.chat import ChatSession
from ..sessions.session import Session
from ..voice.call import VoiceCall
from ..voice.speaker import Utterance

__all__ = ["cancel", "clear", "reply", "stream"]


def reply(platform: Platform, link: Connection, frame: Frame) -> None:
    """Carry out ``bot.reply``; a reply to a message that is no longer the last one is rejected."""
    session = platform.sessions.commanded(link, frame)
    message_id = text_of(frame, "message_id")
    text = frame.get("text")
    if not isinstance(text, str):
        raise Refused("BAD_REQUEST", "text must be a string")
    if _obsolete(session, frame):
        return
    history = bool(frame.get("in_reply_to")) or frame.get("add_to_history") is True
    if isinstance(session, VoiceCall):
        session.say(text, message_id=message_id, history=history, reply=True)
    elif isinstance(session, ChatSession):
        session.owner_says(message_id, text, history=history)
    else:
        raise Refused("BAD_REQUEST", f"session '{session.id}' is not a call: use session.send")


def stream(platform: Platform, link: Connection, frame: Frame) -> None:
    """Carry out ``bot.reply.stream``: start, chunk, end; late frames of a cut stream are ignored."""
    session = platform.sessions.commanded(link, frame)
    message_id, action = text_of(frame, "message_id"), frame.get("action")
    if action == "start":
        if _obsolete(session, frame):
            return
        history = bool(frame.get("in_reply_to")) or not session.has_model()
        if isinstance(session, VoiceCall):
            if session.held:
                session.unhold()
            session.speaker.say(Utterance(message_id, None, history, open=True))
        elif isinstance(session, ChatSession):
            session.answer_begins(message_id, None)
    elif action == "chunk":
        session.answer_token(message_id, str(frame.get("token", "")))
    elif action == "end":
        session.answer_ends(message_id)
        if isinstance(session, ChatSession):
            session.owner_done(message_id)
    else:
        raise Refused("BAD_REQUEST", f"action {action!r}: start, chunk or end")


def cancel(platform: Platform, link: Connection, frame: Frame) -> None:
    """Carry out ``bot.cancel`` for the named message, else the current one."""
    session = platform.sessions.commanded(link, frame)
    if not isinstance(session, VoiceCall):
        return
    message_id = frame.get("message_id")
    named = isinstance(message_id, str) and bool(message_id)
    generation = session.generation
    if generation is not None and (not named or generation.message_id == message_id):
        generation.stop()
    session.speaker.interrupt("cancelled", message_id if named else None)
    session.caller.go_on()


def clear(platform: Platform, link: Connection, frame: Frame) -> None:
    """Carry out ``bot.clear``: drop everything spoken or waiting to be spoken."""
    session = platform.sessions.commanded(link, frame)
    if isinstance(session, VoiceCall):
        session.speaker.clear("cancelled")


def _obsolete(session: Session, frame: Frame) -> bool:
    answered = frame.get("in_reply_to")
    if not isinstance(session, VoiceCall) or not answered or answered == session.last_message_id:
        return False
    session.emit(
        "reply.rejected",
        message_id=frame["message_id"],
        in_reply_to=answered,
        expected_reply_to=session.last_message_id,
        reason="message_obsolete",
    )
    return True
