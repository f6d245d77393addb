"""A call's current turn, remembered to merge the frames that describe it in pieces."""

from __future__ import annotations

from ...events import EagerTurn, Turn, TurnEnd, UserMessage
from ...events._base import set_raw

__all__ = ["TurnState"]


class TurnState:
    __slots__ = ("confidence", "language", "message_id", "text")

    def __init__(self) -> None:
        self.message_id = ""
        self.text = ""
        self.confidence = 0.0
        self.language: str | None = None

    def heard(self, event: UserMessage) -> None:
        self.message_id = event.message_id
        self.text = event.text
        self.confidence = event.confidence or 0.0
        self.language = event.language

    def eager(self, event: EagerTurn) -> Turn:
        # The transcript of an eager turn is provisional, unless its user.message came first.
        if not event.message_id or event.message_id != self.message_id:
            self.confidence = 0.0
            self.language = None
        self.message_id = event.message_id or self.message_id
        self.text = event.text or ""
        return self._turn(event)

    def ended(self, event: TurnEnd) -> Turn:
        self.message_id = event.message_id or self.message_id
        self.text = event.text if event.text is not None else self.text
        return self._turn(event, source=event.source)

    def _turn(self, event: EagerTurn | TurnEnd, source: str | None = None) -> Turn:
        turn = Turn(
            agent_id=event.agent_id,
            call_id=event.call_id,
            id=event.turn_id,
            message_id=self.message_id,
            text=self.text,
            confidence=self.confidence,
            language=self.language,
            probability=event.probability or 0.0,
            latency_ms=event.latency_ms or 0.0,
            source=source,
        )
        set_raw(turn, event.raw)
        return turn
