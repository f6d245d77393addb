"""Questions to the responder: the built-in one answers at once, an external one through the driver."""

from __future__ import annotations

from typing import Protocol

from ...responders.builtin import respond
from ...responders.types import Failure, Piece, ToolCall, ToolCalls, Turn

__all__ = ["Asker", "Asks"]


class Asker(Protocol):
    """A generation that waits for an answer."""

    ask_id: int | None

    def piece(self, piece: str | ToolCalls | Failure | None) -> None:
        """Take a piece of the answer, None at its end."""

    def whole(self, text: str) -> None:
        """Take a text that is the whole answer."""


class Asks:
    """Open questions by id; those for an external responder wait until the driver takes them."""

    def __init__(self, *, external: bool) -> None:
        self._asked: list[tuple[int, Turn]] = []
        self._external = external
        self._open: dict[int, Asker] = {}
        self._count = 0

    def ask(self, asker: Asker, turn: Turn) -> None:
        """Get a turn answered."""
        self._count += 1
        ask = asker.ask_id = self._count
        self._open[ask] = asker
        if self._external:
            self._asked.append((ask, turn))
            return
        self.answer(ask, respond(turn), whole=True)
        self.answer(ask, None)

    def answer(self, ask: int, piece: Piece | None, *, whole: bool = False) -> None:
        """Pass on a piece of the answer (``whole``: all of it); None ends it."""
        asker = self._open.get(ask)
        if asker is None:
            return
        if piece is None or isinstance(piece, Failure):
            self._open.pop(ask, None)
        if isinstance(piece, ToolCall):
            piece = ToolCalls.of(piece)
        if whole and isinstance(piece, str):
            asker.whole(piece)
        else:
            asker.piece(piece)

    def take(self) -> list[tuple[int, Turn]]:
        """Take the turns that an external responder must answer, each with the id of its question."""
        taken, self._asked = self._asked, []
        return taken

    def wanted(self, ask: int) -> bool:
        """Whether a generation still waits for this answer."""
        return ask in self._open

    def forget(self, ask: int) -> None:
        """Drop a question; later answers to it are ignored."""
        self._open.pop(ask, None)
