"""How the examples show a conversation: colour on a terminal, plain text in a pipe."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable

COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ

GREEN, BLUE, YELLOW, GREY = "32", "36", "33", "90"


class Console:
    """Several conversations on one screen; what an agent says grows word by word.

    While one conversation's words grow, what the others have to show waits for the end of them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._speaking: str | None = None
        self._waiting: list[tuple[str, Callable[[], None]]] = []

    def line(self, call_id: str, who: str, text: str, colour: str = GREY) -> None:
        def show() -> None:
            self._end()
            print(f"{_paint(f'{who:>8}', colour)}  {text}", flush=True)

        self._in_turn(call_id, show)

    def word(self, call_id: str, who: str, word: str, *, glue: str = " ") -> None:
        """One more word that ``who`` has spoken on that call."""

        def show() -> None:
            if self._speaking == call_id:
                print(f"{glue}{word}", end="", flush=True)
                return
            print(f"{_paint(f'{who:>8}', GREEN)}  {word.lstrip()}", end="", flush=True)
            self._speaking = call_id

        self._in_turn(call_id, show)

    def end_of_speech(self, call_id: str, note: str = "") -> None:
        def show() -> None:
            if self._speaking == call_id:
                print(f" {_paint(note, GREY)}" if note else "", end="")
                self._end()

        self._in_turn(call_id, show)

    def _in_turn(self, call_id: str, show: Callable[[], None]) -> None:
        with self._lock:
            self._waiting.append((call_id, show))
            while (turn := self._whose_turn()) is not None:
                self._waiting.remove(turn)
                turn[1]()

    def _whose_turn(self) -> tuple[str, Callable[[], None]] | None:
        """The first in the queue that may be shown now."""
        return next((turn for turn in self._waiting if self._speaking in (None, turn[0])), None)

    def _end(self) -> None:
        if self._speaking is not None:
            print(flush=True)
        self._speaking = None


def _paint(text: str, colour: str) -> str:
    return f"\033[{colour}m{text}\033[0m" if COLOUR else text
