"""A failed expectation, as a person reads it: the conversation so far, and what was expected."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .story import Story

__all__ = ["ExpectationFailed", "picture", "show_both"]

#: Lines of a conversation that a failure shows; the earlier ones are counted.
SHOWN = 26
WIDTH = 96
#: Characters of what happened instead.
WHY = 300

_COLOURS = {"agent": "36", "caller": "33", "tool": "35", "keys": "33", "call": "2", "link": "2"}
_MARK = "    >> expected  "


class ExpectationFailed(AssertionError):
    """The call went another way than the test expected."""

    __module__ = "pinecall.testing"


def picture(story: Story | None, what: str, why: str, *, colour: bool = False) -> str:
    """Return the text of a failure: why, the conversation so far, and the expectation.

    what: the expectation, as the test wrote it
    why: what happened instead
    """

    def paint(text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if colour else text

    lines = [f"{what}: {why if len(why) <= WHY else why[: WHY - 3] + '...'}"]
    if story is not None:
        lines += ["", *_conversation(story, paint)]
    lines.append(
        paint(_MARK + textwrap.shorten(what, WIDTH - len(_MARK), placeholder="..."), "1;31")
    )
    return "\n".join(lines)


def show_both(failure: BaseException, raised: list[Exception]) -> None:
    """Let the report of a failed test show what a handler has raised before it.

    Raises the handler's exception if the test's own shows no traceback, or skips the test.
    """
    if raised and isinstance(failure, pytest.skip.Exception | pytest.fail.Exception):
        raise raised[0]
    chain, one = [failure], failure.__cause__ or failure.__context__
    while one is not None and one not in chain:
        chain.append(one)
        one = one.__cause__ or one.__context__
    news = [exc for exc in raised if exc not in chain]
    if news:
        chain[-1].__cause__ = news[0]


def _conversation(story: Story, paint: object) -> list[str]:
    told = sorted(story.lines, key=lambda line: line.at)
    shown = []
    for line in told:
        head = f"{line.at - story.began:6.1f} {line.who:>7}  "
        pieces = textwrap.wrap(line.text, WIDTH - len(head)) or [""]
        if len(pieces) > 3:
            pieces = [*pieces[:2], pieces[2][: WIDTH - len(head) - 3] + "..."]
        text = ("\n" + " " * len(head)).join(pieces)
        shown += paint(head + text, _COLOURS.get(line.who, "0")).split("\n")  # type: ignore[operator]
    if len(shown) > SHOWN:
        left_out = len(shown) - SHOWN + 1
        shown = [f"   ...   ({left_out} lines before)", *shown[left_out:]]
    return shown
