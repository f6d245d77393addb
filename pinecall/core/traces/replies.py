"""What the agent says on a call: each reply by its id, and the turn that it belongs to."""

from __future__ import annotations

from typing import Any

from attrs import define

from .facts import number
from .turns import Reply, Turn

__all__ = ["Replies"]

Frame = dict[str, Any]


@define(eq=False)
class _Sent:
    """Speech that this program sent. ``answers``: the caller's message; ``at``: when the platform
    had its text."""

    answers: str
    text: str = ""
    at: float | None = None


class Replies:
    """All replies of a call. ``turns`` is the list that turns of unasked speech are added to."""

    def __init__(self, turns: list[Turn]) -> None:
        self._turns = turns
        #: The latest turn of the caller's in which words were heard.
        self.heard: Turn | None = None
        #: The turn of each of the caller's messages.
        self.messages: dict[str, Turn] = {}
        self._sent: dict[str, _Sent] = {}
        self._known: dict[str, Reply] = {}
        #: The reply being spoken or written: frames without an id mean this one.
        self._current: Reply | None = None

    # -- what this program sends ----------------------------------------------------------------

    def sent(self, frame: Frame, at: float) -> None:
        """Take ``bot.reply``, or a part of ``bot.reply.stream``."""
        key, answers = _text(frame, "message_id"), _text(frame, "in_reply_to")
        text = _text(frame, "text") + _text(frame, "token")
        sent = self._sent.setdefault(key, _Sent(answers))
        sent.text += text
        if text and sent.at is None:
            sent.at = at
        turn = self.messages.get(sent.answers) or self.heard
        if turn is not None and turn.said_from is None:
            turn.work(at)

    # -- what the platform speaks ---------------------------------------------------------------

    def begins(self, frame: Frame, at: float) -> None:
        reply = self._reply(frame)
        reply.begun = at if reply.begun is None else reply.begun
        reply.whole = _text(frame, "text") or reply.whole
        self._current = reply

    def word(self, frame: Frame, at: float) -> None:
        reply = self._reply(frame)
        reply.begun = at if reply.begun is None else reply.begun
        reply.words.append(_text(frame, "word"))
        self._current = reply

    def confirmed(self, frame: Frame, _at: float) -> None:
        text = _text(frame, "text")
        if text:
            self._reply(frame).confirmed = text

    def finished(self, frame: Frame, at: float) -> None:
        if not _text(frame, "message_id") and self._current is None:
            return
        reply = self._reply(frame)
        reply.whole = _text(frame, "text") or reply.whole
        self._ends(reply, at, number(frame.get("duration_ms")))

    def interrupted(self, frame: Frame, at: float) -> None:
        """Take ``bot.interrupted``: also of a reply that nobody has heard anything of."""
        key, played = _text(frame, "message_id"), number(frame.get("played_ms"))
        reply = self._known.get(key) if key else self._current
        if reply is None and key and played:
            reply = self._new(key)
        if reply is not None and (reply.begun is not None or played):
            reply.interrupted = True
            self._ends(reply, at, played)

    def barged(self, frame: Frame, at: float) -> None:
        """Take ``barge_in``: its ``bot.interrupted`` follows, and has the details."""
        reply = self._known.get(_text(frame, "cancelled_message_id"))
        if reply is not None and reply.ended is None and reply.begun is not None:
            reply.interrupted, reply.ended = True, at

    def _ends(self, reply: Reply, at: float, milliseconds: float | None) -> None:
        if reply.begun is None:
            # Its beginning was missed, or it was too short for one.
            reply.begun = max(0.0, at - (milliseconds or 0.0) / 1000)
        if reply.ended is None:
            reply.ended = at
        if self._current is reply:
            self._current = None

    # -- what is written ------------------------------------------------------------------------

    def token(self, frame: Frame, at: float) -> None:
        """Take ``llm.chat.chunk``."""
        reply, former = self._reply(frame), self._current
        if former is not None and former is not reply and former.ended is None:
            former.ended = at
        reply.begun = at if reply.begun is None else reply.begun
        reply.space = ""
        reply.words.append(_text(frame, "token") or _text(frame, "text"))
        self._current = reply

    def written(self, frame: Frame, at: float) -> None:
        """Take ``chat.response`` or ``whatsapp.response``: a whole answer."""
        reply, self._current = self._current or self._new(""), None
        reply.begun = at if reply.begun is None else reply.begun
        reply.ended = at
        reply.confirmed = _text(frame, "text") or None

    # -- whose they are -------------------------------------------------------------------------

    def drop(self, replies: list[Reply]) -> None:
        """Drop the replies of a turn that goes on; their later events are of no turn."""
        if self._current in replies:
            self._current = None

    def _reply(self, frame: Frame) -> Reply:
        key = _text(frame, "message_id")
        if not key:
            return self._current or self._new("")
        return self._known.get(key) or self._new(key)

    def _new(self, key: str) -> Reply:
        """Add a reply to the turn that it answers, or to a turn of its own."""
        reply = Reply()
        sent = self._sent.get(key)
        turn = self.heard
        if sent is not None:
            reply.whole, reply.ready = sent.text, sent.at
            if sent.answers:
                turn = self.messages.get(sent.answers, turn)
            elif turn is not None and turn.said_from is not None:
                turn = None
        if turn is None:
            turn = Turn()
            self._turns.append(turn)
        turn.replies.append(reply)
        if key:
            self._known[key] = reply
        return reply


def _text(frame: Frame, key: str) -> str:
    value = frame.get(key)
    return value if isinstance(value, str) else ""
