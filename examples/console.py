"""How the examples show a conversation: colour on a terminal, plain text in a pipe."""

from __future__ import annotations

import os
import sys
import threading

COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ

GREEN, BLUE, YELLOW, GREY = "32", "36", "33", "90"


class Console:
    """Several conversations on one screen; what an agent says grows word by word."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._speaking: str | None = None

    def line(self, who: str, text: str, colour: str = GREY) -> None:
        with self._lock:
            self._end()
            print(f"{_paint(f'{who:>8}', colour)}  {text}", flush=True)

    def word(self, call_id: str, who: str, word: str, *, glue: str = " ") -> None:
        """One more word that ``who`` has spoken on that call."""
        with self._lock:
            if self._speaking == call_id:
                print(f"{glue}{word}", end="", flush=True)
                return
            self._end()
            print(f"{_paint(f'{who:>8}', GREEN)}  {word.lstrip()}", end="", flush=True)
            self._speaking = call_id

    def end_of_speech(self, call_id: str, note: str = "") -> None:
        with self._lock:
            if self._speaking == call_id:
                print(f" {_paint(note, GREY)}" if note else "", end="")
                self._end()

    def _end(self) -> None:
        if self._speaking is not None:
            print(flush=True)
        self._speaking = None


def _paint(text: str, colour: str) -> str:
    return f"\033[{colour}m{text}\033[0m" if COLOUR else text
