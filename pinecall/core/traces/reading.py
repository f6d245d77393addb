"""The reading of a call's frames, one by one: turns, replies, tools, and who waited for what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .entry import TraceEntry
from .facts import Told, number
from .replies import Replies
from .tools import Tools, TraceTool
from .turns import TraceTurn, Turn

__all__ = ["Reading"]

Frame = dict[str, Any]


class Reading:
    """What the frames of one call tell. It takes any frame, also in an order that makes no sense:
    servers repeat frames, and a trace may begin in the middle of a call."""

    def __init__(self) -> None:
        #: How many entries were read.
        self.count = 0
        self.told = Told()
        self._turns: list[Turn] = []
        self._tools = Tools()
        self._replies = Replies(self._turns)
        self._ids: dict[int, Turn] = {}
        #: The caller's latest turn.
        self._last: Turn | None = None
        self._holds: list[list[float | None]] = []
        take: dict[str, Callable[[Frame, float], None]] = {
            "speech.started": self._speech_started,
            "speech.ended": self._speech_ended,
            "user.speaking": self._interim,
            "user.message": self._message,
            "eager.turn": self._guess,
            "turn.end": self._turn_ended,
            "turn.resumed": self._resumed,
            "turn.continued": self._continued,
            "bot.speaking": self._replies.begins,
            "bot.word": self._replies.word,
            "bot.finished": self._replies.finished,
            "bot.interrupted": self._replies.interrupted,
            "barge_in": self._replies.barged,
            "message.confirmed": self._replies.confirmed,
            "chat.message": self._written,
            "whatsapp.message": self._written,
            "llm.chat.chunk": self._replies.token,
            "chat.response": self._replies.written,
            "whatsapp.response": self._replies.written,
            "llm.before": self._preparing,
            "llm.response": self._model_done,
            "llm.tool_call": self._tools_asked,
            "llm.tool_result": self._tools.answered,
            "call.held": self._held,
            "call.unheld": self._unheld,
        }
        self._in = take
        self._out: dict[str, Callable[[Frame, float], None]] = {
            "bot.reply": self._replies.sent,
            "bot.reply.stream": self._replies.sent,
            "llm.ready": self._prepared,
            "llm.tool_result": self._tools.answered,
        }

    def take(self, entry: TraceEntry) -> None:
        """Read the next frame."""
        self.count += 1
        if entry.way == "in":
            over = self.told.end is not None
            self.told.take(entry.name, entry.frame, entry.at)
            if over and self.told.end is None:
                # Another agent has the call now, and counts the caller's turns anew.
                self._last = self._replies.heard = None
                self._ids.clear()
            effects = self._in
        else:
            effects = self._out
        if self.told.end is None and entry.name in effects:
            effects[entry.name](entry.frame, entry.at)

    def turns(self, ended: float | None) -> tuple[TraceTurn, ...]:
        """Return the turns so far. ``ended``: when the call ended; None while it goes on."""
        shown: list[TraceTurn] = []
        for turn in self._turns:
            interim = turn is self._last
            made = turn.shown(len(shown), interim=interim, holds=self._holds, ended=ended)
            if made is not None:
                shown.append(made)
        return tuple(shown)

    def tools(self) -> tuple[TraceTool, ...]:
        """Return the tool calls so far, in their order."""
        shown = [turn for turn in self._turns if not turn.is_empty(interim=turn is self._last)]
        places = {id(run): place for place, turn in enumerate(shown) for run in turn.tools}
        return tuple(run.shown(places.get(id(run))) for run in self._tools.runs)

    # -- the caller's turns ---------------------------------------------------------------------

    def _turn(self, frame: Frame) -> Turn:
        """Return the caller's turn that a frame is about; a new one, if it is the first of it."""
        last, turn_id = self._last, _turn_id(frame)
        again = self._ids.get(turn_id) or self._replies.messages.get(_text(frame, "message_id"))
        if again is not None:
            return again
        # The first frames of a turn may have no number yet.
        if last is None or last.over is not None or (turn_id and last.id):
            last = self._last = Turn()
            self._turns.append(last)
        if turn_id:
            last.id = turn_id
            self._ids[turn_id] = last
        return last

    def _words(self, turn: Turn, frame: Frame) -> None:
        """Note that words of a turn are known: what the agent says now answers it."""
        message_id = _text(frame, "message_id")
        if message_id:
            self._replies.messages[message_id] = turn
        if turn is self._last:
            self._replies.heard = turn

    def _speech_started(self, frame: Frame, at: float) -> None:
        self._turn(frame).begin_speech(at)

    def _speech_ended(self, frame: Frame, at: float) -> None:
        milliseconds = number(frame.get("duration_ms"))
        self._turn(frame).end_speech(at, None if milliseconds is None else milliseconds / 1000)

    def _interim(self, frame: Frame, at: float) -> None:
        turn = self._turn(frame)
        if turn.heard_from is None:
            turn.heard_from = at
        turn.interim = _text(frame, "text")

    def _message(self, frame: Frame, at: float) -> None:
        turn = self._turn(frame)
        turn.messages[_text(frame, "message_id")] = _text(frame, "text")
        turn.worded = at
        self._words(turn, frame)

    def _guess(self, frame: Frame, _at: float) -> None:
        turn = self._turn(frame)
        turn.guess = _text(frame, "text") or turn.guess
        self._words(turn, frame)

    def _turn_ended(self, frame: Frame, at: float) -> None:
        turn = self._turn(frame)
        turn.guess = _text(frame, "text") or turn.guess
        if turn.over is None or turn.said_from is None:
            turn.over = at
            turn.over_since = max(0.0, at - (number(frame.get("latency_ms")) or 0.0) / 1000)
        self._words(turn, frame)

    def _resumed(self, frame: Frame, at: float) -> None:
        turn = self._turn(frame)
        if turn.said_from is None:
            turn.heard_to = turn.over = turn.over_since = None

    def _continued(self, frame: Frame, _at: float) -> None:
        turn = self._ids.get(_turn_id(frame), self._last)
        if turn is not None:
            self._replies.drop(turn.go_on())

    def _written(self, frame: Frame, at: float) -> None:
        """Take a message of a chat or of WhatsApp: a turn without a length."""
        kind = frame.get("type", "text")
        words = _text(frame, "text") or ("" if kind == "text" else f"[{kind}]")
        turn = self._last = Turn(heard_from=at, heard_to=at, over=at)
        turn.messages[""] = words
        self._turns.append(turn)
        self._words(turn, frame)

    # -- what works on the answer ---------------------------------------------------------------

    def _answering(self, at: float) -> Turn | None:
        """Return the turn being answered; ``at``: when something works on it."""
        turn = self._replies.heard
        if turn is not None and turn.said_from is None:
            turn.work(at)
        return turn

    def _preparing(self, _frame: Frame, at: float) -> None:
        turn = self._answering(at)
        if turn is not None:
            turn.preparing.append([at, None])

    def _prepared(self, _frame: Frame, at: float) -> None:
        turn = self._replies.heard
        if turn is not None and turn.preparing:
            span = turn.preparing[-1]
            span[1] = at if span[1] is None else span[1]

    def _model_done(self, _frame: Frame, at: float) -> None:
        turn = self._answering(at)
        if turn is not None and turn.said_from is None:
            turn.ready = at

    def _tools_asked(self, frame: Frame, at: float) -> None:
        runs = self._tools.asked(frame, at)
        turn = self._answering(at) if runs else None
        if turn is not None:
            turn.tools.extend(runs)

    def _held(self, _frame: Frame, at: float) -> None:
        if not self._holds or self._holds[-1][1] is not None:
            self._holds.append([at, None])

    def _unheld(self, _frame: Frame, at: float) -> None:
        if self._holds and self._holds[-1][1] is None:
            self._holds[-1][1] = at


def _text(frame: Frame, key: str) -> str:
    value = frame.get(key)
    return value if isinstance(value, str) else ""


def _turn_id(frame: Frame) -> int:
    """Return the number of the caller's turn; 0 where the frame names none."""
    value = frame.get("turn_id")
    return value if type(value) is int and value > 0 else 0
