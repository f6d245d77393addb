"""The error for a program that does not go on, and where code waits."""

from __future__ import annotations

import asyncio
import linecache
from pathlib import Path
from typing import Any

__all__ = ["HINT", "ProgramHangs", "place"]

_NOT_USERS = (str(Path(asyncio.__file__).parent), str(Path(__file__).parents[2]))

HINT = (
    ". The clock stands still while a handler or a tool works. What waits for something later in the "
    "call is an 'async def' handler, or waits with the client's own methods; what must take longer "
    "says so: @pytest.mark.pinecall(patience=60)"
)


class ProgramHangs(Exception):
    """The program under test works, or waits, for something that does not come."""

    __module__ = "pinecall.testing"

    def __init__(self, world: Any, why: str) -> None:
        waits = [line for driver in world.drivers for line in driver.at_work()]
        at_work = "; at work: " + ", ".join(waits) if waits else ""
        super().__init__(f"the program under test hangs: {why}{at_work}{HINT}")


def place(coroutine: Any) -> str:
    """Say where a coroutine waits: ``at test_x.py:12: await done.wait()``, in the user's own code."""
    found = None
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is not None and not frame.f_code.co_filename.startswith(_NOT_USERS):
            found = frame
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
    if found is None:
        return "in the SDK"
    name = found.f_code.co_filename
    line = linecache.getline(name, found.f_lineno, found.f_globals).strip()
    return f"at {Path(name).name}:{found.f_lineno}: {line}"
