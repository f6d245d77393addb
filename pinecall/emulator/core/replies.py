"""What the agent's owner has the bot say: replies, streams, cancelling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .chat import ChatSession
from .connections import Connection
from .outbox import Frame
from .refusals import Refused, text_of
from .session import Session
from .speaker import Utterance
from .voice import VoiceCall

if TYPE_CHECKING:
    from .server import Server

__all__ = ["cancel", "clear", "reply", "stream"]


def reply(server: Server, link: Connection, frame: Frame) -> None:
    """``bot.reply``: spoken, unless it answers a message that is no longer the last one."""
    session = server.session_of(link, frame)
    message_id = text_of(frame, "message_id")
    text = frame.get("text")
    if not isinstance(text, str):
        raise Refused("BAD_REQUEST", "text must be a text")
    if _obsolete(session, frame):
        return
    history = bool(frame.get("in_reply_to")) or frame.get("add_to_history") is True
    if isinstance(session, VoiceCall):
        session.say(text, message_id=message_id, history=history, reply=True)
    elif isinstance(session, ChatSession):
        session.owner_says(message_id, text, history=history)
    else:
        raise Refused("BAD_REQUEST", f"session '{session.id}' is not a call: use session.send")


def stream(server: Server, link: Connection, frame: Frame) -> None:
    """``bot.reply.stream``: start, chunk, end; late frames of a stream that was cut are nothing."""
    session = server.session_of(link, frame)
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


def cancel(server: Server, link: Connection, frame: Frame) -> None:
    """``bot.cancel``: the named message, else the current one."""
    session = server.session_of(link, frame)
    if not isinstance(session, VoiceCall):
        return
    message_id = frame.get("message_id")
    named = isinstance(message_id, str) and bool(message_id)
    generation = session.generation
    if generation is not None and (not named or generation.message_id == message_id):
        generation.stop()
    session.speaker.interrupt("cancelled", message_id if named else None)
    session.caller.go_on()


def clear(server: Server, link: Connection, frame: Frame) -> None:
    """``bot.clear``: everything said or waiting to be said."""
    session = server.session_of(link, frame)
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
