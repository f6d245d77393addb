"""The two fronts share what they can: how much code is in both, and that the measure sees it."""

from __future__ import annotations

from pathlib import Path

from .twin_lines import code_lines, equal_lines, twin_lines

#: What is left are lines that wait, each in its front's own way, and one-line twins.
MOST = 450

ASYNCIO = '''
"""A module."""

import asyncio


class Log(Base):
    """A docstring
    of two lines."""

    def __aiter__(self) -> Log:
        return self

    async def __anext__(self) -> str:
        # A comment.
        async with self.lock:  # and another
            return await self.next("# not a comment")
        raise StopAsyncIteration

    async def aclose(self) -> None:
        await asyncio.sleep(0)
'''
BLOCKING = """
import time


class Log(Base):
    def __iter__(self) -> Log:
        return self

    def __next__(self) -> str:
        with self.lock:
            return self.next("# not a comment")
        raise StopIteration

    def close(self) -> None:
        time.sleep(0)
"""


def test_the_fronts_have_little_twice() -> None:
    """Lines of code that both fronts have; a new one that does not wait belongs below both."""
    equal = {name: len(lines) for name, (lines, _) in twin_lines().items()}
    assert sum(equal.values()) <= MOST, equal


def test_every_file_of_the_blocking_front_is_compared() -> None:
    """The measure covers both folders of a front, and the files that only one front has are few."""
    root = Path(__file__).parents[2] / "pinecall_sync"
    blocking = {path.name for path in root.rglob("*.py") if path.stat().st_size}
    assert blocking - twin_lines().keys() == {"emulator.py", "lanes.py", "signals.py"}


def test_what_makes_code_asynchronous_does_not_count() -> None:
    """Twins are equal line by line, but for what really waits differently."""
    one, two = code_lines(ASYNCIO), code_lines(BLOCKING)
    assert len(one) == len(two) == 9
    assert equal_lines(one, two) == one[:-1]


def test_only_code_counts() -> None:
    """Imports, docstrings and comments are left out; a string that looks like a comment is not."""
    lines = code_lines(ASYNCIO)
    assert lines[0] == "class Log(Base):"
    assert 'return self.next("# not a comment")' in lines
    assert "with self.lock:" in lines
