"""How the examples show a conversation: colour on a terminal, plain text in a pipe."""

from __future__ import annotations

import os
import sys

COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ

GREEN, BLUE, YELLOW, GREY = "32", "36", "33", "90"


class Console:
    """Lines of several conversations on one screen; the agent's grows word by word."""

    def __init__(self) -> None:
        self._speaking = False

    def line(self, who: str, text: str, colour: str = GREY) -> None:
        self._end_speech()
        print(f"{_paint(f'{who:>8}', colour)}  {text}", flush=True)

    def word(self, who: str, word: str, *, glue: str = " ") -> None:
        """One more word that the agent has spoken."""
        if not self._speaking:
            print(f"{_paint(f'{who:>8}', GREEN)}  {word.lstrip()}", end="", flush=True)
        else:
            print(f"{glue}{word}", end="", flush=True)
        self._speaking = True

    def end_of_speech(self, note: str = "") -> None:
        if note and self._speaking:
            print(f" {_paint(note, GREY)}", end="")
        self._end_speech()

    def _end_speech(self) -> None:
        if self._speaking:
            print(flush=True)
        self._speaking = False


def _paint(text: str, colour: str) -> str:
    return f"\033[{colour}m{text}\033[0m" if COLOUR else text
